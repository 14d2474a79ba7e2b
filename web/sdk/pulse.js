//! Whether the host is still there (P3.9): when a beat is due, and when silence means that the connection is dead.

import { ANSWER_WITHIN_MS, BEAT_AFTER_MS, SILENT_MS } from './limits.js';

/** What was last sent and heard on the present connection. */
export class Pulse {
  /** When a question that nothing has answered yet makes the connection dead; Infinity while there is none. */
  deadAt = Infinity;
  #sentAt = 0;
  #heardAt = 0;

  /** @param {number} now */
  sent(now) {
    this.#sentAt = now;
  }

  /** Any frame answers a question. @param {number} now */
  heard(now) {
    this.#heardAt = now;
    this.deadAt = Infinity;
  }

  /** The host was asked for a sign of life. @param {number} now */
  asked(now) {
    this.deadAt = now + ANSWER_WITHIN_MS;
  }

  /** The connection is given up. */
  stop() {
    this.deadAt = Infinity;
  }

  get asking() {
    return this.deadAt !== Infinity;
  }

  /** A beat is due when nothing was sent for long, and also when nothing was heard: signals alone prove no answer. */
  get beatAt() {
    return this.asking ? Infinity : Math.min(this.#sentAt, this.#heardAt) + BEAT_AFTER_MS;
  }

  /** Whether the host must have let go of the connection, so that another device may have the seat. @param {number} now */
  longSilent(now) {
    return now - this.#heardAt > SILENT_MS;
  }
}
