//! What a mailer tells of letters that had gone out: those that came back or were complained about stop further mail.

use latchkey_platform::mail::{Fate, Feedback, Stops, take_feedback};
use latchkey_platform::store::StoreError;

/// Takes what a mailer tells. The same may come any number of times.
///
/// # Errors
/// [`StoreError`]; taking it again is safe.
pub async fn take(stops: &dyn Stops, feedback: &Feedback) -> Result<(), StoreError> {
    take_feedback(stops, feedback).await?;
    let message = feedback.message.as_ref().map_or("", |key| key.as_str());
    match feedback.fate {
        Fate::Bounced | Fate::Complained => {
            let fate = feedback.fate.stop().map_or("", |stop| stop.as_str());
            tracing::info!(message, fate, "an address gets no more mail");
        }
        Fate::Rejected => {
            tracing::error!(
                message,
                "the mail service rejected a letter for what it holds"
            );
        }
        Fate::Delayed | Fate::Other => {
            tracing::info!(message, "a letter was not delivered this time");
        }
    }
    Ok(())
}
