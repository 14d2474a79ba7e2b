//! What a member looks like to the others: a name and a colour (P3.4).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use crate::limits;

/// A name that breaks P3.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing visible in it.
    #[error("the name has no visible character; give 1 to {most} characters", most = limits::NAME_CHARACTERS)]
    Empty,
    /// More than fits.
    #[error("the name has {0} characters; at most {most} fit", most = limits::NAME_CHARACTERS)]
    TooLong(usize),
    /// Characters that act on the text around them.
    #[error("the name has a control or direction character; use letters, digits, signs and emoji")]
    Control,
}

/// A member's name: 1 to 24 visible characters of any script, without characters that act on the text around them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Box<str>);

impl Name {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, line breaks, and the marks that turn the direction of text that follows them.
fn acts_on_text(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Characters that show nothing by themselves: spaces, joiners, variation selectors, fillers.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200d}'
            | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

impl FromStr for Name {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let text = text.trim();
        if text.chars().any(acts_on_text) {
            return Err(BadName::Control);
        }
        if text.chars().all(is_invisible) {
            return Err(BadName::Empty);
        }
        let characters = text.graphemes(true).count();
        if characters > limits::NAME_CHARACTERS || text.len() > limits::NAME_BYTES {
            return Err(BadName::TooLong(characters));
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for Name {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0.into()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text that is not `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the colour must be # and six hexadecimal digits, as #3366cc")]
pub struct BadColour;

/// A colour as red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour(pub [u8; 3]);

impl FromStr for Colour {
    type Err = BadColour;

    fn from_str(text: &str) -> Result<Self, BadColour> {
        let digits = text
            .strip_prefix('#')
            .filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()));
        let number = u32::from_str_radix(digits.ok_or(BadColour)?, 16).map_err(|_| BadColour)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl TryFrom<String> for Colour {
    type Error = BadColour;
    fn try_from(text: String) -> Result<Self, BadColour> {
        text.parse()
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// Name and colour together: the body of `joined` and `profile` records (P4.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The name shown to others.
    pub name: Name,
    /// The colour of cursor and chat.
    pub colour: Colour,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_script_and_emoji_are_taken_and_counted_as_seen() {
        for name in [
            "Ada",
            "  Ada ",
            "Ørjan",
            "李雷",
            "محمد",
            "👩‍👩‍👧‍👦",
            "नमस्ते",
            "a".repeat(24).as_str(),
            "👩‍👩‍👧‍👦".repeat(12).as_str(),
        ] {
            assert_eq!(
                name.parse::<Name>().map(|n| n.to_string()),
                Ok(name.trim().to_owned())
            );
        }
    }

    #[test]
    fn names_without_anything_visible_or_with_control_characters_are_refused() {
        assert_eq!("  ".parse::<Name>(), Err(BadName::Empty));
        assert_eq!("\u{200b}\u{200d}".parse::<Name>(), Err(BadName::Empty));
        assert_eq!("a\u{202e}b".parse::<Name>(), Err(BadName::Control));
        assert_eq!("a\nb".parse::<Name>(), Err(BadName::Control));
        assert_eq!("a".repeat(25).parse::<Name>(), Err(BadName::TooLong(25)));
    }

    #[test]
    fn colours_are_six_digits_and_keep_them() {
        assert_eq!(
            "#3366Cc".parse::<Colour>().map(|c| c.to_string()),
            Ok("#3366cc".to_owned())
        );
        for bad in ["3366cc", "#36c", "#3366c", "#3366ccc", "#+366cc", "red", ""] {
            assert_eq!(bad.parse::<Colour>(), Err(BadColour), "{bad}");
        }
    }
}
