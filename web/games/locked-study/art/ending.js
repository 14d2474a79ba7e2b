//! The pictures of the closing scene, on 800 by 450: morning in the corridor, or Tam with his ladder.

import { circle, ellipse, gradient, group, line, path, rect, s, times } from './draw.js';
import { defs, INK, WOOD } from './palette.js';

/** @param {boolean} escaped @returns {SVGElement[]} */
export function endingPicture(escaped) {
  return [
    defs('en-'),
    s('defs', {}, gradient('linearGradient', 'en-dawn', escaped ? [[0, '#7fa6c9'], [0.55, '#f6c98a'], [1, '#ffedc4']] : [[0, '#2a2036'], [1, '#7a5030']], { x1: 0, y1: 0, x2: 0, y2: 1 })),
    rect(0, 0, 800, 450, '#132c2a'), rect(0, 330, 800, 120, '#24140c'), rect(0, 250, 800, 80, 'url(#en-wood)'),
    rect(250, 40, 300, 330, 'url(#en-woodx)'), rect(276, 62, 248, 308, 'url(#en-dawn)'),
    escaped ? morning() : tam(),
    path('M276 62l-96-34v376l96-34z', 'url(#en-wood)'), path('M262 84l-66-22v120l66 10zM262 214l-66-8v150l66-14z', WOOD.dark), circle(194, 214, 9, '#f4f1e6'),
    path('M276 370h248l150 80H126z', escaped ? '#ffe3a8' : '#d9a05a', { opacity: 0.28 }), ellipse(400, 260, 360, 260, 'url(#en-warm)', { opacity: escaped ? 0.9 : 0.5 }), rect(0, 0, 800, 450, 'url(#en-vignette)'),
  ];
}

function morning() {
  return group({},
    path('M276 300l90-40h70l88 40v70H276z', '#8d6a48'), path('M366 260h70l6-130h-82z', '#fff4d6', { opacity: 0.75 }), circle(401, 178, 24, '#fffbe8'), ...times(7, (i) => line('M401 178V90', '#fff4d6', 4, { opacity: 0.35, transform: `rotate(${-60 + i * 20} 401 178)` })),
    line('M366 260V130M436 260V130M366 190h70', '#a9855c', 5), path('M300 150l36 10v70l-36 16z', '#a9855c'), path('M500 150l-36 10v70l36 16z', '#a9855c'),
    ellipse(404, 356, 84, 13, '#64202a'),
    group({ transform: 'translate(380 300)' }, path('M-24 44c-8-34 6-48 26-48s34 14 26 48z', '#5d6672'), ellipse(2, 44, 27, 5, '#39404a'), line('M-14-2c2-26 32-26 34 0', '#39404a', 4), path('M26 18l24-16-4-4-24 8z', '#5d6672'), circle(2, -6, 4, INK), line('M-12 8c-4 8-6 16-4 26', '#aab4c2', 3)),
    path('M420 318l40-6 4 34-40 6z', '#f6ecd0'), line('M426 326l28-4M427 333l29-4M428 340l20-3', '#3a2a1a', 1.6));
}

function tam() {
  return group({},
    ellipse(400, 366, 70, 8, INK, { opacity: 0.5 }), path('M362 366l6-96h64l6 96h-28l-10-70-10 70z', '#33415f'), path('M350 286c-6-70 14-96 50-96s56 26 50 96z', '#5a6a3d'), path('M386 192l14 30 14-30z', '#efe2c0'),
    circle(400, 158, 32, '#d9a583'), path('M368 150c-4-30 14-42 32-42s36 12 32 42c-18-10-46-10-64 0z', '#4d4538'), rect(358, 144, 84, 9, '#4d4538', { rx: 4 }), path('M376 172c4 24 44 24 48 0-6 6-42 6-48 0z', '#e8e4da'), circle(389, 162, 3, INK), circle(411, 162, 3, INK), line('M392 178q8 5 16 0', '#8d4a44', 2.6),
    line('M296 236L524 140M306 262L530 168', '#a9855c', 8), ...times(7, (i) => line(`M${314 + i * 32} ${229 - i * 13.500}l8 24`, '#a9855c', 6)), path('M430 214c24-8 28-24 20-40l-14 4c2 14-6 18-16 22z', '#5a6a3d'), circle(444, 172, 9, '#d9a583'));
}
