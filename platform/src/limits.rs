//! Every number by which the business refuses something, with the reason for its size. The limits of the
//! room protocol live in `latchkey_protocol::limits`, those of HTTP in the site.

use std::time::Duration;

/// Longest e-mail address: 64 for the mailbox, the sign, and 255 for the domain, as RFC 5321 has it.
pub const EMAIL_BYTES: usize = 320;
/// Longest slug of a title; it is part of every address of its files.
pub const SLUG_BYTES: usize = 64;
/// Longest path of one file in a title's bundle.
pub const PATH_BYTES: usize = 200;
/// Most files in one title version; a game is modules and pictures, not a photo library.
pub const BUNDLE_FILES: usize = 2_000;
/// Largest single file of a title version, in bytes.
pub const BUNDLE_FILE_BYTES: usize = 16 * 1024 * 1024;
/// Largest title version in all, in bytes.
pub const BUNDLE_BYTES: usize = 128 * 1024 * 1024;
/// Longest text of one field of a title's manifest, in bytes.
pub const MANIFEST_TEXT_BYTES: usize = 4_000;
/// Most titles a catalogue page lists.
pub const CATALOGUE_TITLES: usize = 500;

/// Largest amount of money, in minor units: far above any order, far below where sums could overflow.
pub const MONEY_MINOR: i64 = 1_000_000_000_000_000;

/// Bought orders found for one e-mail address; a resend lists no more, the newest first.
pub const ORDERS_PER_EMAIL: usize = 20;
/// Orders with pending effects that one run of the sweep looks at.
pub const SWEEP_ORDERS: usize = 100;
/// How old an order with pending effects must be before the sweep takes it from the request that is
/// probably still carrying them out.
pub const SWEEP_AFTER: Duration = Duration::from_secs(10);
/// Times one compare-and-set is tried again when another writer was first; each failed try means that
/// the other one made progress.
pub const SWAP_TRIES: usize = 32;

/// How long a checkout can be paid. Providers take half an hour to a day; a buyer who comes back later begins anew.
pub const CHECKOUT_OPEN: Duration = Duration::from_secs(2 * 60 * 60);
/// Largest webhook body, in bytes. Events are a few KiB.
pub const WEBHOOK_BYTES: usize = 256 * 1024;
/// Age (or lead) of a webhook's timestamp that is still believed.
pub const WEBHOOK_TOLERANCE: Duration = Duration::from_secs(300);
/// Signatures looked at in one webhook header: two while a secret is being changed, and some room.
pub const WEBHOOK_SIGNATURES: usize = 8;

/// Seats taken over the life of one game. The room has the same limit (P7.3).
pub const SEATS: usize = latchkey_protocol::limits::MEMBERS;

/// Longest name of a region, in bytes.
pub const REGION_BYTES: usize = 32;
/// Regions one member's round trips are kept for: more than there will be.
pub const REGIONS_MEASURED: usize = 16;
/// Longest round trip that is believed, in milliseconds; nobody plays from further away.
pub const ROUND_TRIP_MS: u32 = 10_000;

/// Times a job is tried before it goes to the dead letters. With the waits below that takes almost two hours, so that an
/// outage of the mailer or of a store, or a process that is killed again and again, costs no buyer the e-mail.
pub const JOB_ATTEMPTS: u32 = 16;
/// Times a job is tried whose queue stands still while it waits: with the waits below about four minutes, after which the
/// others get their turn.
pub const JOB_ATTEMPTS_IN_LINE: u32 = 8;
/// Wait before the second try of a job; doubled for each further one.
pub const JOB_BACKOFF: Duration = Duration::from_secs(2);
/// Longest wait between two tries of a job.
pub const JOB_BACKOFF_MAX: Duration = Duration::from_secs(15 * 60);
/// How long a worker that received a job has before another one may receive it.
pub const JOB_VISIBILITY: Duration = Duration::from_secs(60);
/// Dead letters shown in one list.
pub const DEAD_LETTERS: usize = 100;

/// How long one attempt to send an e-mail may take; afterwards its claim counts as abandoned.
pub const SEND_CLAIM: Duration = Duration::from_secs(120);

/// Records read from the archive to compute one game's stats; a game that said more is counted to here.
pub const STATS_RECORDS: usize = 1_000_000;
/// Finished games of a title version a result is compared with, the newest.
pub const STATS_COMPARED: usize = 10_000;
/// Bars of the histogram of durations.
pub const STATS_BARS: usize = 12;
/// Different milestones of one game that are kept.
pub const STATS_MILESTONES: usize = 64;
/// Longest name of a milestone, in bytes.
pub const MILESTONE_BYTES: usize = 64;
