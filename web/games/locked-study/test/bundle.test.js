//! What is published: the manifest, the files it names, and that the bundle needs nothing but itself and the sdk.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BOOKS, FIGURES, HINT_COSTS, ITEMS, LOCKS, PUZZLES } from '../puzzles.js';
import { text } from '../text.en.js';

const here = normalize(join(dirname(fileURLToPath(import.meta.url)), '..'));
const title = JSON.parse(readFileSync(join(here, 'title.json'), 'utf8'));
const modules = readdirSync(here, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.js') && !path.startsWith('test'));

test('the manifest names files that are there and prices in whole minor units', () => {
  for (const file of [title.entry, title.style, title.picture]) assert.ok(existsSync(join(here, file)), file);
  assert.equal(title.slug, 'locked-study');
  assert.ok(title.players.min >= 1 && title.players.max >= title.players.min);
  for (const [currency, price] of Object.entries(title.prices)) {
    assert.match(currency, /^[A-Z]{3}$/);
    assert.ok(Number.isInteger(price) && price > 0);
  }
});

test('every import is a file of the bundle, or the sdk', () => {
  for (const module of modules) {
    const source = readFileSync(join(here, module), 'utf8');
    for (const [, target = ''] of source.matchAll(/^import .*?from '([^']+)';/gms)) {
      if (target.endsWith('/sdk/index.js')) continue;
      const path = normalize(join(here, dirname(module), target));
      assert.ok(path.startsWith(here) && existsSync(path), `${module}: ${target}`);
    }
  }
});

test('nothing in the bundle parses strings as markup or writes style attributes', () => {
  for (const module of modules) {
    const source = readFileSync(join(here, module), 'utf8');
    assert.doesNotMatch(source, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|'style'|cssText/, module);
  }
});

test('every puzzle, thing, book and figure has its words, and every hint its price', () => {
  for (const puzzle of PUZZLES) {
    assert.equal(text.hints.texts[puzzle].length, HINT_COSTS.length, puzzle);
    assert.ok(text.puzzles[puzzle] && text.opens[puzzle]);
  }
  for (const item of /** @type {(keyof typeof ITEMS)[]} */ (Object.keys(ITEMS))) assert.ok(text.items[item].name && text.fitted[item]);
  for (const book of BOOKS) assert.ok(text.books[book]);
  for (const figure of FIGURES) assert.ok(text.figures[figure].stars);
});

test('the words that carry the answers agree with the answers', () => {
  const star = LOCKS.star.answer;
  const row = text.starTable.rows.find(([night]) => night?.startsWith('Michaelmas'));
  assert.deepEqual(row?.slice(1), [Object.values(text.directions)[star[0] ?? 0], `${((star[1] ?? 0) + 1) * 10}°`]);
  const [moon = 0, striped = 0, ringed = 0] = LOCKS.orrery.answer.map((place) => text.numbers[place]);
  assert.equal(text.glass.words, `The moon stands at ${moon}. The striped planet stands at ${striped}. The ringed planet stands at ${ringed}.`);
  const [hour = 0, minute = 0] = LOCKS.clock.answer;
  // A quarter to seven, and an hour and fifty minutes.
  assert.equal((hour + 1) * 60 + minute * 5, 6 * 60 + 45 + 110);
});
