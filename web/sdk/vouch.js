//! The answer to a host that rebuilds the room after another was lost (P3.10): this client's unstored records, as they came.

import { bytesOf } from './json.js';
import { VOUCH_BYTES } from './limits.js';

/**
 * The frames of the answer, as text: the MACs are over the host's own bytes, which a parsed record would not give back.
 * @param {readonly string[]} records `record` frames in order
 * @param {readonly string[]} online ids of the members last seen online
 * @returns {string[]} at least one
 */
export function vouchFrames(records, online) {
  const envelope = bytesOf(frameOf([], online, false));
  /** @type {string[]} */
  let part = [];
  const parts = [part];
  let bytes = envelope;
  for (const text of records) {
    // With the comma before it.
    const more = bytesOf(text) + 1;
    if (bytes + more > VOUCH_BYTES && part.length > 0) {
      part = [];
      parts.push(part);
      bytes = envelope;
    }
    part.push(text);
    bytes += more;
  }
  return parts.map((part, index) => frameOf(part, online, index < parts.length - 1));
}

/** @param {readonly string[]} records @param {readonly string[]} online @param {boolean} more */
function frameOf(records, online, more) {
  return `{"op":"vouch","records":[${records.join(',')}],"online":${JSON.stringify(online)},"more":${more}}`;
}
