//! The life of the connection: joining, resuming, ending, beats and the clock. When it comes back is in `return.test.js`,
//! what is said in `says.test.js`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wakefulClock } from '../clock.js';
import { Driver, ME, OTHER, recordFrame, welcomeFrame } from './support/driver.js';

const states = (driver) => driver.events('state').map(([state, detail]) => [state, detail.code]);

test('joins with its ticket, no position and the version of the sdk (P3.1)', () => {
  const driver = new Driver();
  driver.in({ type: 'start' });
  assert.deepEqual(driver.done('ask').length, 1);
  driver.open('wss://host/s/1/room');
  assert.equal(driver.done('open')[0].url, 'wss://host/s/1/room');
  assert.deepEqual(driver.sent, [{ op: 'join', ticket: 'ticket', have: null, sdk: '0.0.0-test' }]);
});

test('is live at the welcome and begins from the first record (P4.1, P4.3)', () => {
  const driver = new Driver().live({ tail: 2 });
  assert.equal(driver.session.state, 'live');
  assert.equal(driver.session.me, ME);
  assert.deepEqual(driver.events('reset'), [[{ checkpoint: null }]]);
  assert.equal(driver.session.log.caughtUp, false);
  driver.frame(recordFrame(1));
  driver.frame(recordFrame(2));
  assert.deepEqual(driver.events('record').map(([{ seq }]) => seq), [1, 2]);
  assert.equal(driver.session.log.caughtUp, true);
});

test('begins behind the checkpoint a welcome carries', () => {
  const driver = new Driver().live({ tail: 51, checkpoint: { seq: 50, state: { doors: 3 } } });
  assert.deepEqual(driver.events('reset'), [[{ checkpoint: { seq: 50, state: { doors: 3 } } }]]);
  driver.frame(recordFrame(51));
  assert.deepEqual(driver.events('record').map(([{ seq }]) => seq), [51]);
  assert.deepEqual(driver.done('fault'), []);
});

test('comes back with the position of its last record and repeats nothing (P6.1)', () => {
  const driver = new Driver().live({ tail: 2 });
  driver.frame(recordFrame(1));
  driver.frame(recordFrame(2, { epoch: 1 }));
  driver.events('reset');
  driver.again({ epoch: 2, resumed: true, tail: 3 });
  assert.deepEqual(driver.sent[0].have, { epoch: 1, seq: 2 });
  assert.deepEqual(driver.events('reset'), []);
  driver.frame(recordFrame(3, { epoch: 2 }));
  assert.deepEqual(driver.events('record').map(([{ seq }]) => seq), [3]);
  assert.deepEqual(driver.session.log.have, { epoch: 2, seq: 3 });
});

test('a position behind a checkpoint is of the epoch of its record (P6.1)', () => {
  const driver = new Driver().live({ epoch: 4, tail: 50, checkpoint: { seq: 50, epoch: 3, state: 0 } });
  driver.again({ epoch: 4, resumed: true, tail: 50 });
  assert.deepEqual(driver.sent[0].have, { epoch: 3, seq: 50 });
});

test('a rewind is told before the reset, and the log begins anew (P4.8)', () => {
  const driver = new Driver().live({ tail: 2 });
  driver.frame(recordFrame(1));
  driver.frame(recordFrame(2));
  driver.again({ epoch: 2, tail: 1 }, [{ op: 'rewind', epoch: 2, seq: 1 }]);
  const log = driver.commands.filter(({ event }) => event === 'rewind' || event === 'reset').map(({ event, args }) => [event, ...args]);
  assert.deepEqual(log, [['rewind', { epoch: 2, seq: 1 }], ['reset', { checkpoint: null }]]);
  driver.frame(recordFrame(1));
  assert.deepEqual(driver.events('record').map(([{ seq }]) => seq), [1]);
});

test('the whole log is asked for by the position before its first record (P6.1)', () => {
  const driver = new Driver().live({ epoch: 4, tail: 51, checkpoint: { seq: 50, state: 'bad' } });
  driver.sent.length = 0;
  driver.in({ type: 'restart', whole: true });
  driver.open();
  assert.deepEqual(driver.sent[0].have, { epoch: 4, seq: 0 });
  driver.events('reset');
  driver.frame(welcomeFrame({ epoch: 4, resumed: true, tail: 51 }));
  assert.deepEqual(driver.events('reset'), [[{ checkpoint: null }]]);
  driver.frame(recordFrame(1));
  assert.deepEqual(driver.session.log.have, { epoch: 1, seq: 1 });
  assert.deepEqual(driver.done('fault'), []);
});

