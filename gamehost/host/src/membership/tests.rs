//! Members and watchers against a directory that is slow, forgets and goes away, on clocks that differ and processes that
//! are paused; all of it on a clock the test drives.

mod sim;

use proptest::prelude::*;

use self::sim::{Faults, Sim};
use super::member::{Call, Member, Standing, Why};
use super::watch::{Expired, Watch};
use crate::ports::{Generation, HostId, HostItem, Load, Renewed, Slot};
use crate::timing::{
    BEAT_EVERY, EXPIRY, FENCE_AFTER, LATE_AFTER, LOOK_WITHIN, LOST_WITHIN, RETRY_AFTER, UNNOTICED,
    WATCH_EVERY, ms,
};

fn id(slot: u16, generation: u64) -> HostId {
    HostId {
        slot: Slot(slot),
        generation: Generation(generation),
    }
}

fn item(id: HostId, beat: u64) -> HostItem {
    HostItem {
        id,
        region: "here".to_owned(),
        url: format!("ws://{}", id.slot),
        version: "1.2.3".to_owned(),
        beat,
        load: Load::default(),
        draining: false,
        lost: false,
    }
}

#[test]
fn a_member_enlists_renews_and_tries_again_soon_after_a_call_that_failed() {
    let mut member = Member::new(100);
    assert_eq!((member.due(), member.call()), (Some(100), Call::Enlist));
    member.failed(400);
    assert_eq!(member.due(), Some(400 + ms(RETRY_AFTER)));
    assert_eq!(member.standing(400), Standing::Fenced(Why::NotEnlisted));
    member.enlisted(700, 900, id(1, 1));
    assert!(matches!(member.standing(900), Standing::Serving(_)));
    assert_eq!(member.due(), Some(700 + ms(BEAT_EVERY)));
    assert_eq!(member.over(900), Some(700 + ms(FENCE_AFTER)));
    for beat in 1..=3 {
        assert_eq!(member.call(), Call::Renew(id(1, 1), beat), "beats count up");
    }
    member.renewed(3_000, Renewed::Kept { drain: false });
    assert_eq!(member.over(3_100), Some(3_000 + ms(FENCE_AFTER)));
}

#[test]
fn a_host_that_was_only_out_of_touch_goes_on_in_its_term_and_one_that_was_lost_begins_another() {
    let mut member = Member::new(0);
    member.enlisted(0, 10, id(1, 1));
    let Standing::Serving(first) = member.standing(20) else {
        panic!("it serves");
    };
    let late = ms(FENCE_AFTER);
    assert_eq!(member.standing(late), Standing::Fenced(Why::NotRenewed));
    assert!(!first.lease.holds(late));
    member.renewed(late, Renewed::Kept { drain: false });
    assert_eq!(member.standing(late), Standing::Serving(first.clone()));
    member.renewed(late + 1, Renewed::Lost);
    assert_eq!(member.standing(late + 1), Standing::Fenced(Why::Lost));
    assert_eq!(member.call(), Call::Enlist);
    member.enlisted(late + 2, late + 3, id(1, 2));
    let Standing::Serving(second) = member.standing(late + 3) else {
        panic!("it serves again");
    };
    assert!(first != second && second.lease.holds(late + 3));
    assert!(
        !first.lease.holds(late + 3),
        "rooms of the former term stay silent"
    );
    assert!(!second.former_expired(late + 2 + ms(EXPIRY)));
    assert!(second.former_expired(late + 3 + ms(EXPIRY)));
    member.renewed(late + 4, Renewed::Replaced);
    assert_eq!(member.standing(late + 4), Standing::Replaced);
    assert_eq!((member.due(), member.over(late + 4)), (None, None));
}

/// Looks at one host every [`WATCH_EVERY`] from `from` on, as long as it stays at `beat`; when it is found expired.
fn expired_at(watch: &mut Watch, from: u64, beat: u64) -> Option<u64> {
    (0..20).find_map(|look| {
        let now = from + look * ms(WATCH_EVERY);
        let expired = watch.saw(now, now, &[item(id(2, 1), beat), item(id(1, 1), 0)]);
        let that = Expired {
            host: id(2, 1),
            beat,
        };
        assert!(expired.is_empty() || expired == [that], "never itself");
        (!expired.is_empty()).then_some(now - from)
    })
}

