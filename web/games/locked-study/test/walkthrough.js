//! How four players get out of the study together: every click, in order, for a browser test (and for a person in a hurry).
//!
//! `ARRIVE` are the names of the buttons of the first dialog; each player clicks whichever of them is there.
//! `steps` is then done from first to last. A step is one of
//! - a click: `{player, view, role, name, times?}`: the player with this number (from 0) clicks, `times` times (once by
//!   default), the element with exactly this role and accessible name;
//! - typing: the same with `type`: the text is typed into that element;
//! - waiting: `{player, view, role, name, has}`: inside that element an element with exactly the text `has` appears.
//!
//! `see`, where given, is text that is then somewhere on that player's page (possibly more than once).
//! `view` says in which of the two views the player is; it needs no action, since changing it is a step of its own.
//! Buttons that appear only once another player's deed has arrived are to be waited for, for a few seconds.
//! `says` are the bodies the step puts into the room; `walkthrough.test.js` plays them through the rules.
//! Fewer players: take every `player` modulo the number there is; a `view` step for a view one is in does no harm.

import { BELL_ANSWER, BOOK_ANSWER, BODIES, LOCKS } from '../puzzles.js';
import { text } from '../words.js';

/**
 * @typedef {import('../puzzles.js').View} View
 * @typedef {import('../puzzles.js').Lock} Lock
 * @typedef {import('../puzzles.js').Item} Item
 * @typedef {{player: number, view: View, role: 'button' | 'textbox' | 'group', name: string, times?: number, type?: string, has?: string, see?: string, says?: Record<string, unknown>[]}} Step
 */

export const PLAYERS = 4;

/** The first dialog's button, before and after somebody has begun. */
export const ARRIVE = [text.intro.begin, text.intro.start];

/** The name of the link to the end page in the closing scene. */
export const END_LINK = text.ending.stats;

/** @param {number} player @param {View} view @param {string} name @param {Partial<Step>} [more] @returns {Step} */
const click = (player, view, name, more = {}) => ({ player, view, role: 'button', name, ...more });

/** @param {number} player @param {View} view @returns {Step} */
const back = (player, view) => click(player, view, text.close);

/** @param {number} player @param {View} view @returns {Step} the player is in `view` afterwards */
const go = (player, view) => click(player, view, text.views[view]);

/** Turns one wheel from where it starts to where it belongs. @param {number} player @param {View} view @param {Lock} lock @param {number} wheel @param {string} name @returns {Step} */
function turn(player, view, lock, wheel, name) {
  const size = LOCKS[lock].sizes[wheel] ?? 1;
  const start = LOCKS[lock].start[wheel] ?? 0;
  const forward = ((LOCKS[lock].answer[wheel] ?? 0) - start + size) % size;
  const times = Math.min(forward, size - forward);
  const sign = forward <= size / 2 ? 1 : -1;
  const says = Array.from({ length: times }, (_, i) => ({ type: 'turn', lock, wheel, to: (start + sign * (i + 1) + size) % size }));
  return click(player, view, sign > 0 ? text.wheel.next(name) : text.wheel.previous(name), { times, says });
}

/** @param {number} player @param {View} view @param {Lock} lock @param {string} name @param {string} see @returns {Step} */
const tryLock = (player, view, lock, name, see) =>
  click(player, view, name, { see, says: [{ type: 'try', lock, answer: [...LOCKS[lock].answer] }] });

/** @param {number} player @param {View} view @param {Item} item @param {Lock} on @returns {Step} */
const fit = (player, view, item, on) =>
  click(player, view, text.items[item].name, { see: text.fitted[item], says: [{ type: 'fit', item, on }] });

/** @param {number} player @param {View} view @param {string} words @returns {Step[]} */
const say = (player, view, words) => [
  { player, view, role: 'textbox', name: text.chat.label, type: words },
  click(player, view, text.chat.send, { says: [{ type: 'chat', text: words }] }),
];

const letters = text.door.wheels;

