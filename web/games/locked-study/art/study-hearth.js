//! The hearth of the study: chimney breast, bells, clock, fire, and the cat in front of it.

import { circle, ellipse, group, line, path, rect, scatter, show, times } from './draw.js';
import { BRASS, EMBER, GREEN, INK, WOOD } from './palette.js';
import { clockFace } from './clock-face.js';

/** One bell on its spring at 0,0. @param {number} size 0 to 1 @param {string} p prefix of the gradients */
export function bell(size, p) {
  const k = 0.62 + size * 0.5;
  return group({},
    line('M-14-26c18-10 30 4 20 14s-20-2-10-8 14 8 8 22', '#a9834a', 3.4),
    group({ transform: `scale(${k})` },
      path('M-17 36c4-6 5-12 6-20 1-9 5-14 11-14s10 5 11 14c1 8 2 14 6 20z', `url(#${p}brass)`, { stroke: BRASS.dark, 'stroke-width': 1.6 }),
      ellipse(0, 37, 18, 4.4, BRASS.dark), circle(0, 41, 4.6, BRASS.mid), line('M-6 30c2-6 2-12 3-16', BRASS.shine, 2.4, { opacity: 0.8 })));
}

/** The notches that name a bell. @param {number} count */
export const notches = (count) => group({}, ...times(count, (i) => rect((i - (count - 1) / 2) * 7 - 1.5, -5, 3, 10, INK)));

/** Chimney breast with the board of bells, the clock on the mantel and the fire. */
export function hearth() {
  const next = scatter(3);
  const face = clockFace('st-');
  const panel = group({}, rect(690, 246, 120, 24, INK), path('M690 270h120l8 18H682z', WOOD.light), rect(738, 274, 26, 12, 'url(#st-brass)'));
  const caseOpen = group({}, rect(716, 392, 68, 20, INK), rect(734, 396, 30, 13, 'url(#st-brass)'));
  const drawing = group({},
    rect(560, 45, 380, 675, GREEN.deep, { opacity: 0.55 }), line('M560 45V552M940 45V552', INK, 4, { opacity: 0.4 }),
    rect(586, 96, 334, 150, INK, { opacity: 0.4 }), rect(580, 90, 340, 150, 'url(#st-wood)', { stroke: WOOD.edge, 'stroke-width': 3 }), rect(592, 102, 316, 126, WOOD.deep, { opacity: 0.5 }),
    ...times(5, (i) => group({ transform: `translate(${630 + i * 60} 152)` }, rect(-22, -44, 44, 18, 'url(#st-brass)', { rx: 3 }), group({ transform: 'translate(0 -35) scale(.9)' }, notches(i + 1)), bell(i / 4, 'st-'))),
    panel, mantel(), ...candles(), fire(next),
    path('M672 434v-30c0-70 26-118 78-118s78 48 78 118v30z', 'url(#st-woodx)', { stroke: WOOD.edge, 'stroke-width': 3 }), rect(662, 426, 176, 14, WOOD.mid),
    path('M744 286c-10-10-4-22 6-22s16 12 6 22z', 'url(#st-ball)'), caseOpen,
    group({ transform: 'translate(750 350) scale(.5)' }, face.drawing));
  return {
    drawing,
    /** @param {number} h @param {number} m @param {boolean} bellsOpen @param {boolean} clockOpen */
    update(h, m, bellsOpen, clockOpen) {
      face.set(h, m);
      show(panel, bellsOpen);
      show(caseOpen, clockOpen);
    },
  };
}

