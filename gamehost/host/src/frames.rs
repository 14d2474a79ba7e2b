//! WebSocket frames (RFC 6455) as a server reads and writes them: bytes in, messages out. Knows no socket. A frame is
//! unmasked where it lies; between two reads only the bytes of a frame that is not whole yet are kept.

/// Begins an unfragmented text frame.
pub(crate) const TEXT: u8 = 0x81;
/// Begins a close frame.
pub(crate) const CLOSE: u8 = 0x88;
/// Begins a pong.
pub(crate) const PONG: u8 = 0x8a;
/// Bytes of a client's frame before its payload, at most.
pub(crate) const HEADER: usize = 14;
/// Bytes a control frame may carry (RFC 6455, 5.5).
const CONTROL: usize = 125;

/// One thing a client sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    /// A whole text message.
    Text(&'a str),
    /// To be answered with a pong that carries the same.
    Ping(&'a [u8]),
    /// Something that asks for nothing: a pong, or a part of a message.
    Nothing,
    /// The client closes, with this code if it gave one.
    Close(Option<u16>),
}

/// Why a client's bytes are not read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Violation {
    /// They are not what RFC 6455 or this host allow.
    Form,
    /// A message is larger than it may be.
    TooLarge,
}

/// The header of an unmasked frame: the bytes that go before its payload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    bytes: [u8; 10],
    length: u8,
}

impl Head {
    /// The header of a frame that begins with `first` and carries `length` bytes.
    pub(crate) fn new(first: u8, length: usize) -> Self {
        let mut bytes = [0; 10];
        bytes[0] = first;
        let used = match (u8::try_from(length), u16::try_from(length)) {
            (Ok(short @ ..=125), _) => {
                bytes[1] = short;
                2
            }
            (_, Ok(middle)) => {
                bytes[1] = 126;
                bytes[2..4].copy_from_slice(&middle.to_be_bytes());
                4
            }
            _ => {
                bytes[1] = 127;
                bytes[2..].copy_from_slice(&(length as u64).to_be_bytes());
                10
            }
        };
        Self {
            bytes,
            length: used,
        }
    }

    /// The bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// Takes a client's bytes apart.
#[derive(Debug)]
pub(crate) struct Decoder {
    unread: Unread,
    messages: Messages,
}

impl Decoder {
    /// Nothing read; no message may be larger than `limit`.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            unread: Unread::default(),
            messages: Messages {
                limit,
                open: false,
                text: Vec::new(),
            },
        }
    }

    /// From here on messages may be as large as `limit`.
    pub(crate) fn allow(&mut self, limit: usize) {
        self.messages.limit = limit;
    }

    /// The next thing in what is held and in `input`, which is advanced; `None` when there is no other whole frame. What
    /// is left of `input` then is held for the next call.
    pub(crate) fn next<'o, 'i: 'o>(
        &'o mut self,
        input: &mut &'i mut [u8],
    ) -> Result<Option<Item<'o>>, Violation> {
        let limit = self.messages.limit;
        self.messages.forget();
        match self.unread.frame(input, limit)? {
            Some((header, frame)) => self.messages.take(header, frame).map(Some),
            None => Ok(None),
        }
    }

    /// Keeps bytes for later that [`Decoder::next`] was not asked about.
    pub(crate) fn hold(&mut self, bytes: &[u8]) {
        self.unread.hold(bytes);
    }
}

/// Bytes that came and were not taken apart yet.
#[derive(Debug, Default)]
struct Unread {
    held: Vec<u8>,
    /// What of them has been read.
    read: usize,
}

impl Unread {
    fn is_empty(&self) -> bool {
        self.held.len() == self.read
    }

    fn hold(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.held.drain(..self.read);
        self.read = 0;
        self.held.extend_from_slice(bytes);
    }

