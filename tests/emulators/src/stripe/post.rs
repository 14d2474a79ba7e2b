//! Events on their way to the shop: signed when they are posted, and posted again until they are taken.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{Manner, Shared, lock};

/// Times an event is posted before it is given up.
const POSTS: u32 = 100;
/// Between two posts of an event that was not taken.
const AGAIN: Duration = Duration::from_millis(200);
/// Longest that the shop may take to answer.
const ANSWER: Duration = Duration::from_secs(20);

/// The header that goes with a body.
pub(super) fn sign(secret: &str, body: &str, at: u64) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{at}.{body}").as_bytes());
    let bytes = mac.finalize().into_bytes();
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at},v1={digits}")
}

/// Posts what happens after the first `told` events, until its task is ended.
pub(super) async fn run(shared: Shared, webhook: String, manner: Manner, mut told: usize) {
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(ANSWER)
        .build()
        .expect("a client can be made");
    loop {
        shared.0.happened.notified().await;
        tokio::time::sleep(manner.late).await;
        let mut due: Vec<String> = {
            let account = lock(&shared.0.account);
            let bodies = account.events[told..].iter();
            bodies.map(|event| event.body.clone()).collect()
        };
        told += due.len();
        if manner.backwards {
            due.reverse();
        }
        for body in due {
            for _ in 0..manner.copies {
                post(&shared, &client, &webhook, &body).await;
            }
        }
    }
}

async fn post(shared: &Shared, client: &reqwest::Client, webhook: &str, body: &str) {
    for _ in 0..POSTS {
        let signature = {
            let setup = &lock(&shared.0.account).setup;
            sign(&setup.secret, body, (setup.now)())
        };
        let posted = client
            .post(webhook)
            .header("stripe-signature", signature)
            .header("content-type", "application/json")
            .body(body.to_owned())
            .send()
            .await;
        if posted.is_ok_and(|answer| answer.status().is_success()) {
            return;
        }
        tokio::time::sleep(AGAIN).await;
    }
}
