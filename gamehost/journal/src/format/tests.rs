//! The bytes of a segment: everything written is read back, and nothing else.

use latchkey_protocol::{Body, Epoch, Kind, Mac, UnixMs};

use super::*;

const SEGMENT: Number = Number(7);

fn record(seq: u64, body: &str) -> Record {
    Record {
        seq: Seq(seq),
        epoch: Epoch(1),
        from: None,
        n: 0,
        at: UnixMs(5),
        kind: Kind::Notice,
        body: Body::from_checked(Bytes::copy_from_slice(body.as_bytes())),
        mac: Mac([1; 16]),
    }
}

/// Three entries from offset 0 on, and where each begins.
fn entries() -> (Vec<u8>, Vec<u64>) {
    let (mut bytes, mut places) = (Vec::new(), Vec::new());
    for seq in 1..=3 {
        let at = bytes.len() as u64;
        let room = (RoomId::from_random([3; 20]), Run::new(SEGMENT, 1), Seq(1));
        encode_entry(&mut bytes, (SEGMENT, at), room, &record(seq, "[1,2]"));
        places.push(at);
    }
    (bytes, places)
}

#[test]
fn a_header_is_read_as_it_was_written() {
    for previous in [
        None,
        Some(Seal {
            segment: Number(6),
            end: 123_456_789_012,
        }),
    ] {
        let header = Header {
            number: SEGMENT,
            previous,
        };
        assert_eq!(Header::decode(&header.encode(), SEGMENT), Ok(header));
        assert_eq!(
            Header::decode(&header.encode(), Number(8)),
            Err(BadHeader::Bytes)
        );
        assert_eq!(
            Header::decode(&header.encode()[..31], SEGMENT),
            Err(BadHeader::Bytes)
        );
    }
}

#[test]
fn names_of_segments_are_those_the_journal_writes_and_no_others() {
    assert_eq!(Number(42).file(), "0000000042.segment");
    assert_eq!(Number::of_file("0000000042.segment"), Some(Number(42)));
    assert_eq!(Number::of_aside(&Number(42).aside()), Some(Number(42)));
    for other in [
        "42.segment",
        "0000000000.segment",
        "+000000042.segment",
        "lock",
        "9999999999.segment",
    ] {
        assert_eq!(Number::of_file(other), None, "{other}");
    }
}

#[test]
fn entries_are_found_again_one_after_the_other() {
    let (bytes, places) = entries();
    let mut found = Vec::new();
    for piece in Scan::new(SEGMENT, &bytes, 0) {
        let Piece::Entry { at, entry, .. } = piece else {
            panic!("{piece:?}")
        };
        assert_eq!(entry.record, record(found.len() as u64 + 1, "[1,2]"));
        found.push(at);
    }
    assert_eq!(found, places);
}

#[test]
fn an_entry_counts_only_in_its_own_segment_and_place() {
    let (bytes, _) = entries();
    let bad = |piece: Piece| matches!(piece, Piece::Bad { .. });
    assert!(Scan::new(Number(8), &bytes, 0).all(bad), "another segment");
    let shifted = [&[0; 8][..], &bytes].concat();
    assert!(Scan::new(SEGMENT, &shifted, 0).all(bad), "another place");
}

#[test]
fn every_byte_belongs_to_exactly_one_piece_whichever_byte_is_wrong() {
    let (bytes, _) = entries();
    for wrong in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[wrong] ^= 0x10;
        let (mut end, mut whole) = (0, 0);
        for piece in Scan::new(SEGMENT, &bytes, 0) {
            let (at, length) = match piece {
                Piece::Bad { at, length } => (at, length),
                Piece::Entry { at, length, .. } => {
                    whole += 1;
                    (at, length)
                }
            };
            assert_eq!(at, end);
            end = at + length;
        }
        assert_eq!((end, whole), (bytes.len() as u64, 2), "byte {wrong}");
    }
}
