//! The connection to a room as a state machine: `handle(input, now)` answers with commands, `deadline` says when it wants
//! to be asked again. Sockets, requests, timers, storage and promises are the shell's (`room.js`); so tests drive the clock.

import { Attempts } from './attempts.js';
import { HostClock } from './clock.js';
import { meaningOf } from './codes.js';
import { HOST_LIMITS } from './limits.js';
import { Log } from './log.js';
import { Members } from './members.js';
import { OwnRecords } from './own.js';
import { Pulse } from './pulse.js';
import { Signals } from './signals.js';
import { vouchFrames } from './vouch.js';
import { decode } from './wire.js';

/** @typedef {import('./outbox.js').Saved} Saved */
/** @typedef {import('./outbox.js').SayOp} SayOp */
/** @typedef {import('./commands.js').Input} Input */
/** @typedef {import('./commands.js').Command} Command */

/** An address of a socket, or a path on the page's own origin (P4.9). */
const ADDRESS = /^(wss?:\/\/|\/(?!\/))/;
/** What the site may answer without meaning it for good. */
const PASSING_STATUS = new Set([0, 408, 425, 429]);
/** Ends after which a reload can do what this page could not, so that what is unordered stays saved. */
const HOPEFUL_ENDS = new Set(['closed_here', 'no_ticket']);

/** One member's connection to one room, over all of its sockets. */
export class Session {
  /** @type {import('./types.js').ConnectionState} */
  state = 'connecting';
  me = '';
  members = new Members();
  log = new Log();
  limits = HOST_LIMITS;
  /** Whether the host was late with storing when it last said (P4.7). */
  behind = false;

  #sdk;
  #visible;
  #now = 0;
  /** @type {Command[]} */
  #out = [];
  #own;
  #signals = new Signals();
  #clock = new HostClock();

  #attempts;
  #pulse = new Pulse();
  #attempt = 0;
  #ticket = '';
  #socketUp = false;
  /** The position sent with `join`. @type {{ epoch: number, seq: number } | null} */
  #offered = null;
  /** @type {import('./wire.js').Rewind | null} */
  #rewind = null;
  /** The next log is wanted from its first record, though there is a checkpoint. */
  #whole = false;
  #leaving = false;

