//! The room as a game meets it: promises, events, storage, page events, fault reports, over a simulated network.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { ConnectionState, join, LatchkeyError, open, VERSION } from '../index.js';
import { Clock, FakePage, MemoryStorage, Network, settled } from './support/network.js';
import { ReferenceHost } from './support/host.js';

let clock;
let host;
let network;
const consoleError = console.error;

beforeEach(() => {
  console.error = () => {};
  clock = new Clock();
  host = new ReferenceHost({ now: () => clock.now + 1_000_000 });
  network = new Network(host);
});
afterEach(() => { console.error = consoleError; });

/** Joins and lets the log arrive. */
async function enter(member, more = {}) {
  const joining = join(network.worldOf(member, clock, more));
  const [room] = await Promise.all([joining, settled().then(() => network.flow())]);
  return room;
}

test('joins with POST and the subprotocol, and resolves at the welcome (P1.1, P1.2)', async () => {
  const joining = join(network.worldOf('ada', clock));
  await settled();
  const [link] = network.links;
  assert.equal(link.protocol, 'latchkey.1');
  assert.equal(network.requests[0].request.method, 'POST');
  await network.flow();
  const room = await joining;
  assert.equal(room.me, 'ada');
  assert.equal(room.state, 'live');
  assert.deepEqual(room.members.map(({ id, online }) => [id, online]), [['ada', true]]);
  assert.equal(room.member('ada').name, 'ada');
  assert.equal(room.member('bob'), undefined);
});

test('the states of a room have names, which no game can change', async () => {
  const ada = await enter('ada');
  assert.equal(ada.state, ConnectionState.LIVE);
  assert.deepEqual({ ...ConnectionState }, { CONNECTING: 'connecting', LIVE: 'live', WAITING: 'waiting', TAKEN_OVER: 'taken-over', ENDED: 'ended' });
  assert.throws(() => { ConnectionState.LIVE = 'dead'; }, TypeError);
  ada.close();
  assert.equal(ada.state, ConnectionState.ENDED);
});

test('a game sees whether storing lags, and hears when that changes (P4.7)', async () => {
  const ada = await enter('ada');
  const told = [];
  ada.on('behind', (behind) => told.push([behind, ada.behind]));
  assert.equal(ada.behind, false);
  host.lag(true);
  await network.flow();
  host.lag(false);
  await network.flow();
  assert.deepEqual(told, [[true, true], [false, false]]);
});

test('join rejects with the site\'s words when it refuses', async () => {
  network.answer = () => ({ status: 403, body: { message: 'Open the game from its link first.' } });
  await assert.rejects(enter('ada'), (error) => error instanceof LatchkeyError && error.code === 'no_ticket' && /from its link/.test(error.message));
});

test('join goes on trying while the site cannot be reached, and tells how it stands', async () => {
  const states = [];
  network.answer = () => ({ status: 503, body: 'busy' });
  const joining = join(network.worldOf('ada', clock, { options: { onState: (state) => states.push(state) } }));
  await settled();
  assert.deepEqual(states, ['connecting', 'waiting']);
  network.answer = null;
  await clock.pass(1_000);
  await network.flow();
  await joining;
  assert.deepEqual(states, ['connecting', 'waiting', 'connecting', 'live']);
});

test('join resolves even when whoever watches the state throws', async () => {
  const onState = () => { throw new Error('a bug of the page'); };
  const ada = await enter('ada', { options: { onState } });
  assert.equal(ada.state, 'live');
});

test('join without a connect URL says what it needs', async () => {
  await assert.rejects(join({ connect: '' }), /join needs \{connect\}/);
});

test('the log waits for the first listener, and every listener of that turn sees it whole', async () => {
  const ada = await enter('ada');
  ada.say('early');
  await network.flow();
  const seen = [];
  ada.on('record', ({ body }) => seen.push(body));
  ada.on('reset', () => seen.push('reset'));
  await settled();
  assert.deepEqual(seen, ['reset', { name: 'ada', colour: '#123456' }, 'early']);
});

test('a log too long to wait for its listener is asked for anew', async () => {
  const ada = await enter('ada');
  for (let n = 1; n <= 5_100; n += 1) host.frame({ member: 'bot', send() {}, close() {} }, { op: 'say', n, body: n });
  await network.flow();
  const seen = [];
  ada.on('record', ({ seq }) => seen.push(seq));
  await settled();
  await network.flow();
  assert.equal(seen.length, 5_101);
  assert.deepEqual(seen.slice(0, 2), [1, 2]);
});

