//! What becomes of one's own records: numbers, resending, refusals, rewinds, takeovers, reloads.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Driver, ME, OTHER, recordFrame, welcomeFrame } from './support/driver.js';

const ordered = (driver) => driver.done('ordered').map(({ id, record }) => [id, record.seq]);

test('numbers go on from the last one the log holds (P2.3)', () => {
  const driver = new Driver().live({ n: 3 });
  driver.say('a');
  driver.say('b');
  assert.deepEqual(driver.took(), [[4, 'a'], [5, 'b']]);
});

test('each kind of record goes out in its own frame (P3.2, P3.4, P3.7, P3.8)', () => {
  const driver = new Driver().live();
  driver.sent.length = 0;
  driver.say({ x: 1 });
  driver.say({ name: 'Ada', colour: '#3366cc' }, 'profile');
  driver.say({ outcome: 'escaped' }, 'finish');
  driver.say(null, 'leave');
  assert.deepEqual(driver.sent, [
    { op: 'say', n: 1, body: { x: 1 } },
    { op: 'profile', n: 2, name: 'Ada', colour: '#3366cc' },
    { op: 'finish', n: 3, result: { outcome: 'escaped' } },
    { op: 'leave', n: 4 },
  ]);
});

test('a say is ordered when its record comes back, and stored when the watermark passes it (P4.4)', () => {
  const driver = new Driver().live();
  const id = driver.say('a');
  driver.frame(recordFrame(1, { n: 1, body: 'a' }));
  assert.deepEqual(ordered(driver), [], 'another member\'s record with the same number is not mine');
  driver.mine(2, 1, 'a');
  assert.deepEqual(ordered(driver), [[id, 2]]);
  driver.frame({ op: 'stored', seq: 1 });
  assert.deepEqual(driver.done('stored'), []);
  driver.frame({ op: 'stored', seq: 2 });
  assert.deepEqual(driver.done('stored'), [{ do: 'stored', id }]);
});

test('what is pending is left out before its record is told', () => {
  const driver = new Driver().live();
  driver.say('a');
  assert.deepEqual(driver.events('unsaved'), [[1]]);
  driver.mine(1, 1, 'a');
  assert.deepEqual(driver.events('unsaved'), [[0]]);
  assert.deepEqual(driver.session.unordered, []);
});

test('what is unordered is sent again after a reconnect, in order, with the same numbers', () => {
  const driver = new Driver().live();
  for (const body of ['a', 'b', 'c']) driver.say(body);
  driver.mine(1, 1, 'a');
  driver.took();
  driver.again({ resumed: true, tail: 1, n: 1 });
  assert.deepEqual(driver.took(), [[2, 'b'], [3, 'c']]);
});

test('what is said while disconnected waits for the welcome', () => {
  const driver = new Driver().live();
  driver.took();
  driver.in({ type: 'closed', code: 1006 });
  driver.say('a');
  assert.deepEqual(driver.took(), []);
  driver.retry();
  driver.open();
  driver.say('b');
  assert.deepEqual(driver.took(), []);
  driver.frame(welcomeFrame());
  assert.deepEqual(driver.took(), [[1, 'a'], [2, 'b']]);
});

test('a say the log holds already is recognised when its record comes by, and not sent again', () => {
  const driver = new Driver().live();
  const a = driver.say({ x: 1, y: [2] });
  const b = driver.say('b');
  driver.took();
  driver.again({ resumed: false, tail: 2, n: 1 });
  assert.deepEqual(driver.took(), [], 'nothing is sent while it is open which numbers are taken');
  driver.frame(recordFrame(1));
  driver.mine(2, 1, { y: [2], x: 1 });
  assert.deepEqual(ordered(driver), [[a, 2]]);
  assert.deepEqual(driver.took(), [[2, 'b']]);
  driver.mine(3, 2, 'b');
  assert.deepEqual(ordered(driver), [[a, 2], [b, 3]]);
});

test('a number used by another device of the member does not swallow what was said here', () => {
  const driver = new Driver().live();
  const here = driver.say('here');
  driver.say('here too');
  driver.took();
  driver.in({ type: 'closed', code: 4500 });
  driver.in({ type: 'take_back' });
  driver.open();
  driver.sent.length = 0;
  driver.frame(welcomeFrame({ tail: 2, n: 2 }));
  driver.mine(1, 1, 'there');
  driver.mine(2, 2, 'here too');
  assert.deepEqual(driver.took(), [[3, 'here']]);
  driver.mine(3, 3, 'here');
  assert.deepEqual(ordered(driver).at(-1), [here, 3]);
});

