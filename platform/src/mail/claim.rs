//! Sending a message once although its job may come twice, at the same time, or again after a crash.

use std::sync::Arc;

use super::{
    AddressHash, Email, MailError, Mailer, MessageKey, SendClaim, SendState, Sends, Stop, Stops,
    Traced,
};
use crate::clock::{Clock, Moment as _, UnixMs};
use crate::limits::SEND_CLAIM;
use crate::store::{Insert, StoreError, Swap};

/// Sends messages, each once.
#[derive(Clone)]
pub struct SendOnce {
    /// The claims.
    pub sends: Arc<dyn Sends>,
    /// The addresses that get no more mail.
    pub stops: Arc<dyn Stops>,
    /// Who sends.
    pub mailer: Arc<dyn Mailer>,
    /// The time, by which an abandoned claim is told from one in use.
    pub clock: Arc<dyn Clock>,
    /// Claims from before are abandoned, however young: the start of the only process that sends, or 1970 where
    /// others send too.
    pub alone_since: UnixMs,
}

/// What sending came to.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It went out now.
    Now,
    /// It had gone out before.
    Before,
    /// It did not go out, because its address gets no more mail. Nothing is claimed: should mail to the address be allowed
    /// again, it can be sent.
    Stopped(Stop),
}

/// Why the message cannot be said to have gone out.
#[derive(Debug, thiserror::Error)]
pub enum SendOnceError {
    /// Somebody else is sending it; look again after their time is over.
    #[error("message {0} is being sent by somebody else")]
    InUse(MessageKey),
    /// An attempt was cut off and the mailer cannot tell what became of it. It is not sent again; a person
    /// must look.
    #[error("nobody knows whether message {0} went out; ask the recipient before sending it again")]
    Unknown(MessageKey),
    /// The mailer failed.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// The claims failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SendOnce {
    /// Sends the message unless it went out before.
    ///
    /// # Errors
    /// [`SendOnceError`]; calling again is safe for every one of them.
    pub async fn send(&self, email: &Email) -> Result<Sent, SendOnceError> {
        let stopped = self.stops.stopped(&AddressHash::of(&email.to)).await?;
        if let Some(why) = stopped.filter(|why| why.holds(email.kind)) {
            return Ok(Sent::Stopped(why));
        }
        let Some(claim) = self.claim(&email.key).await? else {
            return Ok(Sent::Before);
        };
        match self.mailer.send(email).await {
            Ok(()) => {
                self.settle(claim, SendState::Sent).await?;
                Ok(Sent::Now)
            }
            // It is known not to have gone out, so the next attempt need not wait for the claim to age.
            Err(error @ (MailError::Refused(_) | MailError::Later(_))) => {
                self.settle(claim, SendState::Pending).await?;
                Err(error.into())
            }
            // The claim stays: what became of the message is asked when it has aged.
            Err(error @ MailError::Unavailable(_)) => Err(error.into()),
        }
    }

    /// Claims the message; nothing if it has gone out.
    async fn claim(&self, key: &MessageKey) -> Result<Option<SendClaim>, SendOnceError> {
        let now = self.clock.now();
        let Some(held) = self.sends.get(key).await? else {
            let state = SendState::Sending;
            let claim = SendClaim {
                key: key.clone(),
                revision: 1,
                state,
                at: now,
            };
            return match self.sends.insert(&claim).await? {
                Insert::Inserted => Ok(Some(claim)),
                Insert::Exists => Err(SendOnceError::InUse(key.clone())),
            };
        };
        match held.state {
            SendState::Sent => return Ok(None),
            SendState::Pending => {}
            SendState::Sending
                if held.at >= self.alone_since && now.since(held.at) < SEND_CLAIM =>
            {
                return Err(SendOnceError::InUse(key.clone()));
            }
            SendState::Sending => match self.mailer.trace(key).await? {
                Traced::Sent => {
                    self.settle(held, SendState::Sent).await?;
                    return Ok(None);
                }
                Traced::NotSent => {}
                Traced::Unknown => return Err(SendOnceError::Unknown(key.clone())),
            },
        }
        let claim = SendClaim {
            state: SendState::Sending,
            at: now,
            ..held
        };
        match self.sends.swap(&claim).await? {
            Swap::Swapped => Ok(Some(SendClaim {
                revision: claim.revision + 1,
                ..claim
            })),
            Swap::Stale => Err(SendOnceError::InUse(key.clone())),
        }
    }

    /// Writes down what became of the message. If somebody took the claim over meanwhile, what they find out
    /// stands.
    async fn settle(&self, claim: SendClaim, state: SendState) -> Result<(), StoreError> {
        let settled = SendClaim {
            state,
            at: self.clock.now(),
            ..claim
        };
        match self.sends.swap(&settled).await? {
            Swap::Swapped | Swap::Stale => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
