//! Every number by which the site refuses a request, with the reason for its size. The limits of the business
//! live in `latchkey_platform::limits`, those of rooms in `latchkey_protocol::limits`.

/// Largest form, in bytes: the longest e-mail address or name, percent-encoded, several times over.
pub const FORM_BYTES: usize = 8 * 1024;
/// Largest fault report, in bytes: a message and a stack trace.
pub const FAULT_BYTES: usize = 4 * 1024;
/// Largest payment event, in bytes; the platform reads no larger one either.
pub const WEBHOOK_BYTES: usize = latchkey_platform::limits::WEBHOOK_BYTES;
/// Longest path and query, in bytes: a token, a title's file, and room.
pub const URI_BYTES: usize = 1024;
/// Most bytes in all headers: what a load balancer passes on.
pub const HEADER_BYTES: usize = 16 * 1024;
/// Least bytes worth compressing: below, the answer fits into one packet anyway.
pub const COMPRESS_FROM: usize = 860;
/// Most bytes compressed while the visitor waits; larger files are pictures and sounds that do not shrink.
pub const COMPRESS_TO: usize = 2 * 1024 * 1024;
/// Longest part of a client's fault report that reaches the log, in characters per field.
pub const FAULT_FIELD_CHARS: usize = 300;
/// Messages listed by the test outbox, the newest.
pub const OUTBOX_LINES: usize = 200;
