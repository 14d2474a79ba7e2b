//! The shell of the observatory: dome, sky, stone, floor, archway, bench. The instruments are in `observatory-instruments.js`.

import { circle, ellipse, group, label, line, path, rect, s, scatter, times } from './draw.js';
import { BRASS, INK, NIGHT, PAPER, STAR, STONE, WOOD } from './palette.js';
import { starFigure } from './figures.js';
import { FIGURES } from '../puzzles.js';

const SLIT = 'M720 420L786 0H1120L1176 420z';

/** Dome, opening, wall and floor. */
export function dome() {
  const next = scatter(41);
  return group({},
    rect(0, 0, 1600, 900, STONE.deep),
    path('M0 430C140 130 440-40 800-60S1460 130 1600 430V0H0z', '#10182b'), path('M0 430C140 130 440-40 800-60S1460 130 1600 430z', '#1c2740'),
    ...times(13, (i) => { const x = i * 133; return line(`M${x} 430C${x + (930 - x) * 0.25} 260 ${x + (930 - x) * 0.55} 90 ${x + (930 - x) * 0.72} -20`, i % 2 ? '#2c3956' : '#131b2f', 7); }),
    ...[90, 190, 300].map((y, i) => line(`M${150 - i * 60} ${y + 40}C500 ${y - 60} 1100 ${y - 60} ${1450 + i * 60} ${y + 40}`, '#131b2f', 4, { opacity: 0.8 })),
    sky(next), wall(next), floor());
}

/** @param {() => number} next */
function sky(next) {
  return group({},
    s('clipPath', { id: 'ob-slit' }, s('path', { d: SLIT })), path(SLIT, 'url(#ob-night)'),
    group({ 'clip-path': 'url(#ob-slit)' },
      path('M700 330C820 240 960 180 1000 60s90-90 180-130l40 110c-130 50-130 120-190 210S820 380 730 450z', NIGHT.pale, { opacity: 0.13 }), path('M740 360c100-80 230-140 270-260s70-100 130-120l10 40c-80 40-70 120-120 200S820 340 750 400z', '#dfe8ff', { opacity: 0.12 }),
      ...times(190, () => { const r = next(); return circle(720 + next() * 460, next() * 420, 0.6 + r * r * 2, STAR, { opacity: 0.3 + next() * 0.7, class: r > 0.88 ? 'twinkle' : undefined }); }),
      starFigure('heron', { transform: 'translate(800 70) scale(1.2)', size: 2.6 }), starFigure('kite', { transform: 'translate(1010 190) rotate(16) scale(1.1)', size: 2.6 }), starFigure('kettle', { transform: 'translate(830 270) scale(1)', size: 2.6 }),
      path('M1108 40l-120 44 118-36z', STAR, { opacity: 0.7 })),
    line('M720 420L786 0M1176 420L1120 0', BRASS.dark, 12), line('M720 420L786 0M1176 420L1120 0', BRASS.mid, 4),
    path('M786 0L720 420H650L740 0z', '#0c1322'), path('M1120 0l56 420h66L1166 0z', '#0c1322'), line('M740 0L650 420M1166 0L1242 420', '#33415f', 4));
}

/** @param {() => number} next */
function wall(next) {
  const stones = [];
  for (let row = 0; row < 6; row += 1) {
    for (let x = row % 2 ? -60 : 0; x < 1600;) {
      const w = 90 + next() * 70;
      stones.push(rect(x + 3, 443 + row * 50, w - 6, 44, [STONE.mid, STONE.dark, '#2d3850'][Math.floor(next() * 3)] ?? STONE.dark, { rx: 7, opacity: 0.55 + next() * 0.4 }));
      stones.push(line(`M${x + 9} ${446 + row * 50}h${w - 20}`, STONE.edge, 1.6, { opacity: 0.35 }));
      x += w;
    }
  }
  return group({}, rect(0, 420, 1600, 320, STONE.deep), ...stones, rect(0, 414, 1600, 26, 'url(#ob-brass)'), rect(0, 414, 1600, 26, INK, { opacity: 0.45 }), ...times(54, (i) => circle(14 + i * 30, 427, 3.4, BRASS.light, { opacity: 0.7 })), rect(0, 440, 1600, 9, INK, { opacity: 0.55 }), rect(0, 724, 1600, 18, STONE.deep));
}

