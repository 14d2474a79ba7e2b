//! What is handed over.

use latchkey_platform::fakes::samples;
use latchkey_platform::mail::{AddressHash, MailError, MailKind, Mailer as _, Traced};

use crate::support::{DOMAIN, SET, mailer, service, settings};

#[tokio::test]
async fn a_letter_arrives_with_all_that_it_holds() {
    let service = service().await;
    let mut email = samples::email("resend-1");
    email.kind = MailKind::Resend;
    let unsubscribe = [
        ("Reply-To", "help@games.test"),
        ("List-Unsubscribe", "<https://games.test/unsubscribe/abc>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ];
    let more = unsubscribe.map(|(name, value)| (name.to_owned(), value.to_owned()));
    email.headers.extend(more.clone());
    mailer(service.url(), settings())
        .send(&email)
        .await
        .unwrap();
    let [letter] = service.inbox().try_into().unwrap();
    assert_eq!(letter.from, format!("Latchkey <games@{DOMAIN}>"));
    assert_eq!(letter.to, [email.to.as_str()]);
    assert_eq!(
        (&letter.subject, &letter.text, &letter.html),
        (&email.subject, &email.text, &email.html)
    );
    assert_eq!(letter.reply_to, ["help@games.test"]);
    let auto = ("Auto-Submitted".to_owned(), "auto-generated".to_owned());
    assert_eq!(letter.headers, [auto, more[1].clone(), more[2].clone()]);
    assert_eq!(letter.set, SET);
    let address = AddressHash::of(&email.to);
    let tags = [
        ("kind", "resend"),
        ("environment", "test"),
        ("message", "resend-1"),
        ("address", address.as_str()),
    ];
    let tags = tags.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(letter.tags, tags);
}

#[tokio::test]
async fn a_recipient_of_another_script_is_written_as_ses_takes_it_or_refused() {
    let service = service().await;
    let mailer = mailer(service.url(), settings());
    let mut email = samples::email("confirm-1");
    email.to = "ada@bücher.example".parse().unwrap();
    mailer.send(&email).await.unwrap();
    assert_eq!(service.inbox()[0].to, ["ada@xn--bcher-kva.example"]);
    email.to = "用户@例子.公司".parse().unwrap();
    let refused = mailer.send(&email).await;
    assert!(matches!(refused, Err(MailError::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn what_became_of_a_letter_cannot_be_asked() {
    let service = service().await;
    let email = samples::email("confirm-1");
    let traced = mailer(service.url(), settings()).trace(&email.key).await;
    assert_eq!(traced.unwrap(), Traced::Unknown);
}
