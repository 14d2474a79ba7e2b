//! What crosses the wire and what is kept of it: ids, numbers, limits, frames, close codes, tickets, and the
//! encoding of records and chunks. The clauses (`P1.1` and so on) are those of `docs/protocol.md`.
//!
//! Nothing here does input or output, reads a clock, or draws a random number.

pub mod chunk;
pub mod codes;
pub mod frame;
pub mod ids;
pub mod limits;
pub mod mac;
pub mod profile;
pub mod record;
pub mod ticket;
pub mod vouch;

pub use chunk::Chunk;
pub use codes::{CloseCode, RefusalCode};
pub use ids::{Epoch, GameId, MemberId, Position, RoomId, Seq, UnixMs};
pub use mac::{Mac, RoomKey};
pub use profile::{Colour, Name, Profile};
pub use record::{Body, Kind, Record};
pub use ticket::{Ticket, TicketSigner, TicketVerifier};
pub use vouch::Vouch;

/// The WebSocket subprotocol, and the audience of tickets (P1.2, P1.4).
pub const SUBPROTOCOL: &str = "latchkey.1";
