//! `latchkey hosts roll VERSION --environment ENV`: one slot after the other goes over to a release, each when the one
//! before takes rooms again. What is done when is decided in [`super::plan`].

use std::time::Duration;

use anyhow::{Result, bail};
use async_trait::async_trait;
use latchkey_host::ports::Slot;
use tokio::time::{Instant, sleep};

use super::plan::{self, Seen, Step};
use crate::cloud::release::Release;
use crate::hosts::say;

/// Between two looks at a slot.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The hosts of one region, as the command sees and changes them.
#[async_trait]
pub(super) trait Region: Send + Sync {
    /// Its name.
    fn name(&self) -> &str;
    /// The slots, in order.
    async fn slots(&self) -> Result<Vec<Slot>>;
    /// What there is of a slot.
    async fn see(&self, slot: Slot) -> Result<Seen>;
    /// Says which release the slot's next machine runs.
    async fn set(&self, slot: Slot, release: &Release) -> Result<()>;
    /// Asks the slot's host to give its rooms away.
    async fn drain(&self, slot: Slot) -> Result<()>;
    /// Ends a machine; its group starts another.
    async fn end(&self, machine: &str) -> Result<()>;
    /// Says which release all machines run, and takes away what slots were told apart.
    async fn set_all(&self, slots: &[Slot], release: &Release) -> Result<()>;
}

/// Rolls all slots of a region.
pub(super) async fn roll(region: &dyn Region, release: &Release) -> Result<()> {
    let slots = region.slots().await?;
    if slots.is_empty() {
        bail!(
            "no slot has a group in {}: see whether --environment and --region are right",
            region.name()
        );
    }
    for slot in &slots {
        one(region, *slot, release).await?;
    }
    region.set_all(&slots, release).await?;
    say(&format!("all hosts run {}", release.version))
}

