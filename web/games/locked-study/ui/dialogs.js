//! The modal dialogs: the story at the start, the hints, giving up, and a seat that plays elsewhere.

import { button, h, memory } from './dom.js';
import { HINT_COSTS, PUZZLES } from '../puzzles.js';
import { hinted } from '../rules.js';
import { text } from '../words.js';

/** @typedef {import('../game.js').Game} Game */

/**
 * A native modal dialog: it keeps the focus, closes on Escape and gives the focus back.
 * @param {string} title
 * @param {string} id
 * @param {{lasting?: boolean}} [how] `lasting` does not close on Escape
 */
function dialog(title, id, { lasting = false } = {}) {
  const heading = h('h2', { id: `${id}-title`, tabindex: '-1' }, title);
  const body = h('div', { class: 'dialog-body' });
  const element = h('dialog', {
    id,
    'aria-labelledby': `${id}-title`,
    cancel: (/** @type {Event} */ event) => {
      if (lasting) event.preventDefault();
    },
  }, heading, body);
  return {
    element,
    body,
    open() {
      if (element.open) return;
      element.showModal();
      heading.focus();
    },
    close: () => element.close(),
  };
}

/** The story and how to play. @param {Game} game @param {string} gameId */
export function intro(game, gameId) {
  const { element, body, open, close } = dialog(text.intro.title, 'intro');
  const start = button('', () => {
    if (!game.state.began) game.act({ type: 'begin' });
    close();
  }, { class: 'primary' });
  element.addEventListener('close', () => memory.set(`seen:${gameId}`, 'yes'));
  body.append(...text.intro.story.map((line) => h('p', { class: 'story' }, line)), h('h3', {}, text.intro.howTitle), h('ul', {}, ...text.intro.how.map((line) => h('li', {}, line))), start);
  const update = () => {
    const words = game.state.began ? text.intro.start : text.intro.begin;
    if (start.textContent !== words) start.textContent = words;
  };
  return {
    element,
    update,
    open() {
      update();
      open();
    },
    openAtFirst() {
      if (game.state.ended || (game.state.began && memory.get(`seen:${gameId}`))) return;
      this.open();
    },
  };
}

/** @param {Game} game */
export function hints(game) {
  const { element, body, open, close } = dialog(text.hints.title, 'hints');
  const list = h('div', { class: 'hint-list' });
  body.append(h('p', {}, text.hints.intro), list, button(text.hints.back, close));
  let drawn = '';
  const update = () => {
    const now = JSON.stringify([game.state.hints, PUZZLES.map((puzzle) => hinted(game.state, puzzle))]);
    if (now === drawn) return;
    const focused = document.activeElement?.getAttribute('data-puzzle');
    drawn = now;
    const parts = PUZZLES.filter((puzzle) => hinted(game.state, puzzle)).map((puzzle) => hintsFor(game, puzzle));
    list.replaceChildren(...(parts.length ? parts : [h('p', {}, text.hints.none)]));
    // The button that opened a hint is gone; the hint it opened takes the focus.
    if (focused) /** @type {HTMLElement | null} */ ([...list.querySelectorAll(`[data-hint="${focused}"]`)].at(-1) ?? null)?.focus();
  };
  return {
    element,
    update,
    open() {
      update();
      open();
    },
  };
}

/** @param {Game} game @param {import('../puzzles.js').Puzzle} puzzle */
function hintsFor(game, puzzle) {
  const shown = game.state.hints[puzzle] ?? 0;
  const cost = HINT_COSTS[shown];
  const name = text.puzzles[puzzle];
  const texts = text.hints.texts[puzzle];
  const next = cost === undefined ? [] : [
    button('', () => game.act({ type: 'hint', puzzle, stage: shown + 1 }), {
      class: 'hint-button', 'data-puzzle': puzzle,
    }),
  ];
  next[0]?.append(h('span', {}, text.hints.stage(shown + 1)), ' ', h('span', { class: 'cost' }, text.hints.cost(text.spokenTime(cost ?? 0))), ...(shown === 2 ? [' ', h('span', { class: 'cost' }, text.hints.last)] : []), h('span', { class: 'unseen' }, ` (${name})`));
  return h('section', { class: 'hint' }, h('h3', {}, name),
    ...texts.slice(0, shown).map((words) => h('p', { tabindex: '-1', 'data-hint': puzzle }, words)), ...next);
}

/** @param {Game} game */
export function giveUp(game) {
  const { element, body, open, close } = dialog(text.giveUp.title, 'give-up');
  body.append(h('p', {}, text.giveUp.body), h('div', { class: 'choices' },
    button(text.giveUp.no, close, { class: 'primary' }),
    button(text.giveUp.yes, () => {
      close();
      game.giveUp();
    })));
  return { element, open };
}

/** This seat plays on another device: say so, and offer the way back. @param {Game} game */
export function takenOver(game) {
  const { element, body, open, close } = dialog(text.status.takenTitle, 'taken', { lasting: true });
  body.append(h('p', {}, text.status.taken), button(text.status.takeBack, () => game.room.takeBack(), { class: 'primary' }));
  game.room.on('state', (state) => (state === 'taken-over' ? open() : close()));
  // Browsers let a second Escape close any dialog; there is nothing behind this one to go on with.
  element.addEventListener('close', () => {
    if (game.room.state === 'taken-over') open();
  });
  if (game.room.state === 'taken-over') queueMicrotask(open);
  return element;
}
