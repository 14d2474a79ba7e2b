//! The shell of the study: wall, floor, window, door, pictures. The hearth and the furniture are in `study-hearth.js` and `study-desk.js`.

import { circle, ellipse, group, label, line, path, rect, s, scatter, show, times } from './draw.js';
import { BRASS, GREEN, INK, NIGHT, PAPER, STAR, WINE, WOOD } from './palette.js';
import { glassRound } from './glass.js';

/** Wallpaper, panelling, cornice, floor and rug. */
export function room() {
  const next = scatter(11);
  const motif = group({ fill: 'none', stroke: GREEN.light, 'stroke-width': 1.6, opacity: 0.55 },
    s('path', { d: 'M40 8c14 12 14 26 0 38-14-12-14-26 0-38zM40 46c-4 12-16 18-26 16 2-12 12-20 26-16zM40 46c4 12 16 18 26 16-2-12-12-20-26-16zM40 50v34' }),
    s('circle', { cx: 40, cy: 90, r: 3 }), s('circle', { cx: 0, cy: 40, r: 2.4 }), s('circle', { cx: 80, cy: 40, r: 2.4 }));
  return group({},
    s('defs', {}, s('pattern', { id: 'st-damask', width: 80, height: 100, patternUnits: 'userSpaceOnUse' }, motif)),
    rect(0, 0, 1600, 720, 'url(#st-wall)'), rect(0, 0, 1600, 720, 'url(#st-damask)'),
    rect(0, 0, 1600, 30, WOOD.deep), rect(0, 30, 1600, 10, WOOD.mid), rect(0, 40, 1600, 5, INK, { opacity: 0.5 }),
    rect(0, 560, 1600, 160, 'url(#st-wood)'), rect(0, 552, 1600, 12, WOOD.light), rect(0, 564, 1600, 5, INK, { opacity: 0.45 }),
    ...times(12, (i) => group({ transform: `translate(${i * 136 + 8} 582)` },
      rect(0, 0, 120, 98, WOOD.dark, { opacity: 0.55 }), line('M0 98V0H120', INK, 3, { opacity: 0.6 }), line('M120 0V98H0', WOOD.edge, 2, { opacity: 0.5 }))),
    rect(0, 694, 1600, 26, WOOD.deep),
    rect(0, 720, 1600, 180, 'url(#st-floor)'),
    ...times(19, (i) => { const x = i * 90 - 10; return line(`M${800 + (x - 800) * 0.82} 720L${x + (x - 800) * 0.35} 900`, INK, 2.5, { opacity: 0.55 }); }),
    ...times(26, () => { const x = next() * 1600; const y = 730 + next() * 160; return line(`M${x} ${y}h${30 + next() * 60}`, WOOD.edge, 1, { opacity: 0.18 }); }),
    ellipse(700, 826, 400, 66, INK, { opacity: 0.5 }), ellipse(700, 818, 396, 64, WINE.mid), ellipse(700, 818, 376, 58, 'none', { stroke: '#c79a55', 'stroke-width': 3 }),
    ellipse(700, 818, 350, 52, WINE.deep), ellipse(700, 818, 340, 49, 'none', { stroke: '#c79a55', 'stroke-width': 2, 'stroke-dasharray': '2 14', 'stroke-linecap': 'round' }),
    ellipse(700, 818, 230, 32, WINE.mid), ellipse(700, 818, 220, 30, 'none', { stroke: GREEN.pale, 'stroke-width': 4, 'stroke-dasharray': '18 10' }), ellipse(700, 818, 120, 15, WINE.light),
  );
}

