//! The browser as the sdk's surroundings: the defaults of `JoinOptions`. The one place that names globals.

import { wakefulClock } from './clock.js';
import { LatchkeyError } from './errors.js';

/** @typedef {import('./types.js').JoinOptions} JoinOptions */
/** @typedef {Required<Omit<JoinOptions, 'faults' | 'onState'>> & Pick<JoinOptions, 'faults' | 'onState'>} World */

/** @param {JoinOptions} options @returns {World} */
export function worldOf(options) {
  const { connect } = options;
  if (typeof connect !== 'string' || connect === '') {
    throw new LatchkeyError('no_connect', 'join needs {connect}: the URL that answers with a host and a ticket.');
  }
  return {
    connect,
    faults: options.faults,
    onState: options.onState,
    fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)),
    WebSocket: options.WebSocket ?? globalThis.WebSocket,
    storage: options.storage === undefined ? sessionStorageOrNone() : options.storage,
    random: options.random ?? Math.random,
    now: options.now ?? wakefulClock(() => performance.now(), Date.now),
    timers: options.timers ?? {
      setTimeout: (run, ms) => setTimeout(run, ms),
      clearTimeout: (id) => clearTimeout(id),
    },
    page: options.page === undefined ? browserPage() : options.page,
    origin: options.origin ?? globalThis.location?.origin ?? '',
    browser: options.browser ?? globalThis.navigator?.userAgent ?? '',
  };
}

/** A tab's own storage: two tabs of one seat must not overwrite each other's records. Browsers may forbid even looking at it. */
function sessionStorageOrNone() {
  try {
    return globalThis.sessionStorage ?? null;
  } catch {
    return null;
  }
}

/** @returns {import('./types.js').Page | null} */
function browserPage() {
  if (typeof window === 'undefined') return null;
  return {
    addEventListener: (type, run) => window.addEventListener(type, run),
    removeEventListener: (type, run) => window.removeEventListener(type, run),
    // `visibilitychange` is sent to the document and rises to the window.
    visible: () => document.visibilityState === 'visible',
  };
}
