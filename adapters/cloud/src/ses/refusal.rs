//! What it means that SES did not take a letter: whether it may have gone out, and whether trying again helps. What SES says
//! in words quotes addresses and is not passed on.

use std::error::Error;

use aws_sdk_sesv2::config::http::HttpResponse;
use aws_sdk_sesv2::error::SdkError;
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use hyper_util::client::legacy;
use latchkey_platform::mail::MailError;

use crate::failure::{Cause, Failure};

/// What a failed `SendEmail` means.
pub(super) fn meaning(error: &SdkError<SendEmailError, HttpResponse>) -> MailError {
    if never_connected(error) {
        return MailError::Later("SES cannot be connected to".to_owned());
    }
    if let Some(told) = error.as_service_error().and_then(told) {
        return told;
    }
    let failure = Failure::of("SES", error);
    let words = failure.to_string();
    match failure.cause {
        // Rights and names that are wrong are mended while the letter waits.
        Cause::Throttled(_) | Cause::Refused(_) | Cause::Unmade => MailError::Later(words),
        Cause::TimedOut | Cause::Cut | Cause::Broken(_) | Cause::Unreadable => {
            MailError::Unavailable(words)
        }
    }
}

/// What SES says of a letter it did not take.
fn told(error: &SendEmailError) -> Option<MailError> {
    use SendEmailError as E;
    let later = |words: &str| Some(MailError::Later(words.to_owned()));
    let refused = |words: &str| Some(MailError::Refused(words.to_owned()));
    match error {
        E::MessageRejected(_) => refused(
            "SES rejects the letter: the sender's domain is not verified, or, in the sandbox, the recipient is not",
        ),
        E::BadRequestException(_) => refused(
            "SES cannot read the letter: the recipient's address or a header is not as it takes them",
        ),
        E::TooManyRequestsException(_) | E::LimitExceededException(_) => {
            later("SES takes no more letters just now: the rate or the day's share is used up")
        }
        E::SendingPausedException(_) => {
            later("sending is paused for the account or the configuration set: see SES's console")
        }
        E::AccountSuspendedException(_) => {
            later("the account may not send for good or for now: see SES's console")
        }
        E::MailFromDomainNotVerifiedException(_) => later(
            "the records of the MAIL FROM domain are not found: compare them with SES's console",
        ),
        E::NotFoundException(_) => later("there is no configuration set of this name"),
        _ => None,
    }
}

/// Whether no connection was made at all, so that nothing can have been sent.
fn never_connected(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error
            .downcast_ref::<legacy::Error>()
            .is_some_and(legacy::Error::is_connect)
        {
            return true;
        }
        next = error.source();
    }
    false
}
