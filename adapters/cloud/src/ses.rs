//! Mail by SES: the port [`Mailer`] on its call `SendEmail`, and what SES tells of letters afterwards ([`feedback`]).
//!
//! SES has no key under which a letter is sent once, and cannot be asked what became of one. So a letter is handed over by
//! one attempt alone, and whoever gets no answer to it does not know whether it went out ([`MailError::Unavailable`]). What
//! is known not to have gone out is told apart ([`MailError::Later`], [`MailError::Refused`]), and tried again by the queue.

pub mod feedback;
mod refusal;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::error::BuildError;
use aws_sdk_sesv2::types::{
    Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag,
};
use latchkey_platform::email::EmailAddress;
use latchkey_platform::mail::{AddressHash, Email, MailError, Mailer, MessageKey, Traced};

use crate::aws::Patience;

/// One attempt, with all the time it may need: one that is given up leaves a letter of which nobody knows.
const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(1),
    attempt: Duration::from_secs(10),
    operation: Duration::from_secs(10),
    attempts: 1,
    backoff: Duration::ZERO,
};

/// The name that letters come from, beside the address.
const SENDER: &str = "Latchkey";
/// The tags by which the events of a letter lead back to it. Their values may have letters, digits, `_` and `-` alone.
const TAG_KIND: &str = "kind";
const TAG_ENVIRONMENT: &str = "environment";
const TAG_MESSAGE: &str = "message";
const TAG_ADDRESS: &str = "address";
/// The header that SES takes in a field of its own.
const REPLY_TO: &str = "Reply-To";

/// How letters are sent.
#[derive(Debug, Clone)]
pub struct Settings {
    /// From whom they are.
    pub from: EmailAddress,
    /// The configuration set they are sent by, which says where their events go.
    pub set: String,
    /// The name of the deployment.
    pub environment: String,
}

/// A mailer that is SES. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Ses {
    client: Client,
    settings: Arc<Settings>,
}

impl Ses {
    /// In the region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: Settings) -> Self {
        let config = aws_sdk_sesv2::config::Builder::from(config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(PATIENCE.timeouts())
            .build();
        Self {
            client: Client::from_conf(config),
            settings: Arc::new(settings),
        }
    }

    fn tags(&self, email: &Email) -> Result<Vec<MessageTag>, BuildError> {
        let address = AddressHash::of(&email.to);
        let tags = [
            (TAG_KIND, email.kind.as_str()),
            (TAG_ENVIRONMENT, &self.settings.environment),
            (TAG_MESSAGE, email.key.as_str()),
            (TAG_ADDRESS, address.as_str()),
        ];
        let tag =
            |(name, value): (&str, &str)| MessageTag::builder().name(name).value(value).build();
        tags.into_iter().map(tag).collect()
    }
}

#[async_trait]
impl Mailer for Ses {
    async fn send(&self, email: &Email) -> Result<(), MailError> {
        let (replies, headers): (Vec<_>, Vec<_>) = email
            .headers
            .iter()
            .partition(|(name, _)| name.eq_ignore_ascii_case(REPLY_TO));
        let replies: Vec<String> = replies.into_iter().map(|(_, to)| to.clone()).collect();
        let call = self
            .client
            .send_email()
            .from_email_address(format!("{SENDER} <{}>", self.settings.from))
            .destination(
                Destination::builder()
                    .to_addresses(mailbox(&email.to)?)
                    .build(),
            )
            .set_reply_to_addresses(Some(replies).filter(|replies| !replies.is_empty()))
            .configuration_set_name(&self.settings.set)
            .set_email_tags(Some(self.tags(email).map_err(unfit)?))
            .content(content(email, &headers).map_err(unfit)?);
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(refusal::meaning(&error)),
        }
    }

    async fn trace(&self, _key: &MessageKey) -> Result<Traced, MailError> {
        Ok(Traced::Unknown)
    }
}

fn content(email: &Email, headers: &[&(String, String)]) -> Result<EmailContent, BuildError> {
    let text = |text: &str| Content::builder().data(text).charset("UTF-8").build();
    let header = |(name, value): &&(String, String)| {
        MessageHeader::builder().name(name).value(value).build()
    };
    let headers: Vec<_> = headers.iter().map(header).collect::<Result<_, _>>()?;
    let body = Body::builder()
        .text(text(&email.text)?)
        .html(text(&email.html)?)
        .build();
    let message = Message::builder()
        .subject(text(&email.subject)?)
        .body(body)
        .set_headers(Some(headers).filter(|headers| !headers.is_empty()))
        .build();
    Ok(EmailContent::builder().simple(message).build())
}

/// The address as SES takes it: domains of other scripts go in the form that name servers know.
fn mailbox(address: &EmailAddress) -> Result<String, MailError> {
    let refused =
        || MailError::Refused("the recipient's domain cannot be written in ASCII".to_owned());
    let (name, domain) = address.as_str().rsplit_once('@').ok_or_else(refused)?;
    let domain = idna::domain_to_ascii(domain).map_err(|_| refused())?;
    Ok(format!("{name}@{domain}"))
}

fn unfit(error: BuildError) -> MailError {
    MailError::Refused(format!("the letter cannot be put together: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_of_another_script_is_written_as_name_servers_know_it() {
        for (address, written) in [
            ("Ada@Example.org", "Ada@example.org"),
            ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(mailbox(&address).unwrap(), written);
        }
    }
}