test('a whole log that was not welcomed is asked for again, one that was is not', () => {
  const driver = new Driver().live({ tail: 50, checkpoint: { seq: 50, state: 'bad' } });
  driver.in({ type: 'restart', whole: true });
  driver.again({ resumed: true, tail: 50 });
  assert.deepEqual(driver.sent[0].have, { epoch: 1, seq: 0 });
  driver.again({ tail: 50, checkpoint: { seq: 50, state: 'bad' } });
  assert.equal(driver.sent[0].have, null);
});

test('a gap in the log is a fault: it is reported and the connection renewed at the last good record', () => {
  const driver = new Driver().live({ tail: 3 });
  driver.frame(recordFrame(1));
  driver.frame(recordFrame(3));
  assert.deepEqual(driver.events('record').map(([{ seq }]) => seq), [1]);
  assert.equal(driver.done('fault')[0].what, 'gap');
  assert.equal(driver.session.state, 'waiting');
  driver.retry();
  driver.sent.length = 0;
  driver.open();
  assert.deepEqual(driver.sent[0].have, { epoch: 1, seq: 1 });
});

test('a repeated record is reported and not delivered twice', () => {
  const driver = new Driver().live({ tail: 1 });
  driver.frame(recordFrame(1));
  driver.frame(recordFrame(1));
  assert.equal(driver.events('record').length, 1);
  assert.equal(driver.done('fault')[0].what, 'repeated_record');
  assert.equal(driver.session.state, 'live');
});

test('a welcome that resumes what was not offered is not believed', () => {
  const driver = new Driver();
  driver.in({ type: 'start' });
  driver.open();
  driver.frame(welcomeFrame({ resumed: true, tail: 9 }));
  assert.equal(driver.session.state, 'waiting');
  assert.equal(driver.done('fault')[0].what, 'bad_welcome');
});

test('garbage from the host renews the connection, an unknown op and unknown fields do not (P1.5)', () => {
  const driver = new Driver().live();
  driver.frame({ op: 'dance' });
  driver.frame({ op: 'stored', seq: 0, why: 'none' });
  assert.equal(driver.session.state, 'live');
  for (const text of ['{', '[]', 'null', '{"op":"record","seq":"1"}', '{"op":"stored","seq":-1}', '{"op":"stored","seq":0,"behind":1}']) {
    const other = new Driver().live();
    other.frame(text);
    assert.equal(other.session.state, 'waiting', text);
    assert.equal(other.done('fault')[0].what, 'bad_frame');
  }
});

test('close codes below 4500 and broken connections come back, each time with a new ticket (P9)', () => {
  for (const code of [1000, 1001, 1005, 1006, 1011, 1013, 3000, 4000, 4001, 4007, 4009, 4499]) {
    const driver = new Driver().live();
    driver.in({ type: 'closed', code });
    assert.equal(driver.session.state, 'waiting', String(code));
    driver.retry();
    assert.equal(driver.session.state, 'connecting', String(code));
    assert.ok(driver.done('ask').length >= 2, String(code));
  }
});

test('close codes from 4501 end for good, with a word for why (P9)', () => {
  for (const [code, why] of [[4501, 'bad_frame'], [4503, 'flood'], [4505, 'ticket_invalid'], [4506, 'room_full'], [4507, 'seat_gone'], [4508, 'closed'], [4999, 'refused']]) {
    const driver = new Driver().live();
    driver.events('state');
    driver.in({ type: 'closed', code });
    assert.deepEqual(states(driver), [['ended', why]]);
    driver.in({ type: 'wake' });
    driver.in({ type: 'take_back' });
    driver.pass(600_000);
    assert.equal(driver.session.state, 'ended');
    assert.equal(driver.session.deadline, Infinity);
  }
});

test('a seat taken over waits to be taken back, and does not come back by itself (P7.2)', () => {
  const driver = new Driver().live();
  driver.in({ type: 'closed', code: 4500 });
  driver.in({ type: 'wake' });
  driver.pass(600_000);
  assert.equal(driver.session.state, 'taken-over');
  driver.in({ type: 'take_back' });
  assert.equal(driver.session.state, 'connecting');
  driver.open();
  driver.frame(welcomeFrame());
  assert.equal(driver.session.state, 'live');
});

test('a site that refuses ends it with the site\'s words, one that fails is asked again', () => {
  const refused = new Driver();
  refused.in({ type: 'start' });
  refused.in({ type: 'no_ticket', status: 403, message: 'This browser has no seat.' });
  assert.deepEqual(refused.events('state').at(-1), ['ended', { code: 'no_ticket', message: 'This browser has no seat.' }]);
  for (const status of [0, 408, 429, 500, 503]) {
    const driver = new Driver();
    driver.in({ type: 'start' });
    driver.in({ type: 'no_ticket', status, message: 'later' });
    assert.equal(driver.session.state, 'waiting', String(status));
  }
});

