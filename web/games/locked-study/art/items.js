//! The things to carry, each in a box of 64 by 64.

import { circle, ellipse, group, line, path, rect, s } from './draw.js';
import { BRASS } from './palette.js';

/** @typedef {import('../puzzles.js').Item} Item */

/** @type {Record<Item, () => SVGElement>} */
const DRAWINGS = {
  moon: () => group({}, circle(32, 32, 22, BRASS.mid), path('M32 10a22 22 0 0 1 0 44a30 30 0 0 0 0-44', '#2c2215'), circle(24, 22, 5, BRASS.shine, { opacity: 0.7 }), line('M14 36q8 10 20 12', BRASS.dark, 2)),
  eyepiece: () => group({ transform: 'rotate(-35 32 32)' }, rect(8, 22, 14, 20, '#23242b', { rx: 3 }), rect(22, 18, 22, 28, BRASS.mid), rect(22, 18, 22, 8, BRASS.shine, { opacity: 0.6 }), rect(44, 23, 14, 18, BRASS.dark), line('M28 18v28M38 18v28', BRASS.dark, 2)),
  key: () => group({ transform: 'rotate(40 32 32)' }, path('M20 18c0-14 24-14 24 0l4 8H16z', 'none', { stroke: '#8b95a3', 'stroke-width': 5 }), rect(29, 26, 6, 32, '#8b95a3'), rect(35, 46, 10, 5, '#8b95a3'), rect(35, 53, 13, 5, '#8b95a3')),
  winder: () => group({}, circle(22, 20, 9, 'none', { stroke: BRASS.mid, 'stroke-width': 6 }), circle(42, 20, 9, 'none', { stroke: BRASS.mid, 'stroke-width': 6 }), rect(29, 20, 6, 32, BRASS.light), rect(27, 48, 10, 8, BRASS.dark), path('M40 36l14 4-3 14-14-4z', '#efe2c0'), line('M41 42l9 2M40 47l7 2', '#3a2a1a', 1.6)),
  knob: () => group({}, circle(30, 30, 20, '#f4f1e6'), path('M20 20q8 6 6 14t10 12', 'none', { stroke: '#9a9484', 'stroke-width': 1.8 }), ellipse(23, 21, 6, 4, '#ffffff'), rect(42, 40, 16, 8, BRASS.mid, { transform: 'rotate(40 46 44)' })),
};

/** @param {Item} item */
export const itemPicture = (item) => s('svg', { viewBox: '0 0 64 64', width: 44, height: 44, 'aria-hidden': 'true', focusable: 'false' }, DRAWINGS[item]());
