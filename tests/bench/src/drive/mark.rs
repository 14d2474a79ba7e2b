//! The mark in every message the generator sends: who said it, as which number, and when it was due. It is found in a
//! delivery by searching for its first bytes, so no contestant's envelope has to be parsed.

use memchr::memmem;

/// Bytes a mark begins with. Nothing else the generator or a contestant sends contains them.
const LEAD: &[u8; 2] = b"@@";
/// Bytes of a mark.
pub const LENGTH: usize = 32;

/// Who said it, as which number, and when it was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Number of the room.
    pub room: u32,
    /// Number of the seat in the room.
    pub seat: u8,
    /// Number of the message among those of this seat, from 0.
    pub n: u32,
    /// When it should have been sent, in nanoseconds of the generator's clock.
    pub due: u64,
}

/// A body of a given size that carries a mark at its front.
#[derive(Debug)]
pub struct Body(String);

impl Body {
    /// A body of `bytes`, at least [`LENGTH`].
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self("x".repeat(bytes.max(LENGTH)))
    }

    /// The body with this mark.
    pub fn with(&mut self, mark: Mark) -> &str {
        let Mark { room, seat, n, due } = mark;
        let text = format!(
            "@@{:06x}{seat:02x}{n:08x}{:014x}",
            room & 0xff_ffff,
            due & 0xff_ffff_ffff_ffff
        );
        self.0.replace_range(..LENGTH, &text);
        &self.0
    }
}

/// The marks in a payload, each with where it begins.
pub fn marks(payload: &[u8]) -> impl Iterator<Item = (usize, Mark)> {
    memmem::find_iter(payload, LEAD)
        .filter_map(|at| Some((at, read(payload.get(at..at + LENGTH)?)?)))
}

fn read(text: &[u8]) -> Option<Mark> {
    Some(Mark {
        room: u32::try_from(hex(&text[2..8])?).ok()?,
        seat: u8::try_from(hex(&text[8..10])?).ok()?,
        n: u32::try_from(hex(&text[10..18])?).ok()?,
        due: hex(&text[18..32])?,
    })
}

fn hex(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_of_a_payload_is_found_and_read() {
        let first = Mark {
            room: 9_999,
            seat: 63,
            n: 1_234_567,
            due: 123_456_789_012,
        };
        let second = Mark { seat: 1, ..first };
        let (mut a, mut b) = (Body::new(100), Body::new(0));
        let payload = format!(
            r#"{{"body":"{}"}}{{"body":"{}"}}"#,
            a.with(first),
            b.with(second)
        );
        let found: Vec<Mark> = marks(payload.as_bytes()).map(|(_, mark)| mark).collect();
        assert_eq!(found, [first, second]);
    }

    #[test]
    fn a_body_has_the_size_asked_for_whatever_its_mark() {
        let mut body = Body::new(100);
        let mark = Mark {
            room: 1,
            seat: 2,
            n: 3,
            due: u64::MAX,
        };
        assert_eq!(body.with(mark).len(), 100);
    }

    #[test]
    fn what_only_begins_like_a_mark_is_none() {
        assert_eq!(
            marks(b"@@ and more than thirty-two bytes of text").count(),
            0
        );
        assert_eq!(marks(b"@@00").count(), 0);
    }
}
