//! Records: what a room's log is made of (P4.2), their JSON frame and their binary form.
//!
//! Binary form, integers little-endian: the 54 bytes of [`Record::header`], the 16 bytes of the MAC, then the body.
//! The header is `kind: u8`, a byte that is 1 when `from` is present, `seq: u64`, `epoch: u64`, `from: [u8; 12]`
//! (zeros when absent), `n: u64`, `at: u64`, `body length: u32`, four zero bytes.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::ids::{Epoch, MemberId, Seq, UnixMs};
use crate::limits;
use crate::mac::Mac;

/// What kind of fact a record states (P4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Kind {
    /// A member took a seat.
    Joined = 1,
    /// A member changed name or colour.
    Profile = 2,
    /// A member said something; only the game knows what it means.
    Said = 3,
    /// A seat was given up or taken away.
    Left = 4,
    /// The game is over.
    Finished = 5,
    /// The operator says something.
    Notice = 6,
}

impl Kind {
    fn from_u8(byte: u8) -> Option<Self> {
        [
            Self::Joined,
            Self::Profile,
            Self::Said,
            Self::Left,
            Self::Finished,
            Self::Notice,
        ]
        .into_iter()
        .find(|kind| *kind as u8 == byte)
    }

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Profile => "profile",
            Self::Said => "said",
            Self::Left => "left",
            Self::Finished => "finished",
            Self::Notice => "notice",
        }
    }
}

/// One JSON value as text, which the host stores and forwards without looking into it.
#[derive(Clone, PartialEq, Eq)]
pub struct Body(Bytes);

impl Body {
    /// Copies the text of an already parsed value.
    #[must_use]
    pub fn copy_of(value: &RawValue) -> Self {
        Self(Bytes::copy_from_slice(value.get().as_bytes()))
    }

    /// The JSON text of something that serialises.
    ///
    /// # Panics
    /// When `value` does not serialise to JSON; the platform's own bodies all do.
    #[must_use]
    pub fn of(value: &impl Serialize) -> Self {
        Self(
            serde_json::to_vec(value)
                .expect("the platform's own bodies serialise")
                .into(),
        )
    }

    /// Takes `text` as it is; it must be one JSON value that somebody has already checked.
    #[must_use]
    pub fn from_checked(text: Bytes) -> Self {
        Self(text)
    }

    /// The JSON text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads the value as a type.
    ///
    /// # Errors
    /// When the value has another shape.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> serde_json::Result<T> {
        serde_json::from_slice(&self.0)
    }

    /// Length of the text in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no text, which no checked body is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

/// One sequenced, immutable fact in a room's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number.
    pub seq: Seq,
    /// The epoch it was ordered in.
    pub epoch: Epoch,
    /// Who added it; nobody for a notice.
    pub from: Option<MemberId>,
    /// The sender's own number; 0 for what no member sent.
    pub n: u64,
    /// When the host ordered it.
    pub at: UnixMs,
    /// What it states.
    pub kind: Kind,
    /// Its content.
    pub body: Body,
    /// Proof that a host ordered it.
    pub mac: Mac,
}

/// Bytes that are not a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// The bytes end in the middle.
    #[error("the record is cut off")]
    CutOff,
    /// A field has a value no record has.
    #[error("the record's {0} is not valid")]
    Field(&'static str),
}

impl Record {
    /// Bytes of the header.
    pub const HEADER: usize = 54;

    /// The header of the binary form, which is also what the MAC covers before the body.
    #[must_use]
    pub fn header(&self) -> [u8; Self::HEADER] {
        let mut header = [0; Self::HEADER];
        header[0] = self.kind as u8;
        header[1] = u8::from(self.from.is_some());
        header[2..10].copy_from_slice(&self.seq.0.to_le_bytes());
        header[10..18].copy_from_slice(&self.epoch.0.to_le_bytes());
        if let Some(from) = self.from {
            header[18..30].copy_from_slice(from.as_bytes());
        }
        header[30..38].copy_from_slice(&self.n.to_le_bytes());
        header[38..46].copy_from_slice(&self.at.0.to_le_bytes());
        let length = u32::try_from(self.body.len()).expect("bodies are far below 4 GiB");
        header[46..50].copy_from_slice(&length.to_le_bytes());
        header
    }

    /// Bytes of the binary form.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        Self::HEADER + 16 + self.body.len()
    }

    /// Appends the binary form to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.reserve(self.encoded_len());
        out.extend_from_slice(&self.header());
        out.extend_from_slice(&self.mac.0);
        out.extend_from_slice(self.body.as_bytes());
    }

    /// Reads one record from the front of `input` and leaves the rest in it.
    ///
    /// # Errors
    /// When the bytes are not a whole record; `input` is then unchanged.
    pub fn decode(input: &mut Bytes) -> Result<Self, BadRecord> {
        if input.len() < Self::HEADER + 16 {
            return Err(BadRecord::CutOff);
        }
        let number = |at: usize| {
            u64::from_le_bytes(
                input[at..at + 8]
                    .try_into()
                    .expect("eight bytes were sliced"),
            )
        };
        let length =
            u32::from_le_bytes(input[46..50].try_into().expect("four bytes were sliced")) as usize;
        if length == 0 || length > limits::BODY_HARD || input[50..54] != [0; 4] {
            return Err(BadRecord::Field("body length"));
        }
        let end = Self::HEADER + 16 + length;
        if input.len() < end {
            return Err(BadRecord::CutOff);
        }
        let from = match input[1] {
            0 if input[18..30] == [0; 12] => None,
            1 => Some(MemberId::from_bytes(&input[18..30]).map_err(|_| BadRecord::Field("from"))?),
            _ => return Err(BadRecord::Field("from")),
        };
        let record = Self {
            seq: Seq(number(2)),
            epoch: Epoch(number(10)),
            from,
            n: number(30),
            at: UnixMs(number(38)),
            kind: Kind::from_u8(input[0]).ok_or(BadRecord::Field("kind"))?,
            body: Body(input.slice(Self::HEADER + 16..end)),
            mac: Mac(input[Self::HEADER..Self::HEADER + 16]
                .try_into()
                .expect("sixteen bytes were sliced")),
        };
        let _ = input.split_to(end);
        Ok(record)
    }

    /// The `record` frame (P4.2), and this record with its body sharing the frame's memory.
    #[must_use]
    pub fn to_frame(&self) -> Bytes {
        use std::io::Write as _;
        let mut out = Vec::with_capacity(self.body.len() + 192);
        let header = match self.from {
            Some(from) => write!(
                out,
                r#"{{"op":"record","seq":{},"epoch":{},"from":"{from}""#,
                self.seq, self.epoch
            ),
            None => write!(
                out,
                r#"{{"op":"record","seq":{},"epoch":{},"from":null"#,
                self.seq, self.epoch
            ),
        };
        header
            .and_then(|()| {
                write!(
                    out,
                    r#","n":{},"at":{},"kind":"{}","mac":"{}","body":"#,
                    self.n,
                    self.at,
                    self.kind.name(),
                    self.mac.to_text()
                )
            })
            .expect("writing to memory does not fail");
        out.extend_from_slice(self.body.as_bytes());
        out.push(b'}');
        out.into()
    }

    /// The frame, with this record's body made a slice of it, so that both together hold the body once.
    #[must_use]
    pub fn share_frame(mut self) -> (Self, Bytes) {
        let frame = self.to_frame();
        let end = frame.len() - 1;
        self.body = Body(frame.slice(end - self.body.len()..end));
        (self, frame)
    }
}
