//! The functions as the service runs them: binaries under the Runtime API. What is wrong is said and named, and nothing that
//! comes in ends one.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::types::QueueAttributeName;
use latchkey_emulators::ElasticMq;
use latchkey_emulators::lambda::{Function, Outcome, Settings};
use latchkey_emulators::mapping::Mapping;
use serde_json::{Value, json};

const SITE: &str = env!("CARGO_BIN_EXE_site");
const CONFIRM: &str = env!("CARGO_BIN_EXE_confirm");
const STATS: &str = env!("CARGO_BIN_EXE_stats");
const MAIL: &str = env!("CARGO_BIN_EXE_mail");

/// Whole settings of every function, as the template gives them.
fn settings() -> BTreeMap<&'static str, String> {
    let queue = |name: &str| format!("http://127.0.0.1:1/000000000000/{name}");
    [
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "x".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "x".to_owned()),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1".to_owned()),
        ("LATCHKEY_ENVIRONMENT", "dev".to_owned()),
        ("LATCHKEY_LOG", "info".to_owned()),
        ("LATCHKEY_ORIGIN", "https://games.test".to_owned()),
        (
            "LATCHKEY_DATABASE_SECRET",
            "latchkey/dev/database".to_owned(),
        ),
        ("LATCHKEY_CLAIMS_TABLE", "claims".to_owned()),
        ("LATCHKEY_DIRECTORY_TABLE", "directory".to_owned()),
        ("LATCHKEY_LINKS_SECRET", "latchkey/dev/links".to_owned()),
        ("LATCHKEY_SITE_SECRET", "latchkey/dev/site".to_owned()),
        ("LATCHKEY_ORIGIN_SECRET", "latchkey/dev/origin".to_owned()),
        ("LATCHKEY_CONFIRM_QUEUE", queue("latchkey-dev-confirm")),
        ("LATCHKEY_STATS_QUEUE", queue("latchkey-dev-stats.fifo")),
        ("LATCHKEY_CAMPAIGN_QUEUE", queue("latchkey-dev-campaign")),
        ("LATCHKEY_PROXIES", "2".to_owned()),
        ("LATCHKEY_REGIONS", "us-east-1,eu-west-1".to_owned()),
        ("LATCHKEY_PLAY_DOMAIN", "play.games.test".to_owned()),
        (
            "LATCHKEY_TILL_ORIGINS",
            "https://checkout.stripe.com".to_owned(),
        ),
        ("LATCHKEY_TITLES_BUCKET", "titles".to_owned()),
        ("LATCHKEY_MAIL_FROM", "games@games.test".to_owned()),
        ("LATCHKEY_MAIL_SET", "orders".to_owned()),
    ]
    .into()
}

fn function(binary: &str, settings: BTreeMap<&'static str, String>) -> Arc<Function> {
    Function::deploy(Settings::new("function", binary, settings))
}

async fn begins(binary: &str, settings: BTreeMap<&'static str, String>) -> Outcome {
    let function = function(binary, settings);
    function.invoke(json!({}).to_string()).await.unwrap()
}

#[tokio::test]
async fn a_function_that_lacks_a_setting_or_cannot_read_one_ends_at_once_and_names_it() {
    let of_all = ["LATCHKEY_ENVIRONMENT", "LATCHKEY_LOG", "LATCHKEY_ORIGIN"];
    for (binary, own) in [
        (
            SITE,
            &[
                "LATCHKEY_CONFIRM_QUEUE",
                "LATCHKEY_PROXIES",
                "LATCHKEY_REGIONS",
            ][..],
        ),
        (CONFIRM, &["LATCHKEY_CONFIRM_QUEUE", "LATCHKEY_MAIL_FROM"]),
        (STATS, &["LATCHKEY_STATS_QUEUE", "LATCHKEY_DATABASE_SECRET"]),
        (MAIL, &["LATCHKEY_CAMPAIGN_QUEUE", "LATCHKEY_CLAIMS_TABLE"]),
    ] {
        for missing in of_all.iter().chain(own) {
            let mut settings = settings();
            settings.remove(missing);
            let outcome = begins(binary, settings).await;
            let Outcome::CannotBegin(why) = &outcome else {
                panic!("{binary} without {missing}: {outcome:?}")
            };
            assert!(why.contains(missing), "{binary}: {why}");
        }
        let mut settings = settings();
        settings.insert("LATCHKEY_ORIGIN", "games.test".to_owned());
        let outcome = begins(binary, settings).await;
        let Outcome::CannotBegin(why) = &outcome else {
            panic!("{binary}: {outcome:?}")
        };
        assert!(why.contains("LATCHKEY_ORIGIN"), "{binary}: {why}");
    }
}

