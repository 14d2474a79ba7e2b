//! Accidents at every operation on the disk: what was appended survives the death of the process, what was synced
//! survives the loss of power, and nothing is invented, reordered or told twice (J3, J4, J6).

mod sim;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use latchkey_protocol::Seq;
use sim::world::World;
use sim::{Accident, Plan, Rng};

/// Runs `test` for many seeds and names the one that failed.
fn for_seeds(seeds: std::ops::Range<u64>, test: impl Fn(u64)) {
    for seed in seeds {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| test(seed))) {
            eprintln!("failed with seed {seed}");
            resume_unwind(panic);
        }
    }
}

const STEPS: usize = 60;

fn dies_at(operation: u64) -> Plan {
    Plan {
        dies_at: Some(operation),
        ..Plan::default()
    }
}

/// Dies at each operation of one life, then lives on a little, dies again somewhere, and ends in peace.
fn dies_everywhere(accident: Accident) {
    for_seeds(0..6, |seed| {
        let mut peaceful = World::new(seed);
        peaceful.disk.plan(Plan::default());
        peaceful.run(STEPS);
        let operations = peaceful.disk.operations();
        assert!(
            operations > 40,
            "the story has {operations} operations only"
        );
        peaceful.finish();
        for operation in 0..operations {
            let mut world = World::new(seed);
            world.disk.plan(dies_at(operation));
            world.run(STEPS);
            assert!(world.disk.is_dead(), "operation {operation}");
            let mut rng = Rng::new(seed ^ operation << 20);
            world.crash(accident, dies_at(rng.below(30) as u64));
            world.run(STEPS);
            let other = if rng.one_in(2) {
                Accident::Kill
            } else {
                Accident::PowerLoss
            };
            world.crash(other, Plan::default());
            world.run(STEPS / 2);
            world.crash(accident, Plan::default());
            world.finish();
        }
    });
}

#[test]
fn what_was_appended_survives_kill_9_at_every_operation() {
    dies_everywhere(Accident::Kill);
}

#[test]
fn what_was_synced_survives_power_loss_at_every_operation() {
    dies_everywhere(Accident::PowerLoss);
}

#[test]
fn a_disk_that_is_full_for_a_while_costs_only_what_was_refused() {
    for_seeds(0..300, |seed| {
        let mut world = World::new(seed);
        let mut rng = Rng::new(!seed);
        for _ in 0..4 {
            let from = rng.below(50) as u64;
            let to = from + 1 + rng.below(12) as u64;
            let dies = rng.one_in(2).then(|| to + rng.below(10) as u64);
            world.disk.plan(Plan {
                dies_at: dies,
                refuses: (from, to),
                refuses_syncs: false,
            });
            world.run(STEPS);
            let accident = if rng.one_in(2) {
                Accident::Kill
            } else {
                Accident::PowerLoss
            };
            world.crash(accident, Plan::default());
        }
        world.finish();
    });
}

#[test]
fn what_a_failed_append_left_behind_never_comes_back_once_another_succeeded() {
    for_seeds(0..400, |seed| {
        let mut world = World::new(seed);
        world.append(0, 1);
        world.sync();
        world.disk.plan(Plan {
            refuses: (0, 1),
            ..Plan::default()
        });
        world.append(0, 3);
        world.append(0, 3);
        world.crash(Accident::PowerLoss, Plan::default());
        world.finish();
    });
}

#[test]
fn what_a_failed_append_left_behind_does_not_come_back_with_a_file_whose_removal_is_lost() {
    for_seeds(0..400, |seed| {
        let mut world = World::new(seed);
        world.append(0, 1);
        world.disk.plan(Plan {
            refuses: (0, 1),
            ..Plan::default()
        });
        world.append(0, 3);
        world.append(0, 1);
        for _ in 0..6 {
            world.append(1, 3);
        }
        world.store_all(0);
        world.store_all(1);
        world.append(1, 1);
        world.sync();
        world.crash(Accident::PowerLoss, Plan::default());
        world.finish();
    });
}

#[test]
fn records_that_are_lost_before_a_restart_do_not_give_way_to_those_they_had_replaced() {
    for_seeds(0..400, |seed| {
        let mut world = World::new(seed);
        world.append(0, 2);
        world.sync();
        world.move_away_and_back(0);
        world.append(0, 1);
        world.crash(Accident::Kill, Plan::default());
        world.append(0, 2);
        world.crash(Accident::PowerLoss, Plan::default());
        world.finish();
    });
}

#[test]
fn a_sync_that_failed_is_never_taken_for_a_success() {
    let failures = std::cell::Cell::new(0);
    for_seeds(0..300, |seed| {
        let mut world = World::new(seed);
        let mut rng = Rng::new(!seed);
        for _ in 0..3 {
            let from = rng.below(60) as u64;
            let to = from + 1 + rng.below(3) as u64;
            world.disk.plan(Plan {
                dies_at: None,
                refuses: (from, to),
                refuses_syncs: true,
            });
            world.run(STEPS);
            failures.set(failures.get() + u32::from(world.journal.figures().failed));
            world.sync();
            world.crash(Accident::PowerLoss, Plan::default());
        }
        world.finish();
    });
    assert!(failures.get() > 50, "only {} syncs failed", failures.get());
}

#[test]
fn j4_4_a_journal_that_lost_a_sync_goes_on_only_once_everything_is_stored_and_then_loses_nothing() {
    let renewed = std::cell::Cell::new(0);
    for_seeds(0..300, |seed| {
        let mut world = World::new(seed);
        let mut rng = Rng::new(!seed);
        for _ in 0..3 {
            let from = rng.below(60) as u64;
            world.disk.plan(Plan {
                dies_at: None,
                refuses: (from, from + 3),
                refuses_syncs: true,
            });
            world.run(STEPS);
            world.disk.plan(Plan::default());
            if world.journal.figures().failed {
                let needed = world.journal.figures().rooms > 0;
                assert_eq!(world.journal.renew(), !needed);
                for room in 0..4 {
                    world.store_all(room);
                    // What another owner's history has replaced was never stored, and is given up.
                    world
                        .journal
                        .stored(sim::world::room_id(room), Seq(u64::MAX));
                }
                assert!(world.journal.renew());
                renewed.set(renewed.get() + 1);
            }
            world.run(STEPS);
            world.sync();
            world.crash(Accident::PowerLoss, Plan::default());
        }
        world.finish();
    });
    assert!(renewed.get() > 50, "only {} went on", renewed.get());
}

#[test]
fn a_journal_at_its_limit_takes_records_again_once_others_were_stored() {
    for_seeds(0..50, |seed| {
        let mut world = World::new(seed);
        while world.full == 0 {
            world.append(0, 3);
        }
        let figures = world.journal.figures();
        assert!(figures.bytes <= figures.limit, "{figures:?}");
        let full = world.full;
        world.append(1, 5);
        assert_eq!(world.full, full + 1);
        world.finish();
        world.append(0, 1);
        assert_eq!(world.full, full + 1, "there is room again");
        world.crash(Accident::Kill, Plan::default());
        world.finish();
    });
}
