//! Own unordered records in the browser's storage, so that a reload does not lose them. One entry per connect URL and member.

import { UNORDERED_RECORDS, UNSTORED_RECORDS } from './limits.js';

/** @typedef {import('./outbox.js').Saved} Saved */

const OPS = new Set(['say', 'profile', 'finish', 'leave']);

/** What a page leaves for the next one. Storage that is full, blocked or overwritten is lived without. */
export class SavedRecords {
  #storage;
  #connect;

  /** @param {import('./types.js').KeyValueStorage | null} storage @param {string} connect */
  constructor(storage, connect) {
    this.#storage = storage;
    this.#connect = connect;
  }

  /** @param {string} member @returns {Saved[]} oldest first */
  load(member) {
    try {
      const list = JSON.parse(this.#storage?.getItem(this.#key(member)) ?? '[]');
      if (!Array.isArray(list)) return [];
      return list.filter(isSaved).slice(0, UNORDERED_RECORDS + UNSTORED_RECORDS);
    } catch {
      return [];
    }
  }

  /** @param {string} member @param {Saved[]} saved */
  save(member, saved) {
    const text = saved.length === 0 ? '' : JSON.stringify(saved);
    try {
      if (text === '') this.#storage?.removeItem(this.#key(member));
      else this.#storage?.setItem(this.#key(member), text);
    } catch {
      // The records are still in memory, and leaving the page warns while they are not ordered.
    }
  }

  /** @param {string} member */
  #key(member) {
    return `latchkey ${this.#connect} ${member}`;
  }
}

/** @param {any} value @returns {value is Saved} */
function isSaved(value) {
  return typeof value === 'object' && value !== null && OPS.has(value.op)
    && Number.isSafeInteger(value.n) && value.n > 0 && 'body' in value && typeof value.sent === 'boolean';
}
