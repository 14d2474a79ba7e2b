//! One attempt to reach the room at a time: the request for a place and a ticket, then the socket. What to do with what comes is
//! the session's.

import { LatchkeyError } from './errors.js';
import { ASK_AGAIN_WITHIN_MS, MEASURE_WITHIN_MS, TICKET_WITHIN_MS } from './limits.js';
import { measurable, measure } from './measure.js';
import { within } from './within.js';

/** @typedef {import('./commands.js').Input} Input */
/** @typedef {import('./measure.js').RoundTrips} RoundTrips */
/** @typedef {{ url: string, ticket: string, regions: unknown }} Place what the site answers (P1.1) */

const SUBPROTOCOL = 'latchkey.1';

/** The request and socket of the present attempt. What a former one still says carries its number, and the session ignores it. */
export class Connection {
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {AbortController | null} */
  #request = null;
  /** What was measured for an attempt that came to nothing: it is as good for the next. @type {RoundTrips | null} */
  #roundTrips = null;
  #world;
  #tell;

  /** @param {import('./world.js').World} world @param {(input: Input) => void} tell */
  constructor(world, tell) {
    this.#world = world;
    this.#tell = tell;
  }

  /** Asks the site for a place (P1.1). @param {number} attempt @param {boolean} choose whether there is time to measure where to go (P1.6) */
  async ask(attempt, choose) {
    const { signal } = this.#request = new AbortController();
    const askedAt = this.#world.now();
    try {
      const answer = await this.#post(signal, null);
      if ('status' in answer) return this.#tell({ type: 'no_ticket', attempt, ...answer });
      const left = askedAt + TICKET_WITHIN_MS - this.#world.now();
      const inTime = left > MEASURE_WITHIN_MS + ASK_AGAIN_WITHIN_MS;
      const place = choose && inTime ? await this.#nearer(answer, signal) : answer;
      this.#tell({ type: 'ticket', attempt, url: place.url, ticket: place.ticket });
    } catch (error) {
      this.#tell({ type: 'no_ticket', attempt, status: 0, message: `The site cannot be reached (${error instanceof Error ? error.message : error}).` });
    }
  }

  /**
   * The place that the site gives when it knows how far the regions are; the one it gave, when that cannot be had.
   * @param {Place} place @param {AbortSignal} stop @returns {Promise<Place>}
   */
  async #nearer(place, stop) {
    const regions = measurable(place.regions, this.#world.origin);
    if (regions.length < 2) return place;
    const roundTrips = this.#roundTrips ?? await measure(regions, this.#world, stop);
    if (stop.aborted) return place;
    this.#roundTrips = roundTrips;
    if (Object.keys(roundTrips).length === 0) return place;
    try {
      const answer = await within(ASK_AGAIN_WITHIN_MS, this.#world.timers, stop, (over) => this.#post(over, roundTrips));
      return answer && !('status' in answer) ? answer : place;
    } catch {
      return place;
    }
  }

  /** @param {AbortSignal} signal @param {RoundTrips | null} roundTrips */
  async #post(signal, roundTrips) {
    const response = await this.#world.fetch(this.#world.connect, {
      method: 'POST',
      headers: { accept: 'application/json', ...(roundTrips ? { 'content-type': 'application/json' } : {}) },
      ...(roundTrips ? { body: JSON.stringify({ round_trips: roundTrips }) } : {}),
      credentials: 'same-origin',
      cache: 'no-store',
      signal,
    });
    return answerOf(response);
  }

  /** Opens the socket (P1.2). @param {number} attempt @param {string} url */
  open(attempt, url) {
    let socket;
    try {
      socket = new this.#world.WebSocket(addressOf(url, this.#world.origin), SUBPROTOCOL);
    } catch (error) {
      // A page served by https may not open ws:, for one. Another ticket may name another address.
      return this.#tell({ type: 'no_ticket', attempt, status: 0, message: `The room's address cannot be opened (${error instanceof Error ? error.message : error}).` });
    }
    this.#socket = socket;
    socket.onopen = () => this.#tell({ type: 'opened', attempt });
    socket.onmessage = ({ data }) => this.#tell({ type: 'frame', attempt, text: data });
    socket.onclose = ({ code }) => this.#tell({ type: 'closed', attempt, code });
  }

  /** @param {object} frame */
  send(frame) {
    this.sendText(JSON.stringify(frame));
  }

  /** @param {string} text a frame */
  sendText(text) {
    const socket = this.#socket;
    // A socket that is closing says so by an event of its own; what is not sent now is sent again then.
    if (socket && socket.readyState === 1) socket.send(text);
  }

  hangUp() {
    this.#request?.abort();
    this.#request = null;
    this.#socket?.close();
    this.#socket = null;
  }
}

/** A path is one of the page's own origin (P4.9); not every browser's sockets take one. @param {string} url @param {string} origin */
function addressOf(url, origin) {
  if (!url.startsWith('/')) return url;
  const address = new URL(url, origin);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  return address.href;
}

/** @param {Response} response @returns {Promise<Place | { status: number, message: string, retryAfter: number }>} */
async function answerOf(response) {
  const text = await response.text();
  const answer = parse(text);
  if (!response.ok) {
    const seconds = Number(response.headers?.get('retry-after'));
    const message = typeof answer?.message === 'string' ? answer.message : `The site answered ${response.status} to a request to join.`;
    return { status: response.status, message, retryAfter: Number.isFinite(seconds) ? Math.min(seconds * 1000, 60_000) : 0 };
  }
  if (typeof answer?.url !== 'string' || typeof answer?.ticket !== 'string') {
    throw new LatchkeyError('bad_answer', 'it sent no address and ticket');
  }
  return { url: answer.url, ticket: answer.ticket, regions: answer.regions };
}

/** @param {string} text @returns {any} */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
