//! An environment, and the names that follow from it (`deploy/README.md`, "Names").

use std::fmt;
use std::str::FromStr;

use latchkey_host::ports::Slot;

use super::release::Version;

/// The name of a deployment: `dev`, `prod`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Environment(String);

/// The text is no name of an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an environment is named by 2 to 12 of a-z and 0-9, a letter first")]
pub(crate) struct BadEnvironment;

impl FromStr for Environment {
    type Err = BadEnvironment;

    fn from_str(text: &str) -> Result<Self, BadEnvironment> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let begins = text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_lowercase());
        if begins && (2..=12).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadEnvironment)
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Environment {
    /// The table `what`.
    pub(crate) fn table(&self, what: &str) -> String {
        format!("latchkey-{self}-{what}")
    }

    /// The bucket `what`, in this account.
    pub(crate) fn bucket(&self, what: &str, account: &str) -> String {
        format!("latchkey-{self}-{what}-{account}")
    }

    /// The scaling group of a slot.
    pub(crate) fn group(&self, slot: Slot) -> String {
        format!("latchkey-{self}-slot-{slot}")
    }

    /// The parameter that says which release a region's machines run, or that of one slot.
    pub(crate) fn release(&self, slot: Option<Slot>) -> String {
        match slot {
            None => format!("/latchkey/{self}/hosts/release"),
            Some(slot) => format!("/latchkey/{self}/hosts/release/{slot}"),
        }
    }

    /// The parameter with the line of a release that was published.
    pub(crate) fn published(&self, version: &Version) -> String {
        format!("/latchkey/{self}/hosts/published/{version}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_has_the_form_that_the_templates_take() {
        for good in ["dev", "prod", "a1", "abcdefghijkl"] {
            assert!(good.parse::<Environment>().is_ok(), "{good}");
        }
        for bad in ["", "d", "1dev", "Dev", "de-v", "abcdefghijklm"] {
            assert_eq!(bad.parse::<Environment>(), Err(BadEnvironment), "{bad}");
        }
        let dev: Environment = "dev".parse().unwrap();
        assert_eq!(dev.table("directory"), "latchkey-dev-directory");
    }
}