test('say resolves with the record, and its stored when the watermark passes', async () => {
  const ada = await enter('ada');
  const saying = ada.say({ open: 'drawer' });
  assert.equal(ada.unsaved, 1);
  assert.deepEqual(ada.pending().map(({ seq, pending, body, kind, from }) => ({ seq, pending, body, kind, from })),
    [{ seq: null, pending: true, body: { open: 'drawer' }, kind: 'said', from: 'ada' }]);
  await network.flow();
  const record = await saying;
  assert.equal(record.seq, 2);
  assert.equal(ada.unsaved, 0);
  let stored = false;
  saying.stored.then(() => { stored = true; });
  await settled();
  assert.equal(stored, false);
  host.store(2);
  await network.flow();
  assert.equal(await saying.stored, record);
  assert.equal(ada.stored, 2);
});

test('what is said is what the body was when it was said', async () => {
  const ada = await enter('ada');
  const body = { at: 1 };
  ada.say(body);
  body.at = 2;
  await network.flow();
  assert.deepEqual(host.log.at(-1).body, { at: 1 });
});

test('a body that is too large, or no JSON, rejects at once and says which limit', async () => {
  const ada = await enter('ada');
  await assert.rejects(ada.say('x'.repeat(16_383)), { code: 'too_large', message: /16385 bytes; the limit is 16384/ });
  await assert.rejects(ada.say('é'.repeat(8_192)), { code: 'too_large' });
  await assert.rejects(ada.say(undefined), { code: 'body' });
  await assert.rejects(ada.say(1n), { code: 'body' });
  await assert.rejects(ada.say(undefined).stored, { code: 'body' });
  assert.equal(ada.unsaved, 0);
});

test('more than the limit of unordered records is refused, not kept', async () => {
  const ada = await enter('ada');
  for (const link of network.links) link.cut();
  for (let n = 0; n < 256; n += 1) ada.say(n);
  await assert.rejects(ada.say('one more'), { code: 'outbox_full' });
  assert.equal(ada.unsaved, 256);
});

test('the host\'s refusal rejects the promise with its code and message, and is an event', async () => {
  const ada = await enter('ada');
  const refusals = [];
  ada.on('refused', (refusal) => refusals.push(refusal));
  host.refuse = (member, kind) => (kind === 'profile' ? { code: 'profile', message: 'A name has 1 to 24 visible characters.' } : null);
  const refused = ada.profile({ name: '', colour: '#000000' });
  const taken = ada.say('after');
  await network.flow();
  await assert.rejects(refused, { code: 'profile', message: 'A name has 1 to 24 visible characters.' });
  assert.equal((await taken).n, 1);
  assert.deepEqual(refusals.map(({ code }) => code), ['profile', 'gap']);
});

test('a game finishes once: the second finish rejects', async () => {
  const [ada, bob] = [await enter('ada'), await enter('bob')];
  const first = ada.finish({ outcome: 'escaped' });
  const second = bob.finish({ outcome: 'escaped' });
  await network.flow();
  assert.equal((await first).kind, 'finished');
  await assert.rejects(second, { code: 'finished' });
  assert.equal(bob.finished, (await first).seq);
  await assert.rejects(bob.finish({}), { code: 'finished' });
});

test('finishing again while it is under way is the same finish', async () => {
  const ada = await enter('ada');
  const first = ada.finish({ outcome: 'escaped' });
  assert.equal(ada.finish({ outcome: 'escaped' }), first);
  await network.flow();
  assert.equal(host.log.filter(({ kind }) => kind === 'finished').length, 1);
});

test('a finish that was refused may be tried again', async () => {
  const ada = await enter('ada');
  const refused = ada.finish('x'.repeat(20_000));
  await assert.rejects(refused, { code: 'too_large' });
  const second = ada.finish({ outcome: 'given_up' });
  await network.flow();
  assert.deepEqual((await second).body, { outcome: 'given_up' });
});

test('leave resolves when the host closes, and the room has ended', async () => {
  const ada = await enter('ada');
  const leaving = ada.leave();
  await network.flow();
  await leaving;
  assert.equal(ada.state, 'ended');
  await assert.rejects(ada.say('still here'), { code: 'ended' });
});

