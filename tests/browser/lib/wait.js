//! Waiting for what a person would wait for, with a deadline and a name.

import { PATIENCE_MS } from './browser.js';

/** @param {import('playwright-core').Locator} locator */
export const expectVisible = (locator) => locator.first().waitFor({ state: 'visible' });

/** @param {import('playwright-core').Locator} locator */
export const expectGone = (locator) => locator.first().waitFor({ state: 'hidden' });

/**
 * Asks until the answer is truthy.
 * @template T
 * @param {string} what
 * @param {() => Promise<T>} question
 * @returns {Promise<T>}
 */
export async function eventually(what, question) {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    if (performance.now() > until) throw new Error(`${what} did not happen within ${PATIENCE_MS} ms`);
    await new Promise((done) => setTimeout(done, 50));
  }
}
