//! Why a frame was refused (P8) and why a connection was closed (P9).

use serde::Serialize;

macro_rules! refusal_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// Why one frame was refused while the connection stays (P8).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
        pub enum RefusalCode { $($(#[$doc])* #[serde(rename = $text)] $name,)* }

        impl RefusalCode {
            /// Every code there is.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code on the wire.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

refusal_codes! {
    /// A body above the soft limit.
    TooLarge = "too_large";
    /// More frames that add to the log than a member may send.
    Rate = "rate";
    /// `n` skips a number (P3.3).
    Gap = "gap";
    /// A name or colour out of form (P3.4).
    Profile = "profile";
    /// A signal's key or body out of form (P3.5).
    Signal = "signal";
    /// A checkpoint above its limit (P3.6).
    CheckpointTooLarge = "checkpoint_too_large";
    /// A checkpoint too close to the one held, or beyond the tail (P3.6).
    CheckpointEarly = "checkpoint_early";
    /// A second `finish` (P3.7).
    Finished = "finished";
    /// An `op` the host does not know (P1.5).
    UnknownOp = "unknown_op";
    /// No record can be ordered just now.
    Unavailable = "unavailable";
}

macro_rules! close_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// Why a connection was closed (P9). Below 4500 the client comes back by itself.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum CloseCode { $($(#[$doc])* $name = $code,)* }

        impl CloseCode {
            /// Every code there is.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name sent as the close frame's reason.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

close_codes! {
    /// The host is stopping.
    GoingAway = 4000, "going_away";
    /// P8.3.
    Slow = 4001, "slow";
    /// P3.9.
    Silent = 4002, "silent";
    /// P4.9.
    Moved = 4004, "moved";
    /// The room stopped on a fault of the host and is being rebuilt.
    RoomFailed = 4005, "room_failed";
    /// No place for the connection or the room just now.
    Overloaded = 4006, "overloaded";
    /// P1.4.
    TicketExpired = 4007, "ticket_expired";
    /// The directory or archive cannot be reached to open the room.
    NotReady = 4008, "not_ready";
    /// P1.3.
    JoinLate = 4009, "join_late";
    /// P7.2.
    TakenOver = 4500, "taken_over";
    /// P1.3, P1.5.
    BadFrame = 4501, "bad_frame";
    /// P1.3, P8.
    TooLarge = 4502, "too_large";
    /// P8.
    Flood = 4503, "flood";
    /// P1.4.
    TicketInvalid = 4505, "ticket_invalid";
    /// P7.3.
    RoomFull = 4506, "room_full";
    /// P3.8, P7.4.
    SeatGone = 4507, "seat_gone";
    /// The operator closed the game.
    Closed = 4508, "closed";
}

impl CloseCode {
    /// The code on the wire.
    #[must_use]
    pub fn as_u16(self) -> u16 {
        self as u16
    }

    /// Whether the client comes back by itself (P9).
    #[must_use]
    pub fn comes_back(self) -> bool {
        self.as_u16() < 4500
    }
}
