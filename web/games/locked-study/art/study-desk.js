//! The furniture of the study: desk with what lies on it, the bookcase and the passage behind it, the armchair.

import { circle, ellipse, group, line, path, rect, scatter, show, times } from './draw.js';
import { BRASS, GREEN, INK, NIGHT, PAPER, STAR, STONE, WINE, WOOD } from './palette.js';
import { LEATHER, emblem } from './emblems.js';
import { starFigure } from './figures.js';
import { BOOKS, FIGURES } from '../puzzles.js';

/** The desk; `update` moves its drawer and takes the moon away. */
export function desk() {
  const windows = times(3, (i) => group({ transform: `translate(${1057 + i * 50} 634)` }));
  const front = group({},
    rect(1000, 614, 236, 70, 'url(#st-wood)', { stroke: WOOD.edge, 'stroke-width': 2.5 }), line('M1000 684V614H1236', INK, 3, { opacity: 0.5 }),
    rect(1046, 626, 146, 44, 'url(#st-brass)', { rx: 5, stroke: BRASS.dark }), ...times(3, (i) => rect(1056 + i * 50, 632, 28, 32, NIGHT.dark, { rx: 3 })), ...windows);
  const gap = group({}, path('M1000 614h236l-12 22H1012z', '#0a0605'), rect(1090, 618, 40, 14, 'url(#st-brass)'));
  const moon = group({ transform: 'translate(-48 16)' }, ellipse(1052, 563, 17, 5, INK, { opacity: 0.5 }), circle(1052, 549, 16, 'url(#st-ball)'), path('M1052 533a16 16 0 0 1 0 32a22 22 0 0 0 0-32', '#2c2215', { opacity: 0.85 }));
  const drawing = group({},
    ellipse(1118, 872, 200, 20, INK, { opacity: 0.5 }),
    path('M944 602h348v24H944z', WOOD.deep), path('M984 530h268l40 72H944z', 'url(#st-wood)'), path('M1000 538h236l28 54H972z', '#244b3f'), line('M1000 538h236l28 54H972z', '#c79a55', 2, { opacity: 0.7 }),
    rect(940, 600, 356, 14, WOOD.light), rect(956, 614, 44, 250, 'url(#st-woodx)'), rect(1236, 614, 44, 250, 'url(#st-woodx)'), rect(1000, 684, 236, 26, WOOD.dark), rect(1000, 706, 236, 6, INK),
    ...[956, 1236].flatMap((x) => [0, 1, 2].map((i) => group({}, rect(x + 6, 626 + i * 76, 32, 62, WOOD.dark, { stroke: WOOD.edge, 'stroke-width': 1.4 }), circle(x + 22, 656 + i * 76, 4, 'url(#st-ball)')))),
    gap, front, path('M1004 552l58-6 22 34-66 8z', 'url(#st-paper)'), line('M1018 558l36-4M1022 565l40-4M1027 572l40-4', PAPER.ink, 1.4, { opacity: 0.6 }), moon,
    path('M1106 556l66-4 18 30-72 6z', WINE.deep), path('M1108 552l32 0 4 30-26 2zM1142 552l28-3 16 28-40 5z', 'url(#st-paper)'), line('M1118 560h18M1120 567h18M1121 574h18M1150 559l20-2M1152 566l22-2', PAPER.ink, 1.3, { opacity: 0.6 }), line('M1150 553v34', '#a33', 2.4),
    path('M1088 590l34-16 3 3-32 17z', '#2a2f3c'), lamp());
  return {
    drawing,
    /** @param {readonly number[]} wheels @param {boolean} open @param {boolean} moonThere */
    update(wheels, open, moonThere) {
      windows.forEach((window, i) => window.replaceChildren(starFigure(FIGURES[wheels[i] ?? 0] ?? 'snail', { transform: 'scale(.26)', size: 7 })));
      front.setAttribute('transform', open ? 'translate(-7 26) scale(1.006 1.02)' : '');
      show(gap, open);
      show(moon, moonThere);
    },
  };
}

function lamp() {
  return group({},
    ellipse(1226, 574, 34, 8, INK, { opacity: 0.4 }), path('M1198 572c4-10 50-10 56 0z', 'url(#st-brass)'), rect(1222, 480, 8, 88, 'url(#st-tubex)'),
    path('M1174 484c6-38 22-56 52-56s46 18 52 56z', '#1f6b54', { stroke: BRASS.mid, 'stroke-width': 2 }), path('M1190 470c6-22 16-32 30-34', '#7fd0b0', { fill: 'none', stroke: '#7fd0b0', 'stroke-width': 3, opacity: 0.6 }),
    ellipse(1226, 485, 52, 8, '#fff1c4'), path('M1174 488h104l60 110H1110z', 'url(#st-warm)', { opacity: 0.8 }), circle(1226, 424, 5, 'url(#st-ball)'));
}