test('waits at least as long as the site asks, whatever wakes the page', () => {
  const driver = new Driver({ random: () => 0 });
  driver.in({ type: 'start' });
  driver.in({ type: 'no_ticket', status: 429, message: 'later', retryAfter: 5000 });
  driver.in({ type: 'wake' });
  driver.pass(4999);
  assert.equal(driver.session.state, 'waiting');
  driver.pass(1);
  assert.equal(driver.session.state, 'connecting');
});

test('what a former connection still says is not heard', () => {
  const driver = new Driver().live();
  const old = driver.done('open')[0].attempt;
  driver.again({ resumed: false });
  driver.in({ type: 'frame', attempt: old, text: JSON.stringify(recordFrame(1)) });
  driver.in({ type: 'closed', attempt: old, code: 4507 });
  assert.equal(driver.session.state, 'live');
  assert.deepEqual(driver.events('record'), []);
});

test('beats after 20 silent seconds and finds a connection dead that does not answer in 5 (P3.9)', () => {
  const driver = new Driver().live();
  driver.sent.length = 0;
  driver.pass(19_999);
  assert.deepEqual(driver.sent, []);
  driver.pass(1);
  assert.deepEqual(driver.sent, [{ op: 'beat', t: driver.now }]);
  driver.pass(4_999);
  assert.equal(driver.session.state, 'live');
  driver.pass(1);
  assert.equal(driver.session.state, 'waiting');
});

test('any frame answers a probe', () => {
  const driver = new Driver().live();
  driver.pass(20_000);
  driver.pass(4_000);
  driver.frame({ op: 'stored', seq: 0 });
  driver.pass(10_000);
  assert.equal(driver.session.state, 'live');
});

test('a client that only sends still finds out that nobody answers', () => {
  const driver = new Driver().live();
  for (let second = 0; second < 26; second += 1) {
    driver.in({ type: 'signal', key: 'cursor', body: second });
    driver.pass(1_000);
  }
  assert.ok(states(driver).some(([state]) => state === 'waiting'));
});

test('waking probes a live connection at once and cuts a wait short', () => {
  const driver = new Driver().live();
  driver.sent.length = 0;
  driver.in({ type: 'wake' });
  driver.in({ type: 'wake' });
  assert.deepEqual(driver.sent.map(({ op }) => op), ['beat']);
  driver.pass(5_000);
  assert.equal(driver.session.state, 'waiting');
  driver.in({ type: 'wake' });
  assert.equal(driver.session.state, 'connecting');
});

test('a hidden page that heard nothing for over a minute leaves the seat alone until it is shown', () => {
  const driver = new Driver().live();
  driver.visible = false;
  driver.now += 600_000;
  driver.in({ type: 'closed', code: 1006 });
  driver.commands.length = 0;
  driver.pass(600_000);
  assert.deepEqual(driver.done('ask'), []);
  assert.deepEqual(driver.events('state').map(([state, detail]) => [state, detail.code, 'in' in detail]), [['waiting', 'hidden', false]]);
  assert.equal(driver.session.deadline, Infinity);
  driver.visible = true;
  driver.in({ type: 'wake' });
  assert.equal(driver.session.state, 'connecting');
});

test('a hidden page comes back by itself from a short break, and gives up when the break grows long', () => {
  const driver = new Driver().live();
  driver.visible = false;
  driver.in({ type: 'closed', code: 1006 });
  driver.retry();
  assert.equal(driver.session.state, 'connecting');
  driver.pass(120_000);
  assert.equal(driver.events('state').at(-1)[1].code, 'hidden');
});

test('a visible page comes back however long it slept', () => {
  const driver = new Driver().live();
  driver.now += 600_000;
  driver.in({ type: 'closed', code: 1006 });
  driver.retry();
  assert.equal(driver.session.state, 'connecting');
});

test('a page that slept while it connected does not join when it wakes hidden', () => {
  const driver = new Driver().live();
  driver.visible = false;
  driver.in({ type: 'closed', code: 1006 });
  driver.retry();
  driver.in({ type: 'ticket', url: 'ws://host/room', ticket: 'old' });
  driver.now += 600_000;
  driver.sent.length = 0;
  driver.in({ type: 'opened' });
  assert.deepEqual(driver.sent, []);
  assert.equal(driver.session.deadline, Infinity);
});

test('a page opened in the background joins: it was never in the room before', () => {
  const driver = new Driver();
  driver.visible = false;
  driver.live();
  assert.equal(driver.session.state, 'live');
});

