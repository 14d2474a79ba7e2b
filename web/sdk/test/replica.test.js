//! The replica: one state for every member, optimism on top, faults of the rules, checkpoints.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { join, replica } from '../index.js';
import { Clock, Network, settled } from './support/network.js';
import { ReferenceHost } from './support/host.js';

let clock;
let host;
let network;
const consoleError = console.error;

beforeEach(() => {
  console.error = () => {};
  clock = new Clock();
  host = new ReferenceHost({ now: () => clock.now });
  network = new Network(host);
});
afterEach(() => { console.error = consoleError; });

const rules = {
  init: () => ({ said: [] }),
  apply: (state, { kind, body }) => {
    if (body === 'throw') throw new Error('the rules do not know this');
    return kind === 'said' ? { said: [...state.said, body] } : state;
  },
};

async function enter(member, more = {}, ownRules = rules) {
  const joining = join(network.worldOf(member, clock, more));
  await settled();
  await network.flow();
  const room = await joining;
  const copy = replica(room, ownRules, { random: () => 0, timers: clock.timers() });
  await settled();
  return { room, copy };
}

test('every member has the same state', async () => {
  const [ada, bob] = [await enter('ada'), await enter('bob')];
  ada.copy.say(1);
  bob.copy.say(2);
  await network.flow();
  const late = await enter('late');
  assert.deepEqual(ada.copy.confirmed, { said: [1, 2] });
  assert.deepEqual(bob.copy.confirmed, ada.copy.confirmed);
  assert.deepEqual(late.copy.state, ada.copy.confirmed);
  assert.equal(late.copy.seq, host.tail);
});

test('one\'s own says show at once, and in their place when they are ordered', async () => {
  const [ada, bob] = [await enter('ada'), await enter('bob')];
  const shown = [];
  ada.copy.on('change', ({ said }) => shown.push(said.join()));
  ada.copy.say('mine');
  assert.deepEqual(ada.copy.state, { said: ['mine'] });
  assert.deepEqual(ada.copy.confirmed, { said: [] });
  const [adas, bobs] = network.links;
  bob.copy.say('theirs');
  bobs.deliverUp();
  while (adas.down.length > 0) adas.deliverDown();
  assert.deepEqual(ada.copy.state, { said: ['theirs', 'mine'] });
  await network.flow();
  assert.deepEqual(ada.copy.state, { said: ['theirs', 'mine'] });
  assert.deepEqual(ada.copy.confirmed, ada.copy.state);
  assert.deepEqual([...new Set(shown)], ['mine', 'theirs,mine']);
});

test('a record the rules throw on is reported and skipped by everybody', async () => {
  const faults = [];
  const [ada, bob] = [await enter('ada'), await enter('bob')];
  ada.room.fault = (what) => faults.push(what);
  bob.copy.say(1);
  bob.copy.say('throw');
  bob.copy.say(2);
  await network.flow();
  assert.deepEqual(ada.copy.confirmed, { said: [1, 2] });
  assert.deepEqual(bob.copy.confirmed, { said: [1, 2] });
  assert.deepEqual(faults, ['apply']);
});

test('rules that change a state they were given or made are stopped before they can', async () => {
  const impure = {
    init: () => ({ said: [] }),
    apply: (state, { kind, body }) => {
      if (body === 'pure') return { said: ['pure'] };
      if (kind === 'said') state.said.push(body);
      return state;
    },
  };
  const { copy, room } = await enter('ada', {}, impure);
  const faults = [];
  room.fault = (what, error) => faults.push([what, error.name]);
  copy.say('on the first state');
  copy.say('pure');
  copy.say('on a later one');
  await network.flow();
  assert.deepEqual(copy.confirmed, { said: ['pure'] });
  assert.deepEqual(faults, [['apply', 'TypeError'], ['apply', 'TypeError']]);
});

test('rules that return nothing are reported, not believed', async () => {
  const { copy, room } = await enter('ada', {}, { init: () => 5, apply: () => undefined });
  const faults = [];
  room.fault = (what, error) => faults.push(error.code);
  copy.say(1);
  await network.flow();
  assert.equal(copy.confirmed, 5);
  assert.deepEqual(faults, ['apply']);
});

test('a catch-up tells one change, when it is over', async () => {
  const ada = await enter('ada');
  for (let n = 0; n < 20; n += 1) ada.copy.say(n);
  await network.flow();
  const joining = join(network.worldOf('late', clock));
  await settled();
  const link = [...network.links].at(-1);
  while (link.up.length + link.down.length > 0 && link.down.length < 20) { link.deliverDown(); link.deliverUp(); }
  const [, room] = [link.deliverDown(), await joining];
  const copy = replica(room, rules);
  let changes = 0;
  copy.on('change', () => { changes += 1; });
  await settled();
  await network.flow();
  assert.deepEqual(copy.confirmed.said.length, 20);
  assert.equal(changes, 1);
});