test('after a rewind what was ordered and lost is sent again, with the numbers the log wants now (P4.8)', () => {
  const driver = new Driver().live();
  const ids = ['a', 'b', 'c'].map((body) => driver.say(body));
  ['a', 'b', 'c'].forEach((body, index) => driver.mine(index + 1, index + 1, body));
  driver.frame({ op: 'stored', seq: 1 });
  driver.took();
  driver.again({ epoch: 2, tail: 1, stored: 1, n: 1 }, [{ op: 'rewind', epoch: 2, seq: 1 }]);
  driver.mine(1, 1, 'a');
  assert.deepEqual(driver.took(), [[2, 'b'], [3, 'c']]);
  driver.mine(2, 2, 'b', { epoch: 2 });
  driver.mine(3, 3, 'c', { epoch: 2 });
  driver.frame({ op: 'stored', seq: 3 });
  assert.deepEqual(driver.done('stored').map(({ id }) => id), ids.slice(1));
});

test('numbers fall when a rewind leaves the log\'s last number below what was said before', () => {
  const driver = new Driver().live({ tail: 1, n: 5 });
  driver.mine(1, 5, 'from another device');
  driver.say('a');
  driver.took();
  driver.again({ epoch: 2, tail: 0, n: 4 }, [{ op: 'rewind', epoch: 2, seq: 0 }]);
  assert.deepEqual(driver.took(), [[5, 'a']]);
});

test('a record that a rewritten history replaced is not taken for ordered, though a checkpoint lies above it', () => {
  const driver = new Driver().live();
  driver.say('lost');
  driver.mine(1, 1, 'lost');
  driver.took();
  driver.again({ epoch: 2, tail: 60, n: 0, checkpoint: { seq: 60, state: 0 } }, [{ op: 'rewind', epoch: 2, seq: 0 }]);
  assert.deepEqual(driver.took(), [[1, 'lost']]);
});

test('a record lost while a replay had not reached it yet is sent again', () => {
  const driver = new Driver().live({ tail: 1 });
  driver.frame(recordFrame(1));
  driver.say('seen, replayed towards, lost');
  driver.mine(2, 1, 'seen, replayed towards, lost');
  driver.frame(recordFrame(3));
  driver.again({ epoch: 2, tail: 2, n: 1 }, [{ op: 'rewind', epoch: 2, seq: 2 }]);
  driver.frame(recordFrame(1));
  driver.took();
  driver.again({ epoch: 3, tail: 1, n: 0, resumed: true });
  assert.deepEqual(driver.took(), [[1, 'seen, replayed towards, lost']]);
});

test('a sent say below the checkpoint a client begins from is taken to be ordered', () => {
  const driver = new Driver().live();
  const id = driver.say('a');
  driver.took();
  driver.again({ tail: 3_000, n: 1, checkpoint: { seq: 2_999, state: 0 }, resumed: false });
  assert.deepEqual(ordered(driver), []);
  driver.frame(recordFrame(3_000));
  assert.deepEqual(ordered(driver), [[id, 2_999]]);
  assert.deepEqual(driver.took(), []);
});

test('a catch-up that breaks off leaves the doubt open', () => {
  const driver = new Driver().live();
  driver.say('a');
  driver.took();
  driver.again({ tail: 3_002, n: 1, checkpoint: { seq: 3_000, state: 0 } });
  driver.frame(recordFrame(3_001));
  driver.again({ tail: 3_002, n: 1, resumed: true });
  driver.frame(recordFrame(3_002));
  assert.deepEqual(driver.took(), [], 'it was below the checkpoint of the first catch-up');
  assert.deepEqual(ordered(driver).map(([, seq]) => seq), [3_000]);
});

test('what is said during a catch-up is numbered after everything the log holds', () => {
  const driver = new Driver({ load: () => [{ n: 1, op: 'say', body: 'before the reload', sent: true }] }).live({ tail: 2, n: 2 });
  driver.mine(1, 1, 'before the reload');
  const id = driver.say('during');
  assert.deepEqual(driver.took(), [[3, 'during']]);
  driver.mine(2, 2, 'on another device');
  assert.deepEqual(ordered(driver), []);
  driver.mine(3, 3, 'during');
  assert.deepEqual(ordered(driver), [[id, 3]]);
});

test('a number of this member that nobody here used makes the connection new', () => {
  const driver = new Driver().live();
  driver.mine(1, 1, 'who said that?');
  assert.equal(driver.done('fault')[0].what, 'foreign_number');
  assert.equal(driver.session.state, 'waiting');
});

