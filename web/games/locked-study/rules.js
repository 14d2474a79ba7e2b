//! The rules of "The Locked Study" as pure functions over the room's records: the same records give every
//! player the same state. Nothing here draws, speaks, knows the clock or throws: bodies come from other
//! people's browsers, and whatever does not make sense leaves the state as it is.
//!
//! The bodies of `said` records:
//! - `{type: "begin"}` starts the clock; nothing but talk counts before it.
//! - `{type: "book", book}` pulls a book out; the fourth one decides.
//! - `{type: "take", item}` and `{type: "fit", item, on}` move a thing to the shared pockets and into its lock.
//! - `{type: "turn", lock, wheel, to}` sets one wheel for everybody to see.
//! - `{type: "try", lock, answer}` tries a lock with the wheels *as the sender saw them*, so that a friend
//! who turns one in the same moment spoils nothing.
//! - `{type: "ring", bell}` rings a bell; the last five rings decide.
//! - `{type: "hint", puzzle, stage}` shows everybody a hint and adds its cost to the time.
//! - `{type: "chat", text}`.

import {
  BELLS, BELL_ANSWER, BEYOND_PASSAGE, BOOKS, BOOK_ANSWER, HINTED_AFTER, HINT_COSTS, ITEMS, LOCKS, PUZZLES,
} from './puzzles.js';

/** How much of the past the state keeps, so that it stays small whatever players do. */
export const BOUNDS = { chat: 50, chatText: 240, log: 40, people: 96, name: 48, wrong: 999 };

/**
 * @typedef {import('./puzzles.js').Puzzle} Puzzle
 * @typedef {import('./puzzles.js').Book} Book
 * @typedef {import('./puzzles.js').Lock} Lock
 * @typedef {import('./puzzles.js').Item} Item
 *
 * @typedef {{seq: number | null, from: string | null, at: number, kind: string, body: unknown}} Fact
 *   What the rules read of a record.
 * @typedef {{by: string, at: number}} Deed
 * @typedef {'joined' | 'left' | 'began' | 'opened' | 'wrong' | 'took' | 'fitted' | 'hint' | 'ended'} What
 * @typedef {{i: number, at: number, by: string, what: What, id: string}} LogEntry
 *   One thing that happened; `i` counts up and names it.
 * @typedef {{
 *   began: Deed | null,
 *   ended: (Deed & {outcome: 'escaped' | 'given_up'}) | null,
 *   opened: Partial<Record<Puzzle, Deed>>,
 *   items: Record<Item, 'away' | 'lying' | 'held' | 'fitted'>,
 *   books: Book[],
 *   rings: number[],
 *   wheels: Record<Lock, number[]>,
 *   wrong: number,
 *   hints: Partial<Record<Puzzle, number>>,
 *   people: Record<string, {name: string, colour: string}>,
 *   chat: {i: number, by: string, at: number, text: string}[],
 *   log: LogEntry[],
 *   told: number,
 * }} State
 */

/** @returns {State} the state before the first record */
export function init() {
  return {
    began: null,
    ended: null,
    opened: {},
    items: { moon: 'lying', eyepiece: 'away', key: 'away', winder: 'away', knob: 'away' },
    books: [],
    rings: [],
    wheels: {
      drawer: [...LOCKS.drawer.start],
      star: [...LOCKS.star.start],
      orrery: [...LOCKS.orrery.start],
      clock: [...LOCKS.clock.start],
      door: [...LOCKS.door.start],
    },
    wrong: 0,
    hints: {},
    people: {},
    chat: [],
    log: [],
    told: 0,
  };
}

/**
 * The state after a record. Never changes its arguments.
 * @param {State} state
 * @param {Fact} record
 * @returns {State}
 */
export function apply(state, record) {
  const { kind, from } = record;
  if (typeof from !== 'string') return state;
  const deed = { by: from, at: typeof record.at === 'number' ? record.at : 0 };
  const body = fields(record.body);
  switch (kind) {
    case 'joined':
      return note(named(state, from, body), deed, 'joined', '');
    case 'profile':
      return named(state, from, body);
    case 'left':
      return note(state, deed, 'left', '');
    case 'finished':
      return ended(state, deed);
    case 'said':
      return said(state, deed, body);
    default:
      return state;
  }
}

/**
 * Whether a state from another player's page has the shape of one. What its values claim cannot be known from it alone.
 * @param {unknown} state
 * @returns {boolean}
 */
export function valid(state) {
  return shaped(state, init());
}

/** @param {any} value @param {any} model @returns {boolean} */
function shaped(value, model) {
  // Began and ended are null until there is a deed to hold.
  if (model === null) return value === null || (typeof value === 'object' && !Array.isArray(value));
  if (typeof value !== typeof model || value === null || Array.isArray(value) !== Array.isArray(model)) return false;
  if (typeof model !== 'object') return true;
  return Object.keys(model).every((key) => key in value && shaped(value[key], model[key]));
}

