//! Work that is waited for no longer than a time.

/**
 * Starts work that is told when its time is over, and waits for it until then.
 * @template T
 * @param {number} ms
 * @param {import('./types.js').Timers} timers
 * @param {AbortSignal} stop ends it early
 * @param {(over: AbortSignal) => Promise<T>} work
 * @returns {Promise<T | null>} null when its time was over first
 */
export async function within(ms, timers, stop, work) {
  const own = new AbortController();
  /** @type {() => void} */
  let end = () => {};
  /** @type {Promise<null>} */
  const over = new Promise((resolve) => {
    end = () => {
      own.abort();
      resolve(null);
    };
  });
  if (stop.aborted) end();
  stop.addEventListener('abort', end);
  const timer = timers.setTimeout(end, ms);
  try {
    return await Promise.race([work(own.signal), over]);
  } finally {
    timers.clearTimeout(timer);
    stop.removeEventListener('abort', end);
  }
}
