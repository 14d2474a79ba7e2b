//! Joins the room of the play page this script runs on. The page's contract is its `data-` attributes; joining itself is `room.js`.

import { LatchkeyError } from './errors.js';
import { join } from './room.js';

/**
 * Joins the room named by `<body data-connect data-faults>`, and reports errors that nothing on the page caught.
 * @param {Partial<import('./types.js').JoinOptions>} [options]
 * @returns {Promise<import('./types.js').Room>} resolves at the first welcome
 */
export async function open(options = {}) {
  const { connect, faults } = document.body.dataset;
  if (!connect && !options.connect) {
    throw new LatchkeyError('no_page', 'This page has no <body data-connect>. Call join({connect}) instead.');
  }
  const room = await join({ connect: connect ?? '', faults, ...options });
  window.addEventListener('error', ({ error, message }) => room.fault('uncaught', error ?? message));
  window.addEventListener('unhandledrejection', ({ reason }) => room.fault('unhandled_rejection', reason));
  return room;
}
