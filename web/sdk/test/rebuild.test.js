//! A host that is lost with what it had not stored, and what its members give back to the next one (P3.10, P6.5); and a
//! room that moves in the middle of play.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from '../index.js';
import { bytesOf } from '../json.js';
import { vouchFrames } from '../vouch.js';
import { Driver, ME, OTHER, recordFrame, welcomeFrame } from './support/driver.js';
import { ReferenceHost } from './support/host.js';
import { Clock, Network, settled } from './support/network.js';

/** A record frame spelled as no JavaScript would spell it: it must come back as it came. */
const spelled = (seq) => `{"op":"record", "seq":${seq},"epoch":1,"from":"${OTHER}","n":${seq},"at":1,"kind":"said","mac":"x","body":{"a" : 1.0,"b":"\\u00e9"}}`;

/** The answer to `vouch` after this record, joined again. */
function answer(driver, after) {
  driver.in({ type: 'closed', code: 1006 });
  driver.retry();
  driver.open();
  driver.texts.length = 0;
  driver.frame({ op: 'vouch', after });
  return driver.texts.map((text) => JSON.parse(text));
}

const seqsOf = (frames) => frames.flatMap(({ records }) => records.map(({ seq }) => seq));

test('the unstored end of the log is given back as it came, and who was online (P3.10)', () => {
  const members = [[ME, true], [OTHER, true], ['gone00000000', false]].map(([id, online]) => ({ id, name: 'N', colour: '#111111', online }));
  const driver = new Driver().live({ tail: 4, stored: 1, members });
  for (const seq of [1, 2, 3, 4]) driver.frame(spelled(seq));
  driver.frame({ op: 'stored', seq: 2 });
  const [frame] = answer(driver, 2);
  assert.equal(driver.texts[0], `{"op":"vouch","records":[${spelled(3)},${spelled(4)}],"online":["${ME}","${OTHER}"],"more":false}`);
  assert.equal(frame.op, 'vouch');
  assert.equal(driver.session.state, 'connecting');
  driver.frame(welcomeFrame({ epoch: 2, resumed: true, tail: 4, stored: 2 }));
  assert.equal(driver.session.state, 'live');
  assert.deepEqual(driver.events('rewind'), []);
  assert.deepEqual(driver.done('fault'), []);
});

test('what the archive has meanwhile is not given back', () => {
  const driver = new Driver().live({ tail: 4 });
  for (const seq of [1, 2, 3, 4]) driver.frame(spelled(seq));
  assert.deepEqual(seqsOf(answer(driver, 3)), [4]);
  assert.deepEqual(seqsOf(answer(driver, 0)), [1, 2, 3, 4]);
});

test('who has nothing to give, or lacks the beginning of it, says so', () => {
  const nothing = { op: 'vouch', records: [], more: false };
  const fresh = new Driver();
  fresh.in({ type: 'start' });
  fresh.open();
  fresh.frame({ op: 'vouch', after: 7 });
  assert.deepEqual(JSON.parse(fresh.texts[0]), { ...nothing, online: [] });
  const stored = new Driver().live({ tail: 2, stored: 2 });
  for (const seq of [1, 2]) stored.frame(spelled(seq));
  assert.deepEqual(answer(stored, 2), [{ ...nothing, online: [ME] }]);
  const behind = new Driver().live({ tail: 51, checkpoint: { seq: 50, epoch: 1, state: 0 } });
  behind.frame(spelled(51));
  assert.deepEqual(answer(behind, 40), [{ ...nothing, online: [ME] }], 'its copy begins after the checkpoint');
});