  /**
   * @param {object} world
   * @param {string} world.sdk the version sent in `join`
   * @param {() => number} world.random
   * @param {(member: string) => Saved[]} world.load what an earlier page left unordered
   * @param {() => boolean} [world.visible] whether somebody can be looking at the page
   */
  constructor({ sdk, random, load, visible = () => true }) {
    this.#sdk = sdk;
    this.#attempts = new Attempts(random);
    this.#visible = visible;
    this.#own = new OwnRecords({
      push: (command) => this.#out.push(command),
      load,
      stamp: () => ({ epoch: this.log.epoch, at: Math.round(this.#now + this.clockOffset) }),
    });
  }

  /** What to add to the local clock for the host's. */
  get clockOffset() {
    return this.#clock.offset;
  }

  /** Own records not ordered yet. */
  get unordered() {
    return this.#own.unordered;
  }

  /** Whether another own record of this many bytes fits. @param {number} bytes */
  fits(bytes) {
    return this.#own.fits(bytes);
  }

  /** When to call with `tick` at the latest; Infinity for never. */
  get deadline() {
    const live = this.state === 'live'
      ? [this.#pulse.deadAt, this.#pulse.beatAt, this.#own.deadline, this.#signals.deadline] : [];
    return Math.min(this.#attempts.giveUpAt, this.#attempts.nextAt, ...live);
  }

  /**
   * @param {Input} input
   * @param {number} now ms by the local clock
   * @returns {Command[]}
   */
  handle(input, now) {
    this.#now = now;
    this.#take(input);
    this.#due();
    this.#flush();
    return this.#out.splice(0);
  }

  /** @param {Input} input */
  #take(input) {
    if ('attempt' in input && input.attempt !== this.#attempt) return;
    switch (input.type) {
      case 'start': return this.#connect();
      case 'ticket': return this.#gotTicket(input.url, input.ticket);
      case 'no_ticket': return this.#gotNoTicket(input);
      case 'opened': return this.#opened();
      case 'frame': return this.#frame(input.text);
      case 'closed': return this.#closed(input.code);
      case 'say': return this.#say(input);
      case 'signal': return this.#signal(input.key, input.body);
      case 'checkpoint': return this.#checkpoint(input.seq, input.state);
      case 'wake': return this.#wake();
      case 'take_back': return this.state === 'taken-over' ? this.#connect() : undefined;
      case 'restart': return this.#restart(input.whole);
      case 'close': return this.#end('closed_here', 'This page left the room.');
      default: return undefined;
    }
  }

  // Connecting

  #connect() {
    this.#attempt += 1;
    this.#attempts.ask(this.#now);
    this.#rewind = null;
    if (this.state !== 'connecting' || this.#attempt === 1) this.#become('connecting', {});
    this.#out.push({ do: 'ask', attempt: this.#attempt, measure: this.me === '' });
  }

  /** @param {string} url @param {string} ticket */
  #gotTicket(url, ticket) {
    this.#ticket = ticket;
    this.#out.push({ do: 'open', attempt: this.#attempt, url: this.#attempts.open(url, this.#now) });
  }

  /** @param {{ status: number, message: string, retryAfter?: number }} answer */
  #gotNoTicket({ status, message, retryAfter }) {
    if (status >= 400 && status < 500 && !PASSING_STATUS.has(status)) return this.#end('no_ticket', message);
    return this.#comeBack('network', message, retryAfter ?? 0);
  }

  #opened() {
    if (this.#outOfSight) return this.#rest();
    this.#socketUp = true;
    this.#offered = this.log.have ?? (this.#whole ? { epoch: this.log.epoch, seq: 0 } : null);
    this.#attempts.join(this.#now);
    this.#send({ op: 'join', ticket: this.#ticket, have: this.#offered, sdk: this.#sdk });
    this.#ticket = '';
  }

  /** @param {number} close */
  #closed(close) {
    const { then, code, message } = meaningOf(close);
    if (then === 'moved') return this.#follow(null);
    if (then === 'return') return this.#comeBack(code, message);
    if (then === 'taken-over') {
      this.#hangUp();
      return this.#become('taken-over', { code, message });
    }
    if (code !== 'seat_gone' || !this.#leaving) return this.#end(code, message);
    // The host confirms `leave` by closing, whether or not the record came first.
    this.#own.left(this.log.tail + 1);
    return this.#end('left', 'The seat was given up.');
  }

  /**
   * Waits and connects again.
   * @param {string} code @param {string} message @param {number} [atLeast] ms the other side asked to wait
   */
  #comeBack(code, message, atLeast = 0) {
    this.#hangUp();
    const wait = this.#attempts.failed(this.#now, code, atLeast);
    this.#become('waiting', { code, message, in: wait });
  }