/** A high window with rain on it, curtains, and the coloured glass in its arch. */
export function casement() {
  const next = scatter(5);
  const arch = 'M990 520V190a110 110 0 0 1 220 0V520z';
  return group({},
    path('M974 536V190a126 126 0 0 1 252 0V536z', 'url(#st-wood)'), path(arch, 'url(#st-night)'),
    s('clipPath', { id: 'st-pane' }, s('path', { d: arch })),
    group({ 'clip-path': 'url(#st-pane)' },
      ...times(46, () => circle(990 + next() * 220, 90 + next() * 330, 0.6 + next() * 1.3, STAR, { opacity: 0.3 + next() * 0.6 })),
      path('M980 470c60-34 120-20 160-36s60-10 90-14v110H980z', '#0a1226'), path('M1150 450l8-40h6l8 40z', '#060b18'), circle(1161, 407, 3.4, '#ffd98a'),
      path('M980 500c80-20 160 0 250-14v50H980z', '#060b18'),
      group({ class: 'rain' }, ...times(34, () => { const x = 985 + next() * 240; const y = 60 + next() * 450; return line(`M${x} ${y}l-5 ${18 + next() * 22}`, NIGHT.pale, 1.2, { opacity: 0.2 + next() * 0.3 }); })),
    ),
    line('M1100 290V520M990 290H1210M990 405H1210', WOOD.mid, 9), line('M1100 290V520M990 290H1210M990 405H1210', WOOD.edge, 2, { opacity: 0.6 }),
    group({ transform: 'translate(1100 188) scale(.92)' }, glassRound()),
    path('M1010 520l60-330-80 330z', '#fff', { opacity: 0.05 }), rect(964, 520, 272, 18, WOOD.light), rect(964, 534, 272, 6, INK, { opacity: 0.5 }),
    curtain(false), curtain(true), rect(930, 44, 340, 12, 'url(#st-brass)', { rx: 6 }), circle(928, 50, 11, 'url(#st-ball)'), circle(1272, 50, 11, 'url(#st-ball)'),
  );
}

/** @param {boolean} right */
function curtain(right) {
  return group({ transform: right ? 'translate(2200 0) scale(-1 1)' : undefined },
    path('M938 54h84c4 120-16 220-56 310 14 40 10 110 4 190h-40c6-170 2-340 8-500z', WINE.mid),
    ...[950, 966, 984, 1002].map((x, i) => line(`M${x} 58C${x + 2} 180 ${x - 8 * i} 280 ${948 + i * 5} 362c${2 + i * 3} 60 ${i * 2} 120 ${i * 2} 190`, i % 2 ? WINE.light : WINE.deep, 5, { opacity: 0.55 })),
    path('M936 352c14 12 30 14 44 6l-6 24c-14 6-26 4-38-6z', '#c79a55'));
}

/** The door with its lock. `update` shows what has been found of it. */
export function door() {
  const wheels = times(5, (i) => label(254 + (i - 2) * 19, 441, 17, PAPER.ink, 'A', { 'font-weight': 700 }));
  const knob = group({}, circle(270, 516, 17, '#f4f1e6', { stroke: BRASS.dark, 'stroke-width': 3 }), line('M262 507q8 6 6 12t8 8', '#9a9484', 1.2), circle(265, 510, 4, '#fff'));
  const key = group({}, rect(244, 484, 5, 14, '#39404a'), circle(246, 503, 7, 'none', { stroke: '#39404a', 'stroke-width': 4 }));
  const panel = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ w, /** @type {number} */ h) => group({},
    rect(x, y, w, h, WOOD.dark), line(`M${x} ${y + h}V${y}H${x + w}`, INK, 4, { opacity: 0.7 }), line(`M${x + w} ${y}V${y + h}H${x}`, WOOD.edge, 2.5, { opacity: 0.7 }),
    rect(x + 14, y + 14, w - 28, h - 28, 'url(#st-wood)', { opacity: 0.75 }), line(`M${x + 14} ${y + h - 14}V${y + 14}H${x + w - 14}`, WOOD.edge, 1.5, { opacity: 0.5 }));
  const drawing = group({},
    path('M52 720V168h270V720z', 'url(#st-woodx)'), path('M40 168l16-26h262l16 26z', WOOD.light), rect(40, 164, 294, 10, WOOD.dark),
    rect(76, 190, 222, 530, 'url(#st-wood)'), line('M76 720V190H298V720', INK, 4, { opacity: 0.7 }),
    panel(96, 210, 82, 170), panel(196, 210, 82, 170), panel(96, 500, 82, 190), panel(196, 556, 82, 134),
    rect(200, 410, 108, 46, 'url(#st-brass)', { rx: 6, stroke: BRASS.dark, 'stroke-width': 2 }),
    ...times(5, (i) => rect(254 + (i - 2) * 19 - 8, 422, 16, 26, PAPER.base, { rx: 3, stroke: BRASS.dark })), ...wheels,
    path('M240 466h56v76l-28 12-28-12z', 'url(#st-brass)', { stroke: BRASS.dark, 'stroke-width': 2 }),
    circle(247, 482, 4.6, INK), path('M245 482h4l2 14h-8z', INK), rect(265, 511, 10, 10, INK), key, knob,
    rect(76, 712, 222, 8, '#ffdf9c', { opacity: 0.25 }));
  return {
    drawing,
    /** @param {string[]} letters @param {boolean} withKey @param {boolean} withKnob */
    update(letters, withKey, withKnob) {
      wheels.forEach((wheel, i) => { wheel.textContent = letters[i] ?? ''; });
      show(key, withKey);
      show(knob, withKnob);
    },
  };
}

