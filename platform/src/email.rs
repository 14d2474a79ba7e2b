//! E-mail addresses, as far as a shop must understand them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::limits::EMAIL_BYTES;

/// An address that mail can be sent to. Only what makes it safe in a header and plausible is checked; whether
/// it exists is known when mail arrives.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

/// The text is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write the e-mail address as name@example.org, at most {EMAIL_BYTES} bytes")]
pub struct EmailError;

impl EmailAddress {
    /// The address as it was given, without surrounding spaces.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form under which orders are found: people do not remember in which case they wrote an address.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl FromStr for EmailAddress {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        let (mailbox, domain) = text.rsplit_once('@').ok_or(EmailError)?;
        let special = |c: char| {
            c.is_whitespace() || c.is_control() || "\"(),:;<>[\\]@".contains(c) || is_hidden(c)
        };
        let label = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c == '-' || c.is_alphanumeric())
        };
        let dotted = |text: &str| text.split('.').all(|part| !part.is_empty());
        let plausible = text.len() <= EMAIL_BYTES
            && mailbox.len() <= 64
            && dotted(mailbox)
            && !mailbox.contains(special)
            && domain.contains('.')
            && domain.split('.').all(label);
        if plausible {
            Ok(Self(text.to_owned()))
        } else {
            Err(EmailError)
        }
    }
}

/// Characters that show nothing and so could make two addresses look alike.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl TryFrom<String> for EmailAddress {
    type Error = EmailError;
    fn try_from(text: String) -> Result<Self, EmailError> {
        text.parse()
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Logs must not hold personal data, and `Debug` is how data gets into logs.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plausible_addresses_of_any_script_are_taken() {
        for text in [
            "a@b.de",
            " Ada.L+x@mail.example.org ",
            "用户@例子.公司",
            "o'hara@example.ie",
        ] {
            assert!(text.parse::<EmailAddress>().is_ok(), "{text:?}");
        }
    }

    #[test]
    fn what_could_break_a_header_or_go_nowhere_is_refused() {
        let long = format!("{}@example.org", "a".repeat(65));
        for text in [
            "",
            "a",
            "@b.de",
            "a@",
            "a@b",
            "a b@c.de",
            "a@b.de\r\nBcc: x@y.de",
            "a@@b.de",
            "<a@b.de>",
            "a@-b.de",
            "a@b..de",
            ".a@b.de",
            "a..b@c.de",
            "a,b@c.de",
            "a\u{202e}@b.de",
            &long,
        ] {
            assert_eq!(text.parse::<EmailAddress>(), Err(EmailError), "{text:?}");
        }
    }
}
