//! How players get out of the study together: every click, in order, for a browser test (and for a person in a hurry).
//!
//! `walkthrough(players)` gives the steps for one to four players; `steps` are those for `PLAYERS`. First each player
//! clicks whichever button named in `ARRIVE` is there; then the steps are done from first to last. A step is one of
//! - a click: `{player, view, role, name, times?}`: the player with this number (from 0) clicks, `times` times (once by
//!   default), the element with exactly this role and accessible name;
//! - typing: the same with `type`: the text is typed into that element;
//! - waiting: `{player, view, role, name, has}`: inside that element an element with exactly the text `has` appears.
//!
//! `see`, where given, is text that is then somewhere on that player's page (possibly more than once).
//! `view` says in which of the two views the player is; it needs no action, since changing it is a step of its own.
//! Buttons that appear only once another player's deed has arrived are to be waited for, for a few seconds.
//! `says` are the bodies the step puts into the room; `walkthrough.test.js` plays them through the rules.
//! At the end every player sees the link named `END_LINK`.

import { BELL_ANSWER, BOOK_ANSWER, BODIES, LOCKS } from '../puzzles.js';
import { text } from '../words.js';

/**
 * @typedef {import('../puzzles.js').View} View
 * @typedef {import('../puzzles.js').Lock} Lock
 * @typedef {import('../puzzles.js').Item} Item
 * @typedef {{player: number, view: View, role: 'button' | 'textbox' | 'group', name: string, times?: number, type?: string, has?: string, see?: string, says?: Record<string, unknown>[]}} Step
 *
 * @typedef {keyof typeof text.spots | null} Place the hotspot a player has stepped up to; null for the view itself
 * @typedef {Partial<Step> & {leads?: {view: View, at: Place}}} Act
 *   `leads` is where the player stands after it, when that is somewhere else
 * @typedef {{player: number, view: View, at: Place, acts: Act[], see?: string | undefined}} Scene
 */

export const PLAYERS = 4;

/** The first dialog's button, before and after somebody has begun. */
export const ARRIVE = [text.intro.begin, text.intro.start];

/** The name of the link to the end page in the closing scene. */
export const END_LINK = text.ending.stats;

/** @param {number} player @param {View} view @param {Place} at @param {Act[]} [acts] @param {string} [see] @returns {Scene} */
const scene = (player, view, at, acts = [], see) => ({ player, view, at, acts, see });

/** @param {string} name @param {Act} [more] @returns {Act} */
const click = (name, more = {}) => ({ role: 'button', name, ...more });

/** Turns one wheel from where it starts to where it belongs. @param {Lock} lock @param {number} wheel @param {string} name @returns {Act} */
function turn(lock, wheel, name) {
  const size = LOCKS[lock].sizes[wheel] ?? 1;
  const start = LOCKS[lock].start[wheel] ?? 0;
  const forward = ((LOCKS[lock].answer[wheel] ?? 0) - start + size) % size;
  const times = Math.min(forward, size - forward);
  const sign = forward <= size / 2 ? 1 : -1;
  const says = Array.from({ length: times }, (_, i) => ({ type: 'turn', lock, wheel, to: (start + sign * (i + 1) + size) % size }));
  return click(sign > 0 ? text.wheel.next(name) : text.wheel.previous(name), { times, says });
}

/** @param {Lock} lock @param {string} name @param {string} see @returns {Act} */
const tryLock = (lock, name, see) => click(name, { see, says: [{ type: 'try', lock, answer: [...LOCKS[lock].answer] }] });

/** @param {Item} item @param {Lock} on @returns {Act} */
const fit = (item, on) => click(text.items[item].name, { see: text.fitted[item], says: [{ type: 'fit', item, on }] });

/** @param {string} words @returns {Act[]} */
const say = (words) => [
  { role: 'textbox', name: text.chat.label, type: words },
  click(text.chat.send, { says: [{ type: 'chat', text: words }] }),
];

/** @param {string} group @param {string} has @returns {Act} */
const wait = (group, has) => ({ role: 'group', name: group, has });

const letters = text.door.wheels;
/** @param {number} wheel @returns {Act} */
const letter = (wheel) => turn('door', wheel, letters[wheel] ?? '');
const passage = /** @type {const} */ ({ view: 'study', at: 'passage' });

