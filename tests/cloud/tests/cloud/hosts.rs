//! Two hosts play on while what is around them goes wrong.

use std::time::Duration;

use latchkey_cloud_tests::fleet::{Fleet, SOON};
use latchkey_tests::checker::Promise;

/// Rooms that play; the hosts share them.
const ROOMS: usize = 8;
/// How long the database is away: longer than a record may wait before members are told (P4.7).
const DATABASE_AWAY: Duration = Duration::from_secs(10);
/// How long the directory is away: every host has fenced itself by then.
const DIRECTORY_AWAY: Duration = Duration::from_secs(12);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_of_a_killed_host_play_on_at_the_other_and_nothing_seen_is_lost() -> anyhow::Result<()>
{
    let mut fleet = Fleet::start("cloud-killed", 2).await?;
    let mut crowd = fleet.play(ROOMS).await?;
    fleet.hosts[0].program.kill().await?;
    fleet.edge.deregister(1);
    crowd.until_each_room(3, SOON).await?;
    fleet.finish(crowd, Promise::HOST_LOST).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_is_started_again_in_its_slot_goes_on_with_all_that_was_seen()
-> anyhow::Result<()> {
    let mut fleet = Fleet::start("cloud-restarted", 2).await?;
    let mut crowd = fleet.play(ROOMS).await?;
    for host in [0, 1] {
        fleet.hosts[host].program.kill().await?;
        fleet.hosts[host].program.restart()?;
        crowd.until_each_room(2, SOON).await?;
    }
    fleet.finish(crowd, Promise::PROCESS_KILLED).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_its_group_takes_away_hands_its_rooms_over_and_ends() -> anyhow::Result<()> {
    let mut fleet = Fleet::start("cloud-leaves", 2).await?;
    let mut crowd = fleet.play(ROOMS).await?;
    let leaving = &mut fleet.hosts[0];
    leaving.machine.waits(true);
    leaving.machine.wants(Some("Terminated"));
    let status = leaving.program.ended(SOON).await?;
    anyhow::ensure!(status.success(), "it ended with {status}");
    anyhow::ensure!(leaving.machine.completed().len() == 1, "its group waits on");
    fleet.edge.deregister(1);
    crowd.until_each_room(2, SOON).await?;
    fleet.finish(crowd, Promise::PROCESS_KILLED).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn play_goes_on_while_the_database_hangs_and_is_killed_and_all_is_stored_afterwards()
-> anyhow::Result<()> {
    let mut fleet = Fleet::start("cloud-database", 2).await?;
    let mut crowd = fleet.play(ROOMS).await?;
    let lost = crowd.lost();
    let database = &fleet.services.mongo;
    database.pause()?;
    crowd.play_for(DATABASE_AWAY).await?;
    crowd.until_each_room(3, SOON).await?;
    database.resume()?;
    crowd.until_behind(0, SOON).await?;
    database.kill()?;
    crowd.until_each_room(3, SOON).await?;
    database.restart().await?;
    crowd.until_behind(0, SOON).await?;
    anyhow::ensure!(crowd.lost() == lost, "somebody lost the connection");
    fleet.finish(crowd, Promise::PROCESS_KILLED).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_fence_themselves_while_the_directory_hangs_and_go_on_when_it_is_back()
-> anyhow::Result<()> {
    let mut fleet = Fleet::start("cloud-directory", 2).await?;
    let mut crowd = fleet.play(ROOMS).await?;
    let directory = &fleet.services.dynamodb;
    directory.pause()?;
    crowd.play_for(DIRECTORY_AWAY).await?;
    let (fenced, refused) = (crowd.records(), crowd.refused());
    crowd.play_for(Duration::from_secs(2)).await?;
    anyhow::ensure!(
        crowd.records() == fenced,
        "a host without a lease orders records"
    );
    anyhow::ensure!(refused > 0 || crowd.lost() > 0, "nobody noticed");
    directory.resume()?;
    crowd.until_each_room(3, SOON).await?;
    fleet.finish(crowd, Promise::PROCESS_KILLED).await
}
