//! Rooms that move while they are played: a host is drained, and all hosts are rolled to a new binary.
//! `LATCHKEY_ROOMS` changes how many rooms are drained.

use std::time::Duration;

use latchkey_tests::checker::Promise;
use latchkey_tests::figures::{endings, pauses, spread};
use latchkey_tests::history::{History, time};
use latchkey_tests::platform::Options;
use latchkey_tests::report::say;
use latchkey_tests::{process, settings};

use crate::{Fleet, MANNER, SOON};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drained_host_hands_all_its_rooms_over_and_nothing_is_lost_or_repeated()
-> anyhow::Result<()> {
    let rooms = settings::number("LATCHKEY_ROOMS", 100);
    let fleet = Fleet::start("drain", 3, rooms).await?;
    let mut crowd = fleet.play(MANNER).await?;
    let mut drains = Vec::new();
    for slot in 1..=3 {
        let (since, lost) = (time(), crowd.lost());
        if slot == 3 {
            // SIGTERM means the same, and a new process follows.
            let former = fleet.platform.host(slot).await?;
            process::signal(former.pid, "-TERM").await?;
            fleet.platform.next_host(former).await?;
        } else {
            fleet.platform.drain(slot).await?;
        }
        let took = time() - since;
        crowd.until_each_room(3, SOON).await?;
        let moved = crowd.lost() - lost;
        anyhow::ensure!(
            moved > 0,
            "host {slot} had no room with members to hand over"
        );
        drains.push((slot, since, took, moved));
        if slot != 3 {
            fleet.platform.undrain(slot).await?;
        }
    }
    let settled = fleet.finish(crowd, Promise::PROCESS_KILLED).await?;
    everybody_was_told(&settled.histories)?;
    for (slot, since, took, moved) in drains {
        let pauses = pauses(
            &settled.histories,
            since,
            since + took + Duration::from_secs(2),
        );
        say(
            "drain",
            format_args!(
                "host {slot} empty after {took:.1?}, {moved} connections moved; pause per room {}",
                spread(pauses)
            ),
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_hosts_are_rolled_to_a_new_binary_during_play_and_nobody_misses_a_record()
-> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let binary = folder.path().join("latchkey");
    std::fs::copy(settings::binary()?, &binary)?;
    let options = Options {
        binary: Some(binary.clone()),
        ..Options::default()
    };
    let fleet = Fleet::start_with("roll", 3, 40, options).await?;
    let mut crowd = fleet.play(MANNER).await?;
    let mut before = Vec::new();
    for slot in 1..=3 {
        before.push(fleet.platform.host(slot).await?);
    }
    let old = process::program(before[0].pid)?;
    let begun = time();
    // A new file under the same name, as an upgrade leaves it: what runs keeps the old one.
    let next = folder.path().join("next");
    std::fs::copy(settings::binary()?, &next)?;
    std::fs::rename(&next, &binary)?;
    fleet.platform.latchkey(&["hosts", "roll"]).await?;
    for former in before {
        let present = fleet.platform.next_host(former).await?;
        anyhow::ensure!(
            process::program(present.pid)? != old,
            "host {} runs the binary that was replaced",
            present.slot
        );
    }
    crowd.until_each_room(3, SOON).await?;
    let ended = time();
    let settled = fleet.finish(crowd, Promise::PROCESS_KILLED).await?;
    everybody_was_told(&settled.histories)?;
    say(
        "roll",
        format_args!(
            "three hosts rolled in {:.1?}; pause per room {}",
            ended - begun,
            spread(pauses(&settled.histories, begun, ended))
        ),
    );
    Ok(())
}

/// All hosts were emptied once and nobody took a break: so each room moved, and whenever a connection ended its member
/// had been told where to go on. A host that drops connections, to be found again by whoever comes back, does not pass.
fn everybody_was_told(rooms: &[Vec<History>]) -> anyhow::Result<()> {
    let endings = endings(rooms);
    let dropped: usize = endings.iter().map(|endings| endings.otherwise).sum();
    let unmoved = endings.iter().filter(|endings| endings.moved == 0).count();
    anyhow::ensure!(
        dropped == 0,
        "{dropped} connections ended and their members were not told `moved`"
    );
    anyhow::ensure!(
        unmoved == 0,
        "{unmoved} of {} members were never told `moved`, and yet all hosts were emptied",
        endings.len()
    );
    Ok(())
}
