//! A small reference host of `latchkey.1`: one room, its log, and the rules of docs/protocol.md that the sdk leans on.
//! It lives in memory and does nothing by itself; the network between it and clients is `network.js`.

import { Gathering } from './gathering.js';

const CHECKPOINT_LEAST = 32;

export class ReferenceHost {
  epoch = 1;
  stored = 0;
  /** @type {{ seq: number, epoch: number, from: string | null, n: number, at: number, kind: string, body: any }[]} */
  log = [];
  checkpoint = null;
  /** Every checkpoint that was kept, for tests to judge. */
  checkpoints = [];
  refusals = 0;
  /** How many records were rebuilt from members. */
  rebuilt = 0;
  /** Every record frame any host of the room ever sent: what the MACs prove. */
  #issued = new Map();
  /** The members a host that was lost is rebuilt from; null when the room is open. @type {Gathering | null} */
  #gathering = null;
  /** @type {Map<string, { send(frame: object): void, close(code: number): void }>} live connections by member */
  #live = new Map();
  #now;

  /** Decides whether a frame that adds to the log is refused: a refusal, or null. */
  refuse = () => null;
  /** Whether a client that must start anew starts from the checkpoint. */
  startAtCheckpoint = () => true;

  /** Whether a client at this position is sent the records after it, and not the checkpoint (P6.4). */
  replays = () => true;

  constructor({ now }) {
    this.#now = now;
  }

  get tail() {
    return this.log.length;
  }

  last(member) {
    return this.log.reduce((last, record) => (record.from === member ? Math.max(last, record.n) : last), 0);
  }

