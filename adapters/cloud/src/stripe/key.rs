//! The key by which Stripe knows who asks.

use latchkey_platform::payments::Mode;

/// A secret or restricted key. It is never shown.
#[derive(Clone)]
pub struct ApiKey {
    text: String,
    mode: Mode,
}

/// The text is no key of Stripe's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a key of Stripe's begins with sk_live_, rk_live_, sk_test_ or rk_test_ and goes on with letters, digits and _; \
     copy it from Stripe's dashboard (a key that begins with pk_ is the public one)"
)]
pub struct ApiKeyError;

impl ApiKey {
    /// Reads a key.
    ///
    /// # Errors
    /// [`ApiKeyError`].
    pub fn parse(text: &str) -> Result<Self, ApiKeyError> {
        let kind = text
            .strip_prefix("sk_")
            .or_else(|| text.strip_prefix("rk_"))
            .ok_or(ApiKeyError)?;
        let (mode, rest) = kind.split_once('_').ok_or(ApiKeyError)?;
        let mode = match mode {
            "live" => Mode::Live,
            "test" => Mode::Test,
            _ => return Err(ApiKeyError),
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if rest.is_empty() || !rest.bytes().all(plain) {
            return Err(ApiKeyError);
        }
        let text = text.to_owned();
        Ok(Self { text, mode })
    }

    /// Whether it moves real money. The webhook's secret must be of the same mode.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApiKey(hidden, {})", self.mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_its_mode_and_nothing_else() {
        for (text, mode) in [
            ("sk_live_51Abc", Mode::Live),
            ("rk_live_51Abc", Mode::Live),
            ("sk_test_51Abc_x", Mode::Test),
            ("rk_test_1", Mode::Test),
        ] {
            let key = ApiKey::parse(text).unwrap();
            assert_eq!(key.mode(), mode);
            assert!(!format!("{key:?}").contains("51Abc"));
        }
    }

    #[test]
    fn what_is_no_secret_key_is_refused() {
        for text in [
            "",
            "pk_live_51Abc",
            "sk_live_",
            "sk_51Abc",
            "sk_other_51",
            "sk_live_a b",
            "sk_live_a\n",
            "whsec_51",
        ] {
            assert_eq!(ApiKey::parse(text).unwrap_err(), ApiKeyError, "{text:?}");
        }
    }
}
