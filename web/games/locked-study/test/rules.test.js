//! What the rules promise: right and wrong answers, races, garbage, size. The playthrough is in `walkthrough.test.js`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BELL_ANSWER, BOOK_ANSWER, ITEMS, LOCKS, PUZZLES } from '../puzzles.js';
import { BOUNDS, apply, hinted, init, milestone, penalty, reachable } from '../rules.js';

/** @typedef {import('../rules.js').State} State */
/** @typedef {import('../rules.js').Fact} Fact */
/** @typedef {import('../puzzles.js').Lock} Lock */

const ADA = 'aaaaaaaaaaaa';
const BEN = 'bbbbbbbbbbbb';

/** @template T @param {T} value @returns {T} */
function frozen(value) {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}

/** @param {unknown} body @param {string | null} [from] @param {string} [kind] @returns {Fact} */
function fact(body, from = ADA, kind = 'said') {
  return { seq: 1, from, at: 1000, kind, body };
}

/** Applies to frozen states, so that every test also proves that nothing is changed in place. */
function play(/** @type {State} */ state, /** @type {Fact[]} */ ...facts) {
  return facts.reduce((before, each) => frozen(apply(frozen(before), frozen(each))), state);
}

const begin = fact({ type: 'begin' });
const books = BOOK_ANSWER.map((book) => fact({ type: 'book', book }));
const rings = BELL_ANSWER.map((bell) => fact({ type: 'ring', bell }));

/** @param {Lock} lock @param {readonly number[]} [answer] */
const attempt = (lock, answer = LOCKS[lock].answer) => fact({ type: 'try', lock, answer: [...answer] });
/** @param {string} item @param {string} on */
const fit = (item, on) => fact({ type: 'fit', item, on });
const takeMoon = fact({ type: 'take', item: 'moon' });
const toDoor = [
  begin, ...books, attempt('drawer'), fit('eyepiece', 'star'), attempt('star'), ...rings, takeMoon,
  fit('moon', 'orrery'), attempt('orrery'), fit('winder', 'clock'), attempt('clock'), fit('key', 'door'), fit('knob', 'door'),
];

/** Up to the point where a lock can be tried. @param {Lock} lock */
function ready(lock) {
  const at = toDoor.findIndex((each) => {
    const body = /** @type {{type?: string, lock?: string}} */ (each.body);
    return body.type === 'try' && body.lock === lock;
  });
  return play(init(), ...(at < 0 ? toDoor : toDoor.slice(0, at)));
}

test('begin starts the clock once and the first one counts', () => {
  const state = play(init(), begin, { ...begin, from: BEN, at: 9999 });
  assert.deepEqual(state.began, { by: ADA, at: 1000 });
});

test('nothing but talk counts before begin', () => {
  const state = play(init(), takeMoon, ...books, ...rings, fact({ type: 'chat', text: 'hello' }));
  assert.deepEqual(state.opened, {});
  assert.equal(state.items.moon, 'lying');
  assert.equal(state.chat[0]?.text, 'hello');
});

test('four books in the order of the day open the passage', () => {
  const state = play(init(), begin, ...books);
  assert.equal(state.opened.passage?.by, ADA);
});

test('four books in another order all slide back', () => {
  const state = play(init(), begin, ...[...books].reverse());
  assert.equal(state.opened.passage, undefined);
  assert.deepEqual(state.books, []);
  assert.equal(state.wrong, 1);
});

test('two players pulling the same book pull it once', () => {
  const twice = books.flatMap((each) => [each, { ...each, from: BEN }]);
  assert.ok(play(init(), begin, ...twice).opened.passage);
});

for (const lock of /** @type {Lock[]} */ (Object.keys(LOCKS))) {
  test(`the ${lock} opens with its answer and says so as a milestone`, () => {
    const before = ready(lock);
    const after = play(before, attempt(lock));
    assert.equal(milestone(before, after), lock);
    assert.equal(milestone(after, after), null);
    for (const [item, { from }] of Object.entries(ITEMS)) {
      if (from === lock) assert.equal(after.items[/** @type {keyof State['items']} */ (item)], 'held');
    }
  });

  test(`the ${lock} stays shut for every answer that is off by one wheel`, () => {
    const { answer, sizes } = LOCKS[lock];
    const before = ready(lock);
    answer.forEach((right, wheel) => {
      for (let to = 0; to < (sizes[wheel] ?? 0); to += 1) {
        if (to === right) continue;
        const after = play(before, attempt(lock, answer.map((each, i) => (i === wheel ? to : each))));
        assert.equal(after.opened[lock], undefined);
        assert.equal(after.wrong, before.wrong + 1);
      }
    });
  });

  test(`the ${lock} does not start at its answer`, () => {
    assert.notDeepEqual(init().wheels[lock], [...LOCKS[lock].answer]);
  });

  test(`of a right and a wrong try at the ${lock} in the same moment the order does not matter`, () => {
    const right = attempt(lock);
    const off = { ...attempt(lock, LOCKS[lock].start), from: BEN };
    const one = play(ready(lock), right, off);
    const other = play(ready(lock), off, right);
    assert.deepEqual(one.opened, other.opened);
    assert.deepEqual(one.items, other.items);
    assert.ok(one.opened[lock]);
  });

  test(`a wheel of the ${lock} turned by a friend does not spoil a try already on its way`, () => {
    const meddling = fact({ type: 'turn', lock, wheel: 0, to: (LOCKS[lock].answer[0] ?? 0) + 1 }, BEN);
    const state = play(ready(lock), meddling, attempt(lock));
    assert.ok(state.opened[lock]);
    assert.deepEqual(state.wheels[lock], [...LOCKS[lock].answer]);
  });
}

