//! The rate at which one's own records go out: a token bucket a little under the host's, so that refusals are rare.

/** A bucket of `burst` tokens, refilled at `rate` a second. Time is passed in. */
export class Pace {
  #rate = 1;
  #burst = 1;
  #tokens = 1;
  #at = 0;

  /** @param {number} rate @param {number} burst of the host */
  constructor(rate, burst) {
    this.limit(rate, burst);
    this.#tokens = this.#burst;
  }

  /** Half the burst is left for what an earlier connection sent just before. @param {number} rate @param {number} burst */
  limit(rate, burst) {
    this.#rate = Math.max(0.1, rate * 0.9);
    this.#burst = Math.max(1, Math.floor(burst / 2));
    this.#tokens = Math.min(this.#tokens, this.#burst);
  }

  /** @param {number} now @returns {boolean} */
  take(now) {
    if (now > this.#at) {
      this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#rate / 1000);
      this.#at = now;
    }
    // A wait computed in floating point may end a hair early.
    if (this.#tokens < 1 - 1e-6) return false;
    this.#tokens -= 1;
    return true;
  }

  /** No token until `at`, and one then. @param {number} at */
  empty(at) {
    this.#tokens = 1;
    this.#at = Math.max(this.#at, at);
  }

  /** When the next token is there. */
  get nextAt() {
    return this.#tokens >= 1 - 1e-6 ? this.#at : this.#at + (1 - this.#tokens) * 1000 / this.#rate;
  }
}
