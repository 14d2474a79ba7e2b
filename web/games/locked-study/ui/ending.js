//! The closing scene: how it ended, how long it took, who opened what, and the way to the end page.

import { h } from './dom.js';
import { s } from '../art/draw.js';
import { endingPicture } from '../art/ending.js';
import { PUZZLES } from '../puzzles.js';
import { penalty } from '../rules.js';
import { text } from '../words.js';

/** @typedef {import('../game.js').Game} Game */

/** @param {Game} game */
export function ending(game) {
  const escaped = Boolean(game.state.opened.door);
  const words = text.ending;
  const heading = h('h2', { tabindex: '-1' }, escaped ? words.escapedTitle : words.givenUpTitle);
  const cost = penalty(game.state);
  const played = Math.floor(game.elapsed() / 1000);
  const deeds = PUZZLES.flatMap((puzzle) => {
    const deed = game.state.opened[puzzle];
    return deed ? [h('li', {}, `${game.name(deed.by)} ${text.opens[puzzle]}`)] : [];
  });
  const picture = s('svg', { viewBox: '0 0 800 450', role: 'img', 'aria-label': escaped ? text.picture.escaped : text.picture.givenUp, class: 'ending-picture' }, ...endingPicture(escaped));
  const element = h('section', { class: 'ending', 'aria-label': heading.textContent ?? '' });
  element.append(heading, picture, ...(escaped ? words.escaped : words.givenUp).map((line) => h('p', {}, line)),
    h('p', { class: 'final-time' }, words.time(text.clockTime(played + cost))),
    h('p', {}, words.parts(played, cost)),
    h('p', {}, h('a', { class: 'button primary', href: document.body.dataset['end'] ?? '#' }, words.stats)),
    ...(deeds.length ? [h('h3', {}, words.opened), h('ul', {}, ...deeds)] : []));
  return { element, focus: () => heading.focus() };
}
