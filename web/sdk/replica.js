//! Keeps one game state in step with the room's log: the same for every member at the same record, with one's own
//! unordered records on top. It also makes the checkpoints. The rules are the game's.

import { CHECKPOINT_EVERY, CHECKPOINT_JITTER_MS, CHECKPOINT_LEAST } from './limits.js';
import { LatchkeyError } from './errors.js';
import { deepFreeze } from './json.js';

/** @typedef {import('./types.js').Room} Room */
/** @typedef {import('./types.js').LogRecord} LogRecord */
/** @template S @typedef {import('./types.js').Replica<S>} Replica */
/** @template S @typedef {import('./types.js').Rules<S>} Rules */
/** @typedef {import('./types.js').PendingRecord} PendingRecord */

/**
 * Follows a room from its first record. Make it in the turn in which the room was joined, and once per room.
 * @template S
 * @param {Room} room
 * @param {Rules<S>} rules
 * @param {{ random?: () => number, timers?: import('./types.js').Timers }} [world] for tests
 * @returns {Replica<S>}
 */
export function replica(room, rules, world = {}) {
  return new RoomReplica(room, rules, world);
}

/**
 * @template S
 * @implements {Replica<S>}
 */
class RoomReplica {
  /** @type {S} */
  confirmed;
  seq = 0;
  #room;
  #rules;
  /** @type {S | undefined} */
  #optimistic;
  #fresh = false;
  /** A checkpoint was refused, and the log is asked for from its first record. */
  #replaying = false;
  /** @type {Set<(state: S) => void>} */
  #listeners = new Set();
  /** @type {(() => void)[]} */
  #subscriptions;
  #checkpoints;

