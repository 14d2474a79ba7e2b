//! One attempt to reach the room at a time: the request for a ticket, then the socket. What to do with what comes is the session's.

import { LatchkeyError } from './errors.js';

/** @typedef {import('./commands.js').Input} Input */

const SUBPROTOCOL = 'latchkey.1';

/** The request and socket of the present attempt. What a former one still says carries its number, and the session ignores it. */
export class Connection {
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {AbortController | null} */
  #request = null;
  #world;
  #tell;

  /** @param {import('./world.js').World} world @param {(input: Input) => void} tell */
  constructor(world, tell) {
    this.#world = world;
    this.#tell = tell;
  }

  /** Asks the site for a place (P1.1). @param {number} attempt */
  async ask(attempt) {
    const request = this.#request = new AbortController();
    try {
      const response = await this.#world.fetch(this.#world.connect, {
        method: 'POST',
        headers: { accept: 'application/json' },
        credentials: 'same-origin',
        cache: 'no-store',
        signal: request.signal,
      });
      this.#tell(await answerOf(response, attempt));
    } catch (error) {
      this.#tell({ type: 'no_ticket', attempt, status: 0, message: `The site cannot be reached (${error instanceof Error ? error.message : error}).` });
    }
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

/** @param {Response} response @param {number} attempt @returns {Promise<Input>} */
async function answerOf(response, attempt) {
  const text = await response.text();
  const answer = parse(text);
  if (!response.ok) {
    const seconds = Number(response.headers?.get('retry-after'));
    const message = typeof answer?.message === 'string' ? answer.message : `The site answered ${response.status} to a request to join.`;
    return { type: 'no_ticket', attempt, status: response.status, message, retryAfter: Number.isFinite(seconds) ? Math.min(seconds * 1000, 60_000) : 0 };
  }
  if (typeof answer?.url !== 'string' || typeof answer?.ticket !== 'string') {
    throw new LatchkeyError('bad_answer', 'it sent no address and ticket');
  }
  return { type: 'ticket', attempt, url: answer.url, ticket: answer.ticket };
}

/** @param {string} text @returns {any} */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
