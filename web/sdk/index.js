//! The Latchkey browser sdk: everything a game may use. Its reference is README.md; the wire is docs/protocol.md.

export { join } from './room.js';
export { open } from './open.js';
export { replica } from './replica.js';
export { ConnectionState } from './states.js';
export { LatchkeyError } from './errors.js';
export { VERSION } from './version.js';

/** @typedef {import('./types.js').StateDetail} StateDetail */
/** @typedef {import('./types.js').LogRecord} LogRecord */
/** @typedef {import('./types.js').PendingRecord} PendingRecord */
/** @typedef {import('./types.js').Member} Member */
/** @typedef {import('./types.js').Profile} Profile */
/** @typedef {import('./types.js').Checkpoint} Checkpoint */
/** @typedef {import('./types.js').Refusal} Refusal */
/** @typedef {import('./types.js').Saying} Saying */
/** @typedef {import('./types.js').Room} Room */
/** @typedef {import('./types.js').RoomEvents} RoomEvents */
/** @typedef {import('./types.js').JoinOptions} JoinOptions */
/**
 * @template S
 * @typedef {import('./types.js').Rules<S>} Rules
 */
/**
 * @template S
 * @typedef {import('./types.js').Replica<S>} Replica
 */
