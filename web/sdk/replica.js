//! Keeps one game state in step with the room's log.

import { LatchkeyError } from './errors.js';

/**
 * @template S
 * @param {import('./types.js').Room} room
 * @param {import('./types.js').Rules<S>} rules
 * @returns {import('./types.js').Replica<S>}
 */
export function replica(room, rules) {
  throw new LatchkeyError('unfinished', `no replica of ${room.me} by ${rules.apply} yet`);
}
