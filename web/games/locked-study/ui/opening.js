//! What the page shows until the game stands: that it opens, why that takes long, and what to do if it cannot go on.

import { wayBack } from './bar.js';
import { button, h } from './dom.js';
import { text } from '../words.js';

/** @typedef {import('../../../sdk/index.js').ConnectionState} ConnectionState */
/** @typedef {import('../../../sdk/index.js').StateDetail} StateDetail */

/** @param {() => void} takeBack returns a seat that was taken over */
export function opening(takeBack) {
  const element = h('div', { class: 'opening', role: 'status' }, text.status.opening);
  return {
    element,
    /** How the connection stands, in the words the game itself has for it. @param {ConnectionState} state @param {StateDetail} detail */
    show(state, { message }) {
      element.replaceChildren(...wordsFor(state, message, takeBack));
    },
    /** It failed for good. @param {string} why */
    fail(why) {
      element.setAttribute('role', 'alert');
      element.replaceChildren(h('h1', {}, text.status.failed), h('p', {}, why), wayBack());
    },
  };
}

/** @param {ConnectionState} state @param {string | undefined} message @param {() => void} takeBack @returns {(Node | string)[]} */
function wordsFor(state, message, takeBack) {
  const words = text.status;
  switch (state) {
    case 'waiting':
      return [message ? `${words.retrying} ${message}` : words.retrying];
    case 'taken-over':
      return [h('h1', {}, words.takenTitle), h('p', {}, words.taken), button(words.takeBack, takeBack, { class: 'primary' })];
    case 'ended':
      return [h('p', {}, message ?? words.ended), wayBack()];
    default:
      return [words.opening];
  }
}