/** @type {Step[]} */
export const steps = [
  // The bookcase: one reads the letter, another one pulls.
  click(0, 'study', text.spots.letter, { see: text.letter.lines[3] ?? '' }),
  ...say(0, 'study', 'Honey, donkeys, lamp, mice!'),
  click(1, 'study', text.spots.bookcase),
  ...BOOK_ANSWER.map((book) => click(1, 'study', text.bookcase.pull(text.books[book].toLowerCase()), { says: [{ type: 'book', book }] })),
  click(1, 'study', text.passage.go),
  back(0, 'study'),

  // The drawer: the diary and the wheels are in the study, the names of the stars are not.
  click(2, 'study', text.spots.diary, { see: text.diary.entries[0]?.[1] ?? '' }),
  back(2, 'study'),
  click(1, 'observatory', text.spots.chart, { see: text.chart.intro }),
  click(2, 'study', text.spots.drawer),
  ...text.drawer.wheels.map((name, wheel) => turn(2, 'study', 'drawer', wheel, name)),
  tryLock(2, 'study', 'drawer', text.drawer.try, text.drawer.opened),
  back(2, 'study'),

  // The orrery: the moon is on the desk, the glass in the window, the orrery up above.
  click(3, 'study', text.spots.moon, { see: text.moonTaken, says: [{ type: 'take', item: 'moon' }] }),
  click(3, 'study', text.spots.glass, { see: text.glass.intro }),
  back(1, 'observatory'),
  click(1, 'observatory', text.spots.orrery),
  fit(1, 'observatory', 'moon', 'orrery'),
  ...BODIES.map((body, wheel) => turn(1, 'observatory', 'orrery', wheel, text.bodies[body])),
  tryLock(1, 'observatory', 'orrery', text.orrery.try, text.orrery.opened),
  back(1, 'observatory'),

  // The telescope: where to look is on a wall of the study, for which night is in the logbook.
  click(0, 'study', text.spots.table, { see: text.starTable.title }),
  click(1, 'observatory', text.spots.logbook, { see: text.logbook.title }),
  go(2, 'observatory'),
  click(2, 'observatory', text.spots.telescope),
  fit(2, 'observatory', 'eyepiece', 'star'),
  turn(2, 'observatory', 'star', 0, text.telescope.direction),
  turn(2, 'observatory', 'star', 1, text.telescope.height),
  tryLock(2, 'observatory', 'star', text.telescope.try, text.telescope.opened),
  ...say(2, 'observatory', 'Three, one, four, one, five.'),

  // The bells, rung by somebody who was told the winks.
  back(0, 'study'),
  click(0, 'study', text.spots.bells),
  ...BELL_ANSWER.map((bell) => click(0, 'study', text.bells.ring(bell), { says: [{ type: 'ring', bell }] })),
  { player: 0, view: 'study', role: 'group', name: text.chat.log, has: `${text.events.you} ${text.opens.bells}` },
  back(0, 'study'),

  // The clock: the carving above, the clock below.
  back(1, 'observatory'),
  click(1, 'observatory', text.spots.bench, { see: text.bench.carving }),
  back(3, 'study'),
  click(3, 'study', text.spots.clock),
  fit(3, 'study', 'winder', 'clock'),
  turn(3, 'study', 'clock', 0, text.clock.hour),
  turn(3, 'study', 'clock', 1, text.clock.minute),
  tryLock(3, 'study', 'clock', text.clock.try, text.clock.opened),
  back(3, 'study'),

  // The door, together.
  click(0, 'study', text.spots.door),
  click(3, 'study', text.spots.door),
  fit(0, 'study', 'key', 'door'),
  fit(3, 'study', 'knob', 'door'),
  ...letters.map((name, wheel) => turn(wheel % 2 ? 3 : 0, 'study', 'door', wheel, name)),
  { player: 0, view: 'study', role: 'group', name: letters[3] ?? '', has: 'R' },
  { player: 0, view: 'study', role: 'group', name: letters[1] ?? '', has: 'S' },
  tryLock(0, 'study', 'door', text.door.try, text.ending.escapedTitle),
];
