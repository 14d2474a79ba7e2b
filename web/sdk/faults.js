//! Reports faults to the site, so that somebody learns of them: which sdk, which browser, what failed. Nothing personal,
//! few in number, and never a fault of its own.

import { FAULT_BYTES, FAULT_REPORTS, FAULT_TEXT } from './limits.js';
import { bytesOf } from './json.js';

/** Sends each different fault of a page once, and no more than the limit of them. */
export class Faults {
  /** @type {Set<string>} */
  #sent = new Set();
  #url;
  #fetch;
  #sdk;
  #browser;

  /** @param {{ url: string | undefined, fetch: typeof globalThis.fetch, sdk: string, browser: string }} world */
  constructor({ url, fetch, sdk, browser }) {
    this.#url = url;
    this.#fetch = fetch;
    this.#sdk = sdk;
    this.#browser = browser;
  }

  /**
   * @param {string} what failed, as a word
   * @param {unknown} error what is known of it
   */
  report(what, error) {
    const message = clean(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    const key = `${what} ${message}`;
    if (!this.#url || this.#sent.size >= FAULT_REPORTS || this.#sent.has(key)) return;
    this.#sent.add(key);
    const where = error instanceof Error ? clean(String(error.stack ?? '')) : '';
    let body = JSON.stringify({ sdk: this.#sdk, browser: this.#browser.slice(0, 300), what, message, where });
    if (bytesOf(body) > FAULT_BYTES) body = JSON.stringify({ sdk: this.#sdk, browser: '', what: what.slice(0, 60), message: message.slice(0, 200), where: '' });
    try {
      const sent = this.#fetch(this.#url, { method: 'POST', headers: { 'content-type': 'application/json' }, body, keepalive: true });
      sent.catch(() => {});
    } catch {
      // Reporting a fault must not make another one.
    }
  }
}

/** Takes out what may name a person or open a game: addresses but for their last part, and long secrets. @param {string} text */
function clean(text) {
  return text
    .replace(/\b(?:https?|wss?):\/\/[^\s)]*\/([\w.-]*)[^\s):]*/g, '$1')
    .replace(/[\w-]{32,}/g, '…')
    .slice(0, FAULT_TEXT);
}
