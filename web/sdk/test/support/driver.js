//! Drives a bare `Session`: frames in, commands out, time by hand. No sockets and no promises.

import { Session } from '../../session.js';

export const ME = 'me0000000000';
export const OTHER = 'other0000000';

const OF_ATTEMPT = ['ticket', 'no_ticket', 'opened', 'frame', 'closed'];

/** A record frame of the host. */
export function recordFrame(seq, fields = {}) {
  return { op: 'record', seq, epoch: 1, from: OTHER, n: seq, at: 1000 + seq, kind: 'said', body: { seq }, mac: 'm'.repeat(22), ...fields };
}

/** A welcome of the host. */
export function welcomeFrame(fields = {}) {
  return {
    op: 'welcome', member: ME, members: [{ id: ME, name: 'Me', colour: '#111111', online: true }],
    epoch: 1, tail: 0, stored: 0, resumed: false, n: 0, finished: null, now: 1_000_000,
    limits: { body: 16384, says_per_second: 30, says_burst: 60, signal_body: 1024, checkpoint: 262144, members: 64 }, ...fields,
  };
}

export class Driver {
  now = 10_000;
  sent = [];
  texts = [];
  commands = [];
  saved = [];
  #id = 0;
  #attempt = 0;

  visible = true;

  constructor({ random = () => 0.5, load = () => [] } = {}) {
    this.session = new Session({ sdk: '0.0.0-test', random, load, visible: () => this.visible });
  }

  /** Hands an input over and sorts what comes out. */
  in(input) {
    const ofAttempt = OF_ATTEMPT.includes(input.type) ? { attempt: this.#attempt } : {};
    const out = this.session.handle({ ...ofAttempt, ...input }, this.now);
    for (const command of out) {
      if (command.do === 'ask' || command.do === 'open') this.#attempt = command.attempt;
      if (command.do === 'send') this.sent.push(command.frame);
      if (command.do === 'send_text') this.texts.push(command.text);
      if (command.do === 'save') this.saved = command.saved;
    }
    this.commands.push(...out);
    return out;
  }

  /** Lets time pass, waking the session at each of its deadlines. */
  pass(ms) {
    const until = this.now + ms;
    while (this.session.deadline <= until) {
      this.now = Math.max(this.now, this.session.deadline);
      this.in({ type: 'tick' });
    }
    this.now = until;
    this.in({ type: 'tick' });
  }

  /** Waits for the next attempt to connect. */
  retry() {
    this.pass(this.session.deadline - this.now);
  }

  frame(frame) {
    return this.in({ type: 'frame', text: typeof frame === 'string' ? frame : JSON.stringify(frame) });
  }

  /** Answers the request for a ticket and opens the socket. */
  open(url = 'ws://host/room') {
    this.in({ type: 'ticket', url, ticket: 'ticket' });
    return this.in({ type: 'opened' });
  }

  /** From nothing to live. */
  live(welcome = {}) {
    this.in({ type: 'start' });
    this.open();
    this.frame(welcomeFrame(welcome));
    this.frame({ op: 'beat', t: this.now, now: 1_000_000 });
    return this;
  }

  /** Breaks the connection, waits, and is welcomed again. */
  again(welcome = {}, before = []) {
    this.in({ type: 'closed', code: 1006 });
    this.retry();
    this.sent.length = this.commands.length = 0;
    this.open();
    for (const frame of before) this.frame(frame);
    this.frame(welcomeFrame(welcome));
    this.frame({ op: 'beat', t: this.now, now: 1_000_000 });
    return this;
  }

  say(body, op = 'say') {
    this.#id += 1;
    this.in({ type: 'say', id: this.#id, op, body, bytes: 10 });
    return this.#id;
  }

  /** My record as the host orders it. */
  mine(seq, n, body, fields = {}) {
    return this.frame(recordFrame(seq, { from: ME, n, body, ...fields }));
  }

  /** The frames that were sent and carry a number, emptied. */
  took() {
    const frames = this.sent.filter((frame) => 'n' in frame);
    this.sent.length = 0;
    return frames.map(({ n, body }) => [n, body]);
  }

  /** The arguments of each emitted event of this name, emptied. */
  events(name) {
    const events = this.commands.filter((command) => command.do === 'emit' && command.event === name);
    this.commands = this.commands.filter((command) => !events.includes(command));
    return events.map(({ args }) => args);
  }

  /** The commands of one kind. */
  done(kind) {
    return this.commands.filter((command) => command.do === kind);
  }
}
