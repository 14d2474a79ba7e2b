//! A clock face around 0,0 with a radius of 100, and its hands.

import { circle, group, label, line, path, times } from './draw.js';
import { INK, PAPER } from './palette.js';

const ROMAN = ['XII', 'I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX', 'X', 'XI'];

/** @param {string} p prefix of the gradients */
export function clockFace(p) {
  const hour = path('M-4 12L-5-44 0-62 5-44 4 12z', INK);
  const minute = path('M-3 16L-3.500-72 0-88 3.500-72 3 16z', INK);
  const drawing = group({},
    circle(0, 0, 104, `url(#${p}brass)`), circle(0, 0, 98, `url(#${p}face)`), circle(0, 0, 92, 'none', { stroke: PAPER.shade, 'stroke-width': 1.4 }),
    ...times(60, (i) => line(i % 5 ? 'M0-92V-88' : 'M0-92V-84', INK, i % 5 ? 1 : 2.6, { transform: `rotate(${i * 6})` })),
    ...times(12, (i) => label(0, -66, 17, INK, ROMAN[i] ?? '', { transform: `rotate(${i * 30})` })),
    circle(0, 38, 6, '#5a4a30'), path('M-2.500 35.500h5v5h-5z', INK), hour, minute, circle(0, 0, 6, INK));
  return {
    drawing,
    /** @param {number} h 1 to 12 @param {number} m 0 to 59 */
    set(h, m) {
      hour.setAttribute('transform', `rotate(${(h % 12) * 30 + m * 0.5})`);
      minute.setAttribute('transform', `rotate(${m * 6})`);
    },
  };
}
