//! The rules of [`Mailer`].

use super::Subject;
use crate::fakes::samples;
use crate::mail::{Mailer, Traced};

type Mailer_ = Subject<dyn Mailer>;

/// Makes the tests.
#[macro_export]
macro_rules! mailer_contract {
    ($subject:expr) => {
        $crate::contract!(mailer, $subject, [what_was_sent_can_be_traced]);
    };
}

/// For mailers that can tell; others answer `Unknown` and leave this rule out.
pub async fn what_was_sent_can_be_traced(subject: &Mailer_) {
    let email = samples::email("confirm-1");
    assert_eq!(
        subject.port.trace(&email.key).await.unwrap(),
        Traced::NotSent
    );
    subject.port.send(&email).await.unwrap();
    assert_eq!(subject.port.trace(&email.key).await.unwrap(), Traced::Sent);
    let other = samples::email("confirm-2");
    assert_eq!(
        subject.port.trace(&other.key).await.unwrap(),
        Traced::NotSent
    );
}
