//! Frames (P3, P4): what a client may send, parsed in one pass, and what a host sends, encoded.
//! The `record` frame is encoded by [`crate::record::Record::to_frame`]; how a host reads one back is in [`crate::vouch`].

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::codes::RefusalCode;
use crate::ids::{Epoch, MemberId, Position, Seq, UnixMs};
use crate::limits;
use crate::profile::Profile;
use crate::vouch::Vouch;

/// One message of a client (P3). Bodies borrow from the text they were read from.
#[derive(Debug, Clone)]
pub enum ClientFrame<'a> {
    /// P3.1.
    Join {
        /// The signed ticket.
        ticket: Cow<'a, str>,
        /// The position the client's copy of the log has reached.
        have: Option<Position>,
        /// Version of the sdk.
        sdk: Cow<'a, str>,
    },
    /// P3.2.
    Say {
        /// The member's number of this frame.
        n: u64,
        /// What is said.
        body: &'a RawValue,
    },
    /// P3.4; name and colour are judged by the room, so that a bad one is refused and not fatal.
    Profile {
        /// The member's number of this frame.
        n: u64,
        /// The new name.
        name: Cow<'a, str>,
        /// The new colour.
        colour: Cow<'a, str>,
    },
    /// P3.5.
    Signal {
        /// Which of the member's signals.
        key: Cow<'a, str>,
        /// Its new value.
        body: &'a RawValue,
    },
    /// P3.6.
    Checkpoint {
        /// The record after which the state holds.
        seq: Seq,
        /// The game's state.
        state: &'a RawValue,
    },
    /// P3.7.
    Finish {
        /// The member's number of this frame.
        n: u64,
        /// How the game ended.
        result: &'a RawValue,
    },
    /// P3.8.
    Leave {
        /// The member's number of this frame.
        n: u64,
    },
    /// P3.9.
    Beat {
        /// Returned as it came.
        t: &'a RawValue,
    },
    /// P3.10.
    Vouch(Vouch<'a>),
    /// P1.5.
    Unknown {
        /// The op the client named.
        op: Cow<'a, str>,
        /// Its number, if it had one.
        n: Option<u64>,
    },
}

/// Text that is not a frame: the connection is closed with `bad_frame` (P1.5).
#[derive(Debug, thiserror::Error)]
pub enum BadFrame {
    /// Not JSON, not an object, no `op`, or a field of the wrong type.
    #[error("not a frame: {0}")]
    Form(#[from] serde_json::Error),
    /// A field the op needs is absent.
    #[error("`{op}` needs `{field}`")]
    Missing {
        /// The op.
        op: &'static str,
        /// The absent field.
        field: &'static str,
    },
    /// A number above 2^53 - 1, which JavaScript cannot count with (P2.2).
    #[error("a number is above 2^53 - 1")]
    Number,
}

/// Every field any op has: internally tagged enums cannot carry raw JSON values, and this is read in one pass.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    op: Cow<'a, str>,
    #[serde(borrow, default)]
    ticket: Option<Cow<'a, str>>,
    #[serde(default)]
    have: Option<Position>,
    #[serde(borrow, default)]
    sdk: Option<Cow<'a, str>>,
    #[serde(default)]
    n: Option<u64>,
    #[serde(borrow, default, deserialize_with = "present")]
    body: Option<&'a RawValue>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    colour: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    key: Option<Cow<'a, str>>,
    #[serde(default)]
    seq: Option<Seq>,
    #[serde(borrow, default, deserialize_with = "present")]
    state: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    t: Option<&'a RawValue>,
}

/// Keeps `null` apart from absence: a body may be `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The greatest number JavaScript counts with (P2.2).
pub(crate) const MAX_NUMBER: u64 = (1 << 53) - 1;