test('rate waits as long as the host says, and everything behind it goes again in order (P8.1)', () => {
  const driver = new Driver().live();
  for (const body of ['a', 'b', 'c']) driver.say(body);
  driver.took();
  driver.frame({ op: 'refused', n: 1, code: 'rate', message: 'slow down', retry_after: 250 });
  driver.frame({ op: 'refused', n: 2, code: 'gap', message: 'gap' });
  driver.pass(200);
  driver.frame({ op: 'refused', n: 3, code: 'gap', message: 'gap' });
  driver.pass(49);
  assert.deepEqual(driver.took(), []);
  driver.pass(1);
  assert.deepEqual(driver.took(), [[1, 'a']], 'one at a time until the host takes one');
  driver.mine(1, 1, 'a');
  driver.pass(200);
  assert.deepEqual(driver.took(), [[2, 'b'], [3, 'c']]);
  assert.deepEqual(driver.done('rejected'), []);
});

test('nothing is sent before the refusals of all frames behind a refused one are in', () => {
  const driver = new Driver().live();
  driver.say('a');
  driver.say('b');
  driver.took();
  driver.frame({ op: 'refused', n: 1, code: 'unavailable', message: 'journal', retry_after: 100 });
  driver.pass(1_000);
  assert.deepEqual(driver.took(), []);
  driver.frame({ op: 'refused', n: 2, code: 'gap', message: 'gap' });
  assert.deepEqual(driver.took(), [[1, 'a']]);
});

test('a host that swallows refusals gets a new connection', () => {
  const driver = new Driver().live();
  driver.say('a');
  driver.say('b');
  driver.frame({ op: 'refused', n: 1, code: 'rate', message: 'slow', retry_after: 1 });
  driver.pass(5_000);
  assert.equal(driver.done('fault')[0].what, 'no_refusal');
});

test('a say refused for good rejects with the host\'s words, and those behind it close the gap', () => {
  const driver = new Driver().live();
  const [a, , ] = ['a', 'b', 'c'].map((body) => driver.say(body));
  driver.took();
  driver.frame({ op: 'refused', n: 1, code: 'too_large', message: 'The limit is 16 KiB.' });
  driver.frame({ op: 'refused', n: 2, code: 'too_large', message: 'An echo judged by size is still an echo.' });
  driver.frame({ op: 'refused', n: 3, code: 'gap', message: 'gap' });
  assert.deepEqual(driver.done('rejected'), [{ do: 'rejected', id: a, code: 'too_large', message: 'The limit is 16 KiB.' }]);
  assert.deepEqual(driver.took(), [[1, 'b']]);
  driver.mine(1, 1, 'b');
  assert.deepEqual(driver.took(), [[2, 'c']]);
  assert.deepEqual(driver.events('refused').map(([{ code }]) => code), ['too_large', 'too_large', 'gap']);
});

test('a gap is answered by sending again from the first unordered record, and gives up at the fifth', () => {
  const driver = new Driver().live();
  driver.say('a');
  for (let gap = 1; gap <= 5; gap += 1) {
    driver.pass(100);
    assert.deepEqual(driver.took().at(-1), [1, 'a']);
    driver.frame({ op: 'refused', n: 1, code: 'gap', message: 'gap' });
  }
  driver.pass(2_000);
  driver.frame({ op: 'refused', n: 1, code: 'gap', message: 'gap' });
  assert.equal(driver.done('fault')[0].what, 'say_gap');
  assert.equal(driver.session.state, 'waiting');
});

test('gaps that were mended are not held against the connection', () => {
  const driver = new Driver().live();
  for (let n = 1; n <= 20; n += 1) {
    driver.say(n);
    driver.frame({ op: 'refused', n, code: 'gap', message: 'gap' });
    driver.pass(50);
    driver.mine(n, n, n);
  }
  assert.deepEqual(driver.done('fault'), []);
});

test('after a refusal for rate a backlog goes out no faster than the host gives', () => {
  const driver = new Driver().live();
  for (let body = 1; body <= 60; body += 1) driver.say(body);
  driver.took();
  driver.pass(1_000);
  driver.frame({ op: 'refused', n: 1, code: 'rate', message: 'slow', retry_after: 100 });
  for (let n = 2; n <= 32; n += 1) driver.frame({ op: 'refused', n, code: 'gap', message: 'gap' });
  driver.took();
  let sent = 0;
  for (let ms = 0; ms < 1_100; ms += 10) {
    driver.pass(10);
    for (const [n, body] of driver.took()) {
      sent += 1;
      driver.mine(sent, n, body);
    }
  }
  assert.ok(sent >= 20 && sent <= 30, `${sent} in the second after the wait`);
});

