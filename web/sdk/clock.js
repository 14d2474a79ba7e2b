//! Estimates the host's clock from beats and welcomes, counts sleep, and draws the waits of full jitter. All plain arithmetic.

import { BACKOFF_FIRST_MS, BACKOFF_LONGEST_MS, BACKOFF_SHORTEST_MS, CLOCK_SAMPLES, QUICK_LONGEST_MS, QUICK_SHORTEST_MS, SLEPT_LEAST_MS } from './limits.js';

/** The host's clock as seen from here: the sample with the shortest round trip is the closest to the truth. */
export class HostClock {
  /** @type {{ offset: number, trip: number }[]} */
  #samples = [];

  /**
   * @param {number} sent when the question left, by the local clock
   * @param {number} received when the answer came, by the local clock
   * @param {number} host what the host's clock said in between
   */
  sample(sent, received, host) {
    if (received < sent) return;
    const taken = { offset: host - (sent + received) / 2, trip: received - sent };
    // Each offset is right to within half its round trip. A sample outside another's bounds means that a clock
    // was set, or stood still while the machine slept: what was measured before says nothing any more.
    this.#samples = this.#samples.filter((old) => Math.abs(old.offset - taken.offset) <= (old.trip + taken.trip) / 2 + 1);
    this.#samples.push(taken);
    if (this.#samples.length > CLOCK_SAMPLES) this.#samples.shift();
  }

  /** What to add to the local clock to get the host's. 0 before the first sample. */
  get offset() {
    const [first, ...rest] = this.#samples;
    if (!first) return 0;
    return rest.reduce((best, other) => (other.trip < best.trip ? other : best), first).offset;
  }
}

/**
 * A clock that never goes back and counts the time the machine slept, which the steady clock of some browsers leaves out.
 * @param {() => number} steady ms that never go back
 * @param {() => number} wall ms of the day, which somebody may set
 * @returns {() => number}
 */
export function wakefulClock(steady, wall) {
  let [last, lastWall] = [steady(), wall()];
  let slept = 0;
  return () => {
    const [now, nowWall] = [steady(), wall()];
    const missed = (nowWall - lastWall) - (now - last);
    if (missed >= SLEPT_LEAST_MS) slept += missed;
    [last, lastWall] = [now, nowWall];
    return now + slept;
  };
}

/**
 * The wait before an attempt to come back (P9): anywhere between the shortest wait and a ceiling that doubles.
 * @param {number} failures attempts that failed since the last steady connection
 * @param {() => number} random
 */
export function backoff(failures, random) {
  const ceiling = Math.min(BACKOFF_LONGEST_MS, BACKOFF_FIRST_MS * 2 ** Math.min(failures, 16));
  return BACKOFF_SHORTEST_MS + random() * (ceiling - BACKOFF_SHORTEST_MS);
}

/** The wait before an attempt while a live connection is just lost (P9). @param {() => number} random */
export function quickWait(random) {
  return QUICK_SHORTEST_MS + random() * (QUICK_LONGEST_MS - QUICK_SHORTEST_MS);
}
