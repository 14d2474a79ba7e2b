//! The records a player has seen and that are not known to be stored, as the host sent them, with its MACs: what a new
//! owner of the room may ask back when the former one is lost with its disk.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::value::RawValue;

/// Bytes of one answer, as the protocol limits it.
const ANSWER_BYTES: usize = 60 * 1024;

/// The frame. Records go back as the text they came as, because the MAC stands for every byte of a body.
#[derive(Serialize)]
struct Vouch<'a> {
    op: &'static str,
    records: Vec<&'a RawValue>,
    online: &'a [String],
    more: bool,
}

/// One unbroken run of record frames.
#[derive(Debug, Default)]
pub(super) struct Tail(VecDeque<(u64, Box<RawValue>)>);

impl Tail {
    /// Keeps a record's frame.
    pub(super) fn keep(&mut self, seq: u64, frame: String) -> serde_json::Result<()> {
        self.0.push_back((seq, RawValue::from_string(frame)?));
        Ok(())
    }

    /// Records to `seq` are stored.
    pub(super) fn stored(&mut self, seq: u64) {
        while self.0.front().is_some_and(|(first, _)| *first <= seq) {
            self.0.pop_front();
        }
    }

    /// What it held is no part of the history any more, or not known to be.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The frames that give back everything after record `after`, and name who was last seen with a live connection.
    pub(super) fn vouch(&self, after: u64, online: &[String]) -> serde_json::Result<Vec<String>> {
        let mut answers = vec![Vec::new()];
        let mut bytes = 0;
        // A run that begins later would leave a gap.
        let begins = self.0.front().is_some_and(|(first, _)| *first <= after + 1);
        let kept = self.0.iter().filter(|(seq, _)| begins && *seq > after);
        for (_, frame) in kept {
            bytes += frame.get().len() + 1;
            if bytes > ANSWER_BYTES {
                bytes = frame.get().len();
                answers.push(Vec::new());
            }
            answers
                .last_mut()
                .into_iter()
                .for_each(|answer| answer.push(&**frame));
        }
        let last = answers.len() - 1;
        let frames = answers.into_iter().enumerate().map(|(number, records)| {
            let more = number < last;
            serde_json::to_string(&Vouch {
                op: "vouch",
                records,
                online,
                more,
            })
        });
        frames.collect()
    }
}
