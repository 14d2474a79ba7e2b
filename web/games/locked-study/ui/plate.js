//! The small brass plates that open puzzles show: a numeral and a letter.

import { h } from './dom.js';
import { PLATES } from '../puzzles.js';
import { text } from '../words.js';

/** @param {import('../puzzles.js').Puzzle} puzzle */
export function plate(puzzle) {
  const facts = PLATES[puzzle];
  if (!facts) return h('span');
  return h('p', { class: 'plate' },
    h('span', { class: 'unseen' }, text.plate(facts.place, facts.letter)),
    h('span', { class: 'plate-numeral', 'aria-hidden': 'true' }, text.numerals[facts.place - 1] ?? ''),
    h('span', { class: 'plate-letter', 'aria-hidden': 'true' }, facts.letter));
}
