//! What comes back stops further mail, by the events as EventBridge hands them over.

use latchkey_cloud::ses::feedback;
use latchkey_emulators::ses::Fate;
use latchkey_platform::fakes::{World, samples};
use latchkey_platform::mail::{MailKind, MessageKey, Sent, Stop, take_feedback};

use crate::support::{mailer, once, service, settings};

#[tokio::test]
async fn what_becomes_of_a_letter_decides_about_the_next_ones() {
    // The fate of the first letter, and whether the next purchase's letter and resent links go out.
    for (fate, purchase, resend) in [
        (Fate::Delivered, None, None),
        (Fate::Full, None, None),
        (Fate::Wanted, None, None),
        (Fate::Rejected, None, None),
        (Fate::Complained, None, Some(Stop::Complained)),
        (Fate::Bounced, Some(Stop::Bounced), Some(Stop::Bounced)),
    ] {
        let (world, service) = (World::default(), service().await);
        let once = once(&world, mailer(service.url(), settings()));
        let mut email = samples::email("confirm-1");
        email.to = "Ada@bücher.example".parse().unwrap();
        assert_eq!(once.send(&email).await.unwrap(), Sent::Now);
        let letter = service.inbox().remove(0);
        let event = service.event(&letter.id, fate).unwrap().to_string();
        for _ in 0..2 {
            let told = feedback::read(event.as_bytes()).unwrap();
            assert_eq!(told.message.as_ref(), Some(&email.key));
            take_feedback(&*world.stops, &told).await.unwrap();
        }
        email.to = "ada@BÜCHER.example".parse().unwrap();
        for (key, kind, stop) in [
            ("confirm-2", MailKind::Purchase, purchase),
            ("resend-1", MailKind::Resend, resend),
        ] {
            email.key = MessageKey::parse(key).unwrap();
            email.kind = kind;
            let expected = stop.map_or(Sent::Now, Sent::Stopped);
            assert_eq!(once.send(&email).await.unwrap(), expected, "{fate:?} {key}");
        }
    }
}