/** The marble around the fire and the shelf over it. */
function mantel() {
  const marble = '#5d625f';
  return group({},
    rect(582, 470, 336, 250, marble), rect(582, 470, 336, 250, INK, { opacity: 0.25 }),
    ...[592, 856].map((x) => group({}, rect(x, 482, 52, 238, '#727873'), line(`M${x + 13} 500V706M${x + 26} 500V706M${x + 39} 500V706`, '#4a4f4c', 3), rect(x - 6, 476, 64, 14, '#848a84'))),
    rect(560, 440, 380, 16, '#8e948d'), rect(572, 456, 356, 16, '#6f746f'), rect(560, 440, 380, 4, '#b5bab0'),
    path('M704 480c20-10 72-10 92 0-14 2-24 14-46 14s-32-12-46-14z', '#848a84'),
    path('M652 720V560c0-44 40-66 98-66s98 22 98 66v160z', '#0b0605'), ellipse(750, 724, 170, 12, INK, { opacity: 0.5 }), rect(600, 716, 300, 14, '#4a4f4c'));
}

function candles() {
  return [606, 890].map((x) => group({},
    path(`M${x - 14} 440h28l-8-10h-12z`, 'url(#st-brass)'), rect(x - 3, 404, 6, 28, 'url(#st-tubex)'), rect(x - 5, 358, 10, 48, '#efe6d0'), line(`M${x - 3} 366v14`, '#fff', 2, { opacity: 0.6 }),
    ellipse(x, 346, 44, 48, 'url(#st-warm)'), path(`M${x} 332c7 10 7 16 5 22-2 5-8 5-10 0-2-7 0-12 5-22z`, 'url(#st-flame)', { class: 'flame' })));
}

/** @param {() => number} next */
function fire(next) {
  const tongue = (/** @type {number} */ x, /** @type {number} */ h, /** @type {number} */ w) =>
    path(`M${x} 700c${-w} -10 ${-w} ${-h * 0.5} ${-w * 0.2} ${-h * 0.65} 0 12 ${w * 0.3} 14 ${w * 0.3} ${-h * 0.35} ${w} ${h * 0.4} ${w * 0.9} ${h * 0.8} ${w * 0.1} ${h}z`, 'url(#st-flame)', { class: 'flame', opacity: 0.92 });
  return group({},
    ellipse(750, 684, 86, 36, EMBER.deep, { opacity: 0.7 }),
    tongue(722, 96, 26), tongue(776, 112, 28), tongue(750, 140, 32), tongue(700, 54, 18), tongue(800, 60, 18),
    path('M680 704l110-18 6 14-110 18z', WOOD.mid), path('M820 704l-110-20-6 14 110 20z', WOOD.dark), circle(682, 711, 8, WOOD.edge), circle(818, 711, 8, WOOD.edge),
    ...times(16, () => circle(690 + next() * 120, 700 + next() * 16, 2 + next() * 3, EMBER.light, { opacity: 0.5 + next() * 0.5 })),
    line('M664 706V660M836 706V660M664 690H836', '#1a1a1c', 5));
}

/** The cat, asleep. */
export function cat() {
  return group({ transform: 'translate(724 776)' },
    ellipse(0, 36, 92, 14, INK, { opacity: 0.5 }), path('M-84 30c-8-44 34-66 80-64 50 0 84 22 84 50 0 20-30 24-84 24-46 0-76 2-80-10z', '#23242b'),
    path('M78 12c10 20-20 30-60 30s-60-2-60-8 40 0 60-2 44-6 60-20z', '#17181d'),
    path('M-84 10c-4-16 0-26 4-34l14 12c8-4 20-4 28 0l14-12c4 8 6 20 2 34-2 18-14 26-30 26s-30-8-32-26z', '#2c2e37'),
    path('M-78-18l4 12 6-6zM-26-18l-4 12-6-6z', '#8a5a5e'), line('M-72 10q6 5 12 0M-46 10q6 5 12 0', '#cfc6a8', 2.2), path('M-56 17h6l-3 4z', '#b98b8b'),
    line('M-60 24l-24 2M-60 20l-22-4M-46 24l24 2M-46 20l22-4', '#c9c9d0', 0.9, { opacity: 0.6 }),
    line('M-40-24c30-14 80-8 104 20', '#f0a34a', 3, { opacity: 0.35 }));
}
