//! The entry of "The Locked Study": joins the room of the play page and mounts the game into `#game`.
//! The rules are in `rules.js`, what is drawn in `art/`, what is on the page in `ui/`, every word in `text.en.js`.

import { open, replica } from '../../sdk/index.js';
import { Game } from './game.js';
import { apply, init, valid } from './rules.js';
import { Sound } from './sound.js';
import { bar } from './ui/bar.js';
import { giveUp, hints, intro, takenOver } from './ui/dialogs.js';
import { h } from './ui/dom.js';
import { ending } from './ui/ending.js';
import { feed, speaker } from './ui/feed.js';
import { opening } from './ui/opening.js';
import { pockets } from './ui/pockets.js';
import { stage } from './ui/stage.js';

/** @typedef {import('./rules.js').State} State */

const main = document.getElementById('game');
if (main) start(main);

/** @param {HTMLElement} main */
async function start(main) {
  /** @type {import('../../sdk/index.js').Room | null} */
  let room = null;
  const before = opening(() => room?.takeBack());
  main.replaceChildren(before.element);
  try {
    room = await open({ onState: before.show });
    /** @type {import('../../sdk/index.js').Replica<State>} */
    const shared = replica(room, { init, apply, valid });
    await caughtUp(shared);
    mount(main, new Game(room, shared, new Sound()));
  } catch (error) {
    main.replaceChildren(before.element);
    before.fail(error instanceof Error ? error.message : String(error));
  }
}

/** Resolves when the state holds everything that had happened; never, if the room ends first, which the page shows. @param {import('../../sdk/index.js').Replica<State>} shared */
function caughtUp(shared) {
  return /** @type {Promise<void>} */ (new Promise((resolve) => {
    if (shared.caughtUp) {
      resolve();
      return;
    }
    const stop = shared.on('change', () => {
      if (!shared.caughtUp) return;
      stop();
      resolve();
    });
  }));
}

/** @param {HTMLElement} main @param {Game} game */
function mount(main, game) {
  const story = intro(game, document.body.dataset['game'] ?? '');
  const help = hints(game);
  const surrender = giveUp(game);
  const parts = {
    bar: bar(game, { help: story.open, hints: help.open, giveUp: surrender.open }),
    stage: stage(game),
    pockets: pockets(game),
    feed: feed(game),
  };
  const left = h('div', { class: 'left' }, parts.stage.element, parts.pockets.element);
  main.replaceChildren(parts.bar.element, parts.bar.banner, h('div', { class: 'table' }, left, parts.feed.element),
    speaker(game), story.element, help.element, surrender.element, takenOver(game));

  let over = false;
  const update = () => {
    for (const part of [parts.bar, parts.pockets, parts.feed, story, help]) part.update();
    // Only what is ordered ends the game here: somebody else may have given up a moment before the door opened.
    const { opened, ended } = game.shared.confirmed;
    if (over || !(opened.door || ended)) return;
    over = true;
    for (const dialog of main.querySelectorAll('dialog')) dialog.close();
    const closing = ending(game);
    left.replaceChildren(closing.element);
    closing.focus();
  };
  game.onChange(update);
  parts.stage.update();
  update();
  story.openAtFirst();
}