function floor() {
  const centre = 'translate(800 838) scale(1 .26)';
  return group({},
    rect(0, 740, 1600, 160, '#1d2436'), ...times(17, (i) => line(`M${i * 100} 740L${800 + (i * 100 - 800) * 1.5} 900`, '#0e1422', 3)), line('M0 782H1600M0 834H1600', '#0e1422', 3),
    group({ transform: centre }, circle(0, 0, 330, '#2a3550'), circle(0, 0, 330, 'none', { stroke: BRASS.mid, 'stroke-width': 8 }), circle(0, 0, 300, 'none', { stroke: BRASS.dark, 'stroke-width': 4 }),
      ...times(8, (i) => group({ transform: `rotate(${i * 45})` }, path(`M0 ${i % 2 ? -190 : -290}L26-30 0 0z`, BRASS.mid, { opacity: 0.75 }), path(`M0 ${i % 2 ? -190 : -290}L-26-30 0 0z`, BRASS.dark, { opacity: 0.85 }))), circle(0, 0, 34, BRASS.mid)));
}

/** The way back to the study, with its lamplight. */
export function archway() {
  return group({},
    path('M34 744V470a108 108 0 0 1 216 0v274z', STONE.edge), ...times(9, (i) => line('M0-108V-84', STONE.deep, 4, { transform: `translate(142 470) rotate(${-80 + i * 20})` })),
    path('M60 744V472a82 82 0 0 1 164 0v272z', '#2a160b'), path('M60 744V472a82 82 0 0 1 164 0v272z', 'url(#ob-warm)'), ellipse(142, 660, 130, 190, 'url(#ob-warm)'),
    ...times(5, (i) => rect(66 + i * 9, 716 - i * 28, 152 - i * 18, 20, i % 2 ? WOOD.mid : WOOD.light)), rect(128, 520, 40, 68, '#4c1a26', { opacity: 0.8 }), rect(112, 510, 16, 78, '#26403a', { opacity: 0.8 }),
    path('M40 900l60-156h100l70 156z', 'url(#ob-warm)', { opacity: 0.8 }));
}

/** The chart, on a roller between two ribs. */
export function chart() {
  return group({},
    rect(296, 96, 320, 14, 'url(#ob-woodx)', { rx: 7 }), circle(294, 103, 10, 'url(#ob-ball)'), circle(618, 103, 10, 'url(#ob-ball)'), line('M380 96L456 30 532 96', '#8a7a54', 2.5),
    rect(310, 110, 300, 318, INK, { opacity: 0.45 }), rect(304, 110, 304, 312, '#14234a'), rect(304, 110, 304, 312, 'none', { stroke: PAPER.shade, 'stroke-width': 4 }), rect(314, 120, 284, 292, 'none', { stroke: PAPER.shade, 'stroke-width': 1.2 }),
    circle(456, 266, 132, 'none', { stroke: '#6d84b8', 'stroke-width': 1.2 }), circle(456, 266, 72, 'none', { stroke: '#6d84b8', 'stroke-width': 1, 'stroke-dasharray': '3 5' }), line('M456 126V406M320 266H592', '#6d84b8', 0.8),
    ...FIGURES.map((figure, i) => starFigure(figure, { lines: true, transform: `translate(${322 + (i % 3) * 92} ${146 + Math.floor(i / 3) * 132}) scale(.84)`, size: 3.4 })),
    ...FIGURES.map((_, i) => line(`M${344 + (i % 3) * 92} ${244 + Math.floor(i / 3) * 132}h38`, PAPER.base, 2.4, { opacity: 0.7 })),
    rect(296, 418, 320, 14, 'url(#ob-woodx)', { rx: 7 }));
}

/** The bench with the carving above it, and a small window on the sea. */
export function bench() {
  return group({},
    path('M1440 600V520a62 62 0 0 1 124 0v80z', STONE.edge), path('M1452 592V520a50 50 0 0 1 100 0v72z', 'url(#ob-night)'), path('M1452 560c30-8 60-4 100-6v38h-100z', '#0a1226'), circle(1520, 508, 13, '#f5eccb'), line('M1502 470V592M1452 532h100', STONE.dark, 5),
    rect(1424, 596, 156, 14, STONE.light, { rx: 3 }), rect(1416, 622, 172, 74, STONE.light, { rx: 5, opacity: 0.55 }),
    ...[0, 1, 2, 3].map((i) => line(`M${1430} ${638 + i * 14}h${[130, 144, 118, 70][i]}`, STONE.deep, 3.4, { 'stroke-dasharray': '9 4 14 4 6 5' })), label(1552, 686, 15, STONE.deep, 'E.M.', { 'font-style': 'italic' }),
    path('M1392 716h216v24h-216z', STONE.edge), rect(1392, 736, 216, 10, STONE.mid), rect(1410, 746, 38, 74, STONE.mid), rect(1560, 746, 40, 74, STONE.mid), rect(1448, 746, 112, 66, INK, { opacity: 0.6 }),
    path('M1486 716c0-18 66-22 84-4v6z', '#64202a'), line('M1494 710q30-10 66 0', '#8d3a3f', 3));
}
