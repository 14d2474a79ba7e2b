//! The states of a connection by name: the one list of them. When each is entered is decided in `session.js`.

/** Where the connection stands. */
export const ConnectionState = Object.freeze({
  /** Asking for a ticket, opening the socket, or waiting for the welcome. */
  CONNECTING: 'connecting',
  /** Welcomed; says go out at once. */
  LIVE: 'live',
  /**
   * The connection broke; the next attempt is set for `detail.in` milliseconds from now, or, without it, for when the
   * page is shown.
   */
  WAITING: 'waiting',
  /** Another device or tab took this seat; `takeBack()` returns. */
  TAKEN_OVER: 'taken-over',
  /** Over for good; `detail.code` and `detail.message` say why. */
  ENDED: 'ended',
});

/** @typedef {typeof ConnectionState[keyof typeof ConnectionState]} ConnectionState */