  /** A client's frame. `peer` is its connection, which this remembers its member on. */
  frame(peer, frame) {
    if (this.#gathering) return this.#gather(peer, frame);
    if (!peer.member && frame.op !== 'join') return peer.close(4501);
    switch (frame.op) {
      case 'join': return this.#join(peer, frame);
      case 'say': return this.#add(peer, frame, 'said', frame.body);
      case 'profile': return this.#add(peer, frame, 'profile', { name: frame.name, colour: frame.colour });
      case 'finish': return this.#add(peer, frame, 'finished', frame.result);
      case 'leave': this.#add(peer, frame, 'left', { why: 'gave_up' }); return peer.close(4507);
      case 'signal': return this.#others(peer, { op: 'signal', from: peer.member, key: frame.key, body: frame.body });
      case 'checkpoint': return this.#offer(peer, frame);
      case 'beat': return peer.send({ op: 'beat', t: frame.t, now: this.#now() });
      case 'vouch': return undefined;
      default: return peer.send({ op: 'refused', code: 'unknown_op', message: frame.op });
    }
  }

  /** The connection is gone. */
  gone(peer) {
    this.#gathering?.gone(peer);
    this.tick();
    if (this.#live.get(peer.member) !== peer) return;
    this.#live.delete(peer.member);
    this.#all({ op: 'presence', online: [...this.#live.keys()] });
  }

  store(seq) {
    if (seq <= this.stored) return;
    this.stored = seq;
    this.#all({ op: 'stored', seq });
  }

  /** Storing lags, or has caught up (P4.7). */
  lag(behind) {
    this.#all({ op: 'stored', seq: this.stored, behind });
  }

  /** The host dies and another takes over with the first `kept` records: at least the stored ones. */
  die(kept) {
    this.log.length = Math.max(kept, this.stored);
    this.epoch += 1;
    if (this.checkpoint && this.checkpoint.seq > this.tail) this.checkpoint = null;
    for (const peer of [...this.#live.values(), ...this.#gathering?.peers ?? []]) peer.close(1006);
    this.#live.clear();
    this.#gathering = null;
  }

  /** The host is lost with all it had not stored, and the next one rebuilds that from the members (P6.5). */
  lose() {
    this.die(this.stored);
    this.#gathering = new Gathering(this.log, this.epoch, this.#issued, this.#now);
  }

  /** Opens the room when it is rebuilt as far as it can be (P6.8). */
  tick() {
    const gathering = this.#gathering;
    if (!gathering?.complete) return;
    this.#gathering = null;
    const records = gathering.finish();
    this.rebuilt += records.length;
    this.log.push(...records);
    for (const { peer, join } of gathering.waiting) this.#join(peer, join);
  }

  /** Hands the room to another host without losing anything: everybody is told where it went (P4.9). */
  move(url) {
    this.epoch += 1;
    for (const peer of [...this.#live.values()]) {
      peer.send({ op: 'moved', url });
      peer.close(4004);
    }
    this.#live.clear();
  }

  #gather(peer, frame) {
    const gathering = this.#gathering;
    if (frame.op === 'join' && !gathering.peers.includes(peer)) {
      gathering.arrive(peer, frame);
      peer.send({ op: 'vouch', after: this.tail });
    } else if (frame.op !== 'vouch' || !gathering.vouch(peer, frame)) {
      gathering.gone(peer);
      peer.close(4501);
    }
    this.tick();
  }

  #join(peer, { ticket, have }) {
    const member = ticket;
    const former = this.#live.get(member);
    this.#live.delete(member);
    former?.close(4500);
    peer.member = member;
    const holds = Boolean(have) && this.#holds(have);
    const resumed = holds && (this.replays(have) || !this.checkpoint);
    if (!this.log.some(({ kind, from }) => kind === 'joined' && from === member)) {
      this.#append({ from: member, n: 0, kind: 'joined', body: { name: member, colour: '#123456' } });
    }
    if (have && !holds) peer.send({ op: 'rewind', epoch: this.epoch, seq: this.#mayHold(have) });
    const checkpoint = !resumed && this.checkpoint && this.startAtCheckpoint(member) ? this.checkpoint : undefined;
    this.#live.set(member, peer);
    peer.send({
      op: 'welcome', member, members: this.#members(), epoch: this.epoch, tail: this.tail, stored: this.stored,
      checkpoint, resumed, n: this.last(member), finished: this.log.find(({ kind }) => kind === 'finished')?.seq ?? null,
      limits: { body: 16384, says_per_second: 30, says_burst: 60, signal_body: 1024, checkpoint: 262144, members: 64 }, now: this.#now(),
    });
    for (const record of this.log.slice(resumed ? have.seq : checkpoint?.seq ?? 0)) peer.send(frameOf(record));
    this.#all({ op: 'presence', online: [...this.#live.keys()] });
  }

  /** P6.1 */
  #holds({ epoch, seq }) {
    const last = epoch === this.epoch ? this.tail : this.log.findLastIndex((record) => record.epoch === epoch) + 1;
    return seq <= last;
  }

  /** Where the log's next record is of a later epoch than any that the copy can have (P4.8). */
  #mayHold({ epoch, seq }) {
    return Math.min(seq - 1, this.log.filter((record) => record.epoch <= epoch).length);
  }

  #members() {
    const members = new Map();
    for (const { kind, from, body } of this.log) {
      if (kind === 'joined' || kind === 'profile') members.set(from, { id: from, ...body, online: this.#live.has(from) });
      if (kind === 'left') members.delete(from);
    }
    return [...members.values()];
  }

  #add(peer, { n }, kind, body) {
    const last = this.last(peer.member);
    if (n <= last) return undefined;
    const finished = kind === 'finished' && this.log.some((record) => record.kind === 'finished');
    const refusal = n > last + 1 ? { code: 'gap', message: `n skips from ${last} to ${n}` }
      : finished ? { code: 'finished', message: 'A game finishes once.' } : this.refuse(peer.member, kind);
    if (refusal) {
      this.refusals += 1;
      return peer.send({ op: 'refused', n, ...refusal });
    }
    return this.#append({ from: peer.member, n, kind, body });
  }

  #append({ from, n, kind, body }) {
    const record = { seq: this.tail + 1, epoch: this.epoch, from, n, at: this.#now(), kind, body };
    this.log.push(record);
    this.#issued.set(nameOf(record), { before: this.log.at(-2)?.epoch ?? 0, text: JSON.stringify(frameOf(record)) });
    this.#all(frameOf(record));
  }

  #offer(peer, { seq, state }) {
    if (seq > this.tail || seq < (this.checkpoint?.seq ?? 0) + CHECKPOINT_LEAST) {
      return peer.send({ op: 'refused', code: 'checkpoint_early', message: `${seq}` });
    }
    this.checkpoint = { seq, epoch: this.log[seq - 1].epoch, state };
    return void this.checkpoints.push({ seq, state, log: this.log.slice(0, seq) });
  }

  #all(frame) {
    for (const peer of [...this.#live.values()]) peer.send(frame);
  }

  #others(sender, frame) {
    for (const peer of [...this.#live.values()]) if (peer !== sender) peer.send(frame);
  }
}

/** A record's frame. Its MAC stands for the one record of its epoch and seq. */
function frameOf(record) {
  return { op: 'record', ...record, mac: nameOf(record).padStart(22, 'x') };
}

/** One epoch has one host, so the two numbers name one record. */
function nameOf({ epoch, seq }) {
  return `${epoch}.${seq}`;
}
