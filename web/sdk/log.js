//! Where this client is in the room's log, and the unstored end of it that a later host may ask back. Delivering records is the session's.

import { TAIL_CHARACTERS, TAIL_RECORDS } from './limits.js';

/** The records after the stored ones, as they came with their MACs: one unbroken run. */
class Unstored {
  /** @type {{ seq: number, text: string }[]} */
  #kept = [];
  #characters = 0;

  /**
   * The run never has a hole: a host continues from its first record, so when full it is the newest that is left out.
   * @param {number} seq @param {string} text
   */
  keep(seq, text) {
    const last = this.#kept.at(-1);
    if (last && (seq !== last.seq + 1 || this.#kept.length >= TAIL_RECORDS)) return;
    if (this.#characters + text.length > TAIL_CHARACTERS) return;
    this.#kept.push({ seq, text });
    this.#characters += text.length;
  }

  /** @param {number} stored */
  drop(stored) {
    const first = this.#kept.findIndex(({ seq }) => seq > stored);
    const gone = this.#kept.splice(0, first === -1 ? this.#kept.length : first);
    for (const { text } of gone) this.#characters -= text.length;
  }

  /** The run behind record `seq`; empty when its beginning is not kept. @param {number} seq */
  after(seq) {
    const [first] = this.#kept;
    return first && first.seq <= seq + 1 ? this.#kept.filter((one) => one.seq > seq).map(({ text }) => text) : [];
  }
}

/** A reader's place in the log. */
export class Log {
  seq = 0;
  /** The epoch the record at `seq` was ordered in. */
  epoch = 0;
  tail = 0;
  stored = 0;
  /** @type {number | null} */
  finished = null;
  /** The tail of the last welcome: at it, this client has caught up (P4.3). */
  target = 0;
  #unstored = new Unstored();

  /** The position to resume from; null for none. */
  get have() {
    return this.seq === 0 ? null : { epoch: this.epoch, seq: this.seq };
  }

  get caughtUp() {
    return this.seq >= this.target;
  }

  /** The frames of the records after `seq` that are kept, as the host sent them. @param {number} seq */
  unstoredAfter(seq) {
    return this.#unstored.after(seq);
  }

  /** Forgets the place, so that the next welcome starts the log anew. */
  forget() {
    this.seq = 0;
    this.#unstored.drop(Infinity);
  }

  /**
   * @param {import('./wire.js').Welcome} welcome
   * @returns {boolean} false when the welcome contradicts itself
   */
  welcome(welcome) {
    const start = welcome.resumed ? this.seq : welcome.checkpoint?.seq ?? 0;
    if (start > welcome.tail) return false;
    if (!welcome.resumed) {
      this.#unstored.drop(Infinity);
      this.seq = start;
      // The position of a checkpoint is that of its record, whoever hands it out (P6.1).
      this.epoch = welcome.checkpoint?.epoch ?? welcome.epoch;
    }
    this.tail = this.target = welcome.tail;
    this.finished = welcome.finished ?? null;
    return true;
  }

  /**
   * @param {import('./types.js').LogRecord} record @param {string} text
   * @returns {'next' | 'repeated' | 'gap'}
   */
  record(record, text) {
    if (record.seq <= this.seq) return 'repeated';
    if (record.seq !== this.seq + 1) return 'gap';
    this.seq = record.seq;
    this.epoch = record.epoch;
    this.tail = Math.max(this.tail, record.seq);
    if (record.kind === 'finished') this.finished ??= record.seq;
    if (record.seq > this.stored) this.#unstored.keep(record.seq, text);
    return 'next';
  }

  /** Moves the stored mark, never back. @param {number} stored @returns {boolean} whether it moved */
  advance(stored) {
    if (stored <= this.stored) return false;
    this.stored = stored;
    this.#unstored.drop(stored);
    return true;
  }
}
