//! Listeners of a room. The log (`reset`, `rewind`, `record`) waits for its first listener; everything else passes.

import { EVENTS_BEFORE_LISTENER } from './limits.js';

/** @typedef {import('./types.js').RoomEvents} RoomEvents */
/** @typedef {{ event: keyof RoomEvents, args: any[] }} Event */

/** Hands events to listeners in order. A listener that throws is reported and does not keep others from theirs. */
export class Events {
  /** @type {Map<keyof RoomEvents, Set<(...args: any[]) => void>>} */
  #listeners = new Map();
  /** The log until somebody listens; null once somebody did. @type {Event[] | null} */
  #held = [];
  #overflowed = false;
  #report;
  #restart;

  /**
   * @param {object} world
   * @param {(what: string, error: unknown) => void} world.report
   * @param {() => void} world.restart asks for the log from its beginning, because held events were given up
   */
  constructor({ report, restart }) {
    this.#report = report;
    this.#restart = restart;
  }

  /**
   * @template {keyof RoomEvents} E
   * @param {E} event @param {RoomEvents[E]} listener
   * @returns {() => void}
   */
  on(event, listener) {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    // The same function given twice is two listeners, each with its own way out.
    const own = /** @param {any[]} args */ (...args) => /** @type {any} */ (listener)(...args);
    listeners.add(own);
    // Listeners added in the same turn must see the log from its beginning too.
    if (event === 'record' && this.#held) queueMicrotask(() => this.#release());
    return () => { listeners.delete(own); };
  }

  /** @param {keyof RoomEvents} event @param {any[]} args */
  emit(event, args) {
    if (this.#held && (event === 'record' || event === 'reset' || event === 'rewind')) return this.#hold({ event, args });
    for (const listener of [...this.#listeners.get(event) ?? []]) {
      try {
        listener(...args);
      } catch (error) {
        this.#report(`listener_${event}`, error);
      }
    }
  }

  /** @param {Event} event */
  #hold(event) {
    if (!this.#held) return;
    if (event.event === 'reset') {
      this.#held = [];
      this.#overflowed = false;
    }
    if (this.#overflowed) return;
    this.#held.push(event);
    if (this.#held.length <= EVENTS_BEFORE_LISTENER) return;
    this.#held = [];
    this.#overflowed = true;
  }

  #release() {
    const held = this.#held;
    if (!held) return;
    this.#held = null;
    if (this.#overflowed) return this.#restart();
    for (const { event, args } of held) this.emit(event, args);
  }
}
