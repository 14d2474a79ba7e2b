//! One's own records from the moment they are said until they are stored: their numbers (P2.3, P3.3), what to send
//! when, and what becomes of them at a welcome, a record, a refusal. No I/O and no promises; the session carries both.

import {
  ECHO_WITHIN_MS, GAPS_IN_A_ROW, HOST_LIMITS, IN_FLIGHT, RETRY_LONGEST_MS, RETRY_MS, RETRY_SHORTEST_MS,
  UNORDERED_BYTES, UNORDERED_RECORDS, UNSTORED_RECORDS,
} from './limits.js';
import { sameJson } from './json.js';
import { Pace } from './pace.js';

/** @typedef {'say' | 'profile' | 'finish' | 'leave'} SayOp */
/**
 * Where an entry stands. `doubt`: it was sent and the welcome says the log holds its number; whether it is this entry
 * is seen when the record comes by, for another device of the member may have used the number.
 * @typedef {'waiting' | 'doubt' | 'ordered'} Phase
 */
/**
 * @typedef {object} Entry
 * @property {number | null} id the promise waiting for it; null when an earlier page said it
 * @property {SayOp} op
 * @property {any} body
 * @property {number} bytes
 * @property {number} n
 * @property {Phase} phase
 * @property {boolean} sent on any connection
 * @property {boolean} inFlight on this connection
 * @property {number | null} seq
 */
/** @typedef {{ n: number, op: SayOp, body: any, sent: boolean }} Saved what of an entry survives a reload */
/** @typedef {{ rejected?: Entry, renew?: string }} AfterRefusal an entry refused for good; why the connection must be renewed */

/** @type {Record<SayOp, import('./types.js').RecordKind>} */
export const KINDS = { say: 'said', profile: 'profile', finish: 'finished', leave: 'left' };
/** Refusals that waiting heals. Every other one is for good. */
const PASSING = new Set(['rate', 'unavailable']);

/** The frame an entry goes out as. @param {Entry} entry */
function frameOf({ op, n, body }) {
  switch (op) {
    case 'say': return { op, n, body };
    case 'profile': return { op, n, name: body.name, colour: body.colour };
    case 'finish': return { op, n, result: body };
    default: return { op, n };
  }
}

/** The queue of one's own records, oldest first: those ordered, then those not. */
export class Outbox {
  /** @type {Entry[]} */
  #entries = [];
  /** The last number the log is known to hold. */
  #last = 0;
  /** Records up to here were skipped by starting from a checkpoint, in a catch-up that is not over. */
  #unseen = 0;
  #pace = new Pace(HOST_LIMITS.says_per_second, HOST_LIMITS.says_burst);
  #window = IN_FLIGHT;
  #gaps = 0;
  #holdUntil = 0;
  /** Refusals still to come for frames sent behind a refused one. */
  #echoes = 0;
  #echoesBy = Infinity;

  /** @type {Entry[]} */
  get unordered() {
    return this.#entries.filter(({ phase }) => phase !== 'ordered');
  }

  /** Whether the records of the catch-up decide which entries are in the log already. Nothing is sent meanwhile. */
  get inDoubt() {
    return this.#entries.some(({ phase }) => phase === 'doubt');
  }

  /** The last number the log is known to hold. */
  get last() {
    return this.#last;
  }

  /** What a reload must not lose. @returns {Saved[]} */
  get saved() {
    return this.#entries.map(({ n, op, body, sent }) => ({ n, op, body, sent }));
  }

  /** Whether another entry of this size fits. @param {number} bytes */
  fits(bytes) {
    const waiting = this.unordered;
    return waiting.length < UNORDERED_RECORDS
      && waiting.reduce((sum, entry) => sum + entry.bytes, bytes) <= UNORDERED_BYTES;
  }