/** The bookcase. `update` lets books lean out and swings the whole case open. */
export function bookcase() {
  const next = scatter(23);
  const row = (/** @type {number} */ y, /** @type {number} */ h, from = 1336, to = 1556) => {
    const books = [];
    for (let x = from; x < to - 12;) {
      const w = Math.min(12 + next() * 18, to - x); const tall = h * (0.72 + next() * 0.26);
      const cover = ['#4a2a20', '#26403a', '#23364f', '#5a331a', '#3d3a1c', '#4c1a26', '#35264a', '#5c4a2a'][Math.floor(next() * 8)] ?? WOOD.mid;
      books.push(rect(x, y + h - tall, w - 1.5, tall, cover, { rx: 1.5 }), line(`M${x + 2} ${y + h - tall + 10}h${w - 5}M${x + 2} ${y + h - 12}h${w - 5}`, '#c79a55', 1.6, { opacity: 0.6 }), rect(x, y + h - tall, 2.4, tall, '#fff', { opacity: 0.09 }));
      x += w;
    }
    return group({}, ...books);
  };
  const shelf = (/** @type {number} */ y) => group({}, rect(1326, y, 240, 12, WOOD.light), rect(1326, y + 11, 240, 5, INK, { opacity: 0.6 }));
  const emblems = BOOKS.map((book, i) => group({},
    rect(1338 + i * 31, 338, 30, 112, LEATHER[book], { rx: 2 }), line(`M${1341 + i * 31} 350h24M${1341 + i * 31} 436h24`, '#c79a55', 1.8), rect(1338 + i * 31, 338, 3, 112, '#fff', { opacity: 0.12 }),
    emblem(book, LEATHER[book], `translate(${1341.5 + i * 31} 378) scale(.58)`)));
  const shut = group({},
    rect(1306, 60, 280, 676, 'url(#st-woodx)', { stroke: WOOD.deep, 'stroke-width': 3 }), rect(1326, 88, 240, 620, '#120a06'),
    row(100, 98), shelf(198), row(214, 96), shelf(312), rect(1334, 326, 224, 126, '#1c110a'), ...emblems, shelf(450), row(468, 96), shelf(566), row(584, 110), rect(1306, 696, 280, 44, WOOD.mid), rect(1296, 50, 300, 20, WOOD.light), rect(1296, 68, 300, 6, INK, { opacity: 0.5 }));
  const open = group({}, passage(next), path('M1560 60l40-30v760l-40-50z', 'url(#st-woodx)'), ...[190, 310, 440, 570].map((y) => path(`M1560 ${y}l40 ${(y - 400) / 14}v10l-40 4z`, WOOD.edge)));
  return {
    drawing: group({}, shut, open),
    /** @param {readonly string[]} out the books that stand out @param {boolean} opened */
    update(out, opened) {
      emblems.forEach((book, i) => book.setAttribute('transform', out.includes(BOOKS[i] ?? '') ? 'translate(0 9)' : ''));
      show(shut, !opened);
      show(open, opened);
    },
  };
}

/** @param {() => number} next */
function passage(next) {
  return group({},
    rect(1300, 50, 264, 690, STONE.deep), ...times(9, (i) => rect(1300, 50 + i * 78, 30 + next() * 20, 70, STONE.dark, { rx: 4, opacity: 0.8 })), ...times(9, (i) => rect(1540 - next() * 14, 60 + i * 76, 40, 68, STONE.dark, { rx: 4, opacity: 0.8 })),
    path('M1340 740V240a94 94 0 0 1 188 0V740z', '#050914'), path('M1340 740V240a94 94 0 0 1 188 0V740z', 'url(#st-night)', { opacity: 0.85 }),
    ...times(30, () => circle(1352 + next() * 164, 170 + next() * 250, 0.8 + next() * 1.4, STAR, { opacity: 0.3 + next() * 0.7, class: next() > 0.7 ? 'twinkle' : undefined })),
    ...times(7, (i) => group({}, rect(1346 + i * 7, 714 - i * 40, 176 - i * 14, 26, i % 2 ? STONE.mid : STONE.light), rect(1346 + i * 7, 714 - i * 40, 176 - i * 14, 5, STONE.edge), rect(1346 + i * 7, 736 - i * 40, 176 - i * 14, 14, STONE.deep))),
    path('M1404 152h60l-8-34h-44z', STONE.edge), rect(1416, 124, 36, 20, 'url(#st-brass)', { rx: 2 }), ellipse(1434, 420, 150, 320, 'url(#st-cold)'));
}

/** A wing chair that has seen many evenings. */
export function chair() {
  return group({},
    ellipse(452, 850, 120, 16, INK, { opacity: 0.55 }),
    path('M352 840l10-60h20l-6 60zM524 840l-6-60h20l10 60z', WOOD.deep),
    rect(366, 680, 168, 90, '#1f4540'), path('M364 700c-14-90-10-140 20-150h130c34 8 38 70 22 150z', GREEN.light), path('M384 690c-8-70-6-112 12-120h108c20 8 22 56 12 120z', '#234a44'),
    ...times(6, (i) => circle(410 + (i % 3) * 40, 600 + Math.floor(i / 3) * 44, 3.4, '#c79a55')),
    path('M340 790c-14-60-12-110 6-118 22-6 36 6 38 60h132c2-54 18-66 40-60 18 8 18 60 4 118z', GREEN.light), path('M378 742c20-12 124-12 146 0v28H378z', '#3b6d63'), path('M340 780h220v16H340z', GREEN.deep),
    line('M350 690c4-14 20-14 24 2M530 692c4-16 22-16 26 0', GREEN.pale, 3));
}
