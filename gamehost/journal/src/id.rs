//! The id of a journal (J1.3), by which a host's directory knows the same journal again.

use std::fmt;
use std::str::FromStr;

/// The random id of one journal, for the life of its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct JournalId(pub u128);

/// Digits of an id.
const DIGITS: usize = 32;

/// Text that is not the id of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a journal: expected {DIGITS} lower-case hexadecimal digits")]
pub struct BadJournalId;

impl JournalId {
    /// Reads the content of the file; nothing when it is not exactly as it was written.
    pub(crate) fn from_file(bytes: &[u8]) -> Option<Self> {
        let digits = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
        digits.parse().ok()
    }
}

impl fmt::Display for JournalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for JournalId {
    type Err = BadJournalId;

    fn from_str(text: &str) -> Result<Self, BadJournalId> {
        let id = u128::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| BadJournalId)?;
        // Signs, capitals and missing zeros are other people's numbers.
        if id.to_string() == text {
            Ok(id)
        } else {
            Err(BadJournalId)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_32_lower_case_digits_and_nothing_else() {
        let id = JournalId(0xabc);
        let text = "00000000000000000000000000000abc";
        assert_eq!(id.to_string(), text);
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(
            JournalId::from_file(format!("{text}\n").as_bytes()),
            Some(id)
        );
        let upper = text.to_uppercase();
        let signed = format!("+{}", &text[1..]);
        for bad in ["", "abc", &upper, &signed, &text[1..], "g"] {
            assert_eq!(bad.parse::<JournalId>(), Err(BadJournalId), "{bad:?}");
        }
        assert_eq!(JournalId::from_file(text.as_bytes()), None, "a torn write");
    }
}
