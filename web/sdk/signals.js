//! Signals on their way out: the newest value per key, a few each tick. Sending them is the session's.

import { SIGNAL_KEYS, SIGNAL_TICK_MS, SIGNALS_A_TICK } from './limits.js';

/** What waits to be signalled. A key holds one value, so a burst costs no memory and the newest wins. */
export class Signals {
  /** @type {Map<string, any>} */
  #waiting = new Map();
  #nextAt = 0;

  /**
   * @param {string} key @param {any} body
   * @returns {boolean} false when too many keys wait
   */
  set(key, body) {
    if (!this.#waiting.has(key) && this.#waiting.size >= SIGNAL_KEYS) return false;
    this.#waiting.set(key, body);
    return true;
  }

  /** The frames to send now, the longest waiting key first. @param {number} now @returns {{ op: 'signal', key: string, body: any }[]} */
  take(now) {
    if (now < this.#nextAt || this.#waiting.size === 0) return [];
    this.#nextAt = now + SIGNAL_TICK_MS;
    return [...this.#waiting].slice(0, SIGNALS_A_TICK).map(([key, body]) => {
      this.#waiting.delete(key);
      return { op: 'signal', key, body };
    });
  }

  /** When `take` has something next; Infinity when nothing waits. */
  get deadline() {
    return this.#waiting.size === 0 ? Infinity : this.#nextAt;
  }
}
