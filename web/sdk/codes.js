//! What the close codes of P9 mean to the sdk: a word for the program and a sentence for a person.

/** @type {Record<number, [code: string, message: string]>} */
const CODES = {
  4000: ['going_away', 'The game host is restarting.'],
  4001: ['slow', 'The connection could not keep up.'],
  4002: ['silent', 'The connection had gone silent.'],
  4004: ['moved', 'The room moved to another host.'],
  4005: ['room_failed', 'The room is being restored.'],
  4006: ['overloaded', 'The game host is full just now.'],
  4007: ['ticket_expired', 'The ticket to the room was too old.'],
  4008: ['not_ready', 'The game host is not ready yet.'],
  4009: ['join_late', 'Joining took too long.'],
  4500: ['taken_over', 'The game was opened on another device or in another tab.'],
  4501: ['bad_frame', 'The game host did not understand this page. Reload it.'],
  4502: ['too_large', 'The page sent more at once than the game host takes. Reload it.'],
  4503: ['flood', 'The page sent too much too fast. Reload it.'],
  4505: ['ticket_invalid', 'The ticket to the room was not accepted. Open the game from its link again.'],
  4506: ['room_full', 'All seats of this game are taken.'],
  4507: ['seat_gone', 'This seat was given up or taken away.'],
  4508: ['closed', 'The game was closed.'],
};

/** @typedef {'return' | 'moved' | 'taken-over' | 'ended'} AfterClose what to do once the socket is closed */

/**
 * @param {number} close the close code of a WebSocket
 * @returns {{ then: AfterClose, code: string, message: string }}
 */
export function meaningOf(close) {
  const then = close === 4004 ? 'moved' : close === 4500 ? 'taken-over' : close >= 4500 && close <= 4999 ? 'ended' : 'return';
  const [code, message] = CODES[close] ?? (then === 'ended'
    ? ['refused', `The game host closed the connection for good (${close}).`]
    : ['network', 'The connection broke.']);
  return { then, code, message };
}
