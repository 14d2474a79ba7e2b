//! The rules of [`Stops`].

use super::Subject;
use crate::mail::{AddressHash, Stop, Stops};

type Stops_ = Subject<dyn Stops>;

/// Makes the tests.
#[macro_export]
macro_rules! stops_contract {
    ($subject:expr) => {
        $crate::contract!(
            stops,
            $subject,
            [
                an_address_is_stopped_alone_and_for_the_reason_given,
                the_stronger_reason_stays_whichever_came_first,
                many_may_stop_an_address_at_the_same_time
            ]
        );
    };
}

fn address(name: &str) -> AddressHash {
    let address = format!("{name}@example.org");
    AddressHash::of(&address.parse().expect("an address"))
}

async fn stopped(subject: &Stops_, name: &str) -> Option<Stop> {
    subject.port.stopped(&address(name)).await.unwrap()
}

pub async fn an_address_is_stopped_alone_and_for_the_reason_given(subject: &Stops_) {
    for (name, why) in [("ada", Stop::Complained), ("bob", Stop::Bounced)] {
        assert_eq!(stopped(subject, name).await, None);
        for _ in 0..2 {
            subject.port.stop(&address(name), why).await.unwrap();
            assert_eq!(stopped(subject, name).await, Some(why));
        }
    }
    assert_eq!(stopped(subject, "eve").await, None);
}

pub async fn the_stronger_reason_stays_whichever_came_first(subject: &Stops_) {
    for (name, mut reasons) in [("ada", Stop::ALL), ("bob", Stop::ALL)] {
        if name == "bob" {
            reasons.reverse();
        }
        for why in reasons {
            subject.port.stop(&address(name), why).await.unwrap();
        }
        assert_eq!(stopped(subject, name).await, Some(Stop::Bounced), "{name}");
    }
}

pub async fn many_may_stop_an_address_at_the_same_time(subject: &Stops_) {
    let mut tasks = tokio::task::JoinSet::new();
    for at in 0..8_usize {
        let port = subject.port.clone();
        let why = Stop::ALL[at % 2];
        tasks.spawn(async move { port.stop(&address("ada"), why).await.unwrap() });
    }
    tasks.join_all().await;
    assert_eq!(stopped(subject, "ada").await, Some(Stop::Bounced));
}
