//! The shared pockets: what one player takes, all of them have.

import { button, h } from './dom.js';
import { itemPicture } from '../art/items.js';
import { lockAtHand } from './stage.js';
import { ITEMS } from '../puzzles.js';
import { text } from '../words.js';

/**
 * @typedef {import('../game.js').Game} Game
 * @typedef {import('../puzzles.js').Item} Item
 */

/** @param {Game} game */
export function pockets(game) {
  const list = h('ul', {});
  const empty = h('p', {}, text.pockets.empty);
  const element = h('section', { class: 'pockets', 'aria-labelledby': 'pockets-title' }, h('h2', { id: 'pockets-title' }, text.pockets.label), empty, list);
  /** @type {Map<Item, HTMLLIElement>} */
  const slots = new Map();
  for (const item of /** @type {Item[]} */ (Object.keys(ITEMS))) {
    const each = button('', () => use(game, item), { class: 'item' });
    each.append(itemPicture(item), h('span', {}, text.items[item].name));
    const slot = h('li', { hidden: true }, each);
    slots.set(item, slot);
    list.append(slot);
  }
  return {
    element,
    update() {
      let held = 0;
      for (const [item, slot] of slots) {
        const have = game.state.items[item] === 'held';
        if (!have && slot.contains(document.activeElement)) document.getElementById('closeup-title')?.focus();
        slot.hidden = !have;
        if (have) held += 1;
      }
      empty.hidden = held > 0;
      list.hidden = held === 0;
    },
  };
}

/** Tries the thing on what the player has stepped up to, or looks at it. @param {Game} game @param {Item} item */
function use(game, item) {
  const lock = lockAtHand(game);
  if (!lock) {
    game.look(game.view, `item-${item}`);
  } else if (game.act({ type: 'fit', item, on: lock })) {
    game.sound.slide();
    game.tell(text.fitted[item]);
  } else {
    game.tell(text.pockets.wrongPlace(text.items[item].name, text.puzzles[lock]));
  }
}