#[test]
fn a_host_that_stays_at_one_beat_for_the_expiry_is_to_be_marked_lost() {
    let mut watch = Watch::new(Slot(1));
    assert_eq!(expired_at(&mut watch, 500, 7), Some(ms(EXPIRY)));
    assert_eq!(
        expired_at(&mut watch, 9_000, 8),
        Some(ms(EXPIRY)),
        "a new beat"
    );
}

#[test]
fn after_a_look_that_failed_was_slow_or_came_late_watching_begins_anew() {
    let almost = ms(EXPIRY) - ms(WATCH_EVERY);
    let nearly_expired = || {
        let mut watch = Watch::new(Slot(1));
        for now in (0..=almost).step_by(usize::try_from(ms(WATCH_EVERY)).unwrap()) {
            assert_eq!(watch.saw(now, now, &[item(id(2, 1), 7)]), []);
        }
        watch
    };
    let mut watch = nearly_expired();
    assert_eq!(
        expired_at(&mut watch, ms(EXPIRY), 7),
        Some(0),
        "as a control"
    );
    let mut failed = nearly_expired();
    failed.failed();
    assert_eq!(expired_at(&mut failed, ms(EXPIRY), 7), Some(ms(EXPIRY)));
    let mut slow = nearly_expired();
    let answered = ms(EXPIRY) + ms(LOOK_WITHIN) + 1;
    assert_eq!(slow.saw(ms(EXPIRY), answered, &[item(id(2, 1), 7)]), []);
    assert_eq!(expired_at(&mut slow, answered, 7), Some(ms(EXPIRY)));
    // As after the process was paused, or the machine slept.
    let mut late = nearly_expired();
    let resumed = almost + ms(LATE_AFTER) + 1;
    assert_eq!(expired_at(&mut late, resumed, 7), Some(ms(EXPIRY)));
}

#[test]
fn the_dead_the_gone_and_the_new_are_told_apart() {
    let mut watch = Watch::new(Slot(1));
    let step = ms(WATCH_EVERY);
    let lost = HostItem {
        lost: true,
        ..item(id(3, 1), 0)
    };
    for look in 0..30 {
        // Slot 2 is taken anew halfway, at the beat the former one had.
        let two = item(id(2, 1 + look / 5), 0);
        let expired = watch.saw(look * step, look * step, &[two, lost.clone()]);
        assert_eq!(expired, [], "look {look}");
    }
    assert_eq!(watch.saw(30 * step, 30 * step, &[]), []);
    assert_eq!(
        expired_at(&mut watch, 31 * step, 0),
        Some(ms(EXPIRY)),
        "not seen for a while"
    );
}

#[test]
fn two_hosts_watch_each_other_and_the_one_that_dies_is_found_in_time() {
    let mut sim = Sim::new(3, Faults::NONE);
    let (one, two) = (sim.start(1, 1_000), sim.start(2, 1_050));
    sim.run(30_000);
    assert!(sim.serves(one) && sim.serves(two) && !sim.is_lost(1) && !sim.is_lost(2));
    sim.kill(two);
    let died = sim.now;
    while !sim.is_lost(2) {
        sim.run(50);
        assert!(sim.now - died <= ms(LOST_WITHIN), "it is not found");
    }
    // Not before the dead one's lease was over, whoever asks.
    assert!(sim.now - died >= ms(FENCE_AFTER) - ms(BEAT_EVERY));
    sim.run(20_000);
    assert!(sim.serves(one) && !sim.is_lost(1));
}

#[test]
fn a_process_that_was_paused_past_the_expiry_is_silent_when_it_wakes_and_then_enlists_anew() {
    let mut sim = Sim::new(5, Faults::NONE);
    let (one, two) = (sim.start(1, 1_000), sim.start(2, 1_000));
    sim.run(10_000);
    let before = sim.term(two).unwrap();
    sim.pause(two, 60_000);
    sim.run(59_000);
    assert!(sim.is_lost(2) && sim.serves(one));
    assert!(!sim.serves(two), "its lease is over by its own clock");
    sim.run(4_000);
    assert!(sim.serves(two) && !sim.is_lost(2));
    assert!(!before.lease.holds(0), "the former term is over for ever");
    // The one that was away blames nobody for the time it did not see.
    assert!(sim.serves(one) && !sim.is_lost(1));
}

