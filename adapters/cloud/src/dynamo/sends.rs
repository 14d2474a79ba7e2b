//! Claims on messages: `pk` is `mail#KEY`. They stay for ever, because a claim that was swept away would let its message go
//! out again.
//!
//! Many processes send at the same time, and a mailer cannot say what became of a message that it took. So nobody ever
//! sends what somebody else may have sent: who claimed a message writes `sent` after the mailer's answer or `pending` when
//! it was refused, and a claim that stays at `sending` stays unsent by all others. When it counts as abandoned is judged
//! by the reader's clock ([`SendOnce`](latchkey_platform::mail::SendOnce)), which decides nothing but from when on it is
//! said that nobody knows: its job then ends among the dead letters, and a person asks the recipient.

use async_trait::async_trait;
use latchkey_platform::clock::UnixMs;
use latchkey_platform::mail::{MessageKey, SendClaim, SendState, Sends};
use latchkey_platform::store::{Insert, StoreError, Swap};

use super::claims::{DynamoClaims, key};
use super::item::{Attributes, Read, item, number, text};
use super::table::{Before, TableError};

const REVISION: &str = "revision";
const STATE: &str = "state";
const KIND: &str = "mail";

#[async_trait]
impl Sends for DynamoClaims {
    async fn insert(&self, claim: &SendClaim) -> Result<Insert, StoreError> {
        let item = attributes(claim, 1);
        Ok(match self.0.put(item, Before::Nothing).await? {
            true => Insert::Inserted,
            false => Insert::Exists,
        })
    }

    async fn get(&self, message: &MessageKey) -> Result<Option<SendClaim>, StoreError> {
        let Some(found) = self.0.get(key(KIND, message)).await? else {
            return Ok(None);
        };
        let read = Read(&found);
        let state = word_state(read.text(STATE)?);
        Ok(Some(SendClaim {
            key: message.clone(),
            revision: read.number(REVISION)?,
            state: state.ok_or(TableError::Unreadable(STATE))?,
            at: UnixMs(read.number("at")?),
        }))
    }

    async fn swap(&self, claim: &SendClaim) -> Result<Swap, StoreError> {
        let item = attributes(claim, claim.revision + 1);
        let before = Before::Numbered(REVISION, claim.revision);
        Ok(match self.0.put(item, before).await? {
            true => Swap::Swapped,
            false => Swap::Stale,
        })
    }
}

fn attributes(claim: &SendClaim, revision: u64) -> Attributes {
    let mut attributes = item([
        (REVISION, number(revision)),
        (STATE, text(state_word(claim.state))),
        ("at", number(claim.at.0)),
    ]);
    attributes.extend(key(KIND, &claim.key));
    attributes
}

fn state_word(state: SendState) -> &'static str {
    match state {
        SendState::Pending => "pending",
        SendState::Sending => "sending",
        SendState::Sent => "sent",
    }
}

fn word_state(word: &str) -> Option<SendState> {
    let states = [SendState::Pending, SendState::Sending, SendState::Sent];
    states.into_iter().find(|state| state_word(*state) == word)
}