/** @type {Scene[]} */
const play = [
  // The bookcase: one reads the letter, another one pulls.
  scene(0, 'study', 'letter', say('Honey, donkeys, lamp, mice!'), text.letter.lines[3]),
  scene(1, 'study', 'bookcase', BOOK_ANSWER.map((book, i) => click(text.bookcase.pull(text.books[book].toLowerCase()), {
    says: [{ type: 'book', book }], ...(i === BOOK_ANSWER.length - 1 ? { leads: passage } : {}),
  }))),
  scene(1, 'study', 'passage', [click(text.passage.go, { leads: { view: 'observatory', at: null } })]),

  // The drawer: the diary and the wheels are in the study, the names of the stars are not.
  scene(2, 'study', 'diary', [], text.diary.entries[0]?.[1]),
  scene(1, 'observatory', 'chart', [], text.chart.intro),
  scene(2, 'study', 'drawer', [...text.drawer.wheels.map((name, wheel) => turn('drawer', wheel, name)), tryLock('drawer', text.drawer.try, text.drawer.opened)]),

  // The orrery: the moon is on the desk, the glass in the window, the orrery up above.
  scene(3, 'study', null, [click(text.spots.moon, { see: text.moonTaken, says: [{ type: 'take', item: 'moon' }] })]),
  scene(3, 'study', 'glass', [], text.glass.intro),
  scene(1, 'observatory', 'orrery', [fit('moon', 'orrery'), ...BODIES.map((body, wheel) => turn('orrery', wheel, text.bodies[body])), tryLock('orrery', text.orrery.try, text.orrery.opened)]),

  // The telescope: where to look is on a wall of the study, for which night is in the logbook.
  scene(0, 'study', 'table', [], text.starTable.title),
  scene(1, 'observatory', 'logbook', [], text.logbook.title),
  scene(2, 'observatory', 'telescope', [
    fit('eyepiece', 'star'), turn('star', 0, text.telescope.direction), turn('star', 1, text.telescope.height),
    tryLock('star', text.telescope.try, text.telescope.opened), ...say('Three, one, four, one, five.'),
  ]),

  // The bells, rung by somebody who was told the winks.
  scene(0, 'study', 'bells', [
    ...BELL_ANSWER.map((bell) => click(text.bells.ring(bell), { says: [{ type: 'ring', bell }] })),
    wait(text.chat.log, `${text.events.you} ${text.opens.bells}`),
  ]),

  // The clock: the carving above, the clock below.
  scene(1, 'observatory', 'bench', [], text.bench.carving),
  scene(3, 'study', 'clock', [fit('winder', 'clock'), turn('clock', 0, text.clock.hour), turn('clock', 1, text.clock.minute), tryLock('clock', text.clock.try, text.clock.opened)]),

  // The door, together.
  scene(0, 'study', 'door', [fit('key', 'door')]),
  scene(3, 'study', 'door', [fit('knob', 'door'), letter(1), letter(3)]),
  scene(0, 'study', 'door', [
    letter(0), letter(2), letter(4), wait(letters[1] ?? '', 'S'), wait(letters[3] ?? '', 'R'), tryLock('door', text.door.try, text.ending.escapedTitle),
  ]),
];

/**
 * The steps for this many players; with fewer than four, one of them does the work of several.
 * @param {number} players 1 to 4
 * @returns {Step[]}
 */
export function walkthrough(players) {
  const stands = Array.from({ length: players }, () => ({ view: /** @type {View} */ ('study'), at: /** @type {Place} */ (null) }));
  return play.flatMap((each) => {
    const player = each.player % players;
    const from = stands[player] ?? { view: each.view, at: null };
    const base = { player, view: each.view, role: /** @type {const} */ ('button') };
    const walk = [];
    if (from.view !== each.view) walk.push({ ...base, name: text.views[each.view] });
    else if (from.at !== each.at && from.at !== null) walk.push({ ...base, name: text.close });
    if (each.at !== null && (from.view !== each.view || from.at !== each.at)) {
      walk.push({ ...base, name: text.spots[each.at], ...(each.see ? { see: each.see } : {}) });
    }
    stands[player] = each.acts.at(-1)?.leads ?? { view: each.view, at: each.at };
    return [...walk, ...each.acts.map(({ leads: _, name = '', ...act }) => ({ ...base, name, ...act }))];
  });
}

export const steps = walkthrough(PLAYERS);
