//! One message, whatever comes twice, at once, or is cut off.

use super::*;
use crate::fakes::{FakeMailer, World, samples};

fn once(world: &World) -> SendOnce {
    SendOnce {
        sends: world.sends.clone(),
        stops: world.stops.clone(),
        mailer: world.mailer.clone(),
        clock: world.clock.clone(),
        alone_since: UnixMs(0),
    }
}

#[tokio::test]
async fn the_second_time_nothing_goes_out() {
    let world = World::default();
    let email = samples::email("confirm-1");
    assert_eq!(once(&world).send(&email).await.unwrap(), Sent::Now);
    assert_eq!(once(&world).send(&email).await.unwrap(), Sent::Before);
    assert_eq!(world.mailer.sent().len(), 1);
}

#[tokio::test]
async fn a_crash_at_any_step_leads_to_one_message_when_it_is_tried_again() {
    let mut died = 0;
    for k in 0.. {
        let world = World::default();
        let email = samples::email("confirm-1");
        world.faults.die_at(k);
        let sent = once(&world).send(&email).await;
        if !world.faults.revive() {
            assert!(sent.is_ok());
            break;
        }
        died += 1;
        // Until the claim has aged, a second attempt keeps its hands off.
        let _ = once(&world).send(&email).await;
        world.clock.advance(SEND_CLAIM);
        let _sent = once(&world).send(&email).await.unwrap();
        assert_eq!(world.mailer.sent().len(), 1, "step {k}");
    }
    assert_eq!(died, 10);
}

#[tokio::test]
async fn while_somebody_sends_it_others_wait() {
    let world = World::default();
    let email = samples::email("confirm-1");
    let claim = SendClaim {
        key: email.key.clone(),
        revision: 1,
        state: SendState::Sending,
        at: world.clock.now(),
    };
    assert_eq!(world.sends.insert(&claim).await.unwrap(), Insert::Inserted);
    let busy = once(&world).send(&email).await;
    assert!(matches!(busy, Err(SendOnceError::InUse(_))), "{busy:?}");
    world.clock.advance(SEND_CLAIM);
    assert_eq!(once(&world).send(&email).await.unwrap(), Sent::Now);
}

#[tokio::test]
async fn a_mailer_that_cannot_tell_is_not_asked_to_send_again() {
    let world = World::default();
    let email = samples::email("confirm-1");
    let mailer = Arc::new(FakeMailer::forgetful(&world.faults));
    let once = SendOnce {
        mailer: mailer.clone(),
        ..once(&world)
    };
    mailer.refuse_once(&email.key, MailError::Unavailable("timed out".into()));
    assert!(matches!(
        once.send(&email).await,
        Err(SendOnceError::Mail(_))
    ));
    world.clock.advance(SEND_CLAIM);
    assert!(matches!(
        once.send(&email).await,
        Err(SendOnceError::Unknown(_))
    ));
    assert_eq!(mailer.sent(), []);
}

#[tokio::test]
async fn a_message_that_was_refused_or_put_off_can_be_tried_again_at_once() {
    for error in [
        MailError::Refused("sender not verified".into()),
        MailError::Later("throttled".into()),
    ] {
        let world = World::default();
        let email = samples::email("confirm-1");
        world.mailer.refuse_once(&email.key, error);
        assert!(matches!(
            once(&world).send(&email).await,
            Err(SendOnceError::Mail(_))
        ));
        assert_eq!(once(&world).send(&email).await.unwrap(), Sent::Now);
        assert_eq!(world.mailer.sent().len(), 1);
    }
}

#[tokio::test]
async fn a_stopped_address_gets_nothing_until_mail_to_it_is_allowed_again() {
    let world = World::default();
    let email = samples::email("confirm-1");
    let address = AddressHash::of(&email.to);
    world.stops.stop(&address, Stop::Bounced).await.unwrap();
    let sent = once(&world).send(&email).await.unwrap();
    assert_eq!(sent, Sent::Stopped(Stop::Bounced));
    assert_eq!(world.mailer.sent(), []);
    world.stops.allow(&address);
    assert_eq!(once(&world).send(&email).await.unwrap(), Sent::Now);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_the_same_time_send_one_message() {
    for _ in 0..20 {
        let world = World::default();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let once = once(&world);
            tasks.spawn(async move { once.send(&samples::email("confirm-1")).await.is_ok() });
        }
        assert!(tasks.join_all().await.into_iter().any(|sent| sent));
        assert_eq!(world.mailer.sent().len(), 1);
    }
}

#[tokio::test]
async fn the_only_sender_need_not_wait_for_claims_of_the_process_before_it() {
    let world = World::default();
    let email = samples::email("confirm-1");
    // Dies after the claim is written and before the mailer hears of it.
    world.faults.die_at(6);
    assert!(once(&world).send(&email).await.is_err());
    assert!(world.faults.revive());
    world.clock.advance(std::time::Duration::from_millis(1));
    let waiting = once(&world).send(&email).await;
    assert!(
        matches!(waiting, Err(SendOnceError::InUse(_))),
        "{waiting:?}"
    );
    let restarted = SendOnce {
        alone_since: world.clock.now(),
        ..once(&world)
    };
    assert_eq!(restarted.send(&email).await.unwrap(), Sent::Now);
    assert_eq!(world.mailer.sent().len(), 1);
}