test('the sdk\'s clock counts the sleep of the machine, and not the correction of the time of day', () => {
  let [steady, wall] = [100, 5_000_000];
  const now = wakefulClock(() => steady, () => wall);
  const pass = (ms, wallMs) => { steady += ms; wall += wallMs; return now(); };
  assert.equal(pass(1_000, 1_000), 1_100);
  assert.equal(pass(1_000, 3_601_000), 3_602_100, 'slept an hour');
  assert.equal(pass(1_000, 1_400), 3_603_100, 'set right by a little');
  assert.equal(pass(1_000, -900_000), 3_604_100, 'set back');
  assert.equal(pass(1_000, 1_000), 3_605_100);
});

test('the host\'s clock is taken from the shortest round trip', () => {
  const driver = new Driver();
  driver.in({ type: 'start' });
  driver.open();
  driver.now += 400;
  driver.frame(welcomeFrame({ now: 500_000 }));
  assert.equal(driver.session.clockOffset, 500_000 - (driver.now - 200));
  const t = driver.now;
  driver.now += 10;
  driver.frame({ op: 'beat', t, now: 500_100 });
  assert.equal(driver.session.clockOffset, 500_100 - (t + 5));
  driver.pass(20_000);
  const later = driver.now;
  driver.now += 300;
  driver.frame({ op: 'beat', t: later, now: 500_100 + (later - t) + 150 });
  assert.equal(driver.session.clockOffset, 500_100 - (t + 5), 'a longer round trip adds nothing');
});

test('a clock that was set while the machine slept is measured afresh', () => {
  const driver = new Driver().live();
  driver.pass(20_000);
  const t = driver.now;
  driver.now += 100;
  driver.frame({ op: 'beat', t, now: 9_000_000 });
  assert.equal(driver.session.clockOffset, 9_000_000 - (t + 50));
});

test('the members are of the welcome\'s tail: older records do not change them, newer ones do', () => {
  const ada = { id: OTHER, name: 'Ada', colour: '#222222', online: false };
  const driver = new Driver().live({ tail: 2, members: [ada] });
  driver.frame(recordFrame(1, { kind: 'joined', n: 0, body: { name: 'A', colour: '#000000' } }));
  driver.frame(recordFrame(2, { kind: 'profile', body: { name: 'Old', colour: '#000000' } }));
  assert.deepEqual(driver.session.members.list, [ada]);
  driver.frame(recordFrame(3, { kind: 'profile', body: { name: 'Grace', colour: '#333333' } }));
  assert.deepEqual(driver.session.members.list, [{ id: OTHER, name: 'Grace', colour: '#333333', online: false }]);
  driver.frame({ op: 'presence', online: [OTHER] });
  assert.equal(driver.session.members.list[0].online, true);
  driver.frame(recordFrame(4, { from: 'new000000000', kind: 'joined', n: 0, body: { name: 'New', colour: '#444444' } }));
  driver.frame(recordFrame(5, { kind: 'left', body: { why: 'gave_up' } }));
  assert.deepEqual(driver.session.members.list.map(({ id }) => id), ['new000000000']);
});

test('that storing lags is told once, by the welcome too, and that it caught up (P4.7)', () => {
  const driver = new Driver().live({ tail: 1 });
  const told = () => driver.events('behind').flat();
  driver.frame(recordFrame(1));
  assert.deepEqual([driver.session.behind, told()], [false, []]);
  driver.frame({ op: 'stored', seq: 0, behind: true });
  driver.frame({ op: 'stored', seq: 0, behind: true });
  assert.deepEqual([driver.session.behind, told()], [true, [true]]);
  driver.frame({ op: 'stored', seq: 1 });
  assert.deepEqual([driver.session.behind, driver.session.log.stored, told()], [false, 1, [false]]);
  driver.again({ tail: 1, stored: 1, resumed: true, behind: true });
  assert.deepEqual([driver.session.behind, told()], [true, [true]]);
  driver.frame({ op: 'stored', seq: 1, behind: false });
  assert.deepEqual(told(), [false]);
});

test('stored never moves back and finished follows the log', () => {
  const driver = new Driver().live({ tail: 3, stored: 2 });
  driver.frame({ op: 'stored', seq: 1 });
  assert.equal(driver.session.log.stored, 2);
  for (const seq of [1, 2, 3]) driver.frame(recordFrame(seq));
  driver.frame(recordFrame(4, { kind: 'finished', body: { outcome: 'escaped' } }));
  assert.equal(driver.session.log.finished, 4);
  driver.again({ epoch: 2, tail: 3, stored: 3 }, [{ op: 'rewind', epoch: 2, seq: 3 }]);
  assert.equal(driver.session.log.finished, null);
  assert.equal(driver.session.log.stored, 3);
});