/**
 * The milestone an action reaches: the puzzle open in `after` and not in `before`.
 * @param {State} before
 * @param {State} after
 * @returns {Puzzle | null}
 */
export function milestone(before, after) {
  return PUZZLES.find((puzzle) => after.opened[puzzle] && !before.opened[puzzle]) ?? null;
}

/**
 * What the hints have added to the group's time.
 * @param {State} state
 * @returns {number} seconds
 */
export function penalty(state) {
  return Object.values(state.hints).reduce(
    (sum, stages) => sum + HINT_COSTS.slice(0, stages).reduce((cost, each) => cost + each, 0),
    0,
  );
}

/**
 * Whether a puzzle can be worked on now: not open yet, and what it stands in is.
 * @param {State} state
 * @param {Puzzle} puzzle
 */
export function reachable(state, puzzle) {
  return !state.opened[puzzle] && (state.opened.passage !== undefined || !BEYOND_PASSAGE.includes(puzzle));
}

/**
 * Whether the group is far enough for a hint at this puzzle.
 * @param {State} state
 * @param {Puzzle} puzzle
 */
export function hinted(state, puzzle) {
  const after = HINTED_AFTER[puzzle];
  return reachable(state, puzzle) && (after.length === 0 || after.some((each) => state.opened[each]));
}

/**
 * Whether every part a lock needs is fitted.
 * @param {State} state
 * @param {Lock} lock
 */
export function complete(state, lock) {
  return LOCKS[lock].needs.every((item) => state.items[item] === 'fitted');
}

/**
 * @param {State} state
 * @param {Deed} deed
 * @param {Record<string, unknown>} body
 * @returns {State}
 */
function said(state, deed, body) {
  if (body.type === 'chat') return chat(state, deed, body);
  if (state.ended) return state;
  if (body.type === 'begin') return state.began ? state : note({ ...state, began: deed }, deed, 'began', '');
  if (!state.began || state.opened.door) return state;
  switch (body.type) {
    case 'book':
      return book(state, deed, body);
    case 'take':
      return take(state, deed, body);
    case 'fit':
      return fit(state, deed, body);
    case 'turn':
      return turn(state, body);
    case 'try':
      return tried(state, deed, body);
    case 'ring':
      return ring(state, deed, body);
    case 'hint':
      return hint(state, deed, body);
    default:
      return state;
  }
}

/** @param {State} state @param {Deed} deed @param {Record<string, unknown>} body @returns {State} */
function chat(state, deed, body) {
  if (typeof body.text !== 'string') return state;
  const text = [...body.text.slice(0, 4 * BOUNDS.chatText)].slice(0, BOUNDS.chatText).join('').trim();
  if (text === '') return state;
  const line = { i: state.told + 1, ...deed, text };
  return { ...state, told: line.i, chat: [...state.chat, line].slice(-BOUNDS.chat) };
}

/**
 * A book that is already out stays out, so two players who reach for the same one do no harm.
 * @param {State} state @param {Deed} deed @param {Record<string, unknown>} body @returns {State}
 */
function book(state, deed, body) {
  const name = BOOKS.find((each) => each === body.book);
  if (!name || state.opened.passage || state.books.includes(name)) return state;
  const books = [...state.books, name];
  if (books.length < BOOK_ANSWER.length) return { ...state, books };
  if (same(books, BOOK_ANSWER)) return open({ ...state, books }, deed, 'passage');
  return wrong({ ...state, books: [] }, deed, 'passage');
}

/** @param {State} state @param {Deed} deed @param {Record<string, unknown>} body @returns {State} */
function take(state, deed, body) {
  const item = known(ITEMS, body.item);
  if (!item || state.items[item] !== 'lying') return state;
  return note({ ...state, items: { ...state.items, [item]: 'held' } }, deed, 'took', item);
}

/** @param {State} state @param {Deed} deed @param {Record<string, unknown>} body @returns {State} */
function fit(state, deed, body) {
  const item = known(ITEMS, body.item);
  if (!item || ITEMS[item].on !== body.on || state.items[item] !== 'held') return state;
  if (!reachable(state, ITEMS[item].on)) return state;
  return note({ ...state, items: { ...state.items, [item]: 'fitted' } }, deed, 'fitted', item);
}

/** @param {State} state @param {Record<string, unknown>} body @returns {State} */
function turn(state, body) {
  const lock = known(LOCKS, body.lock);
  if (!lock || !reachable(state, lock)) return state;
  if (LOCKS[lock].stiff && !complete(state, lock)) return state;
  const wheel = place(body.wheel, LOCKS[lock].sizes.length);
  if (wheel === null) return state;
  const to = place(body.to, LOCKS[lock].sizes[wheel] ?? 0);
  if (to === null || state.wheels[lock][wheel] === to) return state;
  const places = state.wheels[lock].map((old, i) => (i === wheel ? to : old));
  return { ...state, wheels: { ...state.wheels, [lock]: places } };
}

