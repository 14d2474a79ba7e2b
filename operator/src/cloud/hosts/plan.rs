//! How one slot goes over to another release, as a plain state machine: what to do next by what is seen. Nothing is kept
//! between two runs of the command but what the services themselves know, so that one that was interrupted is gone on with
//! by giving it again.

use std::time::Duration;

use latchkey_host::ports::HostItem;

use crate::cloud::release::Release;

/// From asking a host to give its rooms away until its machine is ended all the same: as long as it takes to move as many
/// rooms as there can be. The machine's own leave goes on with what is left.
const DRAINED_WITHIN: Duration = Duration::from_secs(300);
/// From ending a machine until another one is ready in its slot.
const READY_WITHIN: Duration = Duration::from_secs(600);

/// A machine of a slot's group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Machine {
    /// Its id.
    pub(super) id: String,
    /// Whether it is in service; else it comes or goes.
    pub(super) in_service: bool,
}

/// What is seen of a slot.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// Its host, as the directory lists it.
    pub(super) host: Option<HostItem>,
    /// What its own parameter says.
    pub(super) parameter: Option<String>,
    /// The machines of its group.
    pub(super) machines: Vec<Machine>,
    /// Whether another host takes rooms of this one.
    pub(super) others_take_rooms: bool,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Say which release its next machine is to run.
    SetRelease,
    /// Have the host give its rooms away.
    Drain,
    /// End this machine; its group starts another.
    End(String),
    /// Look again in a while.
    Wait,
    /// The slot runs the release.
    Ready,
    /// It does not, and has had its time.
    GiveUp,
}

/// One slot on its way.
#[derive(Debug)]
pub(super) struct Slot<'r> {
    release: &'r Release,
    /// Whether the parameter was set in this run: then what runs in the slot is of before.
    set: bool,
    drained_at: Option<Duration>,
    /// The machine that was ended in this run.
    ended: Option<String>,
    /// Since when it is waited for a new machine.
    waits_since: Option<Duration>,
}

impl<'r> Slot<'r> {
    /// A slot that is to run `release`.
    pub(super) fn new(release: &'r Release) -> Self {
        Self {
            release,
            set: false,
            drained_at: None,
            ended: None,
            waits_since: None,
        }
    }

    /// Decides by what is seen at `now`.
    pub(super) fn step(&mut self, now: Duration, seen: &Seen) -> Step {
        let version = self.release.version.to_string();
        let host = seen.host.as_ref();
        if host.is_some_and(|host| host.version == version && host.takes_rooms()) {
            return Step::Ready;
        }
        if seen.parameter.as_deref() != Some(self.release.to_string().as_str()) {
            self.set = true;
            return Step::SetRelease;
        }
        let machine = seen.machines.iter().find(|machine| machine.in_service);
        // One that was ended is listed as in service for a moment.
        let machine = machine.filter(|machine| self.ended.as_ref() != Some(&machine.id));
        let of_before = match host {
            Some(host) => host.version != version,
            // A machine that is only coming up is not in the directory yet either.
            None => self.set && self.ended.is_none(),
        };
        let Some(machine) = machine.filter(|_| of_before) else {
            return self.wait(now);
        };
        let has_rooms = host.is_some_and(|host| !host.lost && host.load.rooms > 0);
        if has_rooms && seen.others_take_rooms {
            match self.drained_at {
                None => {
                    self.drained_at = Some(now);
                    return Step::Drain;
                }
                Some(since) if now - since < DRAINED_WITHIN => return Step::Wait,
                Some(_) => {}
            }
        }
        self.ended = Some(machine.id.clone());
        self.waits_since = Some(now);
        Step::End(machine.id.clone())
    }

