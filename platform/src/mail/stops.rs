//! Addresses that get no more mail: because mail to them comes back, or because somebody there complained. Kept by a
//! hash, so that a list of them names nobody.

use std::fmt;

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};

use super::{MailKind, MessageKey};
use crate::email::EmailAddress;
use crate::hex::hex;
use crate::store::StoreError;

/// SHA-256 of an address in the form under which orders are found, as 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressHash(String);

/// The text is no such hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the hash of an address has 64 characters of 0-9 and a-f")]
pub struct AddressHashError;

impl AddressHash {
    /// The hash of an address, whatever case it was written in.
    #[must_use]
    pub fn of(address: &EmailAddress) -> Self {
        Self(hex(&Sha256::digest(address.folded().as_bytes())))
    }

    /// Reads a hash.
    ///
    /// # Errors
    /// [`AddressHashError`].
    pub fn parse(text: &str) -> Result<Self, AddressHashError> {
        let plain = text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if plain && text.len() == 64 {
            Ok(Self(text.to_owned()))
        } else {
            Err(AddressHashError)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AddressHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why an address gets no more mail. The later one is the stronger and stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Somebody there called our mail unwanted.
    Complained,
    /// Mail to it comes back for good: there is no such mailbox.
    Bounced,
}

impl Stop {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Complained, Self::Bounced];

    /// The word under which stores keep it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complained => "complained",
            Self::Bounced => "bounced",
        }
    }

    /// The stop that a store keeps under this word.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for any other word.
    pub fn parse(word: &str) -> Result<Self, StoreError> {
        let known = Self::ALL.into_iter().find(|stop| stop.as_str() == word);
        known.ok_or_else(|| StoreError::Corrupt("a stop of mail for an unknown reason".to_owned()))
    }

    /// Whether a letter of this kind may not go out. Nothing goes to a mailbox that does not exist: the letter would come
    /// back again, and who sends much of that is trusted by nobody. Who complained still gets the one letter that
    /// answers a payment, because it is part of what was paid for.
    #[must_use]
    pub fn holds(self, kind: MailKind) -> bool {
        match self {
            Self::Bounced => true,
            Self::Complained => kind != MailKind::Purchase,
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Addresses that get no more mail.
#[async_trait]
pub trait Stops: Send + Sync {
    /// Stops mail to an address. Doing so again changes nothing, and neither does a weaker reason than the one there.
    async fn stop(&self, address: &AddressHash, why: Stop) -> Result<(), StoreError>;
    /// Whether mail to an address is stopped, and why.
    async fn stopped(&self, address: &AddressHash) -> Result<Option<Stop>, StoreError>;
}

/// What a mailer tells of a letter that had gone out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// What became of it.
    pub fate: Fate,
    /// To whom it went.
    pub to: Vec<AddressHash>,
    /// The letter, where the mailer kept our note of it.
    pub message: Option<MessageKey>,
}

/// What became of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It came back, and always will.
    Bounced,
    /// It came back this time: the mailbox is full, its server is away, the letter is too large.
    Delayed,
    /// Whoever got it complained.
    Complained,
    /// The mailer did not send it, because of what it holds.
    Rejected,
    /// Anything else, such as the word that it was no unwanted mail after all.
    Other,
}

impl Fate {
    /// Whether, and why, no more mail goes to where the letter went.
    #[must_use]
    pub fn stop(self) -> Option<Stop> {
        match self {
            Self::Bounced => Some(Stop::Bounced),
            Self::Complained => Some(Stop::Complained),
            Self::Delayed | Self::Rejected | Self::Other => None,
        }
    }
}

/// Stops mail to where a letter went, if what became of it says so. The same feedback may come any number of times.
///
/// # Errors
/// [`StoreError`]; taking it again is safe.
pub async fn take_feedback(stops: &dyn Stops, feedback: &Feedback) -> Result<(), StoreError> {
    if let Some(why) = feedback.fate.stop() {
        for address in &feedback.to {
            stops.stop(address, why).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::FakeStops;

    fn feedback(fate: Fate) -> Feedback {
        let address = "Ada@Example.org".parse().expect("an address");
        Feedback {
            fate,
            to: vec![AddressHash::of(&address)],
            message: None,
        }
    }

    #[test]
    fn an_address_has_one_hash_in_whatever_case_it_is_written() {
        let hash = |text: &str| AddressHash::of(&text.parse().expect("an address"));
        assert_eq!(hash("Ada@Example.org"), hash(" ada@example.ORG"));
        assert_ne!(hash("ada@example.org"), hash("ada@example.com"));
        // From `printf ada@example.org | sha256sum`.
        let known = "cfe00dde46ef942601ffafb9e2825e802858b460e586b8305b344c1eb826357d";
        assert_eq!(hash("ada@example.org").as_str(), known);
        assert_eq!(
            AddressHash::parse(hash("a@b.de").as_str()),
            Ok(hash("a@b.de"))
        );
        for wrong in ["", "ada@example.org", &known.to_uppercase(), &known[1..]] {
            assert_eq!(AddressHash::parse(wrong), Err(AddressHashError), "{wrong}");
        }
    }

    #[test]
    fn a_missing_mailbox_gets_nothing_and_who_complained_only_what_was_paid_for() {
        for kind in [MailKind::Purchase, MailKind::Resend] {
            assert!(Stop::Bounced.holds(kind));
        }
        assert!(Stop::Complained.holds(MailKind::Resend));
        assert!(!Stop::Complained.holds(MailKind::Purchase));
    }

    #[tokio::test]
    async fn only_what_is_for_good_or_a_complaint_stops_mail_however_often_it_is_told() {
        let told = [
            (Fate::Delayed, None),
            (Fate::Rejected, None),
            (Fate::Other, None),
            (Fate::Complained, Some(Stop::Complained)),
            (Fate::Bounced, Some(Stop::Bounced)),
        ];
        for (fate, stop) in told {
            let stops = FakeStops::default();
            for _ in 0..3 {
                take_feedback(&stops, &feedback(fate)).await.unwrap();
            }
            let address = &feedback(fate).to[0];
            assert_eq!(stops.stopped(address).await.unwrap(), stop, "{fate:?}");
        }
    }
}