test('a second device takes the seat over, and the first takes it back', async () => {
  const first = await enter('ada');
  const states = [];
  first.on('state', (state) => states.push(state));
  const second = await enter('ada');
  assert.equal(first.state, 'taken-over');
  const waiting = first.say('kept');
  assert.equal(first.takeBack(), true);
  await settled();
  await network.flow();
  assert.equal((await waiting).body, 'kept');
  assert.equal(second.state, 'taken-over');
  assert.equal(first.takeBack(), false);
  assert.deepEqual(states, ['taken-over', 'connecting', 'live']);
});

test('a listener that speaks in the middle of a batch does not overtake what was said before', async () => {
  const ada = await enter('ada');
  for (const link of network.links) link.cut();
  ada.on('state', (state) => { if (state === 'live') ada.say('from the listener'); });
  ada.say('first');
  ada.say('second');
  await clock.pass(clock.next - clock.now);
  await network.flow();
  assert.deepEqual(host.log.filter(({ kind }) => kind === 'said').map(({ body }) => body), ['first', 'second', 'from the listener']);
  assert.equal(host.refusals, 0);
});

test('every listener hears events in the order they happened, though one of them speaks', async () => {
  const [ada, bob] = [await enter('ada'), await enter('bob')];
  const heard = [];
  ada.on('record', ({ body }) => { if (body === 'ping') ada.say('pong'); });
  ada.on('record', ({ body }) => heard.push(body));
  ada.on('unsaved', (count) => heard.push(count));
  await settled();
  heard.length = 0;
  bob.say('ping');
  await network.flow();
  assert.deepEqual(heard, ['ping', 1, 'pong', 0]);
});

test('a listener that throws is reported and keeps nobody from the record', async () => {
  const faults = [];
  const ada = await enter('ada', { options: { faults: '/faults' } });
  network.answer = (url) => { if (url === '/faults') faults.push(1); return null; };
  const seen = [];
  ada.on('record', () => { throw new Error('broken game'); });
  const off = ada.on('record', ({ seq }) => seen.push(seq));
  await settled();
  assert.deepEqual(seen, [1]);
  assert.equal(faults.length, 1);
  off();
  ada.say('x');
  await network.flow();
  assert.deepEqual(seen, [1]);
});

test('a reload loses nothing that was not ordered', async () => {
  const storage = new MemoryStorage();
  let alive = true;
  const before = await enter('ada', { storage, alive: () => alive });
  const link = [...network.links][0];
  before.say('lost on the way');
  assert.equal(storage.size, 1);
  alive = false;
  link.cut();
  const after = await enter('ada', { storage });
  await network.flow();
  assert.deepEqual(host.log.filter(({ kind }) => kind === 'said').map(({ body }) => body), ['lost on the way']);
  assert.equal(after.unsaved, 0);
  host.store(host.tail);
  await network.flow();
  assert.equal(storage.size, 0);
});

test('storage that is broken, full or holds nonsense is lived without', async () => {
  const broken = { getItem() { throw new Error('blocked'); }, setItem() { throw new Error('full'); }, removeItem() { throw new Error('blocked'); } };
  const ada = await enter('ada', { storage: broken });
  ada.say('x');
  await network.flow();
  assert.equal(ada.unsaved, 0);
  for (const text of ['{', '{}', '[1,null,{"op":"dance","n":1,"body":1},{"op":"say","n":-1,"body":1},{"op":"say","n":9}]']) {
    const room = await enter('bob', { storage: { getItem: () => text, setItem() {}, removeItem() {} } });
    assert.equal(room.unsaved, 0, text);
  }
});

test('leaving the page warns while something is unordered, and only then', async () => {
  const page = new FakePage();
  const ada = await enter('ada', { page });
  assert.equal(page.listens('beforeunload'), false);
  ada.say('x');
  let warned = false;
  page.fire('beforeunload', { preventDefault: () => { warned = true; } });
  assert.equal(warned, true);
  await network.flow();
  assert.equal(page.listens('beforeunload'), false);
});

test('a page that is shown, restored or online again probes at once; a hidden one does not', async () => {
  for (const type of ['visibilitychange', 'online', 'pageshow']) {
    const page = new FakePage();
    await enter(type, { page });
    const link = [...network.links].at(-1);
    page.shown = false;
    page.fire(type);
    assert.deepEqual(link.up, []);
    page.shown = true;
    page.fire(type);
    assert.equal(JSON.parse(link.up[0]).op, 'beat', type);
    await network.flow();
  }
});

