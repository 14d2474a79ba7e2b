//! The rules of [`RateLimits`].

use std::time::Duration;

use super::Subject;
use crate::rate::{Allowance, Limit, RateLimits};

type Rates = Subject<dyn RateLimits>;

/// Makes the tests.
#[macro_export]
macro_rules! rates_contract {
    ($subject:expr) => {
        $crate::contract!(
            rates,
            $subject,
            [
                beyond_the_limit_is_refused_until_the_window_is_over,
                limits_and_subjects_are_counted_apart,
                counting_at_the_same_time_lets_through_no_more,
            ]
        );
    };
}

const LIMIT: Limit = Limit {
    name: "test",
    times: 3,
    per: Duration::from_secs(60),
};

pub async fn beyond_the_limit_is_refused_until_the_window_is_over(subject: &Rates) {
    for _ in 0..3 {
        assert_eq!(
            subject.port.take(LIMIT, "a").await.unwrap(),
            Allowance::Allowed
        );
    }
    let Allowance::Refused { retry_after } = subject.port.take(LIMIT, "a").await.unwrap() else {
        panic!("the fourth time is beyond the limit");
    };
    assert!(
        Duration::ZERO < retry_after && retry_after <= LIMIT.per,
        "{retry_after:?}"
    );
    subject.time.pass(retry_after).await;
    assert_eq!(
        subject.port.take(LIMIT, "a").await.unwrap(),
        Allowance::Allowed
    );
}

pub async fn limits_and_subjects_are_counted_apart(subject: &Rates) {
    let other = Limit {
        name: "other",
        ..LIMIT
    };
    for _ in 0..3 {
        for (limit, who) in [(LIMIT, "a"), (LIMIT, "b"), (other, "a")] {
            assert_eq!(
                subject.port.take(limit, who).await.unwrap(),
                Allowance::Allowed
            );
        }
    }
}

pub async fn counting_at_the_same_time_lets_through_no_more(subject: &Rates) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let port = subject.port.clone();
        tasks.spawn(async move { port.take(LIMIT, "a").await.unwrap() == Allowance::Allowed });
    }
    let allowed = tasks
        .join_all()
        .await
        .into_iter()
        .filter(|allowed| *allowed)
        .count();
    assert_eq!(allowed, 3);
}