test('the unstored end is bounded, and beyond the bound it is the newest that is missing', () => {
  const driver = new Driver().live();
  for (let seq = 1; seq <= 5_000; seq += 1) driver.frame(recordFrame(seq));
  const all = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
  assert.deepEqual(seqsOf(answer(driver, 0)), all(1, 4_096));
  driver.again({ resumed: true, tail: 5_000, stored: 4_000 });
  driver.frame(recordFrame(5_001));
  assert.deepEqual(seqsOf(answer(driver, 4_000)), all(4_001, 4_096));
  driver.again({ resumed: true, tail: 5_001, stored: 4_096 });
  driver.frame(recordFrame(5_002));
  assert.deepEqual(seqsOf(answer(driver, 4_096)), [], 'a hole is before the first');
  driver.again({ resumed: true, tail: 5_002, stored: 5_001 });
  assert.deepEqual(seqsOf(answer(driver, 5_001)), [5_002]);
});

test('an answer comes in frames of at most 64 KiB of UTF-8, each with something in it (P3.10)', () => {
  const records = Array.from({ length: 40 }, (_, index) => JSON.stringify(recordFrame(index + 1, { body: 'é'.repeat(index % 3 ? 100 : 8_000) })));
  const frames = vouchFrames(records, [ME]);
  assert.ok(frames.length > 3);
  for (const frame of frames) assert.ok(bytesOf(frame) <= 65_536, `${bytesOf(frame)}`);
  const parsed = frames.map((frame) => JSON.parse(frame));
  assert.deepEqual(parsed.map(({ more }) => more), frames.map((_, index) => index < frames.length - 1));
  assert.ok(parsed.every((frame) => frame.records.length > 0));
  assert.deepEqual(seqsOf(parsed), records.map((_, index) => index + 1));
});

test('a host that asks a member it has welcomed is out of turn', () => {
  const driver = new Driver().live();
  driver.frame({ op: 'vouch', after: 0 });
  assert.equal(driver.done('fault')[0].what, 'out_of_turn');
});

/** A host and its members, all live. */
class Play {
  clock = new Clock();
  host = new ReferenceHost({ now: () => Math.round(this.clock.now) });
  network = new Network(this.host);
  players = [];

  static async of(...members) {
    const play = new Play();
    for (const member of members) await play.add(member);
    return play;
  }

  async add(member) {
    const draws = [0.1, 0.9, 0.4, 0.7];
    const player = { member, seen: [], lost: [], draw: 0 };
    const random = () => draws[(player.draw += 1) % draws.length];
    const joining = join(this.network.worldOf(member, this.clock, { random, owner: member }));
    await this.rest();
    player.room = await joining;
    for (const event of ['rewind', 'reset']) player.room.on(event, (what) => player.lost.push([event, what]));
    player.room.on('record', (record) => player.seen.push(record));
    player.lost.length = 0;
    this.players.push(player);
    await this.rest();
    return player;
  }

  linkOf({ member }) {
    return [...this.network.links].find((link) => link.owner === member);
  }

  async rest() {
    await settled();
    await this.network.flow();
    await settled();
  }

  /** Time passes, in which all that travels arrives. */
  async pass(ms) {
    for (let left = ms; left > 0; left -= 50) {
      await this.clock.pass(50);
      await this.rest();
      this.host.tick();
      await this.rest();
    }
  }

  /** All members live and with the host's log, each record of it once. */
  judge() {
    const log = this.host.log.map(({ seq, epoch, from, n, at, kind, body }) => ({ seq, epoch, from, n, at, kind, body }));
    for (const { member, room, seen } of this.players) {
      assert.equal(room.state, 'live', member);
      assert.equal(room.unsaved, 0, member);
      assert.deepEqual(seen, log, member);
    }
    const said = this.host.log.filter(({ kind }) => kind === 'said').map(({ body }) => body);
    assert.deepEqual(said.toSorted(), [...new Set(said)].toSorted(), 'each once');
    return said;
  }
}