test('a tab that slept through a takeover does not take the seat back before it is shown', async () => {
  const page = new FakePage();
  const slept = await enter('ada', { page });
  const [line] = network.links;
  page.shown = false;
  // What the host says to a machine that sleeps is lost.
  line.deliverDown = () => { line.down.length = 0; };
  const phone = await enter('ada');
  clock.now += 3_600_000;
  line.cut();
  await clock.pass(60_000);
  await network.flow();
  assert.equal(phone.state, 'live');
  assert.equal(slept.state, 'waiting');
  page.shown = true;
  page.fire('visibilitychange');
  await settled();
  await network.flow();
  assert.deepEqual([slept.state, phone.state], ['live', 'taken-over']);
});

test('close hangs up, keeps the seat and lets go of the page', async () => {
  const page = new FakePage();
  const ada = await enter('ada', { page });
  ada.close();
  await network.flow();
  assert.equal(ada.state, 'ended');
  assert.equal(network.links.size, 0);
  for (const type of ['visibilitychange', 'online', 'pageshow', 'beforeunload']) assert.equal(page.listens(type), false, type);
  assert.equal(clock.next, Infinity);
});

test('signals reach the others and are refused locally when out of form (P3.5)', async () => {
  const [ada, bob] = [await enter('ada'), await enter('bob')];
  const seen = [];
  bob.on('signal', (signal) => seen.push(signal));
  ada.signal('cursor', [1, 2]);
  await network.flow();
  assert.deepEqual(seen, [{ from: 'ada', key: 'cursor', body: [1, 2] }]);
  assert.throws(() => ada.signal('Cursor!', 1), { code: 'signal' });
  assert.throws(() => ada.signal('cursor', 'x'.repeat(1_100)), { code: 'signal', message: /1102 bytes; the limit is 1024/ });
});

test('now is the host\'s clock', async () => {
  const ada = await enter('ada');
  assert.equal(ada.now(), clock.now + 1_000_000);
  await clock.pass(500);
  assert.equal(ada.now(), clock.now + 1_000_000);
});

test('faults are reported once each, few in number, small, and without anything personal', async () => {
  const reports = [];
  network.answer = () => null;
  const world = network.worldOf('ada', clock, { options: { faults: '/faults', browser: 'TestBrowser/1' } });
  const joining = join({ ...world, fetch: (url, request) => { if (url === '/faults') reports.push(request.body); return world.fetch(url, request); } });
  await settled();
  await network.flow();
  const ada = await joining;
  ada.fault('game', new Error('see https://example.org/l/abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG/main.js?name=Ada'));
  ada.fault('game', new Error('see https://example.org/l/abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG/main.js?name=Ada'));
  assert.equal(reports.length, 1);
  const report = JSON.parse(reports[0]);
  assert.deepEqual(Object.keys(report), ['sdk', 'browser', 'what', 'message', 'where']);
  assert.deepEqual([report.sdk, report.browser, report.what, report.message], [VERSION, 'TestBrowser/1', 'game', 'Error: see main.js']);
  for (let n = 0; n < 50; n += 1) ada.fault('flood', `${n} ${'€'.repeat(5_000)}`);
  assert.equal(reports.length, 10);
  assert.ok(reports.every((text) => new TextEncoder().encode(text).length <= 4_096));
});

test('open joins the room its page names and reports what nothing caught', async () => {
  const reports = [];
  const page = new FakePage();
  const { fetch, ...world } = network.worldOf('ada', clock);
  delete world.connect;
  globalThis.document = { body: { dataset: { connect: '/games/g/connect', faults: '/faults' } } };
  globalThis.window = page;
  const reporting = (url, request) => {
    if (url === '/faults') reports.push(JSON.parse(request.body));
    return fetch(url, request);
  };
  try {
    const [room] = await Promise.all([open({ ...world, fetch: reporting }), settled().then(() => network.flow())]);
    assert.equal(network.requests[0].url, '/games/g/connect');
    page.fire('error', { error: new TypeError('x is undefined'), message: 'x' });
    page.fire('unhandledrejection', { reason: new Error('nobody waited') });
    assert.deepEqual(reports.map(({ what, message }) => [what, message]),
      [['uncaught', 'TypeError: x is undefined'], ['unhandled_rejection', 'Error: nobody waited']]);
    room.close();
    globalThis.document.body.dataset = {};
    await assert.rejects(open(), { code: 'no_page' });
  } finally {
    delete globalThis.document;
    delete globalThis.window;
  }
});
