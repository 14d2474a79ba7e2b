//! The MAC of a record (P5.4): proof, for a host that never saw a record, that some host of the fleet ordered it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::ids::RoomId;
use crate::record::Record;

/// The first 16 bytes of an HMAC-SHA256 over a record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Mac(pub [u8; 16]);

impl Mac {
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

    /// The MAC of everything in `record` but its own `mac`.
    #[must_use]
    pub fn mac(&self, record: &Record) -> Mac {
        let mut mac = self.keyed.clone();
        mac.update(self.room.as_bytes());
        mac.update(&record.header());
        mac.update(record.body.as_bytes());
        let full = mac.finalize().into_bytes();
        let mut short = [0; 16];
        short.copy_from_slice(&full[..16]);
        Mac(short)
    }

    /// Whether `record.mac` is what this room's hosts would have given it.
    #[must_use]
    pub fn verifies(&self, record: &Record) -> bool {
        self.mac(record).0.ct_eq(&record.mac.0).into()
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}
