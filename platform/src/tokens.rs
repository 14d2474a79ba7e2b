//! 256-bit tokens that open something by being known, the hashes they are stored as, and the keys they are
//! derived with.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::entropy::{self, Entropy};

/// 256 unguessable bits, written as 43 characters of base64url. Never stored and never logged: `Debug` hides
/// it, and what is stored is its [`TokenHash`].
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

/// The text is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a token is 43 characters of letters, digits, - and _; open the whole link as it was sent")]
pub struct TokenMalformed;

impl Token {
    /// A new token.
    #[must_use]
    pub fn random(entropy: &dyn Entropy) -> Self {
        Self(entropy::bytes(entropy))
    }

    /// Reads a token from its text form.
    ///
    /// # Errors
    /// [`TokenMalformed`] if it is anything but the one canonical text of 256 bits.
    pub fn parse(text: &str) -> Result<Self, TokenMalformed> {
        decode(text).map(Self).ok_or(TokenMalformed)
    }

    /// What is stored of the token.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0).into())
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

/// The SHA-256 of a token: enough to recognise it, not enough to use it. A token has 256 random bits, so a
/// slow hash would add nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Whether this is the hash of `token`, in a time that does not depend on where they differ.
    #[must_use]
    pub fn matches(&self, token: &Token) -> bool {
        self.0.ct_eq(&token.hash().0).into()
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl Serialize for TokenHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TokenHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        decode(&text)
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("not a SHA-256 hash"))
    }
}

fn decode(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// A secret key that tokens are derived with, so that an effect repeated after a crash makes the same token.
#[derive(Clone)]
pub struct DerivingKey([u8; 32]);

impl DerivingKey {
    /// The key with these bytes, which must be random.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The token for these parts. Each part is preceded by its length, so that no two lists of parts give
    /// the same input.
    #[must_use]
    pub fn derive(&self, parts: &[&[u8]]) -> Token {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Token(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for DerivingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DerivingKey(hidden)")
    }
}

impl Token {
    /// The raw bits, for ids derived from a token.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_one_text_form_and_is_recognised_by_its_hash_alone() {
        let token = DerivingKey::new([7; 32]).derive(&[b"link", b"game"]);
        let text = token.to_string();
        assert_eq!(text.len(), 43);
        assert_eq!(Token::parse(&text), Ok(token.clone()));
        assert!(token.hash().matches(&token));
        assert_eq!(Token::parse(&text[1..]), Err(TokenMalformed));
        assert_eq!(Token::parse(&format!("{text}=")), Err(TokenMalformed));
        assert!(!format!("{token:?}").contains(&text));
    }

    #[test]
    fn parts_that_read_alike_when_joined_derive_different_tokens() {
        let key = DerivingKey::new([7; 32]);
        assert_ne!(key.derive(&[b"ab", b"c"]), key.derive(&[b"a", b"bc"]));
    }
}