/** Elspeth's portrait in its frame, at 0,0 with a size of 180 by 240. @param {string} p prefix of the gradients */
export function portrait(p) {
  return group({},
    rect(6, 8, 180, 240, INK, { opacity: 0.45, rx: 4 }), rect(0, 0, 180, 240, `url(#${p}brass)`, { rx: 4 }), rect(10, 10, 160, 220, BRASS.dark, { rx: 2 }),
    line('M5 5h170v230H5z', BRASS.shine, 1.5, { 'stroke-dasharray': '2 6' }),
    rect(16, 16, 148, 208, '#1b2740'), ellipse(94, 92, 68, 74, '#31456a', { opacity: 0.7 }),
    ...[[40, 40], [60, 30], [140, 44], [150, 90], [32, 96], [128, 28]].map(([x = 0, y = 0]) => circle(x, y, 1.6, STAR, { opacity: 0.8 })),
    path('M22 224c2-48 22-66 50-72h36c30 6 48 26 50 72z', '#22304a'), path('M72 152l18 34 18-34-18 10z', '#e9e2cf'), path('M60 160l30 64 30-64-14-8-16 32-16-32z', '#18223a'),
    rect(80, 128, 20, 30, '#c99a7c', { rx: 8 }), ellipse(90, 104, 30, 37, '#e3b594'), path('M88 140c16-2 28-14 31-32 4 20-8 38-28 38z', '#b98365', { opacity: 0.5 }),
    path('M56 110c-8-40 12-60 36-60s42 18 33 60c-2-20-14-32-22-36-14 8-36 8-41 16-3 6-5 12-6 20z', '#e8e8ec'), ellipse(92, 46, 20, 15, '#dfe0e6'), line('M76 44q16-12 32 2M66 76q20-20 50-4', '#b9bcc8', 2),
    circle(78, 106, 9, 'none', { stroke: BRASS.mid, 'stroke-width': 2.4 }), circle(104, 106, 9, 'none', { stroke: BRASS.mid, 'stroke-width': 2.4 }), line('M87 105q4-3 8 0', BRASS.mid, 2),
    circle(79, 107, 2.6, '#2b3a4a'), circle(105, 107, 2.6, '#2b3a4a'), line('M70 93q8-5 14-1M98 92q8-3 14 2', '#c9c9d0', 2.4),
    line('M91 110l-3 12h6', '#b27d60', 1.8), line('M80 130q11 7 21-1', '#8d4a44', 2.4),
    path('M126 196c8-14 22-16 26-8s-8 16-16 24z', '#e3b594'), s('path', { d: 'M150 164l3.4 10.600 10.600 3.400-10.600 3.400-3.400 10.600-3.400-10.600-10.600-3.400 10.600-3.400z', fill: STAR }), circle(150, 178, 18, STAR, { opacity: 0.16 }),
  );
}

/** Portrait, its motto, and the framed table. */
export function pictures() {
  return group({},
    group({ transform: 'translate(364 96)' }, portrait('st-')),
    rect(374, 344, 160, 28, 'url(#st-brass)', { rx: 4, stroke: BRASS.dark }), label(438, 363, 13, INK, 'PER ASPERA AD', { 'letter-spacing': 1 }), ellipse(512, 358, 13, 6, BRASS.shine, { opacity: 0.55 }),
    rect(384, 398, 152, 140, INK, { opacity: 0.4 }), rect(378, 392, 152, 140, WOOD.dark, { stroke: WOOD.edge, 'stroke-width': 3 }), rect(390, 404, 128, 116, 'url(#st-paper)'),
    line('M402 420h104', PAPER.ink, 3), line('M402 428h64', PAPER.ink, 1.5),
    ...times(6, (i) => line(`M402 ${444 + i * 11}h44M458 ${444 + i * 11}h24M490 ${444 + i * 11}h14`, PAPER.ink, 2, { opacity: 0.65 })));
}
