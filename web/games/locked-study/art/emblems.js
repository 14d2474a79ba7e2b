//! The gilt emblems on the spines of the books, each in a box of 40 by 40.

import { circle, ellipse, group, line, path } from './draw.js';

/** @typedef {import('../puzzles.js').Book} Book */

const GILT = '#f0cf85';

/** @type {Record<Book, (ground: string) => SVGElement[]>} */
const DRAWINGS = {
  anchor: () => [
    line('M20 12V36M12 17H28M6 25c1 7 7 11 14 11s13-4 14-11', GILT, 3),
    circle(20, 8, 4, 'none', { stroke: GILT, 'stroke-width': 3 }),
    path('M3 28l3-7 5 6zM37 28l-3-7-5 6z', GILT),
  ],
  owl: (ground) => [
    path('M9 6c2 4 5 4 11 4s9 0 11-4c2 5 2 9 1 14 0 10-5 17-12 17S8 30 8 20C7 15 7 11 9 6z', GILT),
    circle(14.5, 16, 4.6, ground), circle(25.5, 16, 4.6, ground), circle(14.5, 16, 1.9, GILT), circle(25.5, 16, 1.9, GILT),
    path('M20 18l2.4 4-2.4 3-2.4-3z', ground),
    line('M14 28q2 2 4 0m4 0q2 2 4 0M17 32q3 2 6 0', ground, 1.6),
  ],
  bee: (ground) => [
    ellipse(20, 24, 8, 12, GILT), circle(20, 10, 5, GILT),
    line('M13 20h14M12.4 25h15.2M14 30h12', ground, 2.6),
    path('M14 17C4 8 0 14 2 18s8 5 12 2zM26 17c10-9 14-3 12 1s-8 5-12 2z', GILT, { opacity: 0.75 }),
    line('M18 6l-4-4M22 6l4-4', GILT, 1.6),
  ],
  crown: (ground) => [
    path('M5 31V12l8 8 7-13 7 13 8-8v19z', GILT), line('M7 27h26', ground, 2),
    circle(5, 10, 2.6, GILT), circle(20, 5, 2.8, GILT), circle(35, 10, 2.6, GILT),
  ],
  thistle: (ground) => [
    path('M12 16l-3-12 6 6 2-8 3 7 3-7 2 8 6-6-3 12z', GILT), ellipse(20, 20, 8.4, 6.6, GILT),
    line('M14 18l12 5M26 18l-12 5', ground, 1.4), line('M20 26v12', GILT, 2.4),
    path('M20 35C12 36 7 32 4 25c6 1 6 3 9 4 1-2 5 2 7 6zM20 35c8 1 13-3 16-10-6 1-6 3-9 4-1-2-5 2-7 6z', GILT),
  ],
  moth: (ground) => [
    path('M19 14C14 5 4 4 2 8c-1 6 4 14 11 14-6 3-7 10-4 13 5 1 9-5 10-12zM21 14C26 5 36 4 38 8c1 6-4 14-11 14 6 3 7 10 4 13-5 1-9-5-10-12z', GILT),
    ellipse(20, 21, 2.6, 11, GILT, { stroke: ground, 'stroke-width': 1 }),
    circle(9, 12, 2.4, ground), circle(31, 12, 2.4, ground),
    line('M19 10c-1-4-3-6-6-7M21 10c1-4 3-6 6-7', GILT, 1.4),
  ],
  fox: (ground) => [
    path('M4 5l10 8h12l10-8c1 12-1 18-6 23l-10 9-10-9C5 23 3 17 4 5z', GILT),
    path('M7 10l5 5-4 4zM33 10l-5 5 4 4z', ground), path('M20 37l-4-6h8z', ground),
    path('M11 20l6 2-4 2zM29 20l-6 2 4 2z', ground),
  ],
};

/** @param {Book} book @param {string} ground the colour of the spine @param {string} [transform] */
export const emblem = (book, ground, transform) => group({ transform }, ...DRAWINGS[book](ground));

/** The leather of each spine. @type {Record<Book, string>} */
export const LEATHER = {
  anchor: '#23364f', owl: '#4a2a20', bee: '#3d3a1c', crown: '#4c1a26', thistle: '#35264a', moth: '#26403a', fox: '#5a331a',
};
