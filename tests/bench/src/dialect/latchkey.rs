//! `latchkey.1` (docs/protocol.md), with tickets this side signs, as the site would.

use anyhow::Result;
use latchkey_protocol::{MemberId, Name, Profile, RoomId, Ticket, TicketSigner};

use super::{Dialect, Joining, Seat, number_after, shown, upgrade, upgraded};
use crate::clock;
use crate::drive::frames::{Answer, CLOSE, Frame, Framing, TEXT};
use crate::drive::schedule::Random;

/// The key tickets are signed with; hosts of the bench are given the same.
pub const TICKET_KEY: [u8; 32] = *b"bench tickets are worth nothing.";

/// See the module.
#[derive(Debug)]
pub(super) struct Latchkey {
    signer: TicketSigner,
    salt: u64,
}

impl Latchkey {
    pub(super) fn new(salt: u64) -> Self {
        Self {
            signer: TicketSigner::from_secret(&TICKET_KEY),
            salt,
        }
    }

    fn ticket(&self, seat: &Seat) -> Result<String> {
        let mut random = Random(self.salt ^ (u64::from(seat.room) << 8));
        let room = RoomId::from_random(std::array::from_fn(|_| low(random.next())));
        let mut random = Random(random.next() ^ u64::from(seat.seat));
        let member = MemberId::from_random(std::array::from_fn(|_| low(random.next())));
        let profile = Profile {
            name: format!("Seat {}", seat.seat).parse::<Name>()?,
            colour: "#3366cc".parse()?,
        };
        let ticket = Ticket {
            room,
            member,
            profile,
        };
        Ok(self.signer.sign(&ticket, clock::wall()))
    }
}

fn low(bits: u64) -> u8 {
    bits.to_le_bytes()[0]
}

impl Dialect for Latchkey {
    fn begin(&self, seat: &mut Seat, out: &mut Vec<u8>) -> Result<Joining> {
        let path = format!("/s/{}/room", seat.server + 1);
        upgrade(&path, Some("latchkey.1"), out);
        Ok(Joining::Http)
    }

    fn answered(&self, seat: &mut Seat, answer: &Answer, out: &mut Vec<u8>) -> Result<Joining> {
        let joining = upgraded(answer)?;
        if joining == Joining::Frames {
            let have = match seat.number {
                0 => String::new(),
                seq => format!(r#""have":{{"epoch":{},"seq":{seq}}},"#, seat.epoch),
            };
            let ticket = self.ticket(seat)?;
            let join = format!(r#"{{"op":"join",{have}"ticket":"{ticket}","sdk":"bench"}}"#);
            Framing::WebSocket.write(TEXT, &[join.as_bytes()], out);
        }
        Ok(joining)
    }

    fn joining(&self, _seat: &mut Seat, frame: &Frame<'_>, _out: &mut Vec<u8>) -> Result<Joining> {
        if frame.payload.starts_with(br#"{"op":"welcome""#) {
            return Ok(Joining::Joined);
        }
        // 4000 to 4499: come back (P9).
        let code = frame
            .payload
            .first_chunk()
            .map(|code| u16::from_be_bytes(*code));
        match (frame.opcode, code) {
            (CLOSE, Some(4000..=4499)) => Ok(Joining::TryLater),
            (CLOSE, code) => anyhow::bail!("the host closed with {code:?}"),
            _ => anyhow::bail!("the host said before its welcome: {}", shown(frame)),
        }
    }

    fn say(&self, seat: &mut Seat, text: &str, out: &mut Vec<u8>) {
        // `n` counts from 1 (P2.3).
        let head = format!(r#"{{"op":"say","n":{},"body":""#, seat.said + 1);
        Framing::WebSocket.write(TEXT, &[head.as_bytes(), text.as_bytes(), b"\"}"], out);
    }

    fn delivered(&self, seat: &mut Seat, payload: &[u8], at: usize) -> Option<u64> {
        let head = &payload[..at];
        seat.number = number_after(head, b"\"seq\":")?;
        seat.epoch = number_after(head, b"\"epoch\":").unwrap_or(seat.epoch);
        Some(seat.number)
    }

    fn beat(&self, out: &mut Vec<u8>) {
        Framing::WebSocket.write(TEXT, &[br#"{"op":"beat","t":0}"#], out);
    }
}