test('locks that lack a part cannot be tried', () => {
  const state = play(init(), begin, ...books, attempt('star'), attempt('orrery'), attempt('clock'), attempt('door'));
  assert.deepEqual(Object.keys(state.opened), ['passage']);
  assert.equal(state.wrong, 0);
});

test('the orrery and the clock do not turn before their part is in, the telescope and the letters do', () => {
  const turns = ['orrery', 'clock', 'star', 'door', 'drawer'].map((lock) => fact({ type: 'turn', lock, wheel: 0, to: 1 }));
  const state = play(init(), begin, ...books, ...turns);
  assert.deepEqual(state.wheels.orrery, [...LOCKS.orrery.start]);
  assert.deepEqual(state.wheels.clock, [...LOCKS.clock.start]);
  assert.equal(state.wheels.star[0], 1);
  assert.equal(state.wheels.door[0], 1);
  assert.equal(state.wheels.drawer[0], 1);
});

test('the observatory is out of reach until the passage is open', () => {
  const state = play(init(), begin, attempt('drawer'), fit('eyepiece', 'star'), fact({ type: 'turn', lock: 'star', wheel: 0, to: 3 }));
  assert.equal(state.items.eyepiece, 'held');
  assert.deepEqual(state.wheels.star, [...LOCKS.star.start]);
  assert.equal(reachable(state, 'star'), false);
});

test('the bells listen to the last five rings, whatever was rung before', () => {
  const noise = [5, 5, 3, 1].map((bell) => fact({ type: 'ring', bell }, BEN));
  assert.ok(play(init(), begin, ...noise, ...rings).opened.bells);
  assert.equal(play(init(), begin, ...rings.slice(1), ...noise).opened.bells, undefined);
});

test('two players taking the paperweight at once take it once', () => {
  const ben = { ...takeMoon, from: BEN };
  const one = play(init(), begin, takeMoon, ben);
  const other = play(init(), begin, ben, takeMoon);
  assert.deepEqual(one.items, other.items);
  assert.equal(one.log.filter((entry) => entry.what === 'took').length, 1);
});

test('a thing fits only where it belongs and only once it is held', () => {
  const state = play(init(), begin, ...books, takeMoon, fit('moon', 'clock'), fit('key', 'door'));
  assert.equal(state.items.moon, 'held');
  assert.equal(state.items.key, 'away');
});

test('hints come stage by stage and cost what is written on them', () => {
  const ask = (/** @type {number} */ stage) => fact({ type: 'hint', puzzle: 'drawer', stage });
  let state = play(init(), begin, ...books, ask(2), ask(1), ask(1));
  assert.equal(state.hints.drawer, 1);
  assert.equal(penalty(state), 30);
  state = play(state, ask(2), ask(3), ask(4));
  assert.equal(state.hints.drawer, 3);
  assert.equal(penalty(state), 210);
});

test('an open puzzle gives no more hints', () => {
  const state = play(init(), begin, ...books, fact({ type: 'hint', puzzle: 'passage', stage: 1 }));
  assert.equal(penalty(state), 0);
});

test('hints are offered only as far as the group has come', () => {
  const offered = (/** @type {State} */ state) => PUZZLES.filter((puzzle) => hinted(state, puzzle));
  assert.deepEqual(offered(play(init(), begin)), ['passage']);
  assert.deepEqual(offered(play(init(), begin, ...books)), ['drawer', 'orrery']);
  assert.deepEqual(offered(ready('door')), ['door']);
});

test('opening the door ends the puzzles, and finishing then counts as escaped once', () => {
  const out = play(ready('door'), attempt('door'));
  assert.equal(out.opened.door?.by, ADA);
  const state = play(out, fact({ type: 'ring', bell: 1 }), fact({ outcome: 'given_up' }, BEN, 'finished'), fact({}, ADA, 'finished'));
  assert.equal(state.ended?.outcome, 'escaped');
  assert.equal(state.ended?.by, BEN);
});

