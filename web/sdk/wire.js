//! The frames of `latchkey.1` as the sdk reads them: text in, checked objects out. What they mean is `session.js`.

import { LatchkeyError } from './errors.js';
import { deepFreeze } from './json.js';

/** @typedef {{ body: number, says_per_second: number, says_burst: number, signal_body: number, checkpoint: number, members: number }} HostLimits */
/** @typedef {{ op: 'welcome', member: string, members: import('./types.js').Member[], epoch: number, tail: number, stored: number, behind?: boolean | null, checkpoint?: import('./types.js').Checkpoint & { epoch?: number } | null, resumed: boolean, n: number, finished?: number | null, limits?: Partial<HostLimits>, now: number }} Welcome */
/** @typedef {{ op: 'record', record: import('./types.js').LogRecord, text: string }} RecordFrame */
/** @typedef {{ op: 'signal', from: string, key: string, body: any }} SignalFrame */
/** @typedef {{ op: 'presence', online: string[] }} Presence */
/** @typedef {{ op: 'stored', seq: number, behind?: boolean | null }} Stored */
/** @typedef {{ op: 'rewind', epoch: number, seq: number }} Rewind */
/** @typedef {{ op: 'moved', url: string }} Moved */
/** @typedef {{ op: 'vouch', after: number }} Vouch */
/** @typedef {{ op: 'refused' } & import('./types.js').Refusal} Refused */
/** @typedef {{ op: 'beat', t?: number, now: number }} Beat */
/** @typedef {Welcome | Vouch | RecordFrame | SignalFrame | Presence | Stored | Rewind | Moved | Refused | Beat} HostFrame */

/** @typedef {'text' | 'count' | 'number' | 'flag' | 'list' | 'text?' | 'count?' | 'number?' | 'flag?' | 'any'} Form */

/** The fields each frame must have. A field ending in `?` may be absent or null. @type {Record<string, Record<string, Form>>} */
const FORMS = {
  welcome: { member: 'text', members: 'list', epoch: 'count', tail: 'count', stored: 'count', behind: 'flag?', resumed: 'flag', n: 'count', finished: 'count?', now: 'number' },
  vouch: { after: 'count' },
  record: { seq: 'count', epoch: 'count', from: 'text?', n: 'count', at: 'number', kind: 'text', body: 'any' },
  signal: { from: 'text', key: 'text', body: 'any' },
  presence: { online: 'list' },
  stored: { seq: 'count', behind: 'flag?' },
  rewind: { epoch: 'count', seq: 'count' },
  moved: { url: 'text' },
  refused: { code: 'text', message: 'text', n: 'count?', retry_after: 'number?' },
  beat: { now: 'number', t: 'number?' },
};

/**
 * Reads one frame.
 * @param {unknown} text
 * @returns {HostFrame | null} null for an op this sdk does not know, which it must ignore
 * @throws {LatchkeyError} `bad_frame` when the text is not a frame of the protocol
 */
export function decode(text) {
  const value = parse(text);
  const form = Object.hasOwn(FORMS, value.op) ? FORMS[value.op] : undefined;
  if (!form) return null;
  for (const [field, kind] of Object.entries(form)) {
    if (!fits(value[field], kind)) {
      throw new LatchkeyError('bad_frame', `The host's ${value.op} has a ${field} that is no ${kind}.`);
    }
  }
  return value.op === 'record' ? recordFrame(value, /** @type {string} */ (text)) : value;
}

/** @param {unknown} text @returns {any} */
function parse(text) {
  if (typeof text !== 'string') throw new LatchkeyError('bad_frame', 'The host sent a frame that is no text.');
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new LatchkeyError('bad_frame', 'The host sent a frame that is no JSON.');
  }
  if (typeof value !== 'object' || value === null || typeof value.op !== 'string') {
    throw new LatchkeyError('bad_frame', 'The host sent a frame without an op.');
  }
  return value;
}

/** @param {unknown} value @param {Form} form */
function fits(value, form) {
  if (form.endsWith('?')) {
    if (value === undefined || value === null) return true;
    form = /** @type {Form} */ (form.slice(0, -1));
  }
  switch (form) {
    case 'text': return typeof value === 'string';
    case 'number': return typeof value === 'number';
    case 'count': return Number.isSafeInteger(value) && /** @type {number} */ (value) >= 0;
    case 'flag': return typeof value === 'boolean';
    case 'list': return Array.isArray(value);
    default: return true;
  }
}

/**
 * A record is frozen, since every listener gets the same one. Its text is kept as it came: the MAC is over the host's bytes.
 * @param {any} value @param {string} text @returns {RecordFrame}
 */
function recordFrame({ seq, epoch, from, n, at, kind, body }, text) {
  return { op: 'record', record: deepFreeze({ seq, epoch, from: from ?? null, n, at, kind, body: body ?? null }), text };
}
