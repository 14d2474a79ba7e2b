//! What Elspeth worked with: telescope, orrery, logbook, lantern.

import { circle, ellipse, group, line, path, rect, show, times } from './draw.js';
import { BRASS, INK, PAPER, WINE, WOOD } from './palette.js';
import { atHour, moonBody, ringedBody, stripedBody } from './glass.js';

/** The telescope on its pier; `update` fits the eyepiece and tilts the tube. */
export function telescope() {
  const eyepiece = group({}, rect(-292, -12, 34, 24, INK, { rx: 4 }), rect(-302, -16, 14, 32, '#2b2b30', { rx: 4 }), rect(-268, -14, 8, 28, 'url(#ob-tube)'));
  const tube = group({},
    rect(-258, -20, 76, 40, 'url(#ob-tube)', { rx: 4 }), rect(-236, -27, 18, 54, 'url(#ob-tube)', { rx: 3 }), path('M-190-30L-120-42V42L-190 30z', 'url(#ob-tube)'),
    rect(-122, -42, 390, 84, 'url(#ob-tube)'), ...[-122, -40, 70, 180].map((x) => rect(x, -46, 16, 92, 'url(#ob-tube)', { stroke: BRASS.dark })), path('M262-50h58v100h-58z', 'url(#ob-tube)', { stroke: BRASS.dark }), ellipse(320, 0, 14, 50, '#14233f', { stroke: BRASS.light, 'stroke-width': 3 }), ellipse(322, -12, 5, 22, '#8fb4ea', { opacity: 0.6 }),
    rect(-180, -66, 170, 18, 'url(#ob-tube)', { rx: 4 }), rect(-160, -50, 8, 12, BRASS.dark), rect(-40, -50, 8, 12, BRASS.dark),
    line('M-120-30H262', BRASS.shine, 2, { opacity: 0.5 }), ...times(9, (i) => circle(-100 + i * 44, 33, 2.4, BRASS.dark)), eyepiece);
  const drawing = group({},
    ellipse(940, 812, 150, 22, INK, { opacity: 0.55 }), path('M872 810l26-220h84l26 220z', 'url(#ob-stone)'), path('M872 810l26-220h24l-20 220z', '#fff', { opacity: 0.06 }), rect(858, 800, 164, 18, '#2b3550'), rect(884, 578, 112, 18, 'url(#ob-brass)', { rx: 3 }),
    circle(940, 548, 62, 'none', { stroke: BRASS.dark, 'stroke-width': 16 }), circle(940, 548, 62, 'none', { stroke: BRASS.mid, 'stroke-width': 9 }), ...times(24, (i) => line('M0-66V-57', INK, 1.6, { transform: `translate(940 548) rotate(${i * 15})` })),
    path('M908 580l14-90h36l14 90z', 'url(#ob-tubex)'), group({ transform: 'translate(940 500)' }, tube), circle(940, 500, 30, 'url(#ob-ball)', { stroke: BRASS.dark, 'stroke-width': 3 }), circle(940, 500, 10, BRASS.dark),
    line('M1002 548h44M1046 530v36', BRASS.mid, 7), circle(1046, 528, 8, 'url(#ob-ball)'), circle(1046, 568, 8, 'url(#ob-ball)'));
  return {
    drawing,
    /** @param {number} height step of the height wheel @param {boolean} withEyepiece */
    update(height, withEyepiece) {
      tube.setAttribute('transform', `rotate(${-28 - height * 4.5})`);
      show(eyepiece, withEyepiece);
    },
  };
}

