//! The walkthrough gets four players out, and everything it clicks has a name.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PUZZLES } from '../puzzles.js';
import { apply, init, milestone, valid } from '../rules.js';
import { PLAYERS, steps, walkthrough } from './walkthrough.js';

const ids = Array.from({ length: PLAYERS }, (_, i) => 'abcdefgh'.charAt(i).repeat(12));

/** Plays what every step says; every one of them must count. @param {import('./walkthrough.js').Step[]} steps */
function playAll(steps) {
  let seq = 0;
  let state = apply(init(), { seq: (seq += 1), from: ids[0] ?? '', at: 0, kind: 'said', body: { type: 'begin' } });
  const reached = [];
  for (const step of steps) {
    for (const body of step.says ?? []) {
      const after = apply(state, { seq: (seq += 1), from: ids[step.player] ?? '', at: seq * 1000, kind: 'said', body });
      assert.notEqual(after, state, `${step.name}: ${JSON.stringify(body)} changes nothing`);
      const name = milestone(state, after);
      if (name) reached.push(name);
      state = after;
    }
  }
  return { state, reached };
}

for (const players of [1, 2, 3, 4]) test(`the scripted playthrough lets ${players} escape and reaches every milestone once`, () => {
  const { state, reached } = playAll(walkthrough(players));
  assert.ok(state.opened.door);
  assert.deepEqual([...reached].sort(), [...PUZZLES].sort());
  const done = apply(state, { seq: 9999, from: ids[0] ?? '', at: 9_999_000, kind: 'finished', body: { outcome: 'escaped' } });
  assert.equal(done.ended?.outcome, 'escaped');
});

test('it turns every wheel to its place before the lock is tried', () => {
  const { state } = playAll(steps);
  assert.equal(state.wrong, 0);
});

test('every step has a name, a player that exists and a view', () => {
  for (const step of steps) {
    assert.ok(step.name.length > 0, JSON.stringify(step));
    assert.ok(step.player >= 0 && step.player < PLAYERS);
    assert.ok(['study', 'observatory'].includes(step.view));
    assert.notEqual(step.times, 0);
  }
});

test('all players have something to do, in both views', () => {
  assert.deepEqual([...new Set(steps.map((step) => step.player))].sort(), ids.map((_, i) => i));
  assert.deepEqual([...new Set(steps.map((step) => step.view))].sort(), ['observatory', 'study']);
});

test('a checkpoint is believed at every step of the way out, and not when a part of it is missing or of another kind', () => {
  assert.ok(valid(init()));
  for (let end = 0; end <= steps.length; end += 1) assert.ok(valid(JSON.parse(JSON.stringify(playAll(steps.slice(0, end)).state))), `${end} steps`);
  const { state } = playAll(steps);
  for (const key of Object.keys(state)) {
    const { [key]: part, ...rest } = state;
    assert.equal(valid(rest), false, key);
    assert.equal(valid({ ...state, [key]: Array.isArray(part) ? {} : [] }), false, key);
  }
  assert.equal(valid({ ...state, wheels: { ...state.wheels, door: [] } }), false);
  for (const nonsense of [null, undefined, 5, 'state', [], {}]) assert.equal(valid(nonsense), false);
});