  /** @param {{ id: number | null, op: SayOp, body: any, bytes: number }} said */
  add({ id, op, body, bytes }) {
    // The log may hold later numbers than any entry here: another page or device of the member used them.
    const n = Math.max(this.#entries.at(-1)?.n ?? 0, this.#last) + 1;
    this.#entries.push({ id, op, body, bytes, n, phase: 'waiting', sent: false, inFlight: false, seq: null });
  }

  /** Takes over what an earlier page left, which comes before what this page says. @param {Saved[]} saved */
  restore(saved) {
    const earlier = saved.map(({ n, op, body, sent }) => (
      { id: null, op, body, bytes: JSON.stringify(body ?? null).length, n, phase: /** @type {Phase} */ ('waiting'), sent, inFlight: false, seq: null }
    ));
    this.#entries = [...earlier, ...this.#entries];
  }

  /**
   * A connection begins. Numbers above the log's last are to be sent again; the others are in the log, which shows when
   * they come by. An entry that was never sent is not in the log, whoever used its number.
   * @param {import('./wire.js').Welcome} welcome
   * @param {number} sure entries ordered up to this record are part of the history still
   */
  welcome(welcome, sure) {
    this.#last = welcome.n;
    if (!welcome.resumed) this.#unseen = welcome.checkpoint?.seq ?? 0;
    this.#pace.limit(welcome.limits?.says_per_second ?? HOST_LIMITS.says_per_second, welcome.limits?.says_burst ?? HOST_LIMITS.says_burst);
    this.#window = IN_FLIGHT;
    this.#gaps = this.#echoes = this.#holdUntil = 0;
    for (const entry of this.#entries) {
      entry.inFlight = false;
      if (entry.seq !== null && entry.seq <= sure) continue;
      entry.seq = null;
      entry.phase = entry.sent && entry.n <= welcome.n ? 'doubt' : 'waiting';
    }
    if (!this.inDoubt) this.#renumber();
  }

  /**
   * An own record came by.
   * @param {import('./types.js').LogRecord} record
   * @returns {Entry | null} the entry that it is
   */
  record(record) {
    const entry = this.#entries.find((other) => other.n === record.n && other.phase !== 'ordered');
    if (entry?.phase === 'doubt' && !isRecordOf(entry, record)) {
      entry.phase = 'waiting';
      this.#settle();
      return null;
    }
    if (!entry || (entry.phase === 'waiting' && !entry.inFlight)) return null;
    entry.phase = 'ordered';
    entry.inFlight = false;
    entry.seq = record.seq;
    this.#last = Math.max(this.#last, record.n);
    this.#window = Math.min(IN_FLIGHT, this.#window * 2);
    this.#gaps = 0;
    this.#settle();
    return entry;
  }

  /**
   * The catch-up is over. An entry still in doubt either lies below the checkpoint this client began from, where
   * nobody shows it, and is taken to be there; or its number belongs to somebody else.
   * @returns {Entry[]} the entries taken to be ordered
   */
  caughtUp() {
    const start = this.#unseen;
    this.#unseen = 0;
    const taken = [];
    for (const entry of this.#entries) {
      if (entry.phase !== 'doubt') continue;
      entry.phase = start > 0 ? 'ordered' : 'waiting';
      if (entry.phase === 'waiting') continue;
      entry.seq = start;
      taken.push(entry);
    }
    this.#settle();
    return taken;
  }

  /**
   * A frame was refused. All frames sent behind it skip its number, so each of them is refused too; those echoes
   * say nothing, and until the last of them nothing is sent, for they could not be told from fresh refusals.
   * @param {import('./types.js').Refusal} refusal @param {number} now
   * @returns {AfterRefusal}
   */
  refused({ n, code, retry_after }, now) {
    if (this.#echoes > 0) {
      this.#echoes -= 1;
      return {};
    }
    const entry = this.#entries.find((other) => other.inFlight && other.n === n);
    if (!entry) return {};
    this.#echoes = this.#entries.filter((other) => other.inFlight && other.n > entry.n).length;
    this.#echoesBy = now + ECHO_WITHIN_MS;
    this.#window = 1;
    for (const other of this.#entries) other.inFlight = false;
    if (code === 'gap') {
      this.#gaps += 1;
      return this.#gaps > GAPS_IN_A_ROW ? { renew: `the host misses a record before ${n}` } : {};
    }
    if (PASSING.has(code)) {
      const wait = Math.max(RETRY_SHORTEST_MS, Math.min(retry_after ?? RETRY_MS, RETRY_LONGEST_MS));
      this.#holdUntil = now + wait;
      this.#pace.empty(this.#holdUntil);
      return {};
    }
    this.#entries = this.#entries.filter((other) => other !== entry);
    this.#renumber();
    return { rejected: entry };
  }

  /** The frames to send now, each marked as sent. @param {number} now */
  take(now) {
    const frames = [];
    if (this.#echoes === 0 && now >= this.#holdUntil && !this.inDoubt) {
      for (const entry of this.unordered.slice(0, this.#window)) {
        if (entry.inFlight) continue;
        if (!this.#pace.take(now)) break;
        entry.inFlight = entry.sent = true;
        frames.push(frameOf(entry));
      }
    }
    return frames;
  }

  /** When `take` or `late` has something next. @returns {number} */
  get deadline() {
    if (this.#echoes > 0) return this.#echoesBy;
    if (this.inDoubt || !this.unordered.slice(0, this.#window).some((entry) => !entry.inFlight)) return Infinity;
    return Math.max(this.#holdUntil, this.#pace.nextAt);
  }

  /** Whether the refusals of frames behind a refused one did not come in time. @param {number} now */
  late(now) {
    return this.#echoes > 0 && now >= this.#echoesBy;
  }

  /** Lets go of what is stored. @param {number} stored @returns {Entry[]} */
  stored(stored) {
    const done = this.#entries.filter(({ seq }) => seq !== null && seq <= stored);
    if (done.length > 0) this.#entries = this.#entries.filter((entry) => !done.includes(entry));
    return done;
  }

  /** Lets go of the oldest ordered entries beyond the limit. @returns {Entry[]} */
  overflow() {
    const ordered = this.#entries.filter(({ phase }) => phase === 'ordered');
    const over = ordered.slice(0, Math.max(0, ordered.length - UNSTORED_RECORDS));
    if (over.length > 0) this.#entries = this.#entries.filter((entry) => !over.includes(entry));
    return over;
  }

  /** Gives everything up. @returns {Entry[]} */
  clear() {
    return this.#entries.splice(0);
  }

  /** Once no doubt is left, entries that found their number used get the next free ones, in the order they were said. */
  #settle() {
    if (!this.inDoubt) this.#renumber();
  }

  #renumber() {
    const ordered = this.#entries.filter(({ phase }) => phase === 'ordered');
    const unordered = this.unordered;
    // Frames on the wire have their number already; they come first and are numbered the same again.
    unordered.forEach((entry, index) => { entry.n = this.#last + 1 + index; });
    this.#entries = [...ordered, ...unordered];
  }
}

/** Whether a record is what the entry asked for. The host may tidy a profile, and finishing is finishing. @param {Entry} entry @param {import('./types.js').LogRecord} record */
function isRecordOf(entry, record) {
  return KINDS[entry.op] === record.kind && (entry.op !== 'say' || sameJson(entry.body, record.body));
}