#[tokio::test]
async fn what_is_no_event_is_refused_in_words_and_the_function_goes_on() {
    let mail = function(MAIL, settings());
    for event in [
        "null",
        "[]",
        r#""text""#,
        r#"{"Records": 7}"#,
        r#"{"Records": [{"messageId": "a"}]}"#,
        r#"{"source": "aws.ses"}"#,
        r#"{"source": "aws.ses", "detail-type": "Email Bounced", "detail": {}}"#,
        r#"{"source": "aws.ec2", "to": "ada@example.org"}"#,
    ] {
        let outcome = mail.invoke(event).await.unwrap();
        let Outcome::Failed(why) = &outcome else {
            panic!("{event}: {outcome:?}")
        };
        assert!(why.len() > 10 && !why.contains("ada"), "{event}: {why}");
    }
    let answer = mail.invoke(r#"{"Records": []}"#).await.unwrap();
    assert_eq!(
        answer,
        Outcome::Answered(r#"{"batchItemFailures":[]}"#.into()),
        "the same process is still there"
    );
    let lines = mail.logs();
    assert!(
        lines
            .lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok()),
        "{lines}"
    );
}

#[tokio::test]
async fn a_function_that_is_told_to_end_ends_in_order() {
    let mail = function(MAIL, settings());
    let _answered = mail.invoke(r#"{"Records": []}"#).await.unwrap();
    assert!(mail.figures().unwrap().rss > 0);
    assert_eq!(mail.retire().await.unwrap(), Some(true));
}

fn sqs(url: &str) -> Client {
    let config = aws_sdk_sqs::config::Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("x", "x", None, None, "test"))
        .endpoint_url(url);
    Client::from_conf(config.build())
}

/// The dead letters of a queue, as soon as there are so many; within 30 s.
async fn dead(client: &Client, url: &str, many: usize) -> Vec<(String, String)> {
    let mut letters = Vec::new();
    for _ in 0..30 {
        let call = client.receive_message().queue_url(url).wait_time_seconds(1);
        let call = call
            .max_number_of_messages(10)
            .message_attribute_names("All");
        let received = call.send().await.unwrap().messages.unwrap_or_default();
        letters.extend(received.into_iter().map(|message| {
            let why = message.message_attributes.unwrap()["why"].clone();
            (message.body.unwrap(), why.string_value.unwrap())
        }));
        if letters.len() >= many {
            letters.sort();
            return letters;
        }
    }
    panic!("{letters:?}")
}

#[tokio::test]
async fn jobs_that_nobody_does_go_to_the_dead_letters_with_the_reason() {
    let server = ElasticMq::shared().await.unwrap();
    let client = sqs(&server.url());
    let mut urls = Vec::new();
    for name in ["campaign-dead", "campaign"] {
        let call = client.create_queue().queue_name(name);
        let call = call.attributes(QueueAttributeName::VisibilityTimeout, "30");
        urls.push(call.send().await.unwrap().queue_url.unwrap());
    }
    let [dead_url, url] = &urls[..] else {
        unreachable!()
    };
    let misplaced = json!({"job": "stats", "game": "0".repeat(26), "seq": 3}).to_string();
    for body in ["no job", &misplaced] {
        let sent = client.send_message().queue_url(url).message_body(body);
        sent.send().await.unwrap();
    }
    let mut settings = settings();
    settings.insert("LATCHKEY_CAMPAIGN_QUEUE", url.clone());
    settings.insert("AWS_ENDPOINT_URL", server.url());
    let mail = function(MAIL, settings);
    let _mapping = Mapping::start(url, mail, 10).unwrap();
    let letters = tokio::time::timeout(Duration::from_secs(60), dead(&client, dead_url, 2));
    let letters = letters.await.unwrap();
    assert_eq!((letters.len(), letters[0].0.as_str()), (2, "no job"));
    assert!(
        letters.iter().all(|(_, why)| !why.is_empty()),
        "{letters:?}"
    );
}
