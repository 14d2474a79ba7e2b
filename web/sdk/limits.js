//! Every limit and time the sdk keeps, by name. The host's own limits arrive with its welcome; those below are only where it starts from.

/** The waits of P9: full jitter between the shortest and a ceiling that doubles from `BACKOFF_FIRST_MS` to the longest. */
export const BACKOFF_SHORTEST_MS = 500;
export const BACKOFF_FIRST_MS = 1_000;
export const BACKOFF_LONGEST_MS = 20_000;
/** A connection this old starts the waits from the beginning when it breaks. */
export const STEADY_AFTER_MS = 10_000;
/**
 * A live connection that broke is tried again quickly for so long, with waits of full jitter up to a second. A fleet takes
 * a host for lost after about eight seconds and gives its rooms to others: with waits that had grown by then, members
 * would stand before a room that is long ready. A test of the host ties these times to the fleet's. Later it is the line or
 * the site that is broken, and waits grow.
 */
export const QUICK_FOR_MS = 15_000;
export const QUICK_SHORTEST_MS = 100;
export const QUICK_LONGEST_MS = 1_000;
/** A room that moved is followed within this: all members of a host that is emptied come at a time. */
export const MOVED_WITHIN_MS = 100;
/** For the site's ticket; for the socket, in the quick time and otherwise; from the join to the welcome. A ticket is good for 60 s. */
export const TICKET_WITHIN_MS = 10_000;
export const QUICK_OPEN_WITHIN_MS = 4_000;
export const OPEN_WITHIN_MS = 15_000;
export const WELCOME_WITHIN_MS = 15_000;
/**
 * Requests by which one region is measured (P1.6), of which the first does not count; for all regions together, which are
 * measured at the same time; and for what the site says to it. The game does not wait longer than that for a nearer host:
 * a site that took so long for its first answer that there is no time left for these is not asked twice.
 */
export const PROBES = 4;
export const MEASURE_WITHIN_MS = 1_200;
export const ASK_AGAIN_WITHIN_MS = 3_000;
/** Regions that are measured, and that the site takes round trips to (P1.1). */
export const REGIONS_MEASURED = 16;
/** `moved` is followed without a wait this often in a row; then it is a fault and waits. */
export const MOVES_IN_A_ROW = 5;

/** P3.9: the host hangs up after 60 silent seconds. */
export const BEAT_AFTER_MS = 20_000;
/** A probe not answered by any frame within this finds the connection dead. */
export const ANSWER_WITHIN_MS = 5_000;
/** Silent for this long, the host has let go of the connection (P3.9), and another device may have the seat. */
export const SILENT_MS = 60_000;
/** The wall clock this far ahead of the steady one tells of a sleep; less is somebody setting it right. */
export const SLEPT_LEAST_MS = 5_000;
/** Samples the estimate of the host's clock is chosen from. */
export const CLOCK_SAMPLES = 8;

/** One's own records not ordered yet, in number and in UTF-8 bytes. Beyond either `say` rejects. */
export const UNORDERED_RECORDS = 256;
export const UNORDERED_BYTES = 1_048_576;
/** One's own records ordered and not stored; the oldest lose their protection against the loss of the host. */
export const UNSTORED_RECORDS = 1_024;
/** Own records on the wire and unanswered, so that one refusal is not followed by hundreds. */
export const IN_FLIGHT = 32;
/** The wait after `rate` and `unavailable` when the host names none, and the shortest and longest believed. */
export const RETRY_MS = 1_000;
export const RETRY_SHORTEST_MS = 50;
export const RETRY_LONGEST_MS = 20_000;
/** The refusals of frames sent behind a refused one arrive within this, or the connection is renewed. */
export const ECHO_WITHIN_MS = 5_000;
/** Refusals for a gap in a row before the connection is renewed. */
export const GAPS_IN_A_ROW = 5;

/** Records after the stored ones, kept with their MACs (P5.4), in number and characters. */
export const TAIL_RECORDS = 4_096;
export const TAIL_CHARACTERS = 4_194_304;
/** A frame that gives them back (P3.10), in UTF-8 bytes. */
export const VOUCH_BYTES = 65_536;
/** Events of the log kept for a page that does not listen yet; beyond, the log is asked for anew at the first listener. */
export const EVENTS_BEFORE_LISTENER = 5_000;

/** Signals go out at most once a tick per key: 20 a second. All keys together stay at the host's 60 (P8.2). */
export const SIGNAL_TICK_MS = 50;
export const SIGNALS_A_TICK = 3;
export const SIGNAL_KEYS = 8;

/** Fault reports of one page, and the bytes of one. */
export const FAULT_REPORTS = 10;
export const FAULT_BYTES = 4_096;
export const FAULT_TEXT = 1_000;

/** Records between two checkpoints, the least the host takes (P3.6), and the longest wait of the one who makes it. */
export const CHECKPOINT_EVERY = 200;
export const CHECKPOINT_LEAST = 32;
export const CHECKPOINT_JITTER_MS = 2_000;

/** What a host that names no limits is taken to allow (P3.5, P3.6, P8). @type {import('./wire.js').HostLimits} */
export const HOST_LIMITS = Object.freeze({
  body: 16_384,
  says_per_second: 30,
  says_burst: 60,
  signal_body: 1_024,
  checkpoint: 262_144,
  members: 64,
});
