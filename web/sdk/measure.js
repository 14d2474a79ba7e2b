//! How long the way to each region is and back (P1.6): plain requests, timed. What is made of the times is the site's.

import { MEASURE_WITHIN_MS, PROBES, REGIONS_MEASURED } from './limits.js';
import { within } from './within.js';

/** @typedef {Pick<import('./world.js').World, 'fetch' | 'now' | 'timers' | 'origin'>} Lines what measuring needs of the world */
/** @typedef {Record<string, number>} RoundTrips whole milliseconds by region */

/**
 * The regions of an answer of the site that can be measured. Anything else in it is passed over, as unknown fields are.
 * @param {unknown} regions @param {string} origin
 * @returns {{ name: string, url: string }[]}
 */
export function measurable(regions, origin) {
  if (!Array.isArray(regions)) return [];
  return regions.slice(0, REGIONS_MEASURED).flatMap((region) => {
    const url = addressOf(region?.probe_url, origin);
    return typeof region?.name === 'string' && url ? [{ name: region.name, url }] : [];
  });
}

/**
 * Measures all regions at the same time. One that does not answer in time is left out; so it never fails.
 * @param {{ name: string, url: string }[]} regions @param {Lines} lines @param {AbortSignal} stop ends it early
 * @returns {Promise<RoundTrips>}
 */
export async function measure(regions, lines, stop) {
  /** @type {RoundTrips} */
  const shortest = {};
  await within(MEASURE_WITHIN_MS, lines.timers, stop, (over) => Promise.all(regions.map(({ name, url }) => (
    probe(url, lines, over, (took) => { shortest[name] = Math.min(took, shortest[name] ?? Infinity); })
  ))));
  // A probe may still be under way, and must not change what was reported.
  return { ...shortest };
}

/**
 * Probes one region again and again. The first probe pays for the connection, so its time says nothing.
 * @param {string} url @param {Lines} lines @param {AbortSignal} over @param {(took: number) => void} tell
 */
async function probe(url, { fetch, now }, over, tell) {
  for (let count = 0; count < PROBES && !over.aborted; count += 1) {
    const sent = now();
    try {
      // The answer may not be read across origins and need not be: it says nothing but that it came. Nor is anything said
      // with the question: no cookie, and not which page asks.
      await fetch(url, { mode: 'no-cors', credentials: 'omit', referrerPolicy: 'no-referrer', cache: 'no-store', signal: over });
    } catch {
      return;
    }
    const took = Math.round(now() - sent);
    // A machine that slept meanwhile measured its sleep.
    if (count > 0 && took <= MEASURE_WITHIN_MS) tell(took);
  }
}

/** @param {unknown} url an address, or a path on the page's own origin @param {string} origin @returns {string | null} */
function addressOf(url, origin) {
  if (typeof url !== 'string') return null;
  if (/^https?:\/\//.test(url)) return url;
  return /^\/(?!\/)/.test(url) ? origin + url : null;
}