  /**
   * Whether the seat may have gone to another device without this page hearing of it, and nobody looks at this page. To
   * come back by itself would take the seat from where it is in use.
   */
  get #outOfSight() {
    return this.me !== '' && this.#pulse.longSilent(this.#now) && !this.#visible();
  }

  /** Waits for the page to be shown. */
  #rest() {
    this.#hangUp();
    this.#become('waiting', { code: 'hidden', message: 'This page is in the background. It comes back when it is shown.' });
  }

  /** A fault of the conversation: it is reported, and a new connection begins it afresh. @param {string} what @param {string} message */
  #renew(what, message) {
    this.#out.push({ do: 'fault', what, message });
    this.#comeBack(what, message);
  }

  /** The log is wanted from its beginning. @param {boolean} whole from the first record, and not from a checkpoint */
  #restart(whole) {
    this.log.forget();
    this.#whole ||= whole;
    if (this.state !== 'live' && this.state !== 'connecting') return;
    this.#hangUp();
    this.#connect();
  }

  #hangUp() {
    // Whatever the old socket or request still says is of a former attempt.
    this.#attempt += 1;
    this.#socketUp = false;
    this.#pulse.stop();
    this.#attempts.stop();
    this.#out.push({ do: 'hang_up' });
  }

  /** @param {string} code @param {string} message */
  #end(code, message) {
    if (this.state === 'ended') return;
    this.#hangUp();
    this.#own.end(message, HOPEFUL_ENDS.has(code));
    this.#become('ended', { code, message });
  }

  // Frames

  /** @param {unknown} text */
  #frame(text) {
    this.#pulse.heard(this.#now);
    let frame;
    try {
      frame = decode(text);
    } catch (error) {
      return this.#renew('bad_frame', String(error));
    }
    if (!frame) return undefined;
    if (this.state !== 'live') return this.#beforeWelcome(frame);
    switch (frame.op) {
      case 'record': return this.#record(frame.record, frame.text);
      case 'signal': return this.#emit('signal', { from: frame.from, key: frame.key, body: frame.body });
      case 'presence': return this.members.presence(frame.online) ? this.#emit('members', this.members.list) : undefined;
      case 'stored': return this.#stored(frame);
      case 'refused': return this.#refused(frame);
      case 'beat': return frame.t == null ? undefined : this.#clock.sample(frame.t, this.#now, frame.now);
      case 'moved': return this.#moved(frame.url);
      default: return this.#renew('out_of_turn', `The host sent a ${frame.op} to a member it had welcomed.`);
    }
  }

  /** @param {import('./wire.js').HostFrame} frame */
  #beforeWelcome(frame) {
    switch (frame.op) {
      case 'rewind': this.#rewind = frame; return undefined;
      case 'vouch': return this.#vouch(frame.after);
      case 'welcome': return this.#welcome(frame);
      case 'moved': return this.#moved(frame.url);
      case 'beat': return undefined;
      default: return this.#renew('out_of_turn', `The host sent a ${frame.op} before its welcome.`);
    }
  }

  /**
   * The host of before is lost with what it had not stored: what this client has seen of it goes on (P6.5).
   * @param {number} after
   */
  #vouch(after) {
    const online = this.me === '' ? [] : [...new Set([this.me, ...this.members.online])];
    for (const text of vouchFrames(this.log.unstoredAfter(after), online)) {
      this.#out.push({ do: 'send_text', text });
    }
  }

  /** @param {import('./wire.js').Welcome} answer */
  #welcome(answer) {
    const offered = this.#offered;
    // To resume before the first record is to begin there.
    const welcome = answer.resumed && offered?.seq === 0 ? { ...answer, resumed: false, checkpoint: null } : answer;
    // A position forgotten while the socket opened cannot be resumed.
    if (welcome.resumed && (!offered || this.log.seq !== offered.seq)) {
      this.log.forget();
      return this.#renew('bad_welcome', 'The host resumed a position that was not offered.');
    }
    if (!this.log.welcome(welcome)) {
      this.log.forget();
      return this.#renew('bad_welcome', `The host's welcome starts behind its own tail ${welcome.tail}.`);
    }
    this.me = welcome.member;
    this.limits = { ...HOST_LIMITS, ...welcome.limits };
    this.members.welcome(welcome.members, welcome.tail);
    this.#clock.sample(this.#attempts.askedAt, this.#now, welcome.now);
    this.#own.welcome(welcome, this.#sure);
    this.#attempts.welcomed(this.#now);
    this.#whole = false;
    this.#become('live', {});
    if (!welcome.resumed) {
      const { checkpoint } = welcome;
      if (this.#rewind) this.#emit('rewind', { epoch: this.#rewind.epoch, seq: this.#rewind.seq });
      this.#emit('reset', { checkpoint: checkpoint ? { seq: checkpoint.seq, state: checkpoint.state } : null });
    }
    this.#rewind = null;
    this.#emit('members', this.members.list);
    this.#stored({ seq: welcome.stored, behind: welcome.behind });
    this.#ifCaughtUp();
    this.#own.changed();
    // The welcome waited for the room to be opened; a beat measures the clock by the round trip alone.
    this.#beat();
  }

  /**
   * How far what this client holds as ordered is part of the history for certain. The host judged the position that was
   * offered and nothing beyond it: a replay that broke off may lie behind records that were seen before it and lost since.
   * After a rewind it is what was stored (P4.8).
   */
  get #sure() {
    return this.#rewind ? Math.min(this.#rewind.seq, this.log.stored) : this.#offered?.seq ?? 0;
  }

  /** @param {import('./types.js').LogRecord} record @param {string} text */
  #record(record, text) {
    const place = this.log.record(record, text);
    if (place === 'repeated') {
      return void this.#out.push({ do: 'fault', what: 'repeated_record', message: `Record ${record.seq} came twice; this client is at ${this.log.seq}.` });
    }
    if (place === 'gap') return this.#renew('gap', `Record ${record.seq} came after ${this.log.seq}.`);
    // An entry leaves what is pending before its record is told, or an optimistic state would count it twice.
    const own = record.from === this.me && record.n > 0;
    const entry = own ? this.#own.came(record) : null;
    this.#emit('record', record);
    if (entry) this.#own.ordered(entry, record);
    if (this.members.record(record)) this.#emit('members', this.members.list);
    this.#ifCaughtUp();
    if (own) this.#own.changed();
    if (own && !entry && this.#own.isForeign(record.n)) {
      return this.#renew('foreign_number', `Record ${record.seq} used this member's number ${record.n}.`);
    }
    return undefined;
  }

  #ifCaughtUp() {
    if (this.log.caughtUp && this.log.seq === this.log.target) this.#own.caughtUp(this.log.seq, this.log.stored);
  }

  /** @param {{ seq: number, behind?: boolean | null }} mark */
  #stored({ seq, behind }) {
    if (this.log.advance(seq)) {
      this.#emit('stored', seq);
      this.#own.stored(this.log.stored);
    }
    if (this.behind === (behind ?? false)) return;
    this.behind = !this.behind;
    this.#emit('behind', this.behind);
  }

  /** @param {import('./wire.js').Refused} frame */
  #refused({ n, code, message, retry_after }) {
    const refusal = { ...(n == null ? {} : { n }), code, message, ...(retry_after == null ? {} : { retry_after }) };
    this.#emit('refused', refusal);
    if (n == null) return undefined;
    const renew = this.#own.refused(refusal, this.#now);
    return renew ? this.#renew('say_gap', renew) : undefined;
  }

  /** @param {string} url */
  #moved(url) {
    if (!ADDRESS.test(url)) return this.#renew('moved', 'The room was said to have moved to what is no address of a socket.');
    return this.#follow(url);
  }

  /** Goes where the room went; says wait meanwhile. @param {string | null} url null for where the site says */
  #follow(url) {
    this.#hangUp();
    if (!this.#attempts.moved(this.#now, url)) return this.#renew('moved', 'The room was said to have moved too often in a row.');
    return this.#become('connecting', {});
  }

  // What the game does

  /** @param {{ id: number, op: SayOp, body: any, bytes: number }} said */
  #say(said) {
    if (said.op === 'leave') this.#leaving = true;
    this.#own.add(said);
  }

  /** @param {string} key @param {any} body */
  #signal(key, body) {
    if (this.#signals.set(key, body)) return;
    this.#emit('refused', { code: 'signal', message: `signal: more than the limit of keys wait; "${key}" was dropped. Use fewer keys.` });
  }

  /** @param {number} seq @param {any} state */
  #checkpoint(seq, state) {
    if (this.state === 'live') this.#send({ op: 'checkpoint', seq, state });
  }

  /** The page came back to life: what the socket looks like means nothing until the host has answered. */
  #wake() {
    if (this.state === 'live' && !this.#pulse.asking) this.#beat();
    if (this.state === 'waiting') this.#attempts.hurry(this.#now);
  }

  // Time

  #due() {
    const now = this.#now;
    if (now >= this.#attempts.giveUpAt) this.#comeBack('network', 'Connecting took too long.');
    if (now >= this.#attempts.nextAt) this.#outOfSight ? this.#rest() : this.#connect();
    if (this.state !== 'live') return;
    if (now >= this.#pulse.deadAt) return this.#comeBack('network', 'The host did not answer.');
    if (this.#own.late(now)) return this.#renew('no_refusal', 'The host did not answer frames that it must have refused.');
    if (now >= this.#pulse.beatAt) this.#beat();
  }

  #beat() {
    this.#pulse.asked(this.#now);
    this.#send({ op: 'beat', t: Math.round(this.#now) });
  }

  #flush() {
    const frames = this.state === 'live' ? this.#own.take(this.#now) : [];
    this.#own.saveIfStale();
    if (this.state !== 'live') return;
    for (const frame of frames) this.#send(frame);
    for (const frame of this.#signals.take(this.#now)) this.#send(frame);
  }

  // Small things

  /** @param {object} frame */
  #send(frame) {
    if (!this.#socketUp) return;
    this.#pulse.sent(this.#now);
    this.#out.push({ do: 'send', frame });
  }

  /** @param {import('./types.js').ConnectionState} state @param {import('./types.js').StateDetail} detail */
  #become(state, detail) {
    this.state = state;
    this.#emit('state', state, detail);
  }

  /**
   * @template {keyof import('./types.js').RoomEvents} E
   * @param {E} event @param {Parameters<import('./types.js').RoomEvents[E]>} args
   */
  #emit(event, ...args) {
    this.#out.push(/** @type {Command} */ ({ do: 'emit', event, args }));
  }
}