#[test]
fn a_whole_fleet_that_sleeps_wakes_without_losing_anybody() {
    let mut sim = Sim::new(9, Faults::NONE);
    let all = [1, 2, 3].map(|slot| sim.start(slot, 1_000));
    sim.run(10_000);
    for process in all {
        sim.pause(process, 3_600_000);
    }
    sim.run(3_610_000);
    for (process, slot) in all.into_iter().zip([1, 2, 3]) {
        assert!(sim.serves(process) && !sim.is_lost(slot));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    /// Whatever the network, the directory and the schedulers do: who is marked lost, or replaced by a machine that has
    /// waited the expiry out, does not serve. [`Sim`] asserts it at every step. And when things are well again
    /// everybody serves.
    #[test]
    fn nobody_serves_who_was_taken_for_dead(seed in any::<u64>(), rates in prop::array::uniform4(1_000_u64..=1_050)) {
        let mut sim = Sim::new(seed, Faults::MANY);
        let first: Vec<_> = (1..=3).map(|slot| sim.start(slot, rates[usize::from(slot)])).collect();
        sim.run(60_000);
        // Another machine comes up in slot 1 while the first one still thinks that it has it.
        let second = sim.start(1, rates[0]);
        sim.run(90_000);
        sim.faults = Faults::NONE;
        sim.run(30_000);
        prop_assert!(!sim.serves(first[0]), "two processes have slot 1");
        for process in [second, first[1], first[2]] {
            prop_assert!(sim.serves(process), "seed {seed}");
        }
        prop_assert!((1..=3).all(|slot| !sim.is_lost(slot)));
    }

    #[test]
    fn an_outage_of_the_directory_that_is_short_is_noticed_by_nobody(
        seed in any::<u64>(),
        begins in 10_000_u64..14_000,
        lasts in 0..=ms(UNNOTICED),
    ) {
        let mut sim = Sim::new(seed, Faults::NONE);
        let all = [1, 2].map(|slot| sim.start(slot, 1_000));
        sim.run(begins);
        sim.outage(lasts);
        while sim.now < 40_000 {
            sim.run(50);
            for (process, slot) in all.into_iter().zip([1, 2]) {
                prop_assert!(sim.serves(process) && !sim.is_lost(slot), "at {}", sim.now);
            }
        }
    }

    #[test]
    fn nobody_is_blamed_while_nobody_can_renew_though_everybody_can_look(
        seed in any::<u64>(),
        begins in 10_000_u64..14_000,
        lasts in ms(FENCE_AFTER) + 1_000..120_000,
    ) {
        let mut sim = Sim::new(seed, Faults::NONE);
        let all = [1, 2, 3].map(|slot| sim.start(slot, 1_000));
        sim.run(begins);
        let terms = all.map(|process| sim.term(process));
        sim.hold_writes(lasts);
        sim.run(lasts + 5_000);
        for ((process, slot), term) in all.into_iter().zip([1, 2, 3]).zip(terms) {
            prop_assert!(sim.serves(process) && !sim.is_lost(slot));
            prop_assert!(sim.term(process) == term, "nobody took its rooms");
        }
    }

    #[test]
    fn an_outage_that_is_long_fences_everybody_and_blames_nobody(
        seed in any::<u64>(),
        begins in 10_000_u64..14_000,
        lasts in ms(FENCE_AFTER) + 1_000..120_000,
    ) {
        let mut sim = Sim::new(seed, Faults::NONE);
        let all = [1, 2, 3].map(|slot| sim.start(slot, 1_000));
        sim.run(begins);
        let terms = all.map(|process| sim.term(process));
        sim.outage(lasts);
        sim.run(lasts);
        for process in all {
            prop_assert!(!sim.serves(process));
        }
        sim.run(5_000);
        for ((process, slot), term) in all.into_iter().zip([1, 2, 3]).zip(terms) {
            prop_assert!(sim.serves(process) && !sim.is_lost(slot));
            prop_assert!(sim.term(process) == term, "nobody took its rooms");
        }
    }
}
