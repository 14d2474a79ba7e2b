//! The room as a game sees it: the session wrapped in promises, events, one timer and one connection.

import { Connection } from './connection.js';
import { LatchkeyError } from './errors.js';
import { Events } from './events.js';
import { Faults } from './faults.js';
import { bytesOf, deepFreeze } from './json.js';
import { KINDS } from './outbox.js';
import { SavedRecords } from './saved.js';
import { Session } from './session.js';
import { VERSION } from './version.js';
import { worldOf } from './world.js';

/** @typedef {import('./types.js').LogRecord} LogRecord */
/** @typedef {import('./types.js').Room} Room */
/** @typedef {import('./types.js').Saying} Saying */
/** @typedef {import('./commands.js').Input} Input */
/** @typedef {import('./commands.js').Command} Command */
/** @typedef {import('./outbox.js').SayOp} SayOp */
/** @typedef {{ record: LogRecord | null, resolve(record: LogRecord): void, reject(error: Error): void, store(record: LogRecord): void, lose(error: Error): void }} Promised */

const SIGNAL_KEY = /^[a-z0-9_-]{1,32}$/;
const WAKING = ['visibilitychange', 'online', 'pageshow'];

/**
 * Joins a room.
 * @param {import('./types.js').JoinOptions} options
 * @returns {Promise<Room>} resolves at the first welcome; rejects when joining is impossible for good
 */
export async function join(options) {
  const world = worldOf(options);
  return new Promise((resolve, reject) => {
    /** @type {(state: import('./types.js').ConnectionState, detail: import('./types.js').StateDetail) => void} */
    const settle = (state, detail) => {
      if (state === 'live') resolve(room);
      // A seat taken over before its first welcome is nothing the caller could take back: it has no room yet.
      if (state === 'ended' || state === 'taken-over') reject(new LatchkeyError(detail.code ?? state, detail.message ?? state));
      // Last, because what it throws must not keep the promise open.
      world.onState?.(state, detail);
    };
    const room = new JoinedRoom(world, settle);
    room.start();
  });
}

/** @implements {Room} */
class JoinedRoom {
  #world;
  #session;
  #connection;
  #events;
  #faults;
  #saved;
  /** @type {Command[]} */
  #todo = [];
  #running = false;
  #timer = null;
  #timerAt = Infinity;
  #nextId = 1;
  /** @type {Map<number, Promised>} */
  #promised = new Map();
  /** @type {Saying | null} */
  #finishing = null;