    fn wait(&mut self, now: Duration) -> Step {
        let since = *self.waits_since.get_or_insert(now);
        match now - since < READY_WITHIN {
            true => Step::Wait,
            false => Step::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use latchkey_host::ports::{Generation, HostId, Load, Slot as Place};

    use super::*;

    fn release(version: &str) -> Release {
        let sum = "a".repeat(64);
        let line = format!("{version} boot={sum} aarch64={sum} x86_64={sum}");
        line.parse().unwrap()
    }

    fn host(version: &str, rooms: u32) -> Option<HostItem> {
        Some(HostItem {
            id: HostId {
                slot: Place(1),
                generation: Generation(1),
            },
            region: "here".into(),
            url: "/s/1/room".into(),
            version: version.into(),
            beat: 1,
            load: Load {
                rooms,
                connections: rooms,
            },
            draining: false,
            lost: false,
        })
    }

    fn machine(id: &str, in_service: bool) -> Machine {
        Machine {
            id: id.to_owned(),
            in_service,
        }
    }

    fn old(rooms: u32) -> Seen {
        Seen {
            host: host("1", rooms),
            parameter: None,
            machines: vec![machine("i-1", true)],
            others_take_rooms: true,
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_slot_is_told_its_release_emptied_ended_and_waited_for() {
        let release = release("2");
        let mut slot = Slot::new(&release);
        let mut seen = old(3);
        assert_eq!(slot.step(Duration::ZERO, &seen), Step::SetRelease);
        seen.parameter = Some(release.to_string());
        assert_eq!(slot.step(SECOND, &seen), Step::Drain);
        assert_eq!(slot.step(SECOND * 2, &seen), Step::Wait);
        seen.host = host("1", 0);
        assert_eq!(slot.step(SECOND * 3, &seen), Step::End("i-1".to_owned()));
        assert_eq!(
            slot.step(SECOND * 4, &seen),
            Step::Wait,
            "its end is not seen yet"
        );
        seen.machines = vec![machine("i-1", false), machine("i-2", true)];
        seen.host = None;
        assert_eq!(
            slot.step(SECOND * 5, &seen),
            Step::Wait,
            "the next one comes up"
        );
        seen.host = host("2", 0);
        assert_eq!(slot.step(SECOND * 6, &seen), Step::Ready);
    }

    #[test]
    fn a_host_that_nobody_takes_rooms_of_or_that_is_not_empty_in_time_is_ended_all_the_same() {
        let release = release("2");
        let with = |others_take_rooms, lost| {
            let mut seen = old(3);
            seen.parameter = Some(release.to_string());
            seen.others_take_rooms = others_take_rooms;
            seen.host.as_mut().unwrap().lost = lost;
            seen
        };
        for seen in [with(false, false), with(true, true)] {
            let step = Slot::new(&release).step(SECOND, &seen);
            assert_eq!(step, Step::End("i-1".to_owned()));
        }
        let (mut slot, seen) = (Slot::new(&release), with(true, false));
        assert_eq!(slot.step(SECOND, &seen), Step::Drain);
        assert_eq!(slot.step(DRAINED_WITHIN, &seen), Step::Wait);
        let late = slot.step(SECOND + DRAINED_WITHIN, &seen);
        assert_eq!(late, Step::End("i-1".to_owned()));
    }

    #[test]
    fn a_machine_that_is_not_ready_in_time_is_given_up() {
        let release = release("2");
        let mut slot = Slot::new(&release);
        let mut seen = old(0);
        seen.parameter = Some(release.to_string());
        assert_eq!(slot.step(SECOND, &seen), Step::End("i-1".to_owned()));
        seen.host = None;
        assert_eq!(slot.step(READY_WITHIN, &seen), Step::Wait);
        assert_eq!(slot.step(SECOND + READY_WITHIN, &seen), Step::GiveUp);
    }

    #[test]
    fn whoever_was_interrupted_goes_on_where_it_was() {
        let release = release("2");
        let again = |seen: &Seen| Slot::new(&release).step(SECOND, seen);
        let mut seen = old(3);
        seen.parameter = Some(release.to_string());
        assert_eq!(again(&seen), Step::Drain, "asking twice changes nothing");
        seen.machines = vec![machine("i-1", false)];
        assert_eq!(again(&seen), Step::Wait, "it is ended already");
        seen.host = None;
        seen.machines = vec![machine("i-2", true)];
        assert_eq!(again(&seen), Step::Wait, "the next one comes up");
        seen.host = host("2", 0);
        assert_eq!(again(&seen), Step::Ready);
    }

    #[test]
    fn a_slot_whose_new_machine_never_came_up_can_go_back() {
        let before = release("1");
        let mut slot = Slot::new(&before);
        let mut seen = Seen {
            parameter: Some(release("2").to_string()),
            machines: vec![machine("i-2", true)],
            ..Seen::default()
        };
        assert_eq!(slot.step(SECOND, &seen), Step::SetRelease);
        seen.parameter = Some(before.to_string());
        assert_eq!(slot.step(SECOND, &seen), Step::End("i-2".to_owned()));
        seen.machines = vec![machine("i-3", true)];
        assert_eq!(slot.step(SECOND * 2, &seen), Step::Wait);
    }
}
