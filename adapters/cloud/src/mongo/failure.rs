//! Failures of Mongo as the ports know them. Texts are made of codes and kinds alone: the server's and the driver's own
//! words hold addresses, keys and contents of documents.

use latchkey_host::ports::ArchiveError;
use latchkey_platform::store::StoreError;
use mongodb::error::{Error, ErrorKind, WriteFailure};

use super::ConnectError;
use super::limits::{TURN_WITHIN, WORK_WITHIN};

/// Something with the same unique key is there.
const DUPLICATE_KEY: i32 = 11_000;
/// The document is larger than the database takes.
const TOO_LARGE: i32 = 10_334;

/// Why a call did not do what it should.
#[derive(Debug)]
pub(super) enum Fault {
    /// The driver or the server said no.
    Driver(Box<Error>),
    /// No connection became free.
    Crowded,
    /// No answer came.
    Late,
    /// A document is not what this program writes.
    Unreadable(String),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Driver(Box::new(error))
    }
}

/// What a fault means to whoever called.
enum Meaning {
    /// Trying again may help.
    Away(String),
    /// It does not.
    Hopeless(String),
}

impl Fault {
    fn meaning(self) -> Meaning {
        match self {
            Self::Driver(error) if code(&error) == Some(TOO_LARGE) => {
                Meaning::Hopeless("the document is too large for the database".to_owned())
            }
            Self::Driver(error) => Meaning::Away(text(&error)),
            Self::Crowded => Meaning::Away(format!(
                "all connections to the database were busy for {} s",
                TURN_WITHIN.as_secs()
            )),
            Self::Late => Meaning::Away(format!(
                "the database did not answer within {} s",
                WORK_WITHIN.as_secs()
            )),
            Self::Unreadable(text) => Meaning::Hopeless(text),
        }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault.meaning() {
            Meaning::Away(text) => Self::Unavailable(text),
            Meaning::Hopeless(text) => Self::Corrupt(text),
        }
    }
}

impl From<Fault> for ArchiveError {
    fn from(fault: Fault) -> Self {
        match fault.meaning() {
            Meaning::Away(text) => Self::Unavailable(text),
            Meaning::Hopeless(text) => Self::Corrupt(text),
        }
    }
}

/// Whether a write failed because its unique key is taken.
pub(super) fn is_duplicate(error: &Error) -> bool {
    code(error) == Some(DUPLICATE_KEY)
}

fn code(error: &Error) -> Option<i32> {
    match error.kind.as_ref() {
        ErrorKind::Command(error) => Some(error.code),
        ErrorKind::Write(WriteFailure::WriteError(error)) => Some(error.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(error)) => Some(error.code),
        _ => None,
    }
}

/// What the driver said, without anything personal.
pub(super) fn text(error: &Error) -> String {
    match error.kind.as_ref() {
        ErrorKind::Command(error) => {
            format!("the database refused with {} ({})", error.code_name, error.code)
        }
        ErrorKind::Write(WriteFailure::WriteError(error)) => {
            format!("the database refused the write with code {}", error.code)
        }
        ErrorKind::Write(WriteFailure::WriteConcernError(error)) => format!(
            "the write is not known to have reached a majority of the database's servers ({})",
            error.code
        ),
        ErrorKind::Authentication { .. } => {
            "the database refused the user or the password of its address".to_owned()
        }
        ErrorKind::Io(error) => format!("the connection to the database: {}", error.kind()),
        ErrorKind::ServerSelection { .. } => {
            "no server of the database that takes writes was found; it may be away, or refuse the user or the password"
                .to_owned()
        }
        ErrorKind::DnsResolve { .. } => {
            "the name service does not know the database's servers".to_owned()
        }
        ErrorKind::ConnectionPoolCleared { .. } => {
            "the connections to the database were given up, because one of them failed".to_owned()
        }
        ErrorKind::Shutdown => "the connection to the database was closed by us".to_owned(),
        ErrorKind::InvalidTlsConfig { .. } => "its settings of TLS are not usable".to_owned(),
        ErrorKind::InvalidArgument { .. } => "one of its options is not usable".to_owned(),
        ErrorKind::InvalidResponse { .. } => {
            "the database's answer is not one of its protocol".to_owned()
        }
        ErrorKind::IncompatibleServer { .. } => {
            "the database's version does not fit the driver".to_owned()
        }
        _ => "the driver of the database failed".to_owned(),
    }
}

/// Why an address cannot be used.
pub(super) fn of_address(error: &Error) -> ConnectError {
    match error.kind.as_ref() {
        ErrorKind::DnsResolve { .. } => ConnectError::Unknown,
        _ => ConnectError::Address,
    }
}