  /** @param {Room} room @param {Rules<S>} rules @param {{ random?: () => number, timers?: import('./types.js').Timers }} world */
  constructor(room, rules, world) {
    this.#room = room;
    this.#rules = rules;
    this.confirmed = deepFreeze(rules.init());
    this.#checkpoints = new Checkpoints(room, rules.checkpointEvery ?? CHECKPOINT_EVERY, () => this, world);
    this.#subscriptions = [
      room.on('reset', ({ checkpoint }) => this.#reset(checkpoint)),
      room.on('unsaved', () => this.#changed()),
      room.on('record', (record) => this.#record(record)),
    ];
  }

  /** The confirmed state with one's own unordered records applied. @returns {S} */
  get state() {
    if (!this.#fresh) {
      // A record that the rules cannot apply yet, or not any more, changes nothing until its place is known.
      this.#optimistic = this.#room.pending().reduce((state, record) => this.#apply(state, record, () => {}), this.confirmed);
      this.#fresh = true;
    }
    return /** @type {S} */ (this.#optimistic);
  }

  get caughtUp() {
    return this.#room.caughtUp && this.seq === this.#room.seq;
  }

  /** @param {any} body */
  say(body) {
    return this.#room.say(body);
  }

  /** @param {'change'} event @param {(state: S) => void} listener */
  on(event, listener) {
    if (event !== 'change') throw new LatchkeyError('no_event', `A replica has the event change, not ${event}.`);
    const own = /** @param {S} state */ (state) => listener(state);
    this.#listeners.add(own);
    return () => { this.#listeners.delete(own); };
  }

  close() {
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    this.#checkpoints.close();
    this.#listeners.clear();
  }

  /** @param {import('./types.js').Checkpoint | null} checkpoint */
  #reset(checkpoint) {
    const refused = checkpoint !== null && !this.#believes(checkpoint.state);
    const asked = this.#replaying;
    this.#replaying = refused && !asked;
    this.confirmed = deepFreeze(checkpoint && !refused ? checkpoint.state : this.#rules.init());
    this.seq = checkpoint?.seq ?? 0;
    this.#checkpoints.reset(this.seq, { sound: !refused });
    if (refused) {
      const then = asked ? 'The log is too long to be read whole: the state begins anew and lacks what came before' : 'The log is read from its first record';
      this.#room.fault('checkpoint_refused', new LatchkeyError('checkpoint_refused', `The rules refuse the state of checkpoint ${checkpoint.seq}. ${then}.`));
      if (!asked) this.#room.replay();
    }
    this.#changed();
  }

  /** A state that another member made is untrusted input to the rules. @param {any} state */
  #believes(state) {
    try {
      return this.#rules.valid?.(state) ?? true;
    } catch {
      return false;
    }
  }

  /** @param {LogRecord} record */
  #record(record) {
    // What was on its way when the checkpoint was refused comes again with the whole log.
    if (this.#replaying) return;
    this.confirmed = this.#apply(this.confirmed, record, (error) => this.#room.fault('apply', error));
    this.seq = record.seq;
    this.#checkpoints.record(record.seq);
    this.#changed();
  }

  /**
   * A record whose `apply` throws is skipped, and as the state was frozen it is skipped whole: every member's rules are
   * the same, so every member skips it.
   * @param {S} state @param {LogRecord | PendingRecord} record @param {(error: unknown) => void} report
   * @returns {S}
   */
  #apply(state, record, report) {
    try {
      const next = this.#rules.apply(state, record);
      if (next === undefined) throw new LatchkeyError('apply', 'apply returned nothing; it must return the next state.');
      return deepFreeze(next);
    } catch (error) {
      report(error);
      return state;
    }
  }

  /** While catching up the states of the past are of no interest: only the last one is told. */
  #changed() {
    this.#fresh = false;
    if (!this.caughtUp) return;
    for (const listener of [...this.#listeners]) {
      try {
        listener(this.state);
      } catch (error) {
        this.#room.fault('listener_change', error);
      }
    }
  }
}

/** Offers the confirmed state every so many records, if this client is the one to do it. */
class Checkpoints {
  #room;
  #every;
  #source;
  #random;
  #timers;
  /** Whether the state has all of the log in it. What lacks something must not be where others start. */
  #sound = true;
  /** The record of the last checkpoint known of. */
  #last = 0;
  /** @type {any} */
  #timer = null;

  /** @param {Room} room @param {number} every @param {() => { confirmed: unknown, seq: number, caughtUp: boolean }} source @param {{ random?: () => number, timers?: import('./types.js').Timers }} world */
  constructor(room, every, source, world) {
    this.#room = room;
    this.#every = every <= 0 ? Infinity : Math.max(CHECKPOINT_LEAST, every);
    this.#source = source;
    this.#random = world.random ?? Math.random;
    this.#timers = world.timers ?? { setTimeout: (run, ms) => setTimeout(run, ms), clearTimeout: (id) => clearTimeout(id) };
  }

  /** @param {number} seq @param {{ sound: boolean }} state */
  reset(seq, { sound }) {
    this.close();
    this.#sound = sound;
    this.#last = seq;
  }

  /** @param {number} seq */
  record(seq) {
    if (!this.#sound || this.#timer !== null || seq - this.#last < this.#every || !this.#elected()) return;
    // Two clients that see each other offline are both elected; the wait lets one of them see the other's offer refused.
    this.#timer = this.#timers.setTimeout(() => this.#offer(), this.#random() * CHECKPOINT_JITTER_MS);
  }

  close() {
    if (this.#timer !== null) this.#timers.clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** The member online with the lowest id. */
  #elected() {
    const online = this.#room.members.filter((member) => member.online || member.id === this.#room.me);
    return this.#room.state === 'live' && online.every(({ id }) => this.#room.me <= id);
  }

  #offer() {
    this.#timer = null;
    const { confirmed, seq, caughtUp } = this.#source();
    if (!caughtUp || !this.#elected()) return;
    // Taken or refused (somebody else's is there already, or the state is too large): the next is as far away as ever.
    this.#last = seq;
    try {
      this.#room.checkpoint(seq, confirmed);
    } catch (error) {
      this.#room.fault('checkpoint', error);
    }
  }
}
