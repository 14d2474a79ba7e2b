//! The bar at the top: title, time, connection, and the buttons that are always there.

import { button, h, setText } from './dom.js';
import { penalty } from '../rules.js';
import { text } from '../words.js';

/** @typedef {import('../game.js').Game} Game */

/**
 * @param {Game} game
 * @param {{help: () => void, hints: () => void, giveUp: () => void}} open
 */
export function bar(game, open) {
  const time = h('span', { class: 'time' });
  const cost = h('span', { class: 'penalty' });
  const mute = button('', () => {
    game.sound.set(!game.sound.on);
    updateMute();
  });
  const updateMute = () => setText(mute, game.sound.on ? text.bar.soundOn : text.bar.soundOff);
  updateMute();
  const playing = [button(text.bar.hints, open.hints), button(text.bar.giveUp, open.giveUp)];
  const state = connection(game);
  const tick = () => {
    setText(time, text.clockTime(game.elapsed() / 1000));
    const seconds = penalty(game.state);
    setText(cost, seconds ? text.bar.penalty(seconds) : '');
  };
  setInterval(tick, 250);
  return {
    element: h('header', { class: 'bar' },
      h('h1', {}, text.title),
      h('p', { class: 'timer', role: 'timer', 'aria-label': text.bar.timer }, time, ' ', cost),
      state.pill,
      h('div', { class: 'tools' }, button(text.bar.help, open.help), ...playing, mute)),
    banner: state.banner,
    update() {
      tick();
      state.update();
      for (const each of playing) each.hidden = Boolean(game.state.ended) || !game.state.began;
    },
  };
}

/** How the connection stands, in plain words: a pill that is always there, and a banner when something is wrong. @param {Game} game */
function connection(game) {
  const { room } = game;
  const words = text.status;
  const pill = h('p', { class: 'pill' });
  const banner = h('div', { class: 'banner', role: 'status' });
  let detail = /** @type {import('../../../sdk/index.js').StateDetail} */ ({});
  let retryAt = 0;
  let mine = 0;
  const update = () => {
    const saving = room.behind || room.stored < mine;
    const name = room.state === 'live' ? (room.unsaved ? 'sending' : saving ? 'saving' : 'live') : room.state;
    pill.className = `pill ${name}`;
    setText(pill, name === 'sending' ? words.sending : name === 'saving' ? (room.behind ? words.behind : words.saving) : name === 'live' ? `${words.live} · ${words.saved}` : room.state === 'connecting' ? words.connecting : '');
    pill.hidden = pill.textContent === '';
  };
  const show = () => {
    update();
    if (room.state === 'waiting') {
      const seconds = Math.ceil((retryAt - performance.now()) / 1000);
      // Spoken once; the seconds are only for the eye.
      if (banner.dataset.state !== 'waiting') banner.replaceChildren(h('p', {}, h('span', { class: 'unseen' }, words.retrying), h('span', { 'aria-hidden': 'true' })));
      const shown = banner.querySelector('[aria-hidden]');
      if (shown) setText(shown, seconds > 0 ? words.waiting(seconds) : words.retrying);
    } else if (room.state === 'ended' && banner.dataset.state !== 'ended') {
      banner.replaceChildren(h('p', {}, detail.message ?? words.ended), wayBack());
    } else if (room.state === 'connecting' && banner.dataset.state !== 'connecting') {
      banner.replaceChildren(h('p', {}, words.retrying));
    } else if (room.state === 'live' || room.state === 'taken-over') banner.replaceChildren();
    banner.dataset.state = room.state;
  };
  room.on('state', (_, why) => {
    detail = why;
    retryAt = performance.now() + (why.in ?? 0);
    show();
  });
  room.on('stored', update);
  room.on('behind', update);
  room.on('unsaved', update);
  room.on('record', (record) => {
    if (record.from === room.me) mine = record.seq;
    update();
  });
  room.on('refused', ({ code, message }) => {
    // A frame refused for being too fast is sent again by the sdk.
    if (code !== 'rate' && code !== 'gap' && code !== 'finished') game.tell(words.refused(message));
  });
  setInterval(() => {
    if (room.state === 'waiting') show();
  }, 500);
  return { pill, banner, update };
}

/** Where to go from a page that cannot go on. */
export function wayBack() {
  const launch = document.body.dataset['launch'];
  return launch ? h('a', { href: launch, class: 'button' }, text.status.back) : button(text.status.reload, () => location.reload());
}
