//! Frames as a client sees them: WebSocket frames (RFC 6455) without extensions, or a length before each payload; and
//! the end of an HTTP answer.

/// How messages are told apart on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// RFC 6455.
    WebSocket,
    /// Four bytes of length, lowest first, before each payload.
    Lengths,
}

/// Longest payload taken from a server.
const LONGEST: usize = 64 * 1024 * 1024;

/// WebSocket opcodes (RFC 6455, 5.2).
pub const TEXT: u8 = 1;
/// Binary data.
pub const BINARY: u8 = 2;
/// The end, with a code.
pub const CLOSE: u8 = 8;
/// To be answered.
pub const PING: u8 = 9;
/// The answer.
pub const PONG: u8 = 10;

/// One whole frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The WebSocket opcode; [`BINARY`] where there is none.
    pub opcode: u8,
    /// What is in it.
    pub payload: &'a [u8],
}

/// A server broke the framing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    /// Too long to be meant.
    #[error("a frame of {0} bytes")]
    TooLong(usize),
    /// Servers must not mask.
    #[error("a masked frame from the server")]
    Masked,
}

impl Framing {
    /// The first whole frame of `bytes` and how many of them it takes; `None` while it is not whole.
    ///
    /// # Errors
    /// [`BadFrame`].
    pub fn first(self, bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>, BadFrame> {
        let Some((opcode, start, length)) = self.head(bytes)? else {
            return Ok(None);
        };
        if length > LONGEST {
            return Err(BadFrame::TooLong(length));
        }
        let payload = bytes.get(start..start + length);
        Ok(payload.map(|payload| (Frame { opcode, payload }, start + length)))
    }

    fn head(self, bytes: &[u8]) -> Result<Option<(u8, usize, usize)>, BadFrame> {
        let lengths = |length: &[u8; 4]| (BINARY, 4, u32::from_le_bytes(*length) as usize);
        match (self, bytes) {
            (Self::Lengths, _) => Ok(bytes.first_chunk().map(lengths)),
            (Self::WebSocket, [_, second, ..]) if second & 0x80 != 0 => Err(BadFrame::Masked),
            (Self::WebSocket, [first, 126, a, b, ..]) => Ok(Some((
                first & 15,
                4,
                usize::from(u16::from_be_bytes([*a, *b])),
            ))),
            (Self::WebSocket, [first, 127, rest @ ..]) => Ok(rest.first_chunk().map(|length| {
                let length = usize::try_from(u64::from_be_bytes(*length)).unwrap_or(usize::MAX);
                (first & 15, 10, length)
            })),
            (Self::WebSocket, [first, length, ..]) if *length < 126 => {
                Ok(Some((first & 15, 2, usize::from(*length))))
            }
            (Self::WebSocket, _) => Ok(None),
        }
    }

    /// Appends a frame as a client sends it.
    ///
    /// A WebSocket client must mask. The mask is four noughts, which changes no byte and so costs this side nothing;
    /// the server undoes it as any other.
    pub fn write(self, opcode: u8, parts: &[&[u8]], out: &mut Vec<u8>) {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if self == Self::Lengths {
            let length = u32::try_from(length).expect("bodies are far below 4 GiB");
            out.extend_from_slice(&length.to_le_bytes());
        } else {
            out.push(0x80 | opcode);
            match (u8::try_from(length), u16::try_from(length)) {
                (Ok(length @ 0..126), _) => out.push(0x80 | length),
                (_, Ok(length)) => {
                    out.push(0x80 | 126);
                    out.extend_from_slice(&length.to_be_bytes());
                }
                _ => {
                    out.push(0x80 | 127);
                    out.extend_from_slice(&(length as u64).to_be_bytes());
                }
            }
            out.extend_from_slice(&[0; 4]);
        }
        for part in parts {
            out.extend_from_slice(part);
        }
    }
}

/// An HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body, of the length the head tells.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first whole answer of `bytes` and how many of them it takes; `None` while it is not whole. Understands
    /// `Content-Length` alone, which is what contestants send.
    #[must_use]
    pub fn first(bytes: &[u8]) -> Option<(Self, usize)> {
        let end = memchr::memmem::find(bytes, b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .map_or(Some(0), |length| length.trim().parse().ok())?;
        let body = bytes.get(end..end + length)?.to_vec();
        Some((Self { status, body }, end + length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a server would have sent: the client's frame without its mask.
    fn unmasked(mut frame: Vec<u8>) -> Vec<u8> {
        frame[1] &= 0x7f;
        let mask = match frame[1] {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        frame.drain(mask..mask + 4);
        frame
    }

    #[test]
    fn frames_of_all_lengths_are_read_once_they_are_whole() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 100_000] {
            let payload = vec![b'x'; length];
            for framing in [Framing::WebSocket, Framing::Lengths] {
                let mut bytes = Vec::new();
                framing.write(
                    BINARY,
                    &[&payload[..length / 2], &payload[length / 2..]],
                    &mut bytes,
                );
                if framing == Framing::WebSocket {
                    bytes = unmasked(bytes);
                }
                let whole = bytes.len();
                bytes.extend_from_slice(b"next");
                for cut in [0, 1, 3, whole - 1] {
                    assert_eq!(framing.first(&bytes[..cut.min(whole - 1)]), Ok(None));
                }
                let frame = Frame {
                    opcode: BINARY,
                    payload: &payload,
                };
                assert_eq!(framing.first(&bytes), Ok(Some((frame, whole))));
            }
        }
    }

    #[test]
    fn a_client_says_that_it_masks() {
        let mut bytes = Vec::new();
        Framing::WebSocket.write(TEXT, &[b"hello"], &mut bytes);
        assert_eq!(bytes, b"\x81\x85\0\0\0\0hello");
        assert_eq!(Framing::WebSocket.first(&bytes), Err(BadFrame::Masked));
    }

    #[test]
    fn an_http_answer_ends_where_its_length_says() {
        let bytes =
            b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbodyHTTP/1.1 101 Switching\r\n\r\nrest";
        let (answer, taken) = Answer::first(bytes).unwrap();
        assert_eq!((answer.status, &answer.body[..]), (200, &b"body"[..]));
        let (answer, more) = Answer::first(&bytes[taken..]).unwrap();
        assert_eq!((answer.status, answer.body.len()), (101, 0));
        assert_eq!(&bytes[taken + more..], b"rest");
        assert_eq!(Answer::first(&bytes[..30]), None);
        assert_eq!(Answer::first(&bytes[..40]), None);
    }
}
