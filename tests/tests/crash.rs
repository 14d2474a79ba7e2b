//! Kills the process again and again while fifty rooms of four play, and lets the checker judge what every member saw.
//! `LATCHKEY_SEED` repeats a run's choices, `LATCHKEY_KILLS` and `LATCHKEY_ROOMS` change its size.
//!
//! Moments are chosen by what the clients have seen (so many records in all), not by time: the same seed kills after
//! the same amount of play on any machine, in the middle of a catch-up as well as in the middle of saying.

use std::time::Duration;

use anyhow::Context as _;
use latchkey_tests::checker::Promise;
use latchkey_tests::crowd::{self, ComeBack, Crowd, Manner};
use latchkey_tests::history::{History, Seen};
use latchkey_tests::platform::Platform;
use latchkey_tests::player::Player;
use latchkey_tests::report::say;
use latchkey_tests::seat::Seat;
use latchkey_tests::seeded::Seeded;
use latchkey_tests::settings;
use latchkey_tests::wait::now;

/// Members of each room.
const SEATS: usize = 4;
/// Says at a brisk pace, and comes back sooner than a browser, to meet a host that has only just come up as often as
/// possible.
const MANNER: Manner = Manner {
    pace: (150, 450),
    padding: 200,
    checkpoint_every: 50,
    come_back: ComeBack::Every(Duration::from_millis(40)),
    breaks: None,
    settle: Duration::from_secs(20),
};
/// How long one life may take to show its records.
const LIFE: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_seen_or_said_is_lost_however_often_the_process_is_killed() {
    let seed = settings::seed();
    say(
        "crash",
        format_args!("LATCHKEY_SEED={seed} repeats this run's choices"),
    );
    run(seed)
        .await
        .unwrap_or_else(|error| panic!("with LATCHKEY_SEED={seed}: {error:?}"));
}

async fn run(seed: u64) -> anyhow::Result<()> {
    let (rooms, kills) = (
        settings::number("LATCHKEY_ROOMS", 50),
        settings::number("LATCHKEY_KILLS", 40),
    );
    let mut random = Seeded::new(seed);
    let mut platform = Platform::start("crash").await?;
    let begun = now();
    let games = crowd::buy(platform.site(), rooms, SEATS).await?;
    say(
        "crash",
        format_args!("{rooms} rooms of {SEATS} bought in {:.1?}", begun.elapsed()),
    );

    let mut crowd = Crowd::begin(&games, MANNER, &random);
    let mut downtimes = kill_often(&mut platform, &mut random, kills, &mut crowd).await?;
    let (records, lost) = (crowd.records(), crowd.lost());
    let mut settled = crowd.settle().await?;
    crowd::judge(&settled.histories, Promise::PROCESS_KILLED)?;
    anyhow::ensure!(
        settled.unsettled == 0,
        "{} members did not settle within {:?}",
        settled.unsettled,
        MANNER.settle
    );
    let from_checkpoint = read_back(&mut platform, &games, &mut settled.histories).await?;
    say(
        "crash",
        format_args!(
            "read back after one more kill: {from_checkpoint} rooms of {rooms} from a checkpoint"
        ),
    );
    crowd::judge(&settled.histories, Promise::PROCESS_KILLED)?;
    let says = says(&settled.histories);
    let middle = latchkey_tests::report::quantile(&mut downtimes, 0.5);
    let longest = downtimes.last().copied().unwrap_or_default();
    say(
        "crash",
        format_args!(
            "{kills} kills in {:.0?}: {says} says, {records} records seen, {lost} connections lost, {} says slowed; \
             ready again after {middle:.0?} (longest {longest:.0?}); the checker found nothing",
            begun.elapsed(),
            settled.slowed,
        ),
    );
    let status = platform.stop("-TERM").await?;
    anyhow::ensure!(status.success(), "the stop ended with {status}");
    Ok(())
}

/// Kills and restarts the process `kills` times, each time after a chosen number of further records were seen.
/// Returns how long each restart took.
async fn kill_often(
    platform: &mut Platform,
    random: &mut Seeded,
    kills: usize,
    crowd: &mut Crowd,
) -> anyhow::Result<Vec<Duration>> {
    let mut downtimes = Vec::new();
    for kill in 1..=kills {
        // Now and then so soon that most members have not come back from the last time.
        let more = if random.one_in(4) {
            random.between(1, 400)
        } else {
            random.between(400, 9_000)
        };
        crowd.until_records(more, LIFE).await?;
        platform.kill().await?;
        let down = now();
        platform.restart().await?;
        downtimes.push(down.elapsed());
        if kill % 5 == 0 {
            let seen = crowd.records();
            say(
                "crash",
                format_args!("killed {kill} of {kills} times, {seen} records seen"),
            );
        }
    }
    Ok(downtimes)
}

/// After one more kill, when nothing but the archive and the journal can answer, a member who comes without a
/// position reads each room from its first record.
async fn read_back(
    platform: &mut Platform,
    games: &[Vec<Seat>],
    histories: &mut [Vec<History>],
) -> anyhow::Result<usize> {
    let mut from_checkpoint = 0;
    platform.kill().await?;
    platform.restart().await?;
    for (seats, histories) in games.iter().zip(histories) {
        let seat = seats.first().context("rooms have members")?.clone();
        let member = seat.member.clone();
        let first = histories
            .iter_mut()
            .find(|history| history.member == member);
        let first = first.context("the member has a history")?;
        let tail = first
            .events
            .iter()
            .rev()
            .find_map(|event| match &event.seen {
                Seen::Record(record) => Some(record.seq),
                _ => None,
            });
        let tail = tail.context("the room has records")?;
        let mut reader = Player::new(seat);
        reader.connect().await?;
        reader
            .until("the whole log", |reader| reader.held() >= tail)
            .await?;
        // What it saw is judged as a member's second life with an empty memory.
        let mut again = reader.history;
        again.member = format!("{member} again");
        // Its own numbers are judged in its first life; here it is a reader only.
        for event in &mut again.events {
            if let Seen::Welcomed(welcome) = &mut event.seen {
                welcome.n = 0;
            }
        }
        from_checkpoint += usize::from(reader.start > 0);
        histories.push(again);
    }
    Ok(from_checkpoint)
}

fn says(histories: &[Vec<History>]) -> usize {
    let events = histories
        .iter()
        .flatten()
        .flat_map(|history| &history.events);
    events
        .filter(|event| matches!(event.seen, Seen::Said { .. }))
        .count()
}
