//! What a member gives back of the log after its host was lost (P3.10, P6.5): the `vouch` frame, and a `record` frame
//! read back into the record it was made of. Whether the record is true is for its MAC to say, which is the room's to check.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::frame::MAX_NUMBER;
use crate::ids::{Epoch, MemberId, Seq, UnixMs};
use crate::limits;
use crate::mac::Mac;
use crate::record::{Body, Kind, Record};

/// One `vouch` frame of a client (P3.10). Records borrow from the text they were read from.
#[derive(Debug, Clone, Deserialize)]
pub struct Vouch<'a> {
    /// `record` frames as a host sent them, in order.
    #[serde(borrow)]
    pub records: Vec<&'a RawValue>,
    /// Members this one last saw with a live connection.
    pub online: Vec<MemberId>,
    /// Whether another `vouch` follows.
    pub more: bool,
}

/// JSON that is not a `record` frame any host ever sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRecordFrame {
    /// Not a `record` frame, or a field of the wrong type.
    #[error("not a `record` frame")]
    Form,
    /// A number above 2^53 - 1 (P2.2).
    #[error("a number is above 2^53 - 1")]
    Number,
    /// A body above [`limits::BODY_HARD`].
    #[error("the record's body has {0} bytes, and no record's has more than {most}", most = limits::BODY_HARD)]
    Body(usize),
}

#[derive(Deserialize)]
struct Fields<'a> {
    op: Op,
    seq: Seq,
    epoch: Epoch,
    from: Option<MemberId>,
    n: u64,
    at: UnixMs,
    kind: Kind,
    mac: Mac,
    #[serde(borrow)]
    body: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Op {
    Record,
}

impl Record {
    /// Reads back what [`Record::to_frame`] made. The body's text is the host's own, byte for byte, since the MAC is
    /// over that text.
    ///
    /// # Errors
    /// When the text is not a `record` frame, or has a value no record has.
    pub fn from_frame(frame: &str) -> Result<Self, BadRecordFrame> {
        let Fields {
            op: Op::Record,
            seq,
            epoch,
            from,
            n,
            at,
            kind,
            mac,
            body,
        } = serde_json::from_str(frame).map_err(|_| BadRecordFrame::Form)?;
        if [seq.0, epoch.0, n, at.0].into_iter().max() > Some(MAX_NUMBER) {
            return Err(BadRecordFrame::Number);
        }
        if body.get().len() > limits::BODY_HARD {
            return Err(BadRecordFrame::Body(body.get().len()));
        }
        Ok(Self {
            seq,
            epoch,
            from,
            n,
            at,
            kind,
            body: Body::copy_of(body),
            mac,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::ClientFrame;

    const FRAME: &str = r#"{"op":"record","seq":7,"epoch":2,"from":"aaaaaaaaaaaa","n":3,"at":9,"kind":"said","mac":"AAAAAAAAAAAAAAAAAAAAAA","body":{"a": [1.50, "\u00e9"]}}"#;

    #[test]
    fn p6_6_a_record_is_read_back_with_the_bytes_of_its_body() {
        let record = Record::from_frame(FRAME).unwrap();
        assert_eq!(record.body.as_bytes(), br#"{"a": [1.50, "\u00e9"]}"#);
        assert_eq!(&record.to_frame()[..], FRAME.as_bytes());
    }

    #[test]
    fn what_no_host_sent_is_not_a_record() {
        let long = format!("\"{}\"", "a".repeat(limits::BODY_HARD));
        for (from, to, error) in [
            ("\"record\"", "\"stored\"", BadRecordFrame::Form),
            ("\"seq\":7,", "", BadRecordFrame::Form),
            ("\"seq\":7", "\"seq\":-7", BadRecordFrame::Form),
            (
                "\"from\":\"aaaaaaaaaaaa\"",
                "\"from\":\"al\"",
                BadRecordFrame::Form,
            ),
            ("said", "sung", BadRecordFrame::Form),
            ("\"AAAA", "\"AAA", BadRecordFrame::Form),
            (
                "\"at\":9",
                "\"at\":9007199254740992",
                BadRecordFrame::Number,
            ),
            (
                r#"{"a": [1.50, "\u00e9"]}"#,
                &long,
                BadRecordFrame::Body(long.len()),
            ),
        ] {
            assert!(FRAME.contains(from), "{from}");
            assert_eq!(
                Record::from_frame(&FRAME.replace(from, to)),
                Err(error),
                "{from}"
            );
        }
    }

    #[test]
    fn p3_10_a_vouch_carries_the_text_of_its_records() {
        let text = format!(
            r#"{{"op":"vouch","records":[{FRAME}, {FRAME}],"online":["aaaaaaaaaaaa"],"more":true}}"#
        );
        let Ok(ClientFrame::Vouch(vouch)) = ClientFrame::parse(&text) else {
            panic!("not a vouch")
        };
        assert_eq!(vouch.records[1].get(), FRAME);
        assert_eq!(vouch.online, ["aaaaaaaaaaaa".parse().unwrap()]);
        assert!(vouch.more);
        for bad in [
            r#"{"op":"vouch"}"#,
            r#"{"op":"vouch","records":[],"online":[]}"#,
            r#"{"op":"vouch","records":{},"online":[],"more":false}"#,
            r#"{"op":"vouch","records":[],"online":["al"],"more":false}"#,
        ] {
            assert!(ClientFrame::parse(bad).is_err(), "{bad}");
        }
    }
}
