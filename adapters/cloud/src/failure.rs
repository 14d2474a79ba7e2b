//! How calls to services fail, in the few ways that matter, and what the ports are told of it. What a service answers
//! besides its code stays here: it may repeat what it was sent, and logs hold nothing personal.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use latchkey_host::ports::{ArchiveError, DirectoryError, FinishesError};
use latchkey_platform::placement::PlacementError;
use latchkey_platform::store::StoreError;

/// Bytes of a service's code that are passed on.
const CODE_BYTES: usize = 64;

/// A call that came to nothing, after all attempts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{service} {cause}")]
pub struct Failure {
    /// Who was called.
    pub service: &'static str,
    /// How it failed.
    pub cause: Cause,
}

/// How a call failed. Whether it was carried out is known of none but [`Cause::Refused`], [`Cause::Throttled`] and
/// [`Cause::Unmade`]: it was not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// More is asked of it than it gives.
    #[error("throttled the call ({0})")]
    Throttled(String),
    /// It did not answer in time.
    #[error("did not answer in time")]
    TimedOut,
    /// There was no connection, or it broke.
    #[error("could not be reached, or its connection broke")]
    Cut,
    /// It failed inside.
    #[error("failed inside ({0})")]
    Broken(String),
    /// It will not do it: rights, names or what was sent are wrong.
    #[error("refused the call ({0})")]
    Refused(String),
    /// It answered something else.
    #[error("answered what cannot be read")]
    Unreadable,
    /// Nothing was sent.
    #[error("was not called: the region, the address or the credentials are missing or wrong")]
    Unmade,
}

impl Failure {
    /// A failed call to `service`.
    pub fn of<E: ProvideErrorMetadata>(
        service: &'static str,
        error: &SdkError<E, HttpResponse>,
    ) -> Self {
        let cause = match error {
            SdkError::ConstructionFailure(_) => Cause::Unmade,
            SdkError::TimeoutError(_) => Cause::TimedOut,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => Cause::TimedOut,
            SdkError::DispatchFailure(failure) if failure.is_io() => Cause::Cut,
            SdkError::DispatchFailure(failure) if failure.is_user() => Cause::Unmade,
            SdkError::DispatchFailure(_) => Cause::Cut,
            SdkError::ResponseError(_) => Cause::Unreadable,
            SdkError::ServiceError(refusal) => {
                answered(refusal.raw().status().as_u16(), refusal.err().code())
            }
            _ => Cause::Unreadable,
        };
        Self { service, cause }
    }
}

/// What an answer with this status and code means.
fn answered(status: u16, code: Option<&str>) -> Cause {
    let code = match code {
        Some(code) => plain(code),
        None => status.to_string(),
    };
    if status < 400 {
        Cause::Unreadable
    } else if status == 429 || is_throttling(&code) {
        Cause::Throttled(code)
    } else if status >= 500 {
        Cause::Broken(code)
    } else {
        Cause::Refused(code)
    }
}

/// The codes by which services say that they are asked too much.
fn is_throttling(code: &str) -> bool {
    const OTHERS: [&str; 6] = [
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "TooManyRequestsException",
    ];
    code.contains("Throttl") || OTHERS.contains(&code)
}

/// A code is a word; what is none is not passed on.
fn plain(code: &str) -> String {
    let of_word = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    code.chars().filter(of_word).take(CODE_BYTES).collect()
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(failure.to_string())
    }
}

impl From<Failure> for PlacementError {
    fn from(failure: Failure) -> Self {
        Self(failure.to_string())
    }
}

impl From<Failure> for DirectoryError {
    fn from(failure: Failure) -> Self {
        Self(failure.to_string())
    }
}

impl From<Failure> for FinishesError {
    fn from(failure: Failure) -> Self {
        Self(failure.to_string())
    }
}

impl From<Failure> for ArchiveError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(failure.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_told_by_its_code_before_its_status() {
        let named = |code: &str| code.to_owned();
        for (status, code, cause) in [
            (
                400,
                Some("ThrottlingException"),
                Cause::Throttled(named("ThrottlingException")),
            ),
            (503, Some("SlowDown"), Cause::Throttled(named("SlowDown"))),
            (429, None, Cause::Throttled(named("429"))),
            (
                500,
                Some("InternalServerError"),
                Cause::Broken(named("InternalServerError")),
            ),
            (502, None, Cause::Broken(named("502"))),
            (
                400,
                Some("AccessDeniedException"),
                Cause::Refused(named("AccessDeniedException")),
            ),
            (404, None, Cause::Refused(named("404"))),
            (200, None, Cause::Unreadable),
        ] {
            assert_eq!(answered(status, code), cause, "{status} {code:?}");
        }
    }

    #[test]
    fn a_code_brings_nothing_along() {
        let code = plain("Bad ada@example.org {\"x\": 1}");
        assert_eq!(code, "Badadaexample.orgx1");
        assert_eq!(plain(&"x".repeat(1_000)).len(), CODE_BYTES);
    }

    #[test]
    fn a_failure_says_who_did_what() {
        let service = "the directory's table";
        let cause = Cause::Throttled("ThrottlingException".to_owned());
        assert_eq!(
            StoreError::from(Failure { service, cause }).to_string(),
            "the store is unavailable: the directory's table throttled the call (ThrottlingException)"
        );
    }
}
