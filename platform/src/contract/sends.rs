//! The rules of [`Sends`].

use super::{Subject, documents};
use crate::clock::UnixMs;
use crate::fakes::samples;
use crate::mail::{MessageKey, SendClaim, SendState, Sends};
use crate::store::{Insert, Swap};

type Sends_ = Subject<dyn Sends>;

/// Makes the tests.
#[macro_export]
macro_rules! sends_contract {
    ($subject:expr) => {
        $crate::contract!(
            sends,
            $subject,
            [a_message_is_claimed_once, a_claim_is_taken_over_by_one]
        );
    };
}

fn claim(key: &str) -> SendClaim {
    let key = MessageKey::parse(key).expect("plain");
    SendClaim {
        key,
        revision: 1,
        state: SendState::Sending,
        at: samples::NOW,
    }
}

pub async fn a_message_is_claimed_once(subject: &Sends_) {
    let held = claim("confirm-1");
    assert_eq!(subject.port.get(&held.key).await.unwrap(), None);
    assert_eq!(subject.port.insert(&held).await.unwrap(), Insert::Inserted);
    let late = SendClaim {
        state: SendState::Sent,
        ..held.clone()
    };
    assert_eq!(subject.port.insert(&late).await.unwrap(), Insert::Exists);
    assert_eq!(subject.port.get(&held.key).await.unwrap(), Some(held));
    assert_eq!(
        subject.port.insert(&claim("confirm-2")).await.unwrap(),
        Insert::Inserted
    );
}

pub async fn a_claim_is_taken_over_by_one(subject: &Sends_) {
    let held = claim("confirm-1");
    assert_eq!(
        subject.port.swap(&held).await.unwrap(),
        Swap::Stale,
        "it is not there yet"
    );
    assert_eq!(subject.port.insert(&held).await.unwrap(), Insert::Inserted);
    documents::one_winner((0..8).map(|at| {
        let (port, claim) = (
            subject.port.clone(),
            SendClaim {
                at: UnixMs(at),
                ..held.clone()
            },
        );
        async move { port.swap(&claim).await.unwrap() }
    }))
    .await;
    assert_eq!(
        subject.port.get(&held.key).await.unwrap().unwrap().revision,
        2
    );
}