test('a host is lost with its unstored tail: its members rebuild it, nobody is rewound, and what they said meanwhile follows', async () => {
  const play = await Play.of('ada', 'bob', 'cyd');
  const [ada, bob, cyd] = play.players;
  for (let said = 0; said < 5; said += 1) for (const { room, member } of play.players) room.say(`${member} ${said}`);
  await play.pass(100);
  play.host.store(7);
  await play.pass(100);
  for (const { lost } of play.players) lost.length = 0;
  const tail = play.host.tail;
  play.host.lose();
  await play.pass(50);
  assert.equal(play.host.tail, 7);
  for (const { room, member } of play.players) room.say(`${member} meanwhile`);
  await play.pass(3_000);
  assert.equal(play.host.rebuilt, tail - 7);
  assert.deepEqual([ada, bob, cyd].map(({ lost }) => lost), [[], [], []]);
  assert.equal(play.judge().length, 18);
});

test('one member that saw more than the others is enough: the rest is sent on to them', async () => {
  const play = await Play.of('ada', 'bob');
  const [ada, bob] = play.players;
  play.linkOf(bob).down.length = 0;
  ada.room.say('seen by ada alone');
  await settled();
  const [toAda, toBob] = [play.linkOf(ada), play.linkOf(bob)];
  while (toAda.up.length > 0) toAda.deliverUp();
  while (toAda.down.length > 0) toAda.deliverDown();
  await settled();
  toBob.down.length = 0;
  assert.equal(bob.room.seq, ada.room.seq - 1);
  for (const { lost } of play.players) lost.length = 0;
  play.host.lose();
  await play.pass(3_000);
  assert.deepEqual([ada.lost, bob.lost], [[], []]);
  assert.deepEqual(play.judge(), ['seen by ada alone']);
});

test('who comes after the room was rebuilt without it is rewound, and says again what only it had seen', async () => {
  const play = await Play.of('ada', 'bob');
  const [ada, bob] = play.players;
  bob.room.say('before');
  await play.pass(100);
  const toAda = play.linkOf(ada);
  ada.room.say('seen by ada alone');
  await settled();
  while (toAda.up.length > 0) toAda.deliverUp();
  while (toAda.down.length > 0) toAda.deliverDown();
  await settled();
  play.linkOf(bob).down.length = 0;
  for (const { lost } of play.players) lost.length = 0;
  const cutOff = play.network.answer;
  play.network.answer = (url) => (url.endsWith('ada') ? { status: 503, body: { message: 'no way' } } : null);
  play.host.lose();
  await play.pass(4_000);
  assert.equal(bob.room.state, 'live', 'it waited for ada, and not for ever');
  play.network.answer = cutOff;
  bob.room.say('after');
  await play.pass(4_000);
  assert.deepEqual(bob.lost, []);
  assert.deepEqual(ada.lost.map(([event]) => event), ['rewind', 'reset']);
  ada.seen.splice(0, ada.seen.length - play.host.tail);
  assert.deepEqual(play.judge(), ['before', 'after', 'seen by ada alone']);
});

test('a room that moves in the middle of says: nobody is rewound, and each say is ordered once, in its order', async () => {
  const play = await Play.of('ada', 'bob');
  const [ada, bob] = play.players;
  for (const { lost } of play.players) lost.length = 0;
  const said = [];
  for (let round = 0; round < 6; round += 1) {
    for (const { room, member } of [ada, bob]) {
      room.say(`${member} ${round}`);
      said.push(`${member} ${round}`);
    }
    await settled();
    // Some of what was said has arrived, some is under way, when the room goes.
    if (round % 2 === 0) play.linkOf(ada)?.deliverUp();
    if (round % 3 === 1) play.host.move('/s/2/room');
    if (round % 2 === 1) await play.pass(200);
  }
  await play.pass(1_000);
  assert.deepEqual([ada.lost, bob.lost], [[], []]);
  const ordered = play.judge();
  for (const { member } of [ada, bob]) {
    const own = (list) => list.filter((body) => body.startsWith(member));
    assert.deepEqual(own(ordered), own(said));
  }
  const open = [...play.network.links].filter(({ readyState }) => readyState === 1);
  assert.deepEqual(open.map(({ url }) => url), ['ws://host/s/2/room', 'ws://host/s/2/room']);
});
