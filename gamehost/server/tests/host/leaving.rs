//! How a host learns that it must go, and that its players go on elsewhere.

use latchkey_emulators::machine::Completed;
use latchkey_protocol::RoomId;

use crate::eventually;
use crate::player::Player;
use crate::program::Program;
use crate::services::Services;

#[tokio::test]
async fn a_machine_that_is_taken_away_hands_its_rooms_over_and_then_ends_its_groups_wait() {
    let services = Services::shared("terminated").await;
    let mut one = Program::serving(&services, 1).await;
    let room = RoomId::from_random([1; 20]);
    let mut ada = Player::join(&services, &one.url(), room).await;
    let two = Program::serving(&services, 2).await;
    for word in ["one", "two", "three"] {
        ada.says(word).await;
    }
    one.has_seen_others().await;
    one.machine.wants(Some("Terminated"));
    let elsewhere = ada.is_sent_on().await;
    assert_eq!(elsewhere, two.url());
    ada.comes_back(&elsewhere).await;
    ada.says("on we go").await;
    assert_eq!(ada.records.len(), 5, "one who joined, and four words");
    eventually("the group is asked in vain", async || {
        one.machine.refused() > 0
    })
    .await;
    assert!(one.runs(), "the load balancer has not let it go");
    one.machine.waits(true);
    assert!(one.ended().await.success(), "{}", one.log());
    let completed = Completed {
        group: "latchkey-dev-slot-1".to_owned(),
        hook: "leave".to_owned(),
        instance: "i-1".to_owned(),
        result: "CONTINUE".to_owned(),
    };
    assert_eq!(one.machine.completed(), [completed]);
    for line in ["WATCHDOG=1", "STOPPING=1", "EXTEND_TIMEOUT_USEC=30000000"] {
        assert!(one.manager.heard(line) > 0, "{line}");
    }
    ada.finishes().await;
}

#[tokio::test]
async fn metadata_that_fail_are_no_reason_to_leave_and_a_spot_notice_is_one() {
    let services = Services::shared("spot").await;
    let mut host = Program::serving(&services, 1).await;
    eventually("it is asked for its state", async || {
        host.machine.asked() > 0
    })
    .await;
    host.machine.fails(true);
    let before = host.machine.asked();
    eventually("two more rounds", async || {
        host.machine.asked() > before + 1
    })
    .await;
    host.machine.forget_sessions();
    host.machine.fails(false);
    let sessions = host.machine.sessions();
    eventually("a new session", async || host.machine.sessions() > sessions).await;
    assert!(host.runs() && host.manager.heard("STOPPING=1") == 0);
    let notice = r#"{"action": "terminate", "time": "2200-01-01T00:00:00Z"}"#;
    host.machine.interrupts(Some(notice));
    assert!(host.ended().await.success(), "{}", host.log());
    assert!(host.machine.completed().is_empty() && host.machine.refused() == 0);
}

#[tokio::test]
async fn a_service_manager_that_ends_it_has_it_leave_as_well() {
    let services = Services::shared("told").await;
    let mut one = Program::serving(&services, 1).await;
    let room = RoomId::from_random([1; 20]);
    let mut ada = Player::join(&services, &one.url(), room).await;
    let two = Program::serving(&services, 2).await;
    ada.says("hello").await;
    one.has_seen_others().await;
    one.terminate().await;
    let elsewhere = ada.is_sent_on().await;
    assert_eq!(elsewhere, two.url());
    ada.comes_back(&elsewhere).await;
    ada.says("again").await;
    assert!(one.ended().await.success(), "{}", one.log());
    assert_eq!(one.machine.refused(), 0, "its group wants nothing of it");
}
