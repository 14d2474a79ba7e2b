//! A wheel of a lock: its value, a button for the next and one for the previous. Arrow keys turn it too.

import { button, h, setText } from './dom.js';
import { LOCKS } from '../puzzles.js';
import { text } from '../words.js';

/**
 * @typedef {import('../game.js').Game} Game
 * @typedef {import('../rules.js').State} State
 * @typedef {import('../puzzles.js').Lock} Lock
 */

/**
 * @param {Game} game
 * @param {Lock} lock
 * @param {number} wheel
 * @param {{name: string, value: (place: number) => string, face?: (place: number) => Node, letters?: string}} how
 *   `value` in words; `face` what is shown, the words by default; `letters` lets a typed letter choose its place
 */
export function wheel(game, lock, wheel, { name, value, face, letters }) {
  const size = LOCKS[lock].sizes[wheel] ?? 1;
  const place = () => game.state.wheels[lock][wheel] ?? 0;
  /** @param {number} to */
  const turn = (to) => {
    if (!game.act({ type: 'turn', lock, wheel, to })) return;
    game.sound.notch();
    game.tell(text.wheel.value(name, value(to)));
  };
  const next = () => turn((place() + 1) % size);
  const previous = () => turn((place() + size - 1) % size);
  /** @param {KeyboardEvent} event */
  const keydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typed = letters?.indexOf(event.key.toUpperCase()) ?? -1;
    if (event.key === 'ArrowUp') next();
    else if (event.key === 'ArrowDown') previous();
    else if (letters && event.key.length === 1 && typed >= 0) turn(typed);
    else return;
    event.preventDefault();
  };
  const words = h('span', { class: face ? 'unseen' : 'wheel-words' });
  const shown = h('span', { class: 'wheel-face', 'aria-hidden': face ? 'true' : undefined });
  const up = button('▲', next, { class: 'wheel-button', 'aria-label': text.wheel.next(name) });
  const down = button('▼', previous, { class: 'wheel-button', 'aria-label': text.wheel.previous(name) });
  const element = h('div', { class: `wheel wheel-${lock}`, role: 'group', 'aria-label': name, keydown },
    h('span', { class: 'wheel-name', 'aria-hidden': 'true' }, name), up, h('div', { class: 'wheel-window' }, shown, words), down);
  let drawn = -1;
  return {
    element,
    update() {
      const now = place();
      if (now === drawn) return;
      drawn = now;
      setText(words, value(now));
      if (face) shown.replaceChildren(face(now));
    },
    /** @param {boolean} stuck */
    disable(stuck) {
      up.disabled = stuck;
      down.disabled = stuck;
    },
  };
}

/**
 * The button that tries a lock with the wheels as they stand.
 * @param {Game} game
 * @param {Lock} lock
 * @param {{try: string, wrong: string, opened: string}} words
 */
export function tryButton(game, lock, words) {
  return button(words.try, () => {
    const done = game.act({ type: 'try', lock, answer: [...game.state.wheels[lock]] });
    if (!done) return;
    const opened = Boolean(done.after.opened[lock]);
    game.tell(opened ? words.opened : words.wrong);
    if (lock === 'door' && opened) game.sound.escaped();
    else if (opened) game.sound.opened();
    else game.sound.wrong();
  }, { class: 'primary' });
}