test('a rewind takes the state back and lost says come again', async () => {
  const [ada, bob] = [await enter('ada'), await enter('bob')];
  ada.copy.say('kept');
  await network.flow();
  host.store(host.tail);
  ada.copy.say('lost and said again');
  await network.flow();
  assert.deepEqual(bob.copy.confirmed.said, ['kept', 'lost and said again']);
  host.die(0);
  await network.flow();
  assert.equal(ada.room.state, 'waiting');
  await clock.pass(1_000);
  await network.flow();
  assert.deepEqual(bob.copy.confirmed, { said: ['kept', 'lost and said again'] });
  assert.deepEqual(ada.copy.confirmed, bob.copy.confirmed);
  assert.equal(host.log.filter(({ body }) => body === 'lost and said again').length, 1);
});

test('the member online with the lowest id offers the checkpoints, every so many records', async () => {
  const [ada, bob] = [await enter('ada', {}, { ...rules, checkpointEvery: 40 }), await enter('bob', {}, { ...rules, checkpointEvery: 40 })];
  const offers = [];
  for (const { room } of [ada, bob]) {
    const { checkpoint } = room;
    room.checkpoint = (seq, state) => { offers.push([room.me, seq]); checkpoint.call(room, seq, state); };
  }
  for (let n = 0; n < 100; n += 1) {
    bob.copy.say(n);
    await network.flow();
    await clock.pass(40);
  }
  await clock.pass(0);
  await network.flow();
  assert.deepEqual(offers, [['ada', 40], ['ada', 80]]);
  assert.deepEqual(host.checkpoint.seq, 80);
  const late = await enter('late');
  assert.deepEqual(late.copy.confirmed, ada.copy.confirmed);
});

/** A room of 40 records whose checkpoint no rules made, and rules that can tell. */
async function forged() {
  const ada = await enter('ada', {}, { ...rules, checkpointEvery: 0 });
  for (let n = 0; n < 40; n += 1) {
    ada.copy.say(n);
    await clock.pass(40);
    await network.flow();
  }
  ada.room.checkpoint(35, { said: 'everything' });
  await network.flow();
  assert.equal(host.checkpoint.seq, 35);
  return ada;
}

test('a checkpoint that the rules refuse is reported, and the state is made from the whole log', async () => {
  const ada = await forged();
  for (const valid of [({ said }) => Array.isArray(said), () => { throw new Error('cannot even look'); }]) {
    const faults = [];
    console.error = (what, error) => faults.push(error.code);
    const applied = [];
    const apply = (state, record) => { applied.push(record.seq); return rules.apply(state, record); };
    const late = await enter('late', {}, { ...rules, valid, apply });
    await network.flow();
    assert.deepEqual(faults, ['checkpoint_refused']);
    assert.deepEqual(applied, host.log.map(({ seq }) => seq), 'nothing is applied to a state it does not belong to');
    assert.deepEqual(late.copy.confirmed, ada.copy.confirmed);
    assert.equal(late.copy.caughtUp, true);
    late.copy.say('goes on');
    await network.flow();
    assert.deepEqual(late.copy.state, ada.copy.state);
    late.room.close();
    await network.flow();
  }
});

test('a refused checkpoint of a log too long to replay leaves a state that is never offered', async () => {
  await forged();
  const faults = [];
  console.error = (what, error) => faults.push(error.code);
  host.replays = () => false;
  const late = await enter('aaa', {}, { ...rules, valid: ({ said }) => Array.isArray(said), checkpointEvery: 32 });
  await network.flow();
  assert.deepEqual(faults, ['checkpoint_refused', 'checkpoint_refused']);
  assert.equal(late.copy.caughtUp, true);
  assert.deepEqual(late.copy.confirmed.said, host.log.slice(35).filter(({ kind }) => kind === 'said').map(({ body }) => body));
  for (let n = 0; n < 80; n += 1) {
    late.copy.say(n);
    await clock.pass(40);
    await network.flow();
  }
  await clock.pass(2_000);
  await network.flow();
  assert.equal(host.checkpoint.seq, 35);
});

test('a checkpoint that is refused is not offered again at once', async () => {
  const { copy, room } = await enter('ada', {}, { ...rules, checkpointEvery: 32 });
  host.checkpoint = { seq: 20, state: { said: [] } };
  let offers = 0;
  const { checkpoint } = room;
  room.checkpoint = (seq, state) => { offers += 1; checkpoint.call(room, seq, state); };
  for (let n = 0; n < 40; n += 1) {
    copy.say(n);
    await network.flow();
    await clock.pass(40);
  }
  assert.equal(offers, 1);
  assert.equal(host.checkpoint.seq, 20);
});