async fn one(region: &dyn Region, slot: Slot, release: &Release) -> Result<()> {
    let version = &release.version;
    let begun = now();
    let mut plan = plan::Slot::new(release);
    let mut touched = false;
    loop {
        let seen = region.see(slot).await?;
        let rooms = seen.host.as_ref().map_or(0, |host| host.load.rooms);
        match plan.step(begun.elapsed(), &seen) {
            Step::SetRelease => region.set(slot, release).await?,
            Step::Drain => {
                region.drain(slot).await?;
                say(&format!(
                    "host {slot} hands over its rooms ({rooms}) and starts again"
                ))?;
            }
            Step::End(machine) => {
                region.end(&machine).await?;
                say(&format!("host {slot}: machine {machine} is replaced"))?;
            }
            Step::Wait => sleep(LOOK_EVERY).await,
            Step::Ready if touched => {
                return say(&format!("host {slot} serves again with {version}"));
            }
            Step::Ready => return say(&format!("host {slot} runs {version} already")),
            Step::GiveUp => bail!(
                "host {slot} is not ready with {version} after ten minutes; its log group says why. The hosts after it \
                 were not touched. To go back, roll the version before: `latchkey hosts roll VERSION --environment …`"
            ),
        }
        touched = true;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the wiring, and only differences of these times matter"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use latchkey_host::ports::{Generation, HostId, HostItem, Load};

    use super::super::plan::Machine;
    use super::*;

    /// A region in memory, whose groups start machines at once.
    struct Fake {
        slots: Mutex<BTreeMap<u16, Seen>>,
        /// What was done, in order.
        done: Mutex<Vec<String>>,
        /// The slot whose machines never come up.
        broken: Option<Slot>,
    }

    impl Fake {
        fn new(slots: &[u16], broken: Option<Slot>) -> Self {
            let all = slots.iter().map(|slot| {
                let seen = Seen {
                    host: Some(host(*slot, "1", 1)),
                    machines: vec![machine(*slot, 1)],
                    others_take_rooms: true,
                    ..Seen::default()
                };
                (*slot, seen)
            });
            Self {
                slots: Mutex::new(all.collect()),
                done: Mutex::default(),
                broken,
            }
        }

        fn did(&self, what: String) {
            self.done.lock().unwrap().push(what);
        }

        fn done(&self) -> Vec<String> {
            std::mem::take(&mut *self.done.lock().unwrap())
        }
    }

    fn host(slot: u16, version: &str, generation: u64) -> HostItem {
        HostItem {
            id: HostId {
                slot: Slot(slot),
                generation: Generation(generation),
            },
            region: "here".into(),
            url: format!("/s/{slot}/room"),
            version: version.into(),
            beat: 1,
            load: Load {
                rooms: 1,
                connections: 4,
            },
            draining: false,
            lost: false,
        }
    }

    fn machine(slot: u16, number: u64) -> Machine {
        Machine {
            id: format!("i-{slot}-{number}"),
            in_service: true,
        }
    }

    #[async_trait]
    impl Region for Fake {
        fn name(&self) -> &str {
            "here"
        }

        async fn slots(&self) -> Result<Vec<Slot>> {
            Ok(self
                .slots
                .lock()
                .unwrap()
                .keys()
                .copied()
                .map(Slot)
                .collect())
        }

        async fn see(&self, slot: Slot) -> Result<Seen> {
            Ok(self.slots.lock().unwrap()[&slot.0].clone())
        }

        async fn set(&self, slot: Slot, release: &Release) -> Result<()> {
            self.did(format!("set {slot}"));
            let mut slots = self.slots.lock().unwrap();
            slots.get_mut(&slot.0).unwrap().parameter = Some(release.to_string());
            Ok(())
        }

        async fn drain(&self, slot: Slot) -> Result<()> {
            self.did(format!("drain {slot}"));
            let mut slots = self.slots.lock().unwrap();
            let host = slots.get_mut(&slot.0).unwrap().host.as_mut().unwrap();
            (host.draining, host.load.rooms) = (true, 0);
            Ok(())
        }

        async fn end(&self, ended: &str) -> Result<()> {
            self.did(format!("end {ended}"));
            let mut slots = self.slots.lock().unwrap();
            let of = slots
                .iter_mut()
                .find(|(_, seen)| seen.machines[0].id == ended);
            let (slot, seen) = of.unwrap();
            let generation = seen.host.as_ref().map_or(9, |host| host.id.generation.0) + 1;
            seen.machines = vec![machine(*slot, generation)];
            let line = seen.parameter.clone().unwrap();
            let version = line.split(' ').next().unwrap();
            let up = self.broken != Some(Slot(*slot)) || version != "2";
            seen.host = up.then(|| host(*slot, version, generation));
            Ok(())
        }

        async fn set_all(&self, slots: &[Slot], release: &Release) -> Result<()> {
            self.did(format!("all {} run {}", slots.len(), release.version));
            Ok(())
        }
    }

    fn release(version: &str) -> Release {
        let sum = "a".repeat(64);
        let line = format!("{version} boot={sum} aarch64={sum} x86_64={sum}");
        line.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn slots_go_over_one_after_the_other_and_a_second_roll_finds_nothing_to_do() {
        let region = Fake::new(&[1, 3], None);
        roll(&region, &release("2")).await.unwrap();
        let expected = [
            "set 1",
            "drain 1",
            "end i-1-1",
            "set 3",
            "drain 3",
            "end i-3-1",
            "all 2 run 2",
        ];
        assert_eq!(region.done(), expected);
        roll(&region, &release("2")).await.unwrap();
        assert_eq!(region.done(), ["all 2 run 2"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slot_that_does_not_come_up_stops_the_roll_and_rolling_the_version_before_mends_it() {
        let region = Fake::new(&[1, 2, 3], Some(Slot(2)));
        let error = roll(&region, &release("2")).await.unwrap_err().to_string();
        assert!(
            error.contains("host 2 is not ready with 2 after ten minutes"),
            "{error}"
        );
        let expected = [
            "set 1",
            "drain 1",
            "end i-1-1",
            "set 2",
            "drain 2",
            "end i-2-1",
        ];
        assert_eq!(region.done(), expected, "and nothing of slot 3");
        roll(&region, &release("1")).await.unwrap();
        let expected = [
            "set 1",
            "drain 1",
            "end i-1-2",
            "set 2",
            "end i-2-2",
            "all 3 run 1",
        ];
        assert_eq!(region.done(), expected);
    }

    #[tokio::test]
    async fn a_region_without_slots_is_a_mistake() {
        let error = roll(&Fake::new(&[], None), &release("2")).await;
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("no slot has a group in here")
        );
    }
}