impl<'a> ClientFrame<'a> {
    /// Reads a frame.
    ///
    /// # Errors
    /// When the text is not a frame. An `op` that is not known is no error but [`ClientFrame::Unknown`].
    pub fn parse(text: &'a str) -> Result<Self, BadFrame> {
        let fields: Fields<'a> = serde_json::from_str(text)?;
        let numbers = [
            fields.n,
            fields.seq.map(|seq| seq.0),
            fields.have.map(|have| have.seq.0),
            fields.have.map(|have| have.epoch.0),
        ];
        if numbers
            .into_iter()
            .flatten()
            .any(|number| number > MAX_NUMBER)
        {
            return Err(BadFrame::Number);
        }
        let missing = |op, field| BadFrame::Missing { op, field };
        Ok(match &*fields.op {
            "join" => Self::Join {
                ticket: fields.ticket.ok_or(missing("join", "ticket"))?,
                have: fields.have,
                sdk: fields.sdk.unwrap_or_default(),
            },
            "say" => Self::Say {
                n: fields.n.ok_or(missing("say", "n"))?,
                body: fields.body.ok_or(missing("say", "body"))?,
            },
            "profile" => Self::Profile {
                n: fields.n.ok_or(missing("profile", "n"))?,
                name: fields.name.ok_or(missing("profile", "name"))?,
                colour: fields.colour.ok_or(missing("profile", "colour"))?,
            },
            "signal" => Self::Signal {
                key: fields.key.ok_or(missing("signal", "key"))?,
                body: fields.body.ok_or(missing("signal", "body"))?,
            },
            "checkpoint" => Self::Checkpoint {
                seq: fields.seq.ok_or(missing("checkpoint", "seq"))?,
                state: fields.state.ok_or(missing("checkpoint", "state"))?,
            },
            "finish" => Self::Finish {
                n: fields.n.ok_or(missing("finish", "n"))?,
                result: fields.result.ok_or(missing("finish", "result"))?,
            },
            "leave" => Self::Leave {
                n: fields.n.ok_or(missing("leave", "n"))?,
            },
            "beat" => Self::Beat {
                t: fields.t.ok_or(missing("beat", "t"))?,
            },
            // Read once more for its own fields: no other frame has to be searched for them.
            "vouch" => Self::Vouch(serde_json::from_str(text)?),
            _ => Self::Unknown {
                op: fields.op,
                n: fields.n,
            },
        })
    }
}

/// A seat as `welcome` lists it (P4.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seated {
    /// Whose seat.
    pub id: MemberId,
    /// Name and colour.
    #[serde(flatten)]
    pub profile: Profile,
    /// Whether a connection is live.
    pub online: bool,
}

/// The limits a client is told (P4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ToldLimits {
    /// [`limits::BODY_SOFT`].
    pub body: usize,
    /// [`limits::SAYS_PER_SECOND`].
    pub says_per_second: u32,
    /// [`limits::SAYS_BURST`].
    pub says_burst: u32,
    /// [`limits::SIGNAL_BODY`].
    pub signal_body: usize,
    /// [`limits::CHECKPOINT`].
    pub checkpoint: usize,
    /// [`limits::MEMBERS`].
    pub members: usize,
}

impl ToldLimits {
    /// The limits in force.
    pub const NOW: Self = Self {
        body: limits::BODY_SOFT,
        says_per_second: limits::SAYS_PER_SECOND,
        says_burst: limits::SAYS_BURST,
        signal_body: limits::SIGNAL_BODY,
        checkpoint: limits::CHECKPOINT,
        members: limits::MEMBERS,
    };
}

/// The checkpoint a client starts from (P4.1).
#[derive(Debug, Clone, Serialize)]
pub struct CheckpointFrame<'a> {
    /// The record after which the state holds.
    pub seq: Seq,
    /// The epoch that record was ordered in: with `seq`, the position of who starts here.
    pub epoch: Epoch,
    /// The game's state.
    pub state: &'a RawValue,
}

