//! A host and its slot: it serves while the directory confirms it, and says when it may not. The clock stands still
//! unless everybody waits.

use std::sync::atomic::Ordering;
use std::time::Duration;

use latchkey_host::ports::{Generation, Slot};
use latchkey_host::timing::{EXPIRY, FENCE_AFTER, LOST_WITHIN, UNNOTICED};
use latchkey_protocol::limits::GATHER_WITHIN_MS;
use tokio::time::{sleep, timeout};

use crate::support::{TestHost, World};

async fn serves(host: &TestHost) -> bool {
    let serving = timeout(Duration::from_millis(1), host.host.serving());
    serving.await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn a_host_serves_through_a_short_outage_of_the_directory_and_not_through_a_long_one() {
    let host = TestHost::start().await;
    let directory = &host.world.directory;
    directory.refusing.store(true, Ordering::Release);
    sleep(UNNOTICED).await;
    assert!(serves(&host).await);
    directory.refusing.store(false, Ordering::Release);
    sleep(EXPIRY).await;
    assert!(serves(&host).await);
    // A directory that hangs is away as well.
    directory.hold(true);
    sleep(FENCE_AFTER + Duration::from_millis(100)).await;
    assert!(!serves(&host).await);
    directory.hold(false);
    timeout(EXPIRY, host.host.serving()).await.unwrap();
    let found = directory.host(Slot(1)).unwrap();
    assert_eq!((found.id.generation, found.lost), (Generation(1), false));
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_lost_do_not_keep_a_lease_though_the_beats_arrive() {
    let host = TestHost::start().await;
    let directory = &host.world.directory;
    directory.forgets_to_answer.store(true, Ordering::Release);
    sleep(FENCE_AFTER + Duration::from_millis(100)).await;
    assert!(directory.host(Slot(1)).unwrap().beat > 2);
    assert!(!serves(&host).await);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_was_found_lost_enlists_anew() {
    let host = TestHost::start().await;
    host.world.directory.lose(Slot(1));
    sleep(EXPIRY).await;
    assert!(serves(&host).await);
    let found = host.world.directory.host(Slot(1)).unwrap();
    assert_eq!((found.id.generation, found.lost), (Generation(2), false));
}

#[tokio::test(start_paused = true)]
async fn a_host_whose_slot_another_process_took_never_serves_again() {
    let host = TestHost::start().await;
    host.world.enlist(Slot(1)).await;
    timeout(EXPIRY, host.host.replaced()).await.unwrap();
    sleep(EXPIRY).await;
    assert!(!serves(&host).await);
    let found = host.world.directory.host(Slot(1)).unwrap();
    assert_eq!(
        found.id.generation,
        Generation(2),
        "it leaves the slot alone"
    );
}

#[tokio::test(start_paused = true)]
async fn a_host_finds_another_lost_that_no_longer_beats() {
    let world = World::new();
    world.enlist(Slot(2)).await;
    let _host = world.host().await;
    sleep(EXPIRY - Duration::from_secs(1)).await;
    assert!(!world.directory.host(Slot(2)).unwrap().lost);
    sleep(LOST_WITHIN - EXPIRY + Duration::from_secs(1)).await;
    assert!(world.directory.host(Slot(2)).unwrap().lost);
}

/// A constant of the sdk, in milliseconds.
fn of_the_sdk(name: &str) -> Duration {
    let limits = include_str!("../../../../web/sdk/limits.js");
    let start = format!("export const {name} = ");
    let line = limits.lines().find_map(|line| line.strip_prefix(&start));
    let number = line.unwrap().trim_end_matches(';').replace('_', "");
    Duration::from_millis(number.parse().unwrap())
}

#[test]
fn p9_2_members_of_a_lost_host_try_quickly_until_its_rooms_are_open_elsewhere() {
    // The last quick attempt has to begin when the rooms can be had. One before it may have begun just before the host was
    // marked lost, and hang with it, while others' attempts let the rooms gather what their members have.
    let in_vain = of_the_sdk("QUICK_OPEN_WITHIN_MS");
    let gathering = Duration::from_millis(GATHER_WITHIN_MS);
    let open = LOST_WITHIN + in_vain.max(gathering);
    assert!(open + of_the_sdk("QUICK_LONGEST_MS") <= of_the_sdk("QUICK_FOR_MS"));
}
