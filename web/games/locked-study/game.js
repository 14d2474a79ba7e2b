//! What the parts of the page share: the room, the state, where this player looks, and how things are done and told.
//! No element of the page is made here.

import { apply, milestone } from './rules.js';
import { text } from './words.js';

/**
 * @typedef {import('./rules.js').State} State
 * @typedef {import('./puzzles.js').View} View
 * @typedef {import('../../sdk/index.js').Room} Room
 * @typedef {import('../../sdk/index.js').Replica<State>} Shared
 * @typedef {import('./sound.js').Sound} Sound
 * @typedef {{kind: 'deed' | 'chat' | 'story', words: string}} Told
 */

/** Somebody else's client has this long to report its own escape before another one does. */
const FINISH_FOR_OTHERS_MS = 5000;

export class Game {
  /** @param {Room} room @param {Shared} shared @param {Sound} sound */
  constructor(room, shared, sound) {
    this.room = room;
    this.shared = shared;
    this.sound = sound;
    /** @type {View} */
    this.view = 'study';
    /** @type {string | null} what this player has stepped up to */
    this.panel = null;
    /** @type {Set<() => void>} */
    this.listeners = new Set();
    /** @type {Set<(told: Told) => void>} */
    this.hearers = new Set();
    this.told = shared.confirmed.told;
    this.finishing = false;
    shared.on('change', () => this.changed());
    room.on('members', () => this.tellListeners());
    room.on('record', (record) => this.heard(record));
    // Whoever opened the door and lost the page before the end was reported comes back with the door open.
    this.finishOnce();
  }

  get state() {
    return this.shared.state;
  }

  /** @param {() => void} listener called after every change of the state or of where this player looks */
  onChange(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** @param {(told: Told) => void} hearer called with everything that should be said aloud */
  onTold(hearer) {
    this.hearers.add(hearer);
  }

  /** @param {string} words @param {Told['kind']} [kind] */
  tell(words, kind = 'story') {
    for (const hear of this.hearers) hear({ kind, words });
  }

  /** @param {View} view @param {string | null} panel */
  look(view, panel) {
    this.view = view;
    this.panel = panel;
    this.tellListeners();
  }

  /**
   * Says something to the room if the rules would make anything of it.
   * @param {Record<string, unknown> & {type: string}} body
   * @returns {{before: State, after: State} | null} null when it would change nothing
   */
  act(body) {
    const before = this.state;
    const after = apply(before, { seq: null, from: this.room.me, at: this.room.now(), kind: 'said', body });
    if (after === before) return null;
    const reached = milestone(before, after);
    // A refusal is shown by the status line, which hears of it from the room.
    this.shared.say(reached ? { ...body, milestone: reached } : body).catch(() => undefined);
    return { before, after };
  }

  /** @param {string} id */
  name(id) {
    if (id === this.room.me) return text.events.you;
    return this.room.member(id)?.name ?? this.state.people[id]?.name ?? text.events.someone;
  }

  /** Milliseconds since Begin, standing still once the game is over. */
  elapsed() {
    const { began, ended, opened } = this.state;
    if (!began) return 0;
    return Math.max(0, (opened.door?.at ?? ended?.at ?? this.room.now()) - began.at);
  }

  giveUp() {
    this.room.finish({ outcome: 'given_up' }).catch(() => undefined);
  }

  changed() {
    this.tellOthersDeeds();
    this.finishOnce();
    this.tellListeners();
  }

  tellListeners() {
    for (const listener of this.listeners) listener();
  }

  /** Tells what other players did since last time; what this player does is told where it is done. */
  tellOthersDeeds() {
    const { log, chat, told } = this.shared.confirmed;
    const fresh = this.shared.caughtUp ? this.told : told;
    for (const entry of log) {
      if (entry.i > fresh && entry.by !== this.room.me) {
        this.tell(describe(entry, this.name(entry.by)), 'deed');
        this.sound.deed(entry.what);
      }
    }
    for (const line of chat) {
      if (line.i > fresh && line.by !== this.room.me) {
        this.tell(`${this.name(line.by)}: ${line.text}`, 'chat');
        this.sound.chat();
      }
    }
    this.told = told;
  }

  /** Words from the operator are told to everybody; bells are heard in the study. @param {import('../../sdk/index.js').LogRecord} record */
  heard(record) {
    const { from, kind, body } = record;
    if (kind === 'notice' && this.shared.caughtUp && typeof body?.text === 'string') this.tell(body.text, 'deed');
    if (from === this.room.me || kind !== 'said' || !this.shared.caughtUp || this.view !== 'study') return;
    if (body?.type === 'ring' && [1, 2, 3, 4, 5].includes(body.bell)) this.sound.bell(body.bell);
  }

  /** The player who opened the door reports the escape; the others only if that player's client has gone. */
  finishOnce() {
    const { opened, ended } = this.shared.confirmed;
    if (!opened.door || ended || this.finishing) return;
    this.finishing = true;
    const finish = () => {
      if (this.room.finished === null) this.room.finish({ outcome: 'escaped' }).catch(() => undefined);
    };
    if (opened.door.by === this.room.me) finish();
    else setTimeout(finish, FINISH_FOR_OTHERS_MS);
  }
}

/**
 * One thing that happened, as a sentence.
 * @param {import('./rules.js').LogEntry} entry
 * @param {string} name
 */
export function describe({ what, id }, name) {
  const { events, opens, puzzles, items } = text;
  switch (what) {
    case 'opened':
      return events.opened(name, opens[/** @type {keyof typeof opens} */ (id)]);
    case 'wrong':
      return events.wrong(name, puzzles[/** @type {keyof typeof puzzles} */ (id)]);
    case 'took':
      return events.took(name, items[/** @type {keyof typeof items} */ (id)].name);
    case 'fitted':
      return events.fitted(name, items[/** @type {keyof typeof items} */ (id)].name);
    case 'hint':
      return events.hint(name, puzzles[/** @type {keyof typeof puzzles} */ (id)]);
    case 'ended':
      return id === 'escaped' ? events.escaped : events.givenUp(name);
    default:
      return events[what](name);
  }
}
