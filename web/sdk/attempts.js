//! The way to the room and back to it: when the next attempt to connect begins, how long each may take, and where it goes
//! (P4.9, P9). Plain arithmetic over the time it is told; what an attempt does is the session's.

import { backoff, quickWait } from './clock.js';
import {
  BACKOFF_SHORTEST_MS, MOVED_WITHIN_MS, MOVES_IN_A_ROW, OPEN_WITHIN_MS, QUICK_FOR_MS, QUICK_OPEN_WITHIN_MS, STEADY_AFTER_MS, TICKET_WITHIN_MS,
  WELCOME_WITHIN_MS,
} from './limits.js';

/** Answers that say the quick waits would do harm. */
const UNHURRIED = new Set(['overloaded']);

/** The attempts of one session, one after the other. */
export class Attempts {
  /** When the present attempt is given up; Infinity for never. */
  giveUpAt = Infinity;
  /** When the next one begins; Infinity for not by itself. */
  nextAt = Infinity;
  /** When the site was asked, or the room. */
  askedAt = 0;
  #random;
  /** Attempts that failed since the last steady connection, but for those of the quick time. */
  #failures = 0;
  /** When the present connection was welcomed; null while there is none. @type {number | null} */
  #liveAt = null;
  #quickUntil = -Infinity;
  /** A connection was lost and none was steady since: the quick time is not begun again. */
  #quickSpent = false;
  #notBefore = 0;
  #moves = 0;
  /** @type {string | null} */
  #movedTo = null;

  /** @param {() => number} random */
  constructor(random) {
    this.#random = random;
  }

  /** The site is asked for a place. @param {number} now */
  ask(now) {
    this.askedAt = now;
    this.giveUpAt = now + TICKET_WITHIN_MS;
    this.nextAt = Infinity;
  }

  /**
   * The site answered, and the socket is opened. In the quick time a host that does not answer is likely one that is
   * gone without a word, so it is not given long; on a bad line the later attempts have the time they need.
   * @param {string} url what the site says @param {number} now
   * @returns {string} the address to open
   */
  open(url, now) {
    this.giveUpAt = now + (now < this.#quickUntil ? QUICK_OPEN_WITHIN_MS : OPEN_WITHIN_MS);
    // The room said itself where it went; the site may not have heard yet. The address is good for one try, after which the site is believed again.
    const address = this.#movedTo ?? url;
    this.#movedTo = null;
    return address;
  }

  /** The room is asked to let this member in. @param {number} now */
  join(now) {
    this.askedAt = now;
    this.giveUpAt = now + WELCOME_WITHIN_MS;
  }

  /** @param {number} now */
  welcomed(now) {
    this.#liveAt = now;
    this.#moves = 0;
    this.giveUpAt = Infinity;
  }

  /** There is no attempt any more, and none to come by itself. */
  stop() {
    this.giveUpAt = this.nextAt = Infinity;
  }

  /**
   * The attempt or the connection failed; another begins after a wait.
   * @param {number} now @param {string} code @param {number} atLeast ms the other side asked to wait
   * @returns {number} the wait
   */
  failed(now, code, atLeast) {
    this.#leave(now);
    const quick = now < this.#quickUntil && !UNHURRIED.has(code);
    const wait = Math.max(quick ? quickWait(this.#random) : backoff(this.#failures, this.#random), atLeast);
    if (!quick) this.#failures += 1;
    this.nextAt = now + wait;
    this.#notBefore = now + atLeast;
    return wait;
  }

  /**
   * The room moved: another attempt begins at once, give or take what keeps all members of a host from coming together.
   * @param {number} now @param {string | null} url where it went; null when only the close told
   * @returns {boolean} false when it moved too often in a row to be believed
   */
  moved(now, url) {
    this.#moves += 1;
    if (this.#moves > MOVES_IN_A_ROW) return false;
    this.#leave(now);
    this.#movedTo = url;
    this.nextAt = now + this.#random() * MOVED_WITHIN_MS;
    return true;
  }

  /** Somebody is waiting in front of the page: the next attempt begins as soon as is decent. @param {number} now */
  hurry(now) {
    this.nextAt = Math.min(this.nextAt, Math.max(now, this.#notBefore, this.askedAt + BACKOFF_SHORTEST_MS));
  }

  /** A connection that is lost begins the quick time, once for each that was steady. @param {number} now */
  #leave(now) {
    if (this.#liveAt === null) return;
    if (now - this.#liveAt >= STEADY_AFTER_MS) {
      this.#failures = 0;
      this.#quickSpent = false;
    }
    this.#liveAt = null;
    if (this.#quickSpent) return;
    this.#quickSpent = true;
    this.#quickUntil = now + QUICK_FOR_MS;
  }
}