test('a welcome that tells of more stored records is as good as the watermark', () => {
  const driver = new Driver().live();
  const id = driver.say('a');
  driver.mine(1, 1, 'a');
  driver.again({ resumed: true, tail: 5, stored: 1, n: 1 });
  assert.deepEqual(driver.events('stored'), [[1]]);
  assert.deepEqual(driver.done('stored'), [{ do: 'stored', id }]);
});

test('a refusal without a number only tells', () => {
  const driver = new Driver().live();
  driver.say('a');
  driver.took();
  driver.frame({ op: 'refused', code: 'checkpoint_early', message: 'later' });
  assert.deepEqual(driver.events('refused'), [[{ code: 'checkpoint_early', message: 'later' }]]);
  driver.pass(1_000);
  assert.deepEqual(driver.took(), []);
});

test('a backlog goes out under the host\'s rate and never with more than 32 unanswered', () => {
  const driver = new Driver().live();
  driver.in({ type: 'closed', code: 1006 });
  for (let body = 1; body <= 100; body += 1) driver.say(body);
  driver.took();
  driver.retry();
  driver.open();
  driver.sent.length = 0;
  driver.frame(welcomeFrame());
  let sent = driver.took();
  assert.equal(sent.length, 30, 'half the host\'s burst');
  driver.pass(4_000);
  sent = [...sent, ...driver.took()];
  assert.equal(sent.length, 32);
  for (let seq = 1, second = 0; seq <= 100; second += 1) {
    for (; seq <= sent.length && seq <= 100; seq += 1) driver.mine(seq, seq, seq);
    sent = [...sent, ...driver.took()];
    driver.pass(100);
    sent = [...sent, ...driver.took()];
    assert.ok(second < 100, 'the backlog is sent in the end');
  }
  assert.deepEqual(sent.map(([n]) => n), Array.from({ length: 100 }, (_, index) => index + 1));
});

test('what is unordered or unstored is saved, and an earlier page\'s is taken up at the first welcome', () => {
  const before = new Driver().live({ n: 7 });
  before.say('a');
  before.say('b');
  before.mine(1, 8, 'a');
  assert.deepEqual(before.saved, [{ n: 8, op: 'say', body: 'a', sent: true }, { n: 9, op: 'say', body: 'b', sent: true }]);
  const loaded = [];
  const after = new Driver({ load: (member) => { loaded.push(member); return before.saved; } }).live({ tail: 1, n: 8 });
  assert.deepEqual(loaded, [ME]);
  assert.deepEqual(after.events('unsaved').at(-1), [2]);
  after.mine(1, 8, 'a');
  assert.deepEqual(after.took(), [[9, 'b']]);
  after.mine(2, 9, 'b');
  after.frame({ op: 'stored', seq: 2 });
  assert.deepEqual(after.saved, []);
});

test('what an earlier page never sent is not taken for ordered below a checkpoint: it is sent with a free number', () => {
  const before = new Driver().live();
  before.in({ type: 'closed', code: 1006 });
  before.say('never sent');
  assert.deepEqual(before.saved, [{ n: 1, op: 'say', body: 'never sent', sent: false }]);
  const after = new Driver({ load: () => before.saved }).live({ tail: 50, n: 1, checkpoint: { seq: 50, state: 0 } });
  assert.deepEqual(after.took(), [[2, 'never sent']]);
});

test('what was never sent is not recognised in the same words of another device', () => {
  const driver = new Driver().live();
  driver.in({ type: 'closed', code: 1006 });
  const here = driver.say('yes');
  driver.retry();
  driver.open();
  driver.frame(welcomeFrame({ tail: 1, n: 1 }));
  driver.mine(1, 1, 'yes');
  assert.deepEqual(ordered(driver), []);
  assert.deepEqual(driver.took(), [[2, 'yes']]);
  driver.mine(2, 2, 'yes');
  assert.deepEqual(ordered(driver), [[here, 2]]);
});

test('that a record was sent is saved before it goes out, whenever it does', () => {
  const driver = new Driver().live();
  driver.in({ type: 'closed', code: 1006 });
  driver.say('a');
  driver.retry();
  driver.open();
  driver.commands.length = 0;
  driver.frame(welcomeFrame());
  const saves = driver.commands.findIndex((command) => command.do === 'save' && command.saved.every(({ sent }) => sent));
  const sends = driver.commands.findIndex((command) => command.do === 'send' && command.frame.op === 'say');
  assert.ok(saves !== -1 && saves < sends, `saved at ${saves}, sent at ${sends}`);
});

