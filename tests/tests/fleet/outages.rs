//! What hosts need is slow, refuses, or is gone: the archive, the directory, the disk. Play goes on as long as it can,
//! says so when it cannot, and everything is stored in the end. `LATCHKEY_AWAY` is for how many seconds the archive is
//! away.

use std::path::Path;
use std::time::Duration;

use latchkey_tests::checker::Promise;
use latchkey_tests::crowd::Manner;
use latchkey_tests::faults::{Away, Slow, SmallDisk};
use latchkey_tests::figures::{bytes_said, counts, pauses, spread, waits_between};
use latchkey_tests::fleet::Running;
use latchkey_tests::history::{self, History, Seen};
use latchkey_tests::platform::Options;
use latchkey_tests::report::{quantile, say};
use latchkey_tests::{process, settings};

use crate::{Fleet, MANNER, SEATS, SOON};

/// How long it refuses: longer than a record may wait before members are told (P4.7).
const REFUSING: Duration = Duration::from_secs(12);
/// Words so long that what is said while the archive is away can be told from what hosts hold besides.
const LONG_WORDS: Manner = Manner {
    padding: 14_000,
    ..MANNER
};
/// What the hosts may grow by beside what was said meanwhile, which they hold once: as much again for the room that
/// growing lists take, and this for all else. One copy for each member who is sent it would be more.
const BESIDE: u64 = 8 << 20;
/// Within this a write that had begun when the archive went away is answered, and whoever waits for the mark has it (P4.7).
const UNDER_WAY: Duration = Duration::from_secs(5);
/// For so long each write waits in an archive that is slow.
const SLOW: Duration = Duration::from_millis(500);
/// Of that time, the part that a say's record may take at the median. A say that waits for a write takes all of it.
const PART_OF_SLOW: u32 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn says_do_not_wait_for_an_archive_that_takes_half_a_second_for_every_write()
-> anyhow::Result<()> {
    let fleet = Fleet::start("slow-archive", 2, 20).await?;
    let mut crowd = fleet.play(MANNER).await?;
    let slow = Slow::begin(&fleet.platform.data().join("rooms.db"), SLOW)?;
    let lost = crowd.lost();
    let since = history::time();
    crowd.play_for(Duration::from_secs(10)).await?;
    let until = history::time();
    anyhow::ensure!(crowd.lost() == lost, "somebody lost the connection");
    let holds = slow.end().await?;
    anyhow::ensure!(holds >= 5, "the archive was slow only {holds} times");
    let settled = fleet.finish(crowd, Promise::PROCESS_KILLED).await?;
    let mut waits = waits_between(&settled.histories, since, until);
    say(
        "slow-archive",
        format_args!("a say's record came after {}", spread(waits.clone())),
    );
    let median = quantile(&mut waits, 0.5);
    anyhow::ensure!(
        median < SLOW / PART_OF_SLOW,
        "a say waited {median:?} for its record while the archive took {SLOW:?} for a write"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_archive_is_away_play_goes_on_and_afterwards_everything_is_stored()
-> anyhow::Result<()> {
    let time = Duration::from_secs(settings::number("LATCHKEY_AWAY", 15) as u64);
    play_without_archive("archive-away", time, Away::hold).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_archive_refuses_play_goes_on_and_afterwards_everything_is_stored()
-> anyhow::Result<()> {
    play_without_archive("archive-refusing", REFUSING, Away::refuse).await
}

/// Plays for `time` while the archive's file takes no writes, and until everybody was told.
async fn play_without_archive(
    name: &'static str,
    time: Duration,
    fault: impl AsyncFnOnce(&Path) -> anyhow::Result<Away>,
) -> anyhow::Result<()> {
    let fleet = Fleet::start(name, 2, 20).await?;
    let members = (fleet.games.len() * SEATS) as u64;
    let mut crowd = fleet.play(LONG_WORDS).await?;
    crowd.until_behind(0, SOON).await?;
    let hosts = [fleet.platform.host(1).await?, fleet.platform.host(2).await?];
    let before = memory(&hosts)?;
    let lost = crowd.lost();
    let since = history::time();
    let away = fault(&fleet.platform.data().join("rooms.db")).await?;
    crowd.play_for(time).await?;
    crowd.until_each_room(1, SOON).await?;
    crowd.until_behind(members, SOON).await?;
    let until = history::time();
    let grown = memory(&hosts)?.saturating_sub(before);
    let journals = journals(&fleet, &hosts)?;
    anyhow::ensure!(crowd.lost() == lost, "somebody lost the connection");
    away.back()?;
    crowd.until_behind(0, SOON).await?;
    let caught_up = history::time() - until;
    let settled = fleet.finish(crowd, Promise::PROCESS_KILLED).await?;
    let told = advances(&settled.histories, since + UNDER_WAY, until);
    anyhow::ensure!(
        told == 0,
        "{told} times something was called stored that could not be"
    );
    let said = bytes_said(&settled.histories, since, until);
    anyhow::ensure!(
        grown < 2 * said + BESIDE,
        "the hosts grew by {grown} bytes while {said} bytes were said"
    );
    anyhow::ensure!(
        journals >= said,
        "the journals had {journals} bytes when {said} bytes were in them alone"
    );
    let (_, records) = counts(&settled.histories);
    say(
        name,
        format_args!(
            "{:.0?} without archive: {records} records seen in all, {} KiB said meanwhile, hosts grew by {} KiB, \
             journals had {} KiB; nothing lagged {caught_up:.0?} after it was back",
            until - since,
            said / 1024,
            grown / 1024,
            journals / 1024,
        ),
    );
    Ok(())
}

/// Bytes of memory that all these hosts hold.
fn memory(hosts: &[Running]) -> anyhow::Result<u64> {
    hosts.iter().map(|host| process::memory(host.pid)).sum()
}

/// Bytes of all these hosts' journals.
fn journals(fleet: &Fleet, hosts: &[Running]) -> anyhow::Result<u64> {
    let bytes = |host: &Running| fleet.platform.journal_bytes(host.slot);
    hosts.iter().map(bytes).sum()
}

/// How often anybody was told in this time that more is stored than before.
fn advances(rooms: &[Vec<History>], since: Duration, until: Duration) -> usize {
    let told = |history: &History| {
        let mut stored = 0;
        let mut advances = 0;
        for event in &history.events {
            let seq = match &event.seen {
                Seen::Stored(seq) => *seq,
                Seen::Welcomed(welcome) => welcome.stored,
                _ => continue,
            };
            advances += usize::from(seq > stored && since < event.at && event.at < until);
            stored = stored.max(seq);
        }
        advances
    };
    rooms.iter().flatten().map(told).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_says_are_refused_clearly_and_nothing_acknowledged_is_lost()
-> anyhow::Result<()> {
    let disk = SmallDisk::mount(96).await?;
    let options = Options {
        data: Some(disk.path().join("data")),
        ..Options::default()
    };
    let mut fleet = Fleet::start_with("disk-full", 2, 12, options).await?;
    let mut crowd = fleet.play(MANNER).await?;
    disk.fill()?;
    crowd.until_refused(100, SOON).await?;
    // What was seen so far survives also if the hosts die now.
    fleet.platform.kill().await?;
    disk.free()?;
    fleet.platform.restart().await?;
    crowd.until_each_room(3, SOON).await?;
    disk.fill()?;
    crowd.until_refused(50, SOON).await?;
    // And with hosts that live on, play goes on by itself when there is place again.
    disk.free()?;
    crowd.until_each_room(3, SOON).await?;
    let refused = crowd.refused();
    fleet.finish(crowd, Promise::PROCESS_KILLED).await?;
    say(
        "disk-full",
        format_args!("{refused} frames refused as `unavailable`"),
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_notices_a_directory_that_is_away_for_three_seconds_and_after_twelve_hosts_come_back()
-> anyhow::Result<()> {
    let fleet = Fleet::start("directory-away", 3, 30).await?;
    let directory = fleet.platform.data().join("directory.db");
    let mut crowd = fleet.play(MANNER).await?;
    let lost = crowd.lost();
    let away = Away::hold(&directory).await?;
    crowd.play_for(Duration::from_secs(3)).await?;
    away.back()?;
    crowd.until_each_room(2, SOON).await?;
    anyhow::ensure!(crowd.lost() == lost, "somebody lost the connection");

    let since = history::time();
    let away = Away::hold(&directory).await?;
    crowd.play_for(Duration::from_secs(12)).await?;
    let fenced = crowd.lost() - lost;
    away.back()?;
    let back = history::time();
    crowd.until_each_room(3, SOON).await?;
    let members = (fleet.games.len() * SEATS) as u64;
    anyhow::ensure!(
        fenced >= members,
        "only {fenced} of {members} connections were closed by hosts without a lease"
    );
    let settled = fleet.finish(crowd, Promise::PROCESS_KILLED).await?;
    say(
        "directory-away",
        format_args!(
            "away for {:.0?}; pause per room {}",
            back - since,
            spread(pauses(&settled.histories, since, back))
        ),
    );
    Ok(())
}