/// One message of a host (P4), but for `record`.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum ServerFrame<'a> {
    /// P4.12.
    Vouch {
        /// The last record the archive holds.
        after: Seq,
    },
    /// P4.1.
    Welcome {
        /// The client's own seat.
        member: MemberId,
        /// All seats as of `tail`.
        members: Vec<Seated>,
        /// The host's epoch of this room.
        epoch: Epoch,
        /// Last record ordered.
        tail: Seq,
        /// Last record in the archive.
        stored: Seq,
        /// Whether storing lags (P4.7).
        #[serde(skip_serializing_if = "is_false")]
        behind: bool,
        /// What to start from, when there is something better than nothing.
        #[serde(skip_serializing_if = "Option::is_none")]
        checkpoint: Option<CheckpointFrame<'a>>,
        /// Whether the client's position is continued.
        resumed: bool,
        /// The last number of this member that the log holds.
        n: u64,
        /// The `finished` record.
        finished: Option<Seq>,
        /// The limits in force.
        limits: ToldLimits,
        /// The host's clock.
        now: UnixMs,
    },
    /// P4.5.
    Signal {
        /// Whose signal.
        from: MemberId,
        /// Which one.
        key: &'a str,
        /// Its value.
        body: &'a RawValue,
    },
    /// P4.6.
    Presence {
        /// Members with a live connection.
        online: Vec<MemberId>,
    },
    /// P4.7.
    Stored {
        /// Last record in the archive.
        seq: Seq,
        /// Whether storing lags.
        #[serde(skip_serializing_if = "is_false")]
        behind: bool,
    },
    /// P4.8.
    Rewind {
        /// The epoch in force.
        epoch: Epoch,
        /// The last record that still holds.
        seq: Seq,
    },
    /// P4.9.
    Moved {
        /// Where the room lives: an address, or a path on the page's own origin.
        url: &'a str,
    },
    /// P4.10.
    Refused {
        /// Number of the refused frame.
        #[serde(skip_serializing_if = "Option::is_none")]
        n: Option<u64>,
        /// Why.
        code: RefusalCode,
        /// Why in words: what was wrong, which limit, what to do.
        message: &'a str,
        /// Milliseconds after which it may succeed.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// P3.9 and P4.11.
    Beat {
        /// What the client's beat carried.
        #[serde(skip_serializing_if = "Option::is_none")]
        t: Option<&'a RawValue>,
        /// The host's clock.
        now: UnixMs,
    },
}

/// For fields that say something only when they are set.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl ServerFrame<'_> {
    /// The frame as text.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        serde_json::to_vec(self).expect("frames serialise").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_kept_as_they_were_written() {
        let text = r#"{"n":3,"op":"say","extra":[1],"body":{"a": [1.50, "\u00e9"]}}"#;
        let ClientFrame::Say { n: 3, body } = ClientFrame::parse(text).unwrap() else {
            panic!("not a say")
        };
        assert_eq!(body.get(), r#"{"a": [1.50, "\u00e9"]}"#);
        let ClientFrame::Say { body, .. } =
            ClientFrame::parse(r#"{"op":"say","n":1,"body":null}"#).unwrap()
        else {
            panic!("not a say")
        };
        assert_eq!(body.get(), "null");
    }

    #[test]
    fn p1_5_what_is_not_a_frame_is_an_error_and_an_unknown_op_is_not() {
        for bad in [
            "",
            "7",
            "[]",
            "{}",
            r#"{"op":7}"#,
            r#"{"op":"say","n":-1,"body":1}"#,
            r#"{"op":"say","n":1}"#,
            r#"{"op":"say","n":1,"body":1"#,
        ] {
            assert!(ClientFrame::parse(bad).is_err(), "{bad}");
        }
        let big = format!(r#"{{"op":"say","n":{},"body":1}}"#, 1_u64 << 53);
        assert!(matches!(ClientFrame::parse(&big), Err(BadFrame::Number)));
        assert!(matches!(
            ClientFrame::parse(r#"{"op":"dance","n":5}"#),
            Ok(ClientFrame::Unknown { n: Some(5), .. })
        ));
    }
}