test('the end rejects what was not ordered and forgets what would only fail again', () => {
  const driver = new Driver().live();
  const a = driver.say('a');
  const b = driver.say('b');
  driver.mine(1, 1, 'a');
  driver.in({ type: 'closed', code: 4508 });
  assert.deepEqual(driver.done('rejected').map(({ id, code }) => [id, code]), [[a, 'ended'], [b, 'ended']]);
  assert.deepEqual(driver.saved, []);
  assert.deepEqual(driver.session.unordered, []);
});

test('closing the page\'s own connection keeps what was not ordered for the next page', () => {
  const driver = new Driver().live();
  driver.say('a');
  driver.in({ type: 'close' });
  assert.equal(driver.session.state, 'ended');
  assert.deepEqual(driver.saved, [{ n: 1, op: 'say', body: 'a', sent: true }]);
});

test('leaving is confirmed by the close, with or without its record (P3.8)', () => {
  for (const shown of [true, false]) {
    const driver = new Driver().live();
    const id = driver.say(null, 'leave');
    if (shown) driver.mine(1, 1, { why: 'gave_up' }, { kind: 'left' });
    driver.in({ type: 'closed', code: 4507 });
    assert.deepEqual(ordered(driver), [[id, 1]]);
    assert.deepEqual(driver.events('state').at(-1)[1].code, 'left');
  }
});

test('signals go out at most 20 times a second per key, the newest winning (P3.5)', () => {
  const driver = new Driver().live();
  driver.sent.length = 0;
  for (let ms = 0; ms < 1_000; ms += 5) {
    driver.in({ type: 'signal', key: 'cursor', body: ms });
    driver.pass(5);
  }
  driver.pass(50);
  const signals = driver.sent.filter(({ op }) => op === 'signal');
  assert.ok(signals.length >= 19 && signals.length <= 21, `${signals.length} signals`);
  assert.equal(signals.at(-1).body, 995);
});

test('all keys together stay under the host\'s 60 signals a second, and none is starved (P8.2)', () => {
  const driver = new Driver().live();
  driver.sent.length = 0;
  for (let ms = 0; ms < 1_000; ms += 10) {
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) driver.in({ type: 'signal', key, body: ms });
    driver.pass(10);
  }
  const signals = driver.sent.filter(({ op }) => op === 'signal');
  assert.ok(signals.length <= 63, `${signals.length} signals`);
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) assert.ok(signals.filter((signal) => signal.key === key).length >= 9, key);
});

test('signals made while disconnected wait, newest value only, in at most 8 keys', () => {
  const driver = new Driver().live();
  driver.in({ type: 'closed', code: 1006 });
  for (let key = 0; key < 9; key += 1) driver.in({ type: 'signal', key: `k${key}`, body: 0 });
  driver.in({ type: 'signal', key: 'k0', body: 1 });
  assert.match(driver.events('refused')[0][0].message, /k8/);
  driver.retry();
  driver.open();
  driver.sent.length = 0;
  driver.frame(welcomeFrame());
  driver.frame({ op: 'beat', t: driver.now, now: 1 });
  driver.pass(500);
  assert.deepEqual(driver.sent.filter(({ op }) => op === 'signal').map(({ key, body }) => `${key}=${body}`),
    ['k0=1', 'k1=0', 'k2=0', 'k3=0', 'k4=0', 'k5=0', 'k6=0', 'k7=0']);
});

test('the protection of ordered records is bounded: the oldest are no longer followed', () => {
  const driver = new Driver().live();
  for (let n = 1; n <= 1_100; n += 1) {
    driver.say(n);
    driver.pass(50);
    driver.mine(n, n, n);
    driver.frame({ op: 'beat', t: driver.now, now: 1 });
  }
  const lost = driver.done('rejected');
  assert.ok(lost.length >= 74 && lost.length <= 76, `${lost.length}`);
  assert.equal(lost[0].code, 'too_many_unstored');
  assert.equal(lost[0].id, 1);
});

test('another member\'s signals and the host\'s own beats come through', () => {
  const driver = new Driver().live();
  driver.frame({ op: 'signal', from: OTHER, key: 'cursor', body: [1, 2] });
  driver.frame({ op: 'beat', now: 5 });
  assert.deepEqual(driver.events('signal'), [[{ from: OTHER, key: 'cursor', body: [1, 2] }]]);
});