    /// The next whole frame, taken from what is held before what has just come.
    fn frame<'o, 'i: 'o>(
        &'o mut self,
        input: &mut &'i mut [u8],
        limit: usize,
    ) -> Result<Option<(Header, &'o mut [u8])>, Violation> {
        if self.is_empty() {
            // An idle connection keeps no buffer.
            *self = Self::default();
            let whole = Header::read(input, limit)?.filter(|header| header.frame() <= input.len());
            let Some(header) = whole else {
                let rest = std::mem::take(input);
                self.hold(rest);
                return Ok(None);
            };
            let (frame, rest) = std::mem::take(input).split_at_mut(header.frame());
            *input = rest;
            return Ok(Some((header, frame)));
        }
        let header = loop {
            match Header::read(&self.held[self.read..], limit)? {
                Some(header) => break header,
                None if input.is_empty() => return Ok(None),
                None => self.take_over(input, 1),
            }
        };
        let end = self.read + header.frame();
        self.take_over(input, end.saturating_sub(self.held.len()));
        if self.held.len() < end {
            return Ok(None);
        }
        let begin = std::mem::replace(&mut self.read, end);
        Ok(Some((header, &mut self.held[begin..end])))
    }

    /// Moves up to `most` bytes of `input` behind those that are held, so that none is taken of a later frame.
    fn take_over(&mut self, input: &mut &mut [u8], most: usize) {
        let most = most.min(input.len());
        let (taken, rest) = std::mem::take(input).split_at_mut(most);
        self.held.extend_from_slice(taken);
        *input = rest;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opcode {
    Continuation,
    Text,
    Close,
    Ping,
    Pong,
}

/// What stands before a client's payload (RFC 6455, 5.2).
#[derive(Debug, Clone, Copy)]
struct Header {
    last: bool,
    opcode: Opcode,
    mask: [u8; 4],
    /// Bytes before the payload, and of it.
    before: usize,
    payload: usize,
}

impl Header {
    /// Reads a header; `None` when the bytes end within it. What is wrong is said as early as it is seen.
    fn read(bytes: &[u8], limit: usize) -> Result<Option<Self>, Violation> {
        let &[first, second, ref rest @ ..] = bytes else {
            return Ok(None);
        };
        let last = first & 0x80 != 0;
        let opcode = match first & 0x7f {
            0x0 => Opcode::Continuation,
            0x1 => Opcode::Text,
            0x8 => Opcode::Close,
            0x9 => Opcode::Ping,
            0xa => Opcode::Pong,
            // Binary frames (P1.5), opcodes there are not, and reserved bits, as no extension was agreed on.
            _ => return Err(Violation::Form),
        };
        let short = usize::from(second & 0x7f);
        let control = matches!(opcode, Opcode::Close | Opcode::Ping | Opcode::Pong);
        if second & 0x80 == 0 || (control && (!last || short > CONTROL)) {
            return Err(Violation::Form);
        }
        let extended = match short {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let Some((length, rest)) = rest.split_at_checked(extended) else {
            return Ok(None);
        };
        let payload = match extended {
            0 => short,
            _ => length.iter().fold(0_usize, |sum, byte| {
                sum.saturating_mul(256).saturating_add(usize::from(*byte))
            }),
        };
        if payload > limit.max(CONTROL) {
            return Err(Violation::TooLarge);
        }
        let Some(mask) = rest.first_chunk() else {
            return Ok(None);
        };
        Ok(Some(Self {
            last,
            opcode,
            mask: *mask,
            before: 2 + extended + mask.len(),
            payload,
        }))
    }

    /// Bytes of the whole frame.
    fn frame(&self) -> usize {
        self.before + self.payload
    }
}

/// Makes messages of frames.
#[derive(Debug)]
struct Messages {
    /// Bytes of the largest message.
    limit: usize,
    /// Whether a message is begun and goes on.
    open: bool,
    /// The parts of a message that came in several.
    text: Vec<u8>,
}

impl Messages {
    /// Lets go of a message that was given out.
    fn forget(&mut self) {
        if !self.open {
            self.text = Vec::new();
        }
    }

    fn take<'s>(&'s mut self, header: Header, frame: &'s mut [u8]) -> Result<Item<'s>, Violation> {
        let payload = &mut frame[header.before..];
        unmask(payload, header.mask);
        match header.opcode {
            Opcode::Ping => Ok(Item::Ping(payload)),
            Opcode::Pong => Ok(Item::Nothing),
            Opcode::Close => close_code(payload).map(Item::Close),
            Opcode::Text if self.open => Err(Violation::Form),
            Opcode::Text if header.last => text(payload),
            Opcode::Text => self.part(header.last, payload),
            Opcode::Continuation if self.open => self.part(header.last, payload),
            Opcode::Continuation => Err(Violation::Form),
        }
    }

    fn part(&mut self, last: bool, payload: &[u8]) -> Result<Item<'_>, Violation> {
        if self.text.len() + payload.len() > self.limit {
            return Err(Violation::TooLarge);
        }
        self.text.extend_from_slice(payload);
        self.open = !last;
        if last {
            text(&self.text)
        } else {
            Ok(Item::Nothing)
        }
    }
}

fn text(payload: &[u8]) -> Result<Item<'_>, Violation> {
    let text = std::str::from_utf8(payload).map_err(|_| Violation::Form)?;
    Ok(Item::Text(text))
}

/// The code of a close frame (RFC 6455, 5.5.1 and 7.4).
fn close_code(payload: &[u8]) -> Result<Option<u16>, Violation> {
    let (code, reason) = match payload {
        [] => return Ok(None),
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
        [_] => return Err(Violation::Form),
    };
    let allowed = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
    if !allowed || std::str::from_utf8(reason).is_err() {
        return Err(Violation::Form);
    }
    Ok(Some(code))
}

/// Takes the mask off, eight bytes at a time.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests;
