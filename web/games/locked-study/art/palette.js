//! The colours everything is drawn in, and the gradients made of them.

import { gradient, s } from './draw.js';

export const INK = '#140d0a';
export const WOOD = { deep: '#20130c', dark: '#321e13', mid: '#4d2f1d', light: '#6d4529', edge: '#8d5f38' };
export const BRASS = { dark: '#5c3d17', mid: '#b98538', light: '#e9c779', shine: '#fff0c2' };
export const GREEN = { deep: '#0f2725', wall: '#1c3f3b', light: '#2d5a53', pale: '#4f7f74' };
export const NIGHT = { deep: '#070d1f', dark: '#0e1937', mid: '#1b2f5c', light: '#3c5a92', pale: '#8fa8d3' };
export const STONE = { deep: '#181f30', dark: '#252f45', mid: '#36425c', light: '#4c5a78', edge: '#6b7a9a' };
export const PAPER = { base: '#efe2c0', shade: '#cdb98a', ink: '#3a2a1a' };
export const EMBER = { deep: '#7a2a12', mid: '#d9632a', light: '#ffb44d', white: '#fff1c4' };
export const WINE = { deep: '#3c1219', mid: '#64202a', light: '#8d3a3f' };
export const STAR = '#fff6d8';

/**
 * The shared gradients. Every drawing brings its own, since a hidden drawing's gradients cannot be referred to.
 * @param {string} p prefix of the ids
 */
export function defs(p) {
  const across = { x1: 0, y1: 0, x2: 1, y2: 0 };
  const down = { x1: 0, y1: 0, x2: 0, y2: 1 };
  return s('defs', {},
    gradient('linearGradient', `${p}wood`, [[0, WOOD.light], [0.5, WOOD.mid], [1, WOOD.dark]], down),
    gradient('linearGradient', `${p}woodx`, [[0, WOOD.dark], [0.3, WOOD.mid], [0.7, WOOD.mid], [1, WOOD.deep]], across),
    gradient('linearGradient', `${p}brass`, [[0, '#f4dc9a'], [0.35, BRASS.mid], [0.65, '#8a5d22'], [1, '#dcb15a']], { x1: 0, y1: 0, x2: 1, y2: 1 }),
    gradient('linearGradient', `${p}tube`, [[0, '#f6e2ac'], [0.3, BRASS.mid], [0.75, '#6d4719'], [1, '#3c260d']], down),
    gradient('linearGradient', `${p}tubex`, [[0, '#6d4719'], [0.3, '#f0d894'], [0.5, BRASS.mid], [1, '#3c260d']], across),
    gradient('linearGradient', `${p}wall`, [[0, '#173734'], [0.6, GREEN.wall], [1, '#132c2a']], down),
    gradient('linearGradient', `${p}night`, [[0, NIGHT.deep], [0.6, NIGHT.mid], [1, NIGHT.light]], down),
    gradient('linearGradient', `${p}floor`, [[0, '#3d2516'], [1, '#160c07']], down),
    gradient('linearGradient', `${p}stone`, [[0, STONE.mid], [1, STONE.deep]], down),
    gradient('linearGradient', `${p}paper`, [[0, '#f6ecd0'], [1, '#d9c596']], { x1: 0, y1: 0, x2: 1, y2: 1 }),
    gradient('radialGradient', `${p}warm`, [[0, '#ffdf9c', 0.62], [0.35, '#f0a34a', 0.24], [1, '#d9632a', 0]]),
    gradient('radialGradient', `${p}cold`, [[0, '#c9dcff', 0.5], [0.5, '#7d9fe0', 0.16], [1, '#3c5a92', 0]]),
    gradient('radialGradient', `${p}vignette`, [[0.45, '#000000', 0], [1, '#000000', 0.72]], { cx: 0.5, cy: 0.48, r: 0.72 }),
    gradient('radialGradient', `${p}ball`, [[0, BRASS.shine], [0.4, BRASS.mid], [1, BRASS.dark]], { cx: 0.35, cy: 0.3, r: 0.8 }),
    gradient('radialGradient', `${p}moonball`, [[0, '#fffdf0'], [0.5, '#dcd7c4'], [1, '#77756c']], { cx: 0.35, cy: 0.3, r: 0.8 }),
    gradient('radialGradient', `${p}blueball`, [[0, '#d6f0ea'], [0.5, '#4f8f88'], [1, '#173a3a']], { cx: 0.35, cy: 0.3, r: 0.8 }),
    gradient('radialGradient', `${p}flame`, [[0, EMBER.white], [0.35, EMBER.light], [0.75, EMBER.mid], [1, EMBER.deep]], { cx: 0.5, cy: 0.8, r: 0.8 }),
    gradient('radialGradient', `${p}face`, [[0, '#fffaf0'], [0.8, '#efe2c0'], [1, '#bfa873']]),
  );
}
