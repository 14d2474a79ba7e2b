//! Beside the stage: who is here, what was said and done, and a line to talk.

import { h } from './dom.js';
import { whereabouts } from './cursors.js';
import { describe } from '../game.js';
import { BOUNDS } from '../rules.js';
import { text } from '../words.js';

/** @typedef {import('../game.js').Game} Game */

/** @param {Game} game */
export function feed(game) {
  const who = people(game);
  const past = history(game);
  const input = h('input', { id: 'chat-text', maxlength: BOUNDS.chatText, autocomplete: 'off', enterkeyhint: 'send' });
  const form = h('form', {
    class: 'say',
    submit: (/** @type {Event} */ event) => {
      event.preventDefault();
      if (game.act({ type: 'chat', text: input.value })) input.value = '';
    },
  }, h('label', { for: 'chat-text' }, text.chat.label), h('div', { class: 'say-line' }, input, h('button', { type: 'submit' }, text.chat.send)));
  return {
    element: h('aside', { class: 'feed', 'aria-label': text.chat.title }, who.element, h('h2', {}, text.chat.title), past.element, form),
    update() {
      who.update();
      past.update();
    },
  };
}

/** @param {Game} game */
function people(game) {
  const list = h('ul', { class: 'people' });
  let drawn = '';
  return {
    element: h('section', { 'aria-labelledby': 'people-title' }, h('h2', { id: 'people-title' }, text.people.title), list),
    update() {
      const rows = game.room.members.map(({ id, name, colour, online }) => {
        const at = id === game.room.me ? game.view : whereabouts(game, id)?.v;
        return { colour, name: id === game.room.me ? `${name} (${text.people.you})` : name, place: !online ? text.people.away : at ? text.people.in[at] : '', online };
      });
      const now = JSON.stringify(rows);
      if (now === drawn) return;
      drawn = now;
      list.replaceChildren(...rows.map(({ colour, name, place, online }) => {
        const dot = h('span', { class: 'dot', 'aria-hidden': 'true' });
        dot.style.backgroundColor = colour;
        return h('li', { class: online ? '' : 'away' }, dot, h('span', {}, name), ' ', h('span', { class: 'place' }, place));
      }));
    },
  };
}

/** What was said and done. Only ordered records are listed; what is still on its way stands below them. @param {Game} game */
function history(game) {
  const list = h('ol', { class: 'lines' });
  const pending = h('ul', { class: 'lines pending' });
  const box = h('div', { class: 'history', role: 'group', 'aria-label': text.chat.log, tabindex: '0' }, list, pending);
  let drawn = '';
  return {
    element: box,
    update() {
      const { chat, log } = game.shared.confirmed;
      const lines = [
        ...log.map((entry) => ({ i: entry.i, kind: entry.what, by: '', words: describe(entry, game.name(entry.by)) })),
        ...chat.map((each) => ({ i: each.i, kind: 'chat', by: each.by, words: each.text })),
      ].sort((one, other) => one.i - other.i);
      const unsent = game.state.chat.filter((each) => each.i > game.shared.confirmed.told).map((each) => each.text);
      const now = JSON.stringify([lines, unsent, game.room.members.map((member) => member.name)]);
      if (now === drawn) return;
      drawn = now;
      const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
      list.replaceChildren(...lines.map(({ kind, by, words }) => row(game, kind, by, words)));
      pending.replaceChildren(...unsent.map((words) => h('li', {}, words, ' ', h('em', {}, text.chat.sending))));
      if (atEnd) box.scrollTop = box.scrollHeight;
    },
  };
}

/** @param {Game} game @param {string} kind @param {string} by @param {string} words */
function row(game, kind, by, words) {
  if (kind !== 'chat') return h('li', { class: `event ${kind}` }, words);
  const name = h('strong', {}, game.name(by));
  const line = h('li', { class: 'chat' }, name, ' ', h('span', {}, words));
  line.style.setProperty('--theirs', game.room.member(by)?.colour ?? game.state.people[by]?.colour ?? '#cccccc');
  return line;
}

/** Says aloud what happens, once, in order, without anybody moving their focus. @param {Game} game */
export function speaker(game) {
  const element = h('div', { class: 'unseen', role: 'log', 'aria-live': 'polite' });
  game.onTold(({ words }) => {
    const line = h('p', {}, words);
    element.append(line);
    while (element.childElementCount > 8) element.firstElementChild?.remove();
  });
  return element;
}

