//! The decoder against what a tungstenite client writes, cut anywhere, and against clients that break the rules.

use std::io::{self, Cursor, Read, Write};

use proptest::collection::vec;
use proptest::prelude::*;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, FrameHeader};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket};

use super::*;

/// What an [`Item`] said, kept.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    Text(String),
    Ping(Vec<u8>),
    Nothing,
    Close(Option<u16>),
}

fn kept(item: Item<'_>) -> Said {
    match item {
        Item::Text(text) => Said::Text(text.to_owned()),
        Item::Ping(payload) => Said::Ping(payload.to_vec()),
        Item::Nothing => Said::Nothing,
        Item::Close(code) => Said::Close(code),
    }
}

/// Everything `bytes` say when they come in pieces that end at `cuts`, and what was wrong with them.
fn read(bytes: &[u8], cuts: &[usize], limit: usize) -> (Vec<Said>, Option<Violation>) {
    let mut decoder = Decoder::new(limit);
    let mut said = Vec::new();
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    ends.push(bytes.len());
    ends.sort_unstable();
    let mut begin = 0;
    for end in ends {
        let mut piece = bytes[begin..end].to_vec();
        let mut input = piece.as_mut_slice();
        loop {
            match decoder.next(&mut input) {
                Ok(Some(item)) => said.push(kept(item)),
                Ok(None) => break,
                Err(violation) => return (said, Some(violation)),
            }
        }
        assert!(input.is_empty(), "what is no whole frame is held");
        begin = end;
    }
    (said, None)
}

/// A frame as tungstenite writes its header.
fn frame(opcode: OpCode, is_final: bool, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let header = FrameHeader {
        is_final,
        opcode,
        mask: Some(mask),
        ..FrameHeader::default()
    };
    let mut bytes = Vec::new();
    header.format(payload.len() as u64, &mut bytes).unwrap();
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    bytes
}