/** The orrery on its table, seen from the side. */
export function orrery() {
  const rings = [62, 106, 150];
  const bodies = [moonBody(13), stripedBody(17), ringedBody(19)].map((body) => group({}, body));
  const arms = rings.map(() => line('', BRASS.mid, 5));
  const open = group({}, ...times(7, (i) => path('M0 0C-12-14-10-30 0-38 10-30 12-14 0 0z', 'url(#ob-brass)', { transform: `translate(470 540) rotate(${-90 + i * 30})`, stroke: BRASS.dark })));
  const drawing = group({},
    ellipse(470, 826, 190, 22, INK, { opacity: 0.55 }), path('M452 640h36l10 130h-56z', 'url(#ob-woodx)'), path('M400 826c10-44 40-56 70-56s60 12 70 56l-24 4c-10-24-26-32-46-32s-36 8-46 32z', 'url(#ob-wood)'), ellipse(470, 642, 186, 46, WOOD.deep), ellipse(470, 632, 186, 46, 'url(#ob-wood)'), ellipse(470, 632, 172, 40, '#1d3a4c'), ellipse(470, 632, 172, 40, 'none', { stroke: BRASS.mid, 'stroke-width': 2 }),
    path('M430 640c0-20 20-26 30-30h20c10 4 30 10 30 30z', 'url(#ob-brass)'), rect(464, 540, 12, 80, 'url(#ob-tubex)'),
    ...rings.map((r) => ellipse(470, 540, r, r * 0.34, 'none', { stroke: BRASS.dark, 'stroke-width': 7 })), ...rings.map((r) => ellipse(470, 540, r, r * 0.34, 'none', { stroke: BRASS.mid, 'stroke-width': 3 })),
    ...arms, ...bodies, circle(470, 540, 29, 'url(#ob-ball)'), open, ellipse(470, 540, 96, 92, 'url(#ob-warm)', { opacity: 0.7 }));
  return {
    drawing,
    /** @param {readonly number[]} hours @param {boolean} withMoon @param {boolean} opened */
    update(hours, withMoon, opened) {
      bodies.forEach((body, i) => {
        const [x, y] = atHour((hours[i] ?? 0) + 1, rings[i] ?? 0);
        body.setAttribute('transform', `translate(${470 + x} ${540 + y * 0.34})`);
        arms[i]?.setAttribute('d', `M470 540L${470 + x} ${540 + y * 0.34}`);
      });
      if (bodies[0]) show(bodies[0], withMoon);
      show(open, opened);
    },
  };
}

/** The logbook on its stand under a lantern. */
export function logbook() {
  return group({},
    ellipse(1296, 818, 84, 14, INK, { opacity: 0.55 }), path('M1284 640h24l8 150h-40z', 'url(#ob-woodx)'), path('M1236 818c8-24 30-32 60-32s52 8 60 32z', 'url(#ob-wood)'),
    path('M1214 640l164-4-18-64-132 4z', 'url(#ob-wood)'), rect(1212, 636, 170, 12, WOOD.light), path('M1226 628l66-4-2-54-52 2zM1294 624l72 2-14-56-60 0z', 'url(#ob-paper)'), path('M1290 570l4 54', PAPER.ink, { stroke: PAPER.shade, 'stroke-width': 3 }),
    line('M1244 584h38M1242 592h40M1240 600h42M1238 608h34M1304 582h44M1306 590h46M1306 598h40', PAPER.ink, 1.6, { opacity: 0.6 }), line('M1334 570l10 62', WINE.light, 4), path('M1344 606l40-44 4 3-38 44z', '#e8e8ee'),
    line('M1300 300V400', '#0b0f19', 4), ellipse(1300, 470, 130, 120, 'url(#ob-warm)'), path('M1276 420l8-20h32l8 20z', BRASS.dark), rect(1278, 420, 44, 62, '#ffe3a0', { opacity: 0.85 }), path('M1300 436c8 10 7 18 5 26-2 6-8 6-10 0-3-8-1-14 5-26z', 'url(#ob-flame)', { class: 'flame' }), line('M1278 420v62M1300 420v10M1322 420v62', BRASS.dark, 4), rect(1270, 482, 60, 10, BRASS.mid, { rx: 3 }));
}
