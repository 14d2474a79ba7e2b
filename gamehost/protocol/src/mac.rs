//! The MAC of a record (P5.4): proof, for a host that never saw a record, that some host of the fleet ordered it, and
//! ordered it right behind the record before it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::ids::RoomId;
use crate::record::Record;

/// The first 16 bytes of an HMAC-SHA256 over a record and the MAC before it.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Mac(pub [u8; 16]);

impl Mac {
    /// What stands before the first record's MAC.
    pub const NONE: Self = Self([0; 16]);

    /// Characters of the text form.
    pub const TEXT: usize = 22;

    /// The text form on the wire: base64url without padding.
    #[must_use]
    pub fn to_text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Reads the text form; `None` when it is not one.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl Serialize for Mac {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for Mac {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_text(&text).ok_or_else(|| {
            serde::de::Error::custom("not a MAC: expected 22 characters of base64url")
        })
    }
}

/// The key of one room's MACs, derived from the fleet's secret.
#[derive(Clone)]
pub struct RoomKey {
    room: RoomId,
    keyed: Hmac<Sha256>,
}

impl fmt::Debug for RoomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoomKey({})", self.room)
    }
}

impl RoomKey {
    /// Derives the key of `room` from the secret all hosts share.
    #[must_use]
    pub fn derive(secret: &[u8; 32], room: RoomId) -> Self {
        let mut derivation = keyed(secret);
        derivation.update(b"latchkey room key 1");
        derivation.update(room.as_bytes());
        Self {
            room,
            keyed: keyed(&derivation.finalize().into_bytes()),
        }
    }

    /// The MAC of everything in `record` but its own `mac`, when it follows a record whose MAC is `before`.
    #[must_use]
    pub fn mac(&self, before: Mac, record: &Record) -> Mac {
        let mut mac = self.keyed.clone();
        mac.update(&before.0);
        mac.update(self.room.as_bytes());
        mac.update(&record.header());
        mac.update(record.body.as_bytes());
        let full = mac.finalize().into_bytes();
        let mut short = [0; 16];
        short.copy_from_slice(&full[..16]);
        Mac(short)
    }

    /// Whether `record.mac` is what this room's hosts would have given it behind a record whose MAC is `before`.
    #[must_use]
    pub fn verifies(&self, before: Mac, record: &Record) -> bool {
        self.mac(before, record).0.ct_eq(&record.mac.0).into()
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}