/** @param {State} state @param {Deed} deed @param {Record<string, unknown>} body @returns {State} */
function tried(state, deed, body) {
  const lock = known(LOCKS, body.lock);
  if (!lock || !reachable(state, lock) || !complete(state, lock)) return state;
  const { sizes, answer } = LOCKS[lock];
  if (!Array.isArray(body.answer) || body.answer.length !== sizes.length) return state;
  const given = body.answer.map((each, i) => place(each, sizes[i] ?? 0));
  if (given.includes(null)) return state;
  if (!same(given, answer)) return wrong(state, deed, lock);
  return open({ ...state, wheels: { ...state.wheels, [lock]: [...answer] } }, deed, lock);
}

/** @param {State} state @param {Deed} deed @param {Record<string, unknown>} body @returns {State} */
function ring(state, deed, body) {
  if (state.opened.bells || typeof body.bell !== 'number') return state;
  if (place(body.bell - 1, BELLS) === null) return state;
  const rings = [...state.rings, body.bell].slice(-BELL_ANSWER.length);
  return same(rings, BELL_ANSWER) ? open({ ...state, rings }, deed, 'bells') : { ...state, rings };
}

/**
 * The stage must be the next one: two players who ask at once pay once.
 * @param {State} state @param {Deed} deed @param {Record<string, unknown>} body @returns {State}
 */
function hint(state, deed, body) {
  const puzzle = PUZZLES.find((each) => each === body.puzzle);
  if (!puzzle || !hinted(state, puzzle)) return state;
  const stage = (state.hints[puzzle] ?? 0) + 1;
  if (body.stage !== stage || stage > HINT_COSTS.length) return state;
  return note({ ...state, hints: { ...state.hints, [puzzle]: stage } }, deed, 'hint', puzzle);
}

/**
 * Only rules decide that somebody escaped: a client may claim any result it likes.
 * @param {State} state @param {Deed} deed @returns {State}
 */
function ended(state, deed) {
  if (state.ended) return state;
  const outcome = state.opened.door ? 'escaped' : 'given_up';
  return note({ ...state, ended: { ...deed, outcome } }, deed, 'ended', outcome);
}

/** @param {State} state @param {Deed} deed @param {Puzzle} puzzle @returns {State} */
function open(state, deed, puzzle) {
  const items = { ...state.items };
  for (const item of /** @type {Item[]} */ (Object.keys(ITEMS))) {
    if (ITEMS[item].from === puzzle) items[item] = 'held';
  }
  return note({ ...state, items, opened: { ...state.opened, [puzzle]: deed } }, deed, 'opened', puzzle);
}

/** @param {State} state @param {Deed} deed @param {Puzzle} puzzle @returns {State} */
function wrong(state, deed, puzzle) {
  return note({ ...state, wrong: Math.min(state.wrong + 1, BOUNDS.wrong) }, deed, 'wrong', puzzle);
}

/** @param {State} state @param {Deed} deed @param {What} what @param {string} id @returns {State} */
function note(state, deed, what, id) {
  const entry = { i: state.told + 1, ...deed, what, id };
  return { ...state, told: entry.i, log: [...state.log, entry].slice(-BOUNDS.log) };
}

/** @param {State} state @param {string} id @param {Record<string, unknown>} body @returns {State} */
function named(state, id, body) {
  if (!/^[0-9a-z]{1,32}$/.test(id)) return state;
  if (!Object.hasOwn(state.people, id) && Object.keys(state.people).length >= BOUNDS.people) return state;
  if (typeof body.name !== 'string' || typeof body.colour !== 'string') return state;
  if (!/^#[0-9a-f]{6}$/i.test(body.colour)) return state;
  const person = { name: body.name.slice(0, BOUNDS.name), colour: body.colour };
  return { ...state, people: { ...state.people, [id]: person } };
}

/** @param {unknown} body @returns {Record<string, unknown>} its fields, or none */
function fields(body) {
  return typeof body === 'object' && body !== null ? /** @type {Record<string, unknown>} */ (body) : {};
}

/**
 * @template {string} K
 * @param {Readonly<Record<K, unknown>>} table
 * @param {unknown} name
 * @returns {K | null} the name, if it is one of the table's own
 */
function known(table, name) {
  return typeof name === 'string' && Object.hasOwn(table, name) ? /** @type {K} */ (name) : null;
}

/** @param {unknown} value @param {number} size @returns {number | null} a whole number from 0 below `size` */
function place(value, size) {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < size ? value : null;
}

/** @param {readonly unknown[]} one @param {readonly unknown[]} other */
function same(one, other) {
  return one.length === other.length && one.every((each, i) => each === other[i]);
}