  /** @param {import('./world.js').World} world @param {import('./types.js').RoomEvents['state']} onState */
  constructor(world, onState) {
    this.#world = world;
    this.#saved = new SavedRecords(world.storage, world.connect);
    this.#faults = new Faults({ url: world.faults, fetch: world.fetch, sdk: VERSION, browser: world.browser });
    this.#session = new Session({
      sdk: VERSION,
      random: world.random,
      load: (member) => this.#saved.load(member),
      visible: () => world.page?.visible() ?? true,
    });
    this.#connection = new Connection(world, (input) => this.#tell(input));
    this.#events = new Events({ report: (what, error) => this.fault(what, error), restart: () => this.#tell({ type: 'restart', whole: false }) });
    this.#events.on('state', onState);
  }

  start() {
    for (const type of WAKING) this.#world.page?.addEventListener(type, this.#wake);
    this.#tell({ type: 'start' });
  }

  get me() { return this.#session.me; }
  get members() { return this.#session.members.list; }
  get state() { return this.#session.state; }
  get seq() { return this.#session.log.seq; }
  get tail() { return this.#session.log.tail; }
  get caughtUp() { return this.#session.log.caughtUp; }
  get stored() { return this.#session.log.stored; }
  get behind() { return this.#session.behind; }
  get finished() { return this.#session.log.finished; }
  get unsaved() { return this.#session.unordered.length; }

  /** @param {string | null} id */
  member(id) {
    return this.members.find((member) => member.id === id);
  }

  /** @returns {readonly import('./types.js').PendingRecord[]} */
  pending() {
    const { epoch } = this.#session.log;
    return this.#session.unordered.map(({ n, op, body }) => (
      { seq: null, pending: true, epoch, from: this.me, n, at: Math.round(this.now()), kind: KINDS[op], body }
    ));
  }

  /** @param {any} body */
  say(body) {
    return this.#add('say', body);
  }

  /** @param {import('./types.js').Profile} profile */
  profile({ name, colour }) {
    return this.#add('profile', { name, colour });
  }

  /** @param {any} result */
  finish(result) {
    if (this.finished !== null) return refusedSaying(new LatchkeyError('finished', `The game finished at record ${this.finished}; it finishes once.`));
    // Every member's page notices the end, and more than once while the record is under way.
    if (this.#finishing) return this.#finishing;
    const saying = this.#finishing = this.#add('finish', result);
    saying.catch(() => { this.#finishing = null; });
    return saying;
  }

  async leave() {
    await this.#add('leave', null);
  }

  /** @param {string} key @param {any} body */
  signal(key, body) {
    if (!SIGNAL_KEY.test(key)) throw new LatchkeyError('signal', `The signal key "${key}" is out of form: use 1 to 32 characters of a-z, 0-9, _ and -.`);
    const { value, bytes } = snapshot(body);
    const limit = this.#session.limits.signal_body;
    if (bytes > limit) throw new LatchkeyError('signal', `The signal "${key}" has ${bytes} bytes; the limit is ${limit}. Signal less, or say it.`);
    this.#tell({ type: 'signal', key, body: value });
  }

  /** @param {number} seq @param {any} state */
  checkpoint(seq, state) {
    const { value, bytes } = snapshot(state);
    const limit = this.#session.limits.checkpoint;
    if (bytes > limit) throw new LatchkeyError('checkpoint_too_large', `The state has ${bytes} bytes; the limit of a checkpoint is ${limit}. Keep the state small.`);
    this.#tell({ type: 'checkpoint', seq, state: value });
  }

  replay() {
    this.#tell({ type: 'restart', whole: true });
  }

  takeBack() {
    const possible = this.state === 'taken-over';
    this.#tell({ type: 'take_back' });
    return possible;
  }

  now() {
    return this.#world.now() + this.#session.clockOffset;
  }

  /** @param {string} what @param {unknown} error */
  fault(what, error) {
    globalThis.console?.error(`latchkey: ${what}`, error);
    this.#faults.report(what, error);
  }

  close() {
    this.#tell({ type: 'close' });
  }

  /**
   * @template {keyof import('./types.js').RoomEvents} E
   * @param {E} event @param {import('./types.js').RoomEvents[E]} listener
   */
  on(event, listener) {
    return this.#events.on(event, listener);
  }

  /** @param {SayOp} op @param {any} body @returns {Saying} */
  #add(op, body) {
    let said;
    try {
      said = snapshot(body);
    } catch (error) {
      return refusedSaying(/** @type {Error} */ (error));
    }
    const refusal = this.#refusalOf(op, said.bytes);
    if (refusal) return refusedSaying(refusal);
    const id = this.#nextId++;
    const { saying, promised } = newSaying();
    this.#promised.set(id, promised);
    this.#tell({ type: 'say', id, op, body: said.value, bytes: said.bytes });
    return saying;
  }

  /** Why a record cannot even be queued. @param {SayOp} op @param {number} bytes */
  #refusalOf(op, bytes) {
    if (this.state === 'ended') return new LatchkeyError('ended', `The room ended; this ${op} was not sent.`);
    const { body } = this.#session.limits;
    if (bytes > body) return new LatchkeyError('too_large', `The body has ${bytes} bytes; the limit is ${body}. Say less, in parts.`);
    if (!this.#session.fits(bytes)) return new LatchkeyError('outbox_full', 'Too many of your records wait for the host. Wait until `unsaved` falls.');
    return null;
  }

  // Commands are done strictly one after the other: a listener that speaks while commands are under way
  // would otherwise overtake frames that carry earlier numbers.
  /** @param {Input} input */
  #tell(input) {
    this.#todo.push(...this.#session.handle(input, this.#world.now()));
    if (this.#running) return;
    this.#running = true;
    for (let command = this.#todo.shift(); command; command = this.#todo.shift()) this.#do(command);
    this.#running = false;
    this.#arm();
  }

  /** @param {Command} command */
  #do(command) {
    switch (command.do) {
      case 'ask': return void this.#connection.ask(command.attempt, command.measure);
      case 'open': return this.#connection.open(command.attempt, command.url);
      case 'send': return this.#connection.send(command.frame);
      case 'send_text': return this.#connection.sendText(command.text);
      case 'hang_up': return this.#connection.hangUp();
      case 'save': return this.#saved.save(command.member, command.saved);
      case 'ordered': return this.#ordered(command.id, command.record);
      case 'stored': return this.#stored(command.id);
      case 'rejected': return this.#rejected(command.id, new LatchkeyError(command.code, command.message));
      case 'fault': return this.fault(command.what, command.message);
      default: return this.#emit(command);
    }
  }

  /** @param {Extract<Command, { do: 'emit' }>} command */
  #emit({ event, args }) {
    this.#events.emit(event, args);
    if (event === 'unsaved') this.#warn();
    if (event === 'state' && args[0] === 'ended') {
      for (const type of WAKING) this.#world.page?.removeEventListener(type, this.#wake);
    }
  }

  /** @param {number} id @param {LogRecord} record */
  #ordered(id, record) {
    const promised = this.#promised.get(id);
    if (!promised) return;
    promised.record = record;
    promised.resolve(record);
  }

  /** @param {number} id */
  #stored(id) {
    const promised = this.#promised.get(id);
    this.#promised.delete(id);
    if (promised?.record) promised.store(promised.record);
  }

  /** @param {number} id @param {LatchkeyError} error */
  #rejected(id, error) {
    const promised = this.#promised.get(id);
    this.#promised.delete(id);
    promised?.reject(error);
    promised?.lose(error);
  }

  /** One timer, set anew only when the next deadline is another. */
  #arm() {
    const at = this.#session.deadline;
    if (at === this.#timerAt) return;
    if (this.#timer !== null) this.#world.timers.clearTimeout(this.#timer);
    this.#timer = null;
    this.#timerAt = at;
    if (at === Infinity) return;
    this.#timer = this.#world.timers.setTimeout(() => {
      this.#timer = null;
      this.#timerAt = Infinity;
      this.#tell({ type: 'tick' });
    }, Math.max(0, Math.ceil(at - this.#world.now())));
  }

  /** Listens for leaving only while something would be lost: the listener alone costs the page the browser's back cache. */
  #warn() {
    if (this.unsaved > 0) this.#world.page?.addEventListener('beforeunload', this.#leaving);
    else this.#world.page?.removeEventListener('beforeunload', this.#leaving);
  }

  #wake = () => {
    if (this.#world.page?.visible()) this.#tell({ type: 'wake' });
  };

  /** @param {Event} event */
  #leaving = (event) => {
    event.preventDefault();
    // Older browsers ask only for a returnValue that is not empty.
    event.returnValue = /** @type {any} */ ('unsaved');
  };
}

/** What the wire will make of a value, frozen: later changes by the caller change nothing. @param {any} body */
function snapshot(body) {
  let text;
  try {
    text = JSON.stringify(body);
  } catch (error) {
    throw new LatchkeyError('body', `The body is no JSON (${error instanceof Error ? error.message : error}).`);
  }
  if (text === undefined) throw new LatchkeyError('body', 'The body is no JSON: undefined, functions and symbols cannot be sent. Use null for nothing.');
  return { value: deepFreeze(JSON.parse(text)), bytes: bytesOf(text) };
}

/** @returns {{ saying: Saying, promised: Promised }} */
function newSaying() {
  /** @type {any} */
  const promised = { record: null };
  const ordered = new Promise((resolve, reject) => Object.assign(promised, { resolve, reject }));
  const stored = new Promise((resolve, reject) => Object.assign(promised, { store: resolve, lose: reject }));
  // A game need not follow what it says: a refusal also comes as an event.
  ordered.catch(() => {});
  stored.catch(() => {});
  return { saying: Object.assign(ordered, { stored }), promised };
}

/** @param {Error} error @returns {Saying} */
function refusedSaying(error) {
  const { saying, promised } = newSaying();
  promised.reject(error);
  promised.lose(error);
  return saying;
}
