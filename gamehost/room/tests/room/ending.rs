//! The world's end: trouble is over, everybody comes back, and what they then have is judged.

use serde_json::json;

use crate::harness::member;
use crate::world::{DEVICES, World};

impl World {
    /// One device of each member comes back, and all goes on without trouble until nothing is left to do.
    pub(crate) fn settle(&mut self) {
        self.journal_fails(false);
        for device in 0..4 {
            self.join(device);
        }
        for _ in 0..200 {
            self.pass(1_000);
            for device in 0..DEVICES.len() {
                self.devices[device].resend();
                while !self.devices[device].up.is_empty() {
                    self.pass(34);
                    self.deliver(device);
                }
                self.read(device, 100);
                while !self.devices[device].down.is_empty() {
                    self.hear(device);
                }
            }
            self.store(usize::MAX, true);
            let busy = self.devices[..4].iter().any(|device| {
                let behind = device.copy.len() < self.history.log.len() || device.has_unheard();
                !device.out && (behind || device.connection.is_none())
            });
            if !busy {
                return self.check_end();
            }
            for device in 0..4 {
                if self.devices[device].connection.is_none() {
                    self.join(device);
                }
            }
        }
        panic!("the room never settles: {:#?}", self.devices);
    }

    fn check_end(&self) {
        for (at, device) in self.devices.iter().enumerate().take(4) {
            if !device.out {
                assert_eq!(
                    device.copy, self.history.log,
                    "device {at} has the whole history"
                );
            }
        }
        for (at, said) in self.said.iter().enumerate() {
            let who = DEVICES[at];
            for body in said {
                let times = self
                    .history
                    .log
                    .iter()
                    .filter(|record| record["body"] == *body)
                    .count();
                assert!(times <= 1, "{body} was ordered {times} times");
                let alone = who >= 2 && !self.history.has_left(who) && !self.devices[at].out;
                assert!(times == 1 || !alone, "{body} was lost");
            }
        }
        self.check_numbers();
    }

    fn check_numbers(&self) {
        for who in 0..4 {
            let own = self
                .history
                .log
                .iter()
                .filter(|record| record["from"] == json!(member(who)));
            let numbers: Vec<_> = own
                .map(|record| record["n"].as_u64().unwrap())
                .filter(|n| *n > 0)
                .collect();
            let expected: Vec<_> = (1..=numbers.len() as u64).collect();
            assert_eq!(
                numbers, expected,
                "P3.3: each number once, by one each time"
            );
        }
    }
}