/// One message and the frames it comes in.
#[derive(Debug, Clone)]
enum Sent {
    /// Text, with where it is cut into fragments, and the pings between them.
    Text(String, Vec<usize>, Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

impl Sent {
    fn frames(&self, mask: [u8; 4], bytes: &mut Vec<u8>, expected: &mut Vec<Said>) {
        let control = |control| OpCode::Control(control);
        match self {
            Self::Ping(payload) => {
                bytes.extend(frame(control(Control::Ping), true, payload, mask));
                expected.push(Said::Ping(payload.clone()));
            }
            Self::Pong(payload) => {
                bytes.extend(frame(control(Control::Pong), true, payload, mask));
                expected.push(Said::Nothing);
            }
            Self::Text(text, cuts, between) => {
                let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
                ends.push(text.len());
                ends.sort_unstable();
                let (mut begin, last) = (0, ends.len() - 1);
                for (at, end) in ends.into_iter().enumerate() {
                    let data = if at == 0 { Data::Text } else { Data::Continue };
                    let part = &text.as_bytes()[begin..end];
                    bytes.extend(frame(OpCode::Data(data), at == last, part, mask));
                    begin = end;
                    if at < last {
                        expected.push(Said::Nothing);
                        bytes.extend(frame(control(Control::Ping), true, between, mask));
                        expected.push(Said::Ping(between.clone()));
                    }
                }
                expected.push(Said::Text(text.clone()));
            }
        }
    }
}

fn sent() -> impl Strategy<Value = Sent> {
    let control = || vec(any::<u8>(), 0..=125);
    let large = (65_500_usize..65_600).prop_map(|length| "x".repeat(length));
    let text = prop_oneof![".{0,40}", ".{100,140}", large];
    prop_oneof![
        4 => (text, vec(any::<usize>(), 0..4), control()).prop_map(|(t, c, b)| Sent::Text(t, c, b)),
        1 => control().prop_map(Sent::Ping),
        1 => control().prop_map(Sent::Pong),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_a_client_sends_is_read_however_it_is_fragmented_and_cut(
        messages in vec((sent(), any::<[u8; 4]>()), 1..6),
        cuts in vec(any::<usize>(), 0..12),
    ) {
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        for (message, mask) in &messages {
            message.frames(*mask, &mut bytes, &mut expected);
        }
        prop_assert_eq!(read(&bytes, &cuts, 1 << 20), (expected, None));
    }

    #[test]
    fn noise_is_refused_the_same_way_wherever_it_is_cut(
        bytes in vec(any::<u8>(), 0..200),
        cuts in vec(any::<usize>(), 0..12),
    ) {
        prop_assert_eq!(read(&bytes, &cuts, 64), read(&bytes, &[], 64));
    }
}

#[test]
fn a_frame_may_be_cut_at_every_byte() {
    let mut bytes = frame(OpCode::Data(Data::Text), true, &[b'x'; 300], [1, 2, 3, 4]);
    bytes.extend(frame(OpCode::Data(Data::Text), true, b"y", [5, 6, 7, 8]));
    let all = (
        vec![Said::Text("x".repeat(300)), Said::Text("y".to_owned())],
        None,
    );
    for cut in 0..bytes.len() {
        assert_eq!(read(&bytes, &[cut], 1000), all, "{cut}");
    }
    let everywhere: Vec<usize> = (0..bytes.len()).collect();
    assert_eq!(read(&bytes, &everywhere, 1000), all);
}

#[test]
fn what_a_client_may_not_send_is_refused_before_its_payload_comes() {
    use Violation::{Form, TooLarge};
    for (bytes, what, violation) in [
        (&[0x81, 0x02][..], "a frame without a mask", Form),
        (&[0xc1, 0x80], "a reserved bit", Form),
        (&[0x82, 0x80], "binary", Form),
        (&[0x83, 0x80], "a reserved opcode", Form),
        (&[0x8b, 0x80], "a reserved control opcode", Form),
        (&[0x09, 0x80], "a fragmented ping", Form),
        (&[0x89, 0xfe], "a ping of more than 125 bytes", Form),
        (
            &[0x81, 0xfe, 0x03, 0xe9],
            "a message over the limit",
            TooLarge,
        ),
        (
            &[0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            "more bytes than there are",
            TooLarge,
        ),
        (&[0x80, 0x80, 0, 0, 0, 0], "a continuation of nothing", Form),
        (&[0x88, 0x81, 0, 0, 0, 0, 3], "half a close code", Form),
        (&[0x88, 0x82, 0, 0, 0, 0, 3, 0xed], "the code 1005", Form),
        (
            &[0x88, 0x83, 0, 0, 0, 0, 3, 0xe8, 0xff],
            "a reason that is not UTF-8",
            Form,
        ),
        (
            &[0x81, 0x81, 0, 0, 0, 0, 0xff],
            "text that is not UTF-8",
            Form,
        ),
    ] {
        assert_eq!(
            read(bytes, &[], 1000),
            (Vec::new(), Some(violation)),
            "{what}"
        );
    }
}

#[test]
fn parts_of_a_message_count_together_and_do_not_begin_another() {
    let mask = [9; 4];
    let part = |data, last, length| frame(OpCode::Data(data), last, &vec![b'x'; length], mask);
    let large = [
        part(Data::Text, false, 600),
        part(Data::Continue, true, 401),
    ]
    .concat();
    assert_eq!(read(&large, &[], 1000).1, Some(Violation::TooLarge));
    let two = [part(Data::Text, false, 1), part(Data::Text, true, 1)].concat();
    assert_eq!(read(&two, &[], 1000).1, Some(Violation::Form));
}

#[test]
fn an_idle_connection_keeps_no_bytes() {
    let mut decoder = Decoder::new(1 << 20);
    let mask = [7; 4];
    let mut bytes = frame(OpCode::Data(Data::Text), false, &[b'x'; 5000], mask);
    bytes.extend(frame(
        OpCode::Data(Data::Continue),
        true,
        &[b'x'; 5000],
        mask,
    ));
    let (mut first, mut second) = (bytes[..100].to_vec(), bytes[100..].to_vec());
    for piece in [&mut first, &mut second] {
        let mut input = piece.as_mut_slice();
        while decoder.next(&mut input).unwrap().is_some() {}
    }
    assert_eq!(decoder.unread.held.capacity(), 0);
    assert_eq!(decoder.messages.text.capacity(), 0);
}

/// A socket that gives out what it was made with.
struct Heard(Cursor<Vec<u8>>);

impl Read for Heard {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_client_understands_every_header() {
    let texts = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000].map(|length| "x".repeat(length));
    let mut bytes = Vec::new();
    for text in &texts {
        bytes.extend_from_slice(Head::new(TEXT, text.len()).as_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes.extend_from_slice(Head::new(PONG, 2).as_bytes());
    bytes.extend_from_slice(b"hi");
    bytes.extend_from_slice(Head::new(CLOSE, 2).as_bytes());
    bytes.extend_from_slice(&4001_u16.to_be_bytes());
    let mut client = WebSocket::from_raw_socket(Heard(Cursor::new(bytes)), Role::Client, None);
    for text in texts {
        assert_eq!(client.read().unwrap(), Message::text(text));
    }
    assert_eq!(client.read().unwrap(), Message::Pong("hi".into()));
    let close = CloseFrame {
        code: 4001.into(),
        reason: "".into(),
    };
    assert_eq!(client.read().unwrap(), Message::Close(Some(close)));
}
