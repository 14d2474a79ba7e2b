//! The facts of the puzzles: what there is to turn, pull, ring and fit, and what opens what.
//! No rules (see `rules.js`), no words (see `text.en.js`) and no drawings live here.
//!
//! The answers are plain to read: every player's browser needs them, and a secret kept from the
//! players of a friendly game would buy nothing.

/** The two places of the house, in the order they are found. */
export const VIEWS = /** @type {const} */ (['study', 'observatory']);

/** Everything that opens once, in the order most groups open it. The names are the milestones of the game. */
export const PUZZLES = /** @type {const} */ (['passage', 'drawer', 'star', 'bells', 'orrery', 'clock', 'door']);

/** The books with an emblem on the spine, from left to right. */
export const BOOKS = /** @type {const} */ (['anchor', 'owl', 'bee', 'crown', 'thistle', 'moth', 'fox']);

/** The order in which Elspeth's day opens the bookcase. */
export const BOOK_ANSWER = /** @type {readonly Book[]} */ (['bee', 'thistle', 'moth', 'owl']);

/** The bells above the fireplace bear one to five notches. */
export const BELLS = 5;

/** What the winking star winks. */
export const BELL_ANSWER = [3, 1, 4, 1, 5];

/** The star figures of the chart, as the drawer's wheels show them. */
export const FIGURES = /** @type {const} */ (['snail', 'kettle', 'oar', 'heron', 'kite', 'ladder']);

/** The directions of the telescope's ring. */
export const DIRECTIONS = /** @type {const} */ (['n', 'ne', 'e', 'se', 's', 'sw', 'w', 'nw']);

/** The heights of the telescope's arc, in degrees. */
export const HEIGHTS = [10, 20, 30, 40, 50, 60, 70, 80];

/** The bodies of the orrery, from the innermost ring outwards. */
export const BODIES = /** @type {const} */ (['moon', 'striped', 'ringed']);

/** The letters of the door's wheels. They spell a Latin word, the same in every language. */
export const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/**
 * A lock with wheels. `sizes` says how many places each wheel has, `needs` which parts must be fitted
 * before the lock can be tried, and `stiff` that the wheels do not even turn without them.
 * @typedef {{sizes: readonly number[], start: readonly number[], answer: readonly number[], needs: readonly Item[], stiff: boolean}} LockFacts
 */

/** @type {Readonly<Record<Lock, LockFacts>>} */
export const LOCKS = {
  drawer: { sizes: [6, 6, 6], start: [0, 2, 4], answer: [1, 3, 5], needs: [], stiff: false },
  star: { sizes: [8, 8], start: [0, 0], answer: [6, 3], needs: ['eyepiece'], stiff: false },
  orrery: { sizes: [12, 12, 12], start: [2, 8, 3], answer: [10, 6, 1], needs: ['moon'], stiff: true },
  clock: { sizes: [12, 12], start: [3, 2], answer: [7, 7], needs: ['winder'], stiff: true },
  door: { sizes: [26, 26, 26, 26, 26], start: [4, 11, 2, 14, 12], answer: [0, 18, 19, 17, 0], needs: ['key', 'knob'], stiff: false },
};

/**
 * The things to carry. `from` is the puzzle that gives it up (null: it lies about to be taken), `on` the lock it fits.
 * @type {Readonly<Record<Item, {from: Puzzle | null, on: Lock}>>}
 */
export const ITEMS = {
  moon: { from: null, on: 'orrery' },
  eyepiece: { from: 'drawer', on: 'star' },
  key: { from: 'bells', on: 'door' },
  winder: { from: 'orrery', on: 'clock' },
  knob: { from: 'clock', on: 'door' },
};

/** Puzzles that stand in the observatory and are out of reach until the passage is open. */
export const BEYOND_PASSAGE = /** @type {readonly Puzzle[]} */ (['star', 'orrery']);

/**
 * What has to be open before a hint at a puzzle makes sense; any one of these is enough, none means from the start.
 * @type {Readonly<Record<Puzzle, readonly Puzzle[]>>}
 */
export const HINTED_AFTER = {
  passage: [],
  drawer: ['passage'],
  star: ['drawer'],
  bells: ['drawer'],
  orrery: ['passage'],
  clock: ['orrery'],
  door: ['clock', 'bells'],
};

/** What each of a puzzle's three hints adds to the group's time, in seconds. */
export const HINT_COSTS = [30, 60, 120];

/** The letter each puzzle shows once it is open, for the door's wheels; the numeral is its place in the word. */
export const PLATES = /** @type {Readonly<Partial<Record<Puzzle, {place: number, letter: string}>>>} */ ({
  passage: { place: 1, letter: 'A' },
  drawer: { place: 2, letter: 'S' },
  orrery: { place: 3, letter: 'T' },
  bells: { place: 4, letter: 'R' },
  clock: { place: 5, letter: 'A' },
});

/** @typedef {typeof VIEWS[number]} View */
/** @typedef {typeof PUZZLES[number]} Puzzle */
/** @typedef {typeof BOOKS[number]} Book */
/** @typedef {'drawer' | 'star' | 'orrery' | 'clock' | 'door'} Lock */
/** @typedef {'moon' | 'eyepiece' | 'key' | 'winder' | 'knob'} Item */
