//! The things one steps up to only to look at: letter, diary, pictures, logbook, carving, chart, glass, passage.

import { h, button } from './dom.js';
import { plate } from './plate.js';
import { s } from '../art/draw.js';
import { defs } from '../art/palette.js';
import { portrait } from '../art/study-room.js';
import { glassRound } from '../art/glass.js';
import { starFigure } from '../art/figures.js';
import { FIGURES } from '../puzzles.js';
import { text } from '../words.js';

/**
 * What one can step up to. `update` is called after every change of the state.
 * @typedef {{title: string, body: Node[], kind: 'paper' | 'thing', update?: () => void}} Panel
 * @typedef {import('../game.js').Game} Game
 */

/** @returns {Panel} */
export const letter = () => ({ title: text.letter.title, kind: 'paper', body: text.letter.lines.map((line) => h('p', {}, line)) });

/** @returns {Panel} */
export const diary = () => ({
  title: text.diary.title,
  kind: 'paper',
  body: text.diary.entries.map(([day = '', entry = '']) => h('div', {}, h('h3', {}, day), h('p', {}, entry))),
});

/** @returns {Panel} */
export const logbook = () => ({ title: text.logbook.title, kind: 'paper', body: text.logbook.lines.map((line) => h('p', {}, line)) });

/** @returns {Panel} */
export const bench = () => ({
  title: text.bench.title,
  kind: 'thing',
  body: [h('p', {}, text.bench.intro), h('blockquote', { class: 'carving' }, text.bench.carving)],
});

/** @returns {Panel} */
export const portraitPanel = () => ({
  title: text.portrait.title,
  kind: 'thing',
  body: [
    h('div', { class: 'beside' }, picture('0 0 190 250', defs('po-'), portrait('po-')), h('div', {},
      h('p', {}, text.portrait.intro),
      h('p', { class: 'motto' }, h('span', { lang: 'la' }, text.portrait.motto), h('span', { class: 'worn', 'aria-hidden': 'true' })),
      h('p', {}, `… ${text.portrait.worn}`))),
  ],
});

/** @returns {Panel} */
export const starTable = () => ({
  title: text.starTable.title,
  kind: 'paper',
  body: [h('div', { class: 'scroll' }, h('table', {},
    h('thead', {}, h('tr', {}, ...text.starTable.head.map((cell) => h('th', { scope: 'col' }, cell)))),
    h('tbody', {}, ...text.starTable.rows.map(([night = '', ...rest]) =>
      h('tr', {}, h('th', { scope: 'row' }, night), ...rest.map((cell) => h('td', {}, cell))))))),
  h('p', { class: 'small' }, text.starTable.caption)],
});

/** @returns {Panel} */
export const glass = () => ({
  title: text.glass.title,
  kind: 'thing',
  body: [h('p', {}, text.glass.intro), picture('-100 -100 200 200', glassRound()), inWords(text.glass.wordsLabel, text.glass.words)],
});

/** @returns {Panel} */
export const chart = () => ({
  title: text.chart.title,
  kind: 'thing',
  body: [h('p', {}, text.chart.intro), h('ul', { class: 'figures' }, ...FIGURES.map((figure) => h('li', {},
    picture('0 0 100 100', starFigure(figure, { lines: true })),
    h('span', { 'aria-hidden': 'true' }, text.figures[figure].name),
    h('span', { class: 'unseen' }, text.chart.figure(text.figures[figure].name, text.figures[figure].stars)))))],
});

/** @param {Game} game @returns {Panel} */
export const passage = (game) => ({
  title: text.passage.title,
  kind: 'thing',
  body: [h('p', {}, text.passage.intro), plate('passage'), button(text.passage.go, () => game.look('observatory', null), { class: 'primary' })],
});

/** @param {import('../puzzles.js').Item} item @returns {Panel} */
export const itemPanel = (item) => ({ title: text.items[item].name, kind: 'thing', body: [h('p', {}, text.items[item].look)] });

/**
 * A drawing inside a panel. What it shows is also there in words.
 * @param {string} viewBox
 * @param {...SVGElement} parts
 */
export function picture(viewBox, ...parts) {
  return s('svg', { viewBox, class: 'panel-picture', 'aria-hidden': 'true', focusable: 'false' }, ...parts);
}

/** What a picture shows, for whoever prefers words. @param {string} label @param {string} words */
export const inWords = (label, words) => h('details', {}, h('summary', {}, label), h('p', {}, words));
