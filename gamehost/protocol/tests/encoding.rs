//! The binary and JSON forms of records and chunks: golden bytes, and what must hold for every record.

use bytes::Bytes;
use latchkey_protocol::frame::{ClientFrame, ServerFrame};
use latchkey_protocol::record::BadRecord;
use latchkey_protocol::{
    Body, Chunk, Epoch, Kind, Mac, MemberId, Record, RoomId, RoomKey, Seq, UnixMs, chunk::BadChunk,
};
use proptest::prelude::*;

fn room() -> RoomId {
    RoomId::from_random([3; 20])
}

fn record(seq: u64, kind: Kind, from: Option<MemberId>, body: &str) -> Record {
    Record {
        seq: Seq(seq),
        epoch: Epoch(2),
        from,
        n: 5,
        at: UnixMs(1_700_000_000_123),
        kind,
        body: Body::from_checked(Bytes::copy_from_slice(body.as_bytes())),
        mac: Mac([1; 16]),
    }
}

fn golden_chunk() -> Chunk {
    let ada = MemberId::from_random([10; 12]);
    let mut records = vec![
        record(
            41,
            Kind::Joined,
            Some(ada),
            r##"{"name":"Ada","colour":"#3366cc"}"##,
        ),
        record(42, Kind::Said, Some(ada), r#"{"type":"chat","text":"é"}"#),
        record(43, Kind::Notice, None, r#""soon""#),
    ];
    let mut before = Mac([7; 16]);
    for record in &mut records {
        record.mac = RoomKey::derive(&[8; 32], room()).mac(before, record);
        before = record.mac;
    }
    Chunk {
        room: room(),
        epoch: Epoch(3),
        records,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .chunks(32)
        .map(|line| {
            line.iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
                + "\n"
        })
        .collect()
}

#[test]
fn the_bytes_of_a_chunk_are_the_golden_ones() {
    assert_eq!(
        hex(&golden_chunk().encode()),
        include_str!("golden/chunk.hex"),
        "archives in use could no longer be read"
    );
}

#[test]
fn the_frame_of_a_record_is_the_golden_one() {
    let frames: String = golden_chunk()
        .records
        .iter()
        .map(|r| String::from_utf8(r.to_frame().to_vec()).unwrap() + "\n")
        .collect();
    assert_eq!(frames, include_str!("golden/records.jsonl"));
}

#[test]
fn p6_6_the_golden_frames_are_read_back_as_the_records_they_were_made_of() {
    let frames = include_str!("golden/records.jsonl").lines();
    let records: Vec<_> = frames
        .map(|frame| Record::from_frame(frame).unwrap())
        .collect();
    assert_eq!(records, golden_chunk().records);
}

#[test]
fn p3_10_and_p4_12_the_frames_of_vouching_are_the_golden_ones() {
    let [ask, answer] = include_str!("golden/vouch.jsonl")
        .lines()
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    let after = Seq(40);
    assert_eq!(ServerFrame::Vouch { after }.encode(), ask);
    let Ok(ClientFrame::Vouch(vouch)) = ClientFrame::parse(answer) else {
        panic!("not a vouch")
    };
    let given = vouch
        .records
        .iter()
        .map(|frame| Record::from_frame(frame.get()).unwrap());
    assert_eq!(given.collect::<Vec<_>>(), golden_chunk().records);
    assert_eq!(vouch.online, [MemberId::from_random([10; 12])]);
    assert!(!vouch.more);
}

#[test]
fn a_chunk_with_any_byte_changed_or_cut_off_is_not_read() {
    let bytes = golden_chunk().encode();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        assert!(Chunk::decode(changed.into()).is_err(), "byte {at}");
        assert!(
            Chunk::decode(bytes[..at].to_vec().into()).is_err(),
            "cut at {at}"
        );
    }
}

#[test]
fn a_chunk_with_a_gap_is_not_read() {
    let mut chunk = golden_chunk();
    chunk.records.remove(1);
    assert_eq!(Chunk::decode(chunk.encode().into()), Err(BadChunk::Gap));
    chunk.records.clear();
    assert_eq!(Chunk::decode(chunk.encode().into()), Err(BadChunk::Gap));
}

#[test]
fn p5_4_a_mac_holds_for_its_room_place_and_exact_content_only() {
    let key = RoomKey::derive(&[8; 32], room());
    let records = golden_chunk().records;
    let (before, good) = (records[0].mac, records[1].clone());
    assert!(key.verifies(before, &good));
    assert!(!key.verifies(Mac::NONE, &good));
    assert!(!key.verifies(records[2].mac, &good));
    assert!(!RoomKey::derive(&[8; 32], RoomId::from_random([4; 20])).verifies(before, &good));
    assert!(!RoomKey::derive(&[9; 32], room()).verifies(before, &good));
    let changes: [fn(&mut Record); 7] = [
        |r| r.seq = Seq(1),
        |r| r.epoch = Epoch(9),
        |r| r.from = None,
        |r| r.n = 6,
        |r| r.at = UnixMs(1),
        |r| r.kind = Kind::Finished,
        |r| r.body = Body::of(&1),
    ];
    for change in changes {
        let mut changed = good.clone();
        change(&mut changed);
        assert!(!key.verifies(before, &changed), "{changed:?}");
    }
}

proptest! {
    #[test]
    fn every_record_survives_its_binary_form(seq in prop_oneof![1..1_u64 << 53, 1..u64::MAX], n in prop_oneof![0..1_u64 << 53, any::<u64>()], at in prop_oneof![0..1_u64 << 53, any::<u64>()], kind in 1..=6_u8, from: Option<[u8; 12]>, text in ".{0,200}") {
        let kinds = [Kind::Joined, Kind::Profile, Kind::Said, Kind::Left, Kind::Finished, Kind::Notice];
        let mut original = record(seq, kinds[usize::from(kind) - 1], from.map(MemberId::from_random), "0");
        (original.n, original.at, original.body) = (n, UnixMs(at), Body::of(&text));
        let mut bytes = Vec::new();
        original.encode(&mut bytes);
        bytes.extend_from_slice(b"next");
        let mut input = Bytes::from(bytes.clone());
        prop_assert_eq!(&Record::decode(&mut input), &Ok(original.clone()));
        prop_assert_eq!(&input[..], b"next");
        let mut cut = Bytes::from(bytes).slice(..original.encoded_len() - 1);
        prop_assert_eq!(Record::decode(&mut cut), Err(BadRecord::CutOff));
        let (shared, frame) = original.clone().share_frame();
        prop_assert_eq!(&shared, &original);
        if [seq, n, at].into_iter().max() < Some(1 << 53) {
            let text = std::str::from_utf8(&frame).unwrap();
            prop_assert_eq!(Record::from_frame(text), Ok(original.clone()));
        }
        let frame: serde_json::Value = serde_json::from_slice(&frame).unwrap();
        prop_assert_eq!(frame["body"].as_str(), Some(text.as_str()));
    }

    #[test]
    fn garbage_is_never_a_record_that_panics(bytes: Vec<u8>) {
        let mut input = Bytes::from(bytes.clone());
        let _ = Record::decode(&mut input);
        prop_assert!(Chunk::decode(bytes.into()).is_err());
    }
}