test('claiming an escape with the door shut counts as giving up, and nothing moves after it', () => {
  const state = play(init(), begin, fact({ outcome: 'escaped' }, BEN, 'finished'), ...books, fact({ type: 'chat', text: 'oh well' }));
  assert.equal(state.ended?.outcome, 'given_up');
  assert.deepEqual(state.books, []);
  assert.equal(state.chat.length, 1);
});

test('a name follows the profile, and the past keeps who did what', () => {
  const state = play(
    init(),
    fact({ name: 'Ada', colour: '#3366cc' }, ADA, 'joined'),
    fact({ name: 'Ada L.', colour: '#cc6633' }, ADA, 'profile'),
    fact({ why: 'gave_up' }, ADA, 'left'),
  );
  assert.deepEqual(state.people[ADA], { name: 'Ada L.', colour: '#cc6633' });
  assert.deepEqual(state.log.map((entry) => entry.what), ['joined', 'left']);
});

const GARBAGE = [
  undefined, null, 0, '', 'try', [], [1], {}, { type: null }, { type: ['try'] }, { type: '__proto__' }, { type: 'constructor' },
  { type: 'book' }, { type: 'book', book: 'toString' }, { type: 'take', item: '__proto__' }, { type: 'take', item: 'key' },
  { type: 'fit', item: 'moon', on: 'constructor' }, { type: 'turn', lock: 'hasOwnProperty', wheel: 0, to: 0 },
  { type: 'turn', lock: 'drawer', wheel: -1, to: 0 }, { type: 'turn', lock: 'drawer', wheel: 0.5, to: 0 },
  { type: 'turn', lock: 'drawer', wheel: 0, to: 6 }, { type: 'turn', lock: 'drawer', wheel: 0, to: '1' },
  { type: 'turn', lock: 'drawer', wheel: 'length', to: 1 }, { type: 'turn', lock: 'drawer', wheel: 0, to: NaN },
  { type: 'try', lock: 'drawer' }, { type: 'try', lock: 'drawer', answer: 'abc' }, { type: 'try', lock: 'drawer', answer: [1, 3] },
  { type: 'try', lock: 'drawer', answer: [1, 3, '5'] }, { type: 'try', lock: 'drawer', answer: { length: 3 } },
  { type: 'ring', bell: 0 }, { type: 'ring', bell: 6 }, { type: 'ring', bell: 1.5 }, { type: 'ring', bell: '3' },
  { type: 'hint', puzzle: 'drawer', stage: 0 }, { type: 'hint', puzzle: '__proto__', stage: 1 }, { type: 'hint', puzzle: 'star', stage: 1 },
  { type: 'chat' }, { type: 'chat', text: 7 }, { type: 'chat', text: '   ' }, { type: 'begin' },
];

test('garbage of every kind leaves the state as it is', () => {
  const state = play(init(), begin);
  for (const body of GARBAGE) {
    assert.equal(apply(state, fact(body)), state, JSON.stringify(body));
    for (const kind of ['notice', 'mystery']) assert.equal(apply(state, fact(body, ADA, kind)), state);
    assert.equal(apply(state, fact(body, ADA, 'profile')), state);
  }
  assert.equal(apply(state, fact({ name: 'x', colour: 'url(#x)' }, ADA, 'profile')), state);
  assert.equal(apply(state, fact({ name: 'x', colour: '#000000' }, '__proto__', 'profile')), state);
  assert.equal(apply(state, fact({ type: 'begin' }, null)), state);
});

test('the state stays small under a day of noise', () => {
  let state = play(init(), begin);
  for (let i = 0; i < 2000; i += 1) {
    const id = `m${i}`;
    const noise = [
      fact({ name: '\u{1F989}'.repeat(500), colour: '#ffffff' }, id, 'joined'),
      fact({ type: 'chat', text: '\u{1F989}'.repeat(5000) }, id),
      fact({ type: 'ring', bell: (i % 5) + 1 }, id),
      fact({ type: 'turn', lock: 'door', wheel: i % 5, to: i % 26 }, id),
      fact({ type: 'try', lock: 'drawer', answer: [0, 0, 0] }, id),
      fact({ type: 'hint', puzzle: PUZZLES[i % 7], stage: (i % 3) + 1 }, id),
    ];
    state = noise.reduce(apply, state);
  }
  const bytes = new TextEncoder().encode(JSON.stringify(state)).length;
  assert.ok(bytes < 96 * 1024, `${bytes} bytes`);
  assert.equal(state.chat.length, BOUNDS.chat);
  assert.equal(state.log.length, BOUNDS.log);
});

test('the state is plain JSON', () => {
  const state = play(ready('door'), attempt('door'), fact({ type: 'chat', text: 'out!' }));
  assert.deepEqual(JSON.parse(JSON.stringify(state)), state);
});

test('the same records give the same state', () => {
  assert.deepEqual(play(init(), ...toDoor), play(init(), ...toDoor));
});
