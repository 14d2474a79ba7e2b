//! What goes into the session and what comes out of it, as types. No code lives here; the rules are `session.js`.

/** @typedef {import('./outbox.js').Saved} Saved */
/** @typedef {import('./outbox.js').SayOp} SayOp */

/**
 * What happens to a session. `attempt` names the connection an input belongs to; those of a former one are ignored.
 * @typedef {{ type: 'start' }
 *   | { type: 'ticket', attempt: number, url: string, ticket: string }
 *   | { type: 'no_ticket', attempt: number, status: number, message: string, retryAfter?: number }
 *   | { type: 'opened', attempt: number }
 *   | { type: 'frame', attempt: number, text: unknown }
 *   | { type: 'closed', attempt: number, code: number }
 *   | { type: 'say', id: number, op: SayOp, body: any, bytes: number }
 *   | { type: 'signal', key: string, body: any }
 *   | { type: 'checkpoint', seq: number, state: any }
 *   | { type: 'wake' } | { type: 'tick' } | { type: 'take_back' } | { type: 'restart', whole: boolean } | { type: 'close' }} Input
 */

/**
 * What the shell is to do, in this order. `emit` of `reset`, `rewind` and `record` is the log and must not be lost.
 * `ask` with `measure`: there is time to look for a near host, because nobody is in the middle of a game.
 * @typedef {{ do: 'ask', attempt: number, measure: boolean }
 *   | { do: 'open', attempt: number, url: string }
 *   | { do: 'send', frame: object }
 *   | { do: 'send_text', text: string }
 *   | { do: 'hang_up' }
 *   | { do: 'save', member: string, saved: Saved[] }
 *   | { do: 'ordered', id: number, record: import('./types.js').LogRecord }
 *   | { do: 'stored', id: number }
 *   | { do: 'rejected', id: number, code: string, message: string }
 *   | { do: 'fault', what: string, message: string }
 *   | { [E in keyof import('./types.js').RoomEvents]: { do: 'emit', event: E, args: Parameters<import('./types.js').RoomEvents[E]> } }[keyof import('./types.js').RoomEvents]} Command
 */

export {};
