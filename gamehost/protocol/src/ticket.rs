//! Tickets (P1.4): JWTs with one fixed header, signed with Ed25519. Because the header is compared as a whole and
//! never interpreted, no ticket can choose its own algorithm.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::SUBPROTOCOL;
use crate::ids::{MemberId, RoomId, UnixMs};
use crate::limits::{TICKET_LEEWAY_SECONDS, TICKET_SECONDS};
use crate::profile::Profile;

const HEADER: &[u8] = br#"{"alg":"EdDSA","typ":"JWT"}"#;

/// The right to take one seat in one room for a minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The room.
    pub room: RoomId,
    /// The seat.
    pub member: MemberId,
    /// What the member looks like when it joins for the first time.
    pub profile: Profile,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    aud: String,
    room: RoomId,
    member: MemberId,
    #[serde(flatten)]
    profile: Profile,
    iat: u64,
    exp: u64,
}

/// Why a ticket does not admit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTicket {
    /// Not signed by the site, or not a ticket at all.
    #[error("the ticket is not one the site signed")]
    Invalid,
    /// Too old, or from a clock far ahead.
    #[error("the ticket is out of date; ask the site for a new one")]
    Expired,
}

/// Mints tickets; only the site has one.
#[derive(Debug)]
pub struct TicketSigner(SigningKey);

/// Checks tickets; every host has one.
#[derive(Debug, Clone)]
pub struct TicketVerifier(VerifyingKey);

impl TicketSigner {
    /// Takes the 32 secret bytes of an Ed25519 key.
    #[must_use]
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    /// The matching verifier.
    #[must_use]
    pub fn verifier(&self) -> TicketVerifier {
        TicketVerifier(self.0.verifying_key())
    }

    /// Signs `ticket`, good for [`TICKET_SECONDS`] from `now`.
    #[must_use]
    pub fn sign(&self, ticket: &Ticket, now: UnixMs) -> String {
        let issued = now.0 / 1000;
        let claims = Claims {
            aud: SUBPROTOCOL.to_owned(),
            room: ticket.room,
            member: ticket.member,
            profile: ticket.profile.clone(),
            iat: issued,
            exp: issued + TICKET_SECONDS,
        };
        let claims = serde_json::to_vec(&claims).expect("claims serialise");
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(HEADER),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let signature = self.0.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

impl TicketVerifier {
    /// Takes the 32 bytes of an Ed25519 public key.
    ///
    /// # Errors
    /// When the bytes are not such a key.
    pub fn from_public(public: &[u8; 32]) -> Result<Self, BadTicket> {
        VerifyingKey::from_bytes(public)
            .map(Self)
            .map_err(|_| BadTicket::Invalid)
    }

    /// The 32 bytes of the public key.
    #[must_use]
    pub fn to_public(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Checks form, signature, audience and time.
    ///
    /// # Errors
    /// [`BadTicket::Invalid`] or [`BadTicket::Expired`].
    pub fn verify(&self, token: &str, now: UnixMs) -> Result<Ticket, BadTicket> {
        let (signed, signature) = token.rsplit_once('.').ok_or(BadTicket::Invalid)?;
        let (header, claims) = signed.split_once('.').ok_or(BadTicket::Invalid)?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| BadTicket::Invalid);
        if decode(header)? != HEADER {
            return Err(BadTicket::Invalid);
        }
        let signature =
            Signature::from_slice(&decode(signature)?).map_err(|_| BadTicket::Invalid)?;
        self.0
            .verify_strict(signed.as_bytes(), &signature)
            .map_err(|_| BadTicket::Invalid)?;
        let claims: Claims =
            serde_json::from_slice(&decode(claims)?).map_err(|_| BadTicket::Invalid)?;
        if claims.aud != SUBPROTOCOL {
            return Err(BadTicket::Invalid);
        }
        let seconds = now.0 / 1000;
        let too_late = seconds > claims.exp.saturating_add(TICKET_LEEWAY_SECONDS);
        let too_early = seconds.saturating_add(TICKET_LEEWAY_SECONDS) < claims.iat;
        if too_late || too_early {
            return Err(BadTicket::Expired);
        }
        Ok(Ticket {
            room: claims.room,
            member: claims.member,
            profile: claims.profile,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket() -> Ticket {
        Ticket {
            room: RoomId::from_random([7; 20]),
            member: MemberId::from_random([9; 12]),
            profile: Profile {
                name: "Ada".parse().unwrap(),
                colour: "#3366cc".parse().unwrap(),
            },
        }
    }

    #[test]
    fn a_ticket_admits_for_a_minute_and_the_leeway_only() {
        let signer = TicketSigner::from_secret(&[1; 32]);
        let token = signer.sign(&ticket(), UnixMs(1_000_000));
        let verify = |seconds: u64| signer.verifier().verify(&token, UnixMs(seconds * 1000));
        assert_eq!(verify(1_000), Ok(ticket()));
        assert_eq!(verify(1_070), Ok(ticket()));
        assert_eq!(verify(1_071), Err(BadTicket::Expired));
        assert_eq!(verify(989), Err(BadTicket::Expired));
    }

    #[test]
    fn any_changed_byte_or_other_key_or_algorithm_is_refused() {
        let signer = TicketSigner::from_secret(&[1; 32]);
        let token = signer.sign(&ticket(), UnixMs(0));
        let other = TicketSigner::from_secret(&[2; 32]).verifier();
        assert_eq!(other.verify(&token, UnixMs(0)), Err(BadTicket::Invalid));
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(
                signer.verifier().verify(&changed, UnixMs(0)),
                Err(BadTicket::Invalid),
                "byte {at}"
            );
        }
        let claims = token.split('.').nth(1).unwrap();
        let none = format!("{}.{claims}.", URL_SAFE_NO_PAD.encode(br#"{"alg":"none"}"#));
        assert_eq!(
            signer.verifier().verify(&none, UnixMs(0)),
            Err(BadTicket::Invalid)
        );
    }
}
