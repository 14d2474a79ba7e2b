//! The member's own records from `say` to stored: what the shell is told of each, and when those that are not ordered are
//! saved for a later page. Which of them are sent when is the outbox's, and what a frame means is the session's.

import { KINDS, Outbox } from './outbox.js';

/** @typedef {import('./outbox.js').Saved} Saved */
/** @typedef {import('./outbox.js').Entry} Entry */
/** @typedef {import('./types.js').LogRecord} LogRecord */

/** The own records of one session. */
export class OwnRecords {
  #push;
  #load;
  #stamp;
  #member = '';
  #outbox = new Outbox();
  #unsaved = 0;
  /** What is saved is not what the outbox holds. */
  #stale = false;

  /**
   * @param {object} session
   * @param {(command: import('./commands.js').Command) => void} session.push
   * @param {(member: string) => Saved[]} session.load what an earlier page left unordered
   * @param {() => { epoch: number, at: number }} session.stamp the epoch, and the host's time
   */
  constructor({ push, load, stamp }) {
    this.#push = push;
    this.#load = load;
    this.#stamp = stamp;
  }

  /** Those not ordered yet. */
  get unordered() {
    return this.#outbox.unordered;
  }

  /** When to `take` again at the latest; Infinity for never. */
  get deadline() {
    return this.#outbox.deadline;
  }

  /** Whether another one of this many bytes fits. @param {number} bytes */
  fits(bytes) {
    return this.#outbox.fits(bytes);
  }

  /** Whether a record with this number that the outbox does not know was said by somebody else. @param {number} n */
  isForeign(n) {
    return n > this.#outbox.last;
  }

  /** Whether the host should have answered by now. @param {number} now */
  late(now) {
    return this.#outbox.late(now);
  }

  /** @param {Parameters<Outbox['add']>[0]} said */
  add(said) {
    this.#outbox.add(said);
    for (const { id } of this.#outbox.overflow()) {
      this.#reject(id, 'too_many_unstored', 'Too many records wait to be stored; this one is no longer followed.');
    }
    this.changed();
  }

  /** The host let this member in. @param {import('./wire.js').Welcome} welcome @param {number} sure how far what is held as ordered is history for certain */
  welcome(welcome, sure) {
    if (this.#member === '') this.#outbox.restore(this.#load(welcome.member));
    this.#member = welcome.member;
    this.#outbox.welcome(welcome, sure);
  }

  /** Frames to send now. @param {number} now */
  take(now) {
    const frames = this.#outbox.take(now);
    // Saved before it goes out: what a later page takes for unsent is numbered anew, and would be said twice.
    if (frames.length > 0) this.#stale = true;
    return frames;
  }

  /** A record of this member came back; its entry is pending no more. @param {LogRecord} record */
  came(record) {
    return this.#outbox.record(record);
  }

  /** The record of an entry was told. @param {Entry} entry @param {LogRecord} record */
  ordered({ id }, record) {
    if (id !== null) this.#push({ do: 'ordered', id, record });
  }

  /** This client has all there is: those that the host took and never showed are ordered. @param {number} seq @param {number} stored */
  caughtUp(seq, stored) {
    for (const entry of this.#outbox.caughtUp()) this.ordered(entry, this.#recordOf(entry, entry.seq ?? seq));
    this.stored(stored);
    this.changed();
  }

  /** Everything up to `seq` is stored. @param {number} seq */
  stored(seq) {
    const done = this.#outbox.stored(seq);
    for (const { id } of done) if (id !== null) this.#push({ do: 'stored', id });
    if (done.length > 0) this.#stale = true;
  }

  /**
   * One was refused.
   * @param {Parameters<Outbox['refused']>[0]} refusal @param {number} now
   * @returns why the connection is to be renewed, if it is
   */
  refused(refusal, now) {
    const { rejected, renew } = this.#outbox.refused(refusal, now);
    if (renew || !rejected) return renew;
    this.#reject(rejected.id, refusal.code, refusal.message);
    this.changed();
    return undefined;
  }

  /** The seat was given up, whether or not the record of that came first. @param {number} seq */
  left(seq) {
    const leave = this.unordered.find(({ op }) => op === 'leave');
    if (leave) this.ordered(leave, this.#recordOf(leave, seq));
  }

  /** Nothing more comes. @param {string} message why @param {boolean} keep a later page may go on with what is unordered */
  end(message, keep) {
    if (keep) this.saveIfStale();
    const left = this.#outbox.clear();
    if (!keep) this.#save();
    for (const { id, seq } of left) {
      const fate = seq === null ? 'The record was not ordered' : 'Whether the record was stored is not known';
      this.#reject(id, 'ended', `${fate}: ${message}`);
    }
    this.#count();
  }

  /** What is unordered changed. */
  changed() {
    this.#stale = true;
    this.#count();
  }

  saveIfStale() {
    if (this.#stale) this.#save();
  }

  #save() {
    this.#stale = false;
    if (this.#member !== '') this.#push({ do: 'save', member: this.#member, saved: this.#outbox.saved });
  }

  #count() {
    const count = this.unordered.length;
    if (count === this.#unsaved) return;
    this.#unsaved = count;
    this.#push({ do: 'emit', event: 'unsaved', args: [count] });
  }

  /** @param {number | null} id @param {string} code @param {string} message */
  #reject(id, code, message) {
    if (id !== null) this.#push({ do: 'rejected', id, code, message });
  }

  /** The record of an entry the host took and never showed. @param {Entry} entry @param {number} seq @returns {LogRecord} */
  #recordOf({ op, n, body }, seq) {
    const { epoch, at } = this.#stamp();
    return { seq, epoch, from: this.#member, n, at, kind: KINDS[op], body };
  }
}
