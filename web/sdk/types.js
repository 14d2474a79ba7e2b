//! The types a game author meets, as JSDoc. No code lives here; the frames of the wire are in `wire.js`.

/** @typedef {import('./states.js').ConnectionState} ConnectionState */

/**
 * What comes with a `state` event.
 * @typedef {object} StateDetail
 * @property {string} [code] why, as a word: `network`, `going_away`, `taken_over`, `seat_gone`, `left`, `closed_here`, `hidden`, ...
 * @property {string} [message] the same for a person
 * @property {number} [in] milliseconds to the next attempt, with `waiting`; absent while it waits for the page to be shown
 */

/** @typedef {'joined' | 'profile' | 'said' | 'left' | 'finished' | 'notice'} RecordKind */

/**
 * One fact in the room's log: the same for every member, in the same order, exactly once.
 * @typedef {object} LogRecord
 * @property {number} seq place in the log, from 1, without gaps
 * @property {number} epoch incarnation of the room's ownership that ordered it
 * @property {string | null} from member id; null for `notice`
 * @property {number} n the member's own count of what it added to the log; 0 for `joined` and `notice`
 * @property {number} at the host's clock, ms since 1970
 * @property {RecordKind} kind
 * @property {any} body
 * @property {false} [pending] never set on a record of the log; see {@link PendingRecord}
 */

/**
 * What this member said and the log does not hold yet, in the form of a record.
 * @typedef {object} PendingRecord
 * @property {null} seq
 * @property {true} pending
 * @property {number} epoch
 * @property {string} from always `room.me`
 * @property {number} n
 * @property {number} at
 * @property {RecordKind} kind
 * @property {any} body
 */

/**
 * @typedef {object} Member
 * @property {string} id
 * @property {string} name
 * @property {string} colour `#rrggbb`
 * @property {boolean} online
 */

/** @typedef {{ name: string, colour: string }} Profile */

/** @typedef {{ seq: number, state: any }} Checkpoint */

/**
 * The host refused one frame; the connection goes on.
 * @typedef {object} Refusal
 * @property {number} [n]
 * @property {string} code
 * @property {string} message
 * @property {number} [retry_after] milliseconds
 */

/**
 * What `say`, `profile` and `finish` return: a promise of the record as it was ordered.
 * It rejects with a `LatchkeyError` when the host refuses for good, or the room ends first.
 * `stored` resolves when the record is in the long-term database. Neither needs to be handled.
 * @typedef {Promise<LogRecord> & { stored: Promise<LogRecord> }} Saying
 */

/**
 * What each event hands to its listeners.
 * @typedef {object} RoomEvents
 * @property {(record: LogRecord) => void} record the next record of the log
 * @property {(signal: { from: string, key: string, body: any }) => void} signal another member's last value
 * @property {(members: readonly Member[]) => void} members somebody came, went, or changed
 * @property {(state: ConnectionState, detail: StateDetail) => void} state
 * @property {(seq: number) => void} stored records to here are in the long-term database
 * @property {(behind: boolean) => void} behind storing lags, or has caught up
 * @property {(at: { epoch: number, seq: number }) => void} rewind what was seen after `seq` is not part of the history; a `reset` follows
 * @property {(start: { checkpoint: Checkpoint | null }) => void} reset forget the state: records follow from the checkpoint, or from the first
 * @property {(refusal: Refusal) => void} refused
 * @property {(count: number) => void} unsaved own records not ordered yet
 */

/**
 * @typedef {object} Room
 * @property {string} me this member's id; `record.from === room.me` for one's own
 * @property {readonly Member[]} members
 * @property {ConnectionState} state
 * @property {number} seq the last record received
 * @property {number} tail the last record known to exist
 * @property {boolean} caughtUp every record that existed at the last welcome has been received
 * @property {number} stored records to here are in the long-term database
 * @property {boolean} behind records wait for the long-term database for longer than usual; the host keeps them meanwhile
 * @property {number | null} finished seq of the `finished` record
 * @property {number} unsaved own records not ordered yet
 * @property {(id: string | null) => Member | undefined} member
 * @property {() => readonly PendingRecord[]} pending own records not ordered yet, oldest first
 * @property {(body: any) => Saying} say
 * @property {(key: string, body: any) => void} signal sends at most 20 values a second per key, the newest winning; throws on a key or body out of form
 * @property {(profile: Profile) => Saying} profile
 * @property {(result: any) => Saying} finish
 * @property {() => Promise<void>} leave gives the seat up for good
 * @property {() => boolean} takeBack after `taken-over`: takes the seat back to this page
 * @property {(seq: number, state: any) => void} checkpoint offers the game's state after record `seq`; `replica` does it by itself
 * @property {() => void} replay asks for the log from its first record; a `reset` follows. `replica` does it by itself
 * @property {() => number} now the host's clock, ms since 1970
 * @property {(what: string, error: unknown) => void} fault reports a fault of the game to the site, bounded in number
 * @property {() => void} close hangs up and keeps the seat
 * @property {<E extends keyof RoomEvents>(event: E, listener: RoomEvents[E]) => () => void} on returns the function that unsubscribes
 */

/**
 * @typedef {object} Timers
 * @property {(run: () => void, ms: number) => any} setTimeout
 * @property {(id: any) => void} clearTimeout
 */

/** @typedef {{ getItem(key: string): string | null, setItem(key: string, value: string): void, removeItem(key: string): void }} KeyValueStorage */

/** @typedef {{ addEventListener(type: string, run: (event: any) => void): void, removeEventListener(type: string, run: (event: any) => void): void, visible(): boolean }} Page */

/**
 * Where to join, and the world to do it in. Everything but `connect` has the browser's own as default.
 * @typedef {object} JoinOptions
 * @property {string} connect the URL that answers with a host's address and a ticket
 * @property {string} [faults] the URL that takes fault reports; none are sent without it
 * @property {typeof fetch} [fetch]
 * @property {new (url: string, protocol: string) => WebSocket} [WebSocket]
 * @property {KeyValueStorage | null} [storage] where own unordered records survive a reload; `sessionStorage`, or null for nowhere
 * @property {() => number} [random] from 0 to below 1
 * @property {() => number} [now] a clock that never goes back and goes on while the machine sleeps, ms
 * @property {Timers} [timers]
 * @property {Page | null} [page] wake-up events and the warning before leaving; null for none
 * @property {string} [origin] what a room's address that is only a path is completed by; the page's origin
 * @property {string} [browser] what to call the browser in fault reports
 * @property {(state: ConnectionState, detail: StateDetail) => void} [onState] like the event `state`, but from before the first welcome on
 */

/**
 * The rules of a game for {@link Replica}.
 * @template S
 * @typedef {object} Rules
 * @property {() => S} init the state before the first record: plain JSON, the same for everybody
 * @property {(state: S, record: LogRecord | PendingRecord) => S} apply the next state; pure: no clock, no randomness, no change of `state`
 * @property {(state: unknown) => boolean} [valid] whether a checkpoint's state, which another member made, can be one of this game; absent, every one is believed
 * @property {number} [checkpointEvery] records between checkpoints (200); 0 offers none
 */

/**
 * The same state for every member.
 * @template S
 * @typedef {object} Replica
 * @property {S} state with one's own unordered records applied on top
 * @property {S} confirmed of ordered records alone; the same for every member at the same `seq`
 * @property {number} seq the last record in `confirmed`
 * @property {boolean} caughtUp
 * @property {(body: any) => Saying} say
 * @property {(event: 'change', listener: (state: S) => void) => () => void} on
 * @property {() => void} close stops following the room
 */

export {};
