//! Identifiers and numbers (P2). Each is a type of its own, so that none is taken for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The 32 characters of ids: digits and lower-case letters without `i l o u`, which are misread.
pub const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Text that is not an id of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not {what}: expected {length} characters of 0-9 and a-z without i, l, o, u")]
pub struct BadId {
    /// The kind of id that was expected.
    pub what: &'static str,
    /// Its length in characters.
    pub length: usize,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $length]);

        impl $name {
            /// Length in bytes and in characters.
            pub const LENGTH: usize = $length;

            /// Makes an id of random bytes, of which five bits each are used.
            #[must_use]
            pub fn from_random(random: [u8; $length]) -> Self {
                Self(random.map(|byte| ALPHABET[usize::from(byte & 31)]))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                std::str::from_utf8(&self.0).expect("ids are made of ASCII letters only")
            }

            /// The id's characters as bytes, as they stand in binary encodings.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }

            /// Reads an id from its characters.
            ///
            /// # Errors
            /// When the length is wrong or a character is not in [`ALPHABET`].
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadId> {
                let bad = BadId { what: $what, length: $length };
                let bytes: [u8; $length] = bytes.try_into().map_err(|_| bad)?;
                if bytes.iter().all(|byte| ALPHABET.contains(byte)) { Ok(Self(bytes)) } else { Err(bad) }
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                Self::from_bytes(text.as_bytes())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// One bought play-through, and the room it owns (P2.1).
    GameId, "a game id", 20
);
id!(
    /// A person's seat in a room (P2.1).
    MemberId, "a member id", 12
);

/// A room has the id of the game that owns it.
pub type RoomId = GameId;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// The number before the first one: nothing yet.
            pub const ZERO: Self = Self(0);

            /// The number after this one.
            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// Number of a record in its room, from 1 without gaps (P2.2). Zero stands before the first.
    Seq
);
number!(
    /// Incarnation of a room's ownership, from 1 (P2.2): the fencing token of every write.
    Epoch
);
number!(
    /// Milliseconds since 1970-01-01T00:00Z (P2.4).
    UnixMs
);

/// Where a reader is: the last record it has, and the epoch that served it (P6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Epoch of the host that served the reader.
    pub epoch: Epoch,
    /// Last record the reader has.
    pub seq: Seq,
}
