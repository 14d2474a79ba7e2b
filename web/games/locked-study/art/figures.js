//! The six star figures: where their stars are (in a box of 100 by 100) and which lines the chart draws between them.
//! `text.en.js` describes the same stars in words; the two are kept in step by hand.

import { circle, group, line } from './draw.js';
import { STAR } from './palette.js';

/** @typedef {typeof import('../puzzles.js').FIGURES[number]} Figure */

/** @type {Record<Figure, {stars: [number, number][], lines: number[][]}>} */
export const STARS = {
  snail: { stars: [[14, 74], [50, 86], [82, 66], [76, 30], [46, 18], [30, 44], [54, 54]], lines: [[0, 1, 2, 3, 4, 5, 6]] },
  kettle: { stars: [[22, 52], [38, 84], [66, 80], [68, 48], [44, 34], [82, 32], [94, 14]], lines: [[0, 1, 2, 3, 4, 0], [3, 5, 6]] },
  oar: { stars: [[86, 12], [70, 30], [54, 48], [38, 66], [22, 84], [40, 90]], lines: [[0, 1, 2, 3, 4], [3, 5, 4]] },
  heron: { stars: [[44, 10], [44, 30], [44, 50], [44, 70], [44, 92], [16, 18], [78, 52]], lines: [[5, 0, 1, 2, 3, 4], [2, 6]] },
  kite: { stars: [[50, 8], [78, 32], [50, 56], [22, 32], [56, 70], [46, 82], [58, 94]], lines: [[0, 1, 2, 3, 0], [2, 4, 5, 6]] },
  ladder: { stars: [[32, 10], [32, 36], [32, 62], [32, 88], [68, 10], [68, 36], [68, 62], [68, 88]], lines: [[0, 1, 2, 3], [4, 5, 6, 7], [0, 4], [1, 5], [2, 6], [3, 7]] },
};

/**
 * @param {Figure} figure
 * @param {{lines?: boolean, ink?: string, stroke?: string, transform?: string, size?: number}} [how]
 */
export function starFigure(figure, { lines = false, ink = STAR, stroke = '#9db4df', transform, size = 4.4 } = {}) {
  const { stars, lines: strokes } = STARS[figure];
  return group({ transform },
    ...(lines ? strokes.map((run) => line(`M${run.map((i) => (stars[i] ?? [0, 0]).join(' ')).join('L')}`, stroke, 1.6, { 'stroke-dasharray': '1 4' })) : []),
    ...stars.map(([x, y], i) => circle(x, y, size * (i % 3 === 0 ? 1.15 : 0.95), ink)),
  );
}
