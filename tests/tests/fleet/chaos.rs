//! Everything at once, in an order that a seed chooses: hosts are killed, lost with their disks, paused, drained and told
//! to end, archive and directory are slow or away, the whole platform is killed. `LATCHKEY_CHAOS` is for how many seconds.

use std::time::Duration;

use latchkey_tests::checker::Promise;
use latchkey_tests::crowd::{Break, Crowd, Manner};
use latchkey_tests::faults::{Away, Slow};
use latchkey_tests::figures::{given_back, rewinds};
use latchkey_tests::history::time;
use latchkey_tests::report::say;
use latchkey_tests::seeded::Seeded;
use latchkey_tests::{process, settings};

use crate::{Fleet, MANNER, SOON};

/// Hosts; misfortunes strike one at a time, so that there is always somebody to take over.
const HOSTS: u64 = 3;

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy)]
enum Misfortune {
    HostKilled,
    HostLost,
    HostPaused,
    HostDrained,
    HostToldToEnd,
    ArchiveSlow,
    ArchiveAway,
    DirectoryAway,
    PlatformKilled,
}

const MISFORTUNES: [Misfortune; 9] = [
    Misfortune::HostKilled,
    Misfortune::HostLost,
    Misfortune::HostPaused,
    Misfortune::HostDrained,
    Misfortune::HostToldToEnd,
    Misfortune::ArchiveSlow,
    Misfortune::ArchiveAway,
    Misfortune::DirectoryAway,
    Misfortune::PlatformKilled,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_in_whatever_order_the_promises_hold() -> anyhow::Result<()> {
    let longest = Duration::from_secs(settings::number("LATCHKEY_CHAOS", 60) as u64);
    let mut fleet = Fleet::start("chaos", 3, 30).await?;
    let manner = Manner {
        breaks: Some(Break {
            one_in: 25,
            away: (100, 12_000),
        }),
        ..MANNER
    };
    let mut crowd = fleet.play(manner).await?;
    let mut random = fleet.random.part(u64::MAX);
    let begun = time();
    let mut happened = 0;
    while time() - begun < longest {
        let choice = usize::try_from(random.between(0, MISFORTUNES.len() as u64))?;
        let misfortune = MISFORTUNES[choice];
        say(
            "chaos",
            format_args!("{:.0?}: {misfortune:?}", time() - begun),
        );
        strike(&mut fleet, &mut crowd, misfortune, &mut random).await?;
        happened += 1;
        // Sometimes the next one comes before everybody is back from this one.
        if random.one_in(2) {
            crowd.until_each_room(1, SOON).await?;
        } else {
            crowd.until_records(random.between(1, 300), SOON).await?;
        }
    }
    let settled = fleet.finish(crowd, Promise::HOST_LOST).await?;
    say(
        "chaos",
        format_args!(
            "{happened} misfortunes, {} times records were given back, {} rewinds",
            given_back(&settled.histories),
            rewinds(&settled.histories)
        ),
    );
    Ok(())
}

async fn strike(
    fleet: &mut Fleet,
    crowd: &mut Crowd,
    misfortune: Misfortune,
    random: &mut Seeded,
) -> anyhow::Result<()> {
    let slot = u16::try_from(random.between(1, HOSTS + 1))?;
    let platform = &mut fleet.platform;
    let (archive, directory) = (
        platform.data().join("rooms.db"),
        platform.data().join("directory.db"),
    );
    let mut millis = |from, to| Duration::from_millis(random.between(from, to));
    match misfortune {
        Misfortune::HostKilled => {
            let former = platform.host(slot).await?;
            process::signal(former.pid, "-KILL").await?;
            platform.next_host(former).await?;
        }
        Misfortune::HostLost => {
            let away = Away::hold(&archive).await?;
            crowd.play_for(millis(0, 2_000)).await?;
            let former = platform.lose(slot).await?.replaced()?;
            away.back()?;
            platform.next_host(former).await?;
        }
        Misfortune::HostPaused => {
            let host = platform.host(slot).await?.pid;
            process::signal(host, "-STOP").await?;
            crowd.play_for(millis(500, 14_000)).await?;
            process::signal(host, "-CONT").await?;
        }
        Misfortune::HostDrained => {
            platform.drain(slot).await?;
            platform.undrain(slot).await?;
        }
        Misfortune::HostToldToEnd => {
            let former = platform.host(slot).await?;
            process::signal(former.pid, "-TERM").await?;
            platform.next_host(former).await?;
        }
        Misfortune::ArchiveSlow => {
            let slow = Slow::begin(&archive, millis(200, 700))?;
            crowd.play_for(millis(1_000, 4_000)).await?;
            slow.end().await?;
        }
        Misfortune::ArchiveAway => {
            let away = Away::hold(&archive).await?;
            crowd.play_for(millis(500, 6_000)).await?;
            away.back()?;
        }
        Misfortune::DirectoryAway => {
            let away = Away::hold(&directory).await?;
            crowd.play_for(millis(500, 11_000)).await?;
            away.back()?;
        }
        Misfortune::PlatformKilled => {
            platform.kill().await?;
            platform.restart().await?;
        }
    }
    Ok(())
}
