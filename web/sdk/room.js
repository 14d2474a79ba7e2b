//! The room as a game sees it.

import { LatchkeyError } from './errors.js';

/**
 * Joins a room. Resolves at the first welcome; rejects when joining is impossible for good.
 * @param {import('./types.js').JoinOptions} options
 * @returns {Promise<import('./types.js').Room>}
 */
export async function join(options) {
  throw new LatchkeyError('unfinished', `cannot join ${options.connect} yet`);
}
