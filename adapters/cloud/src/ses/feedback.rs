//! What SES tells of letters that had gone out, as EventBridge hands it over: `Email Bounced`, `Email Complaint Received` and
//! `Email Rejected` of the source `aws.ses`. A letter leads back to its address by a tag; the addresses in an event are read
//! only when the tag is missing, because they need not be those the letter was sent to.

use std::collections::BTreeMap;

use latchkey_platform::mail::{AddressHash, Fate, Feedback, MessageKey};
use serde::Deserialize;

use super::{TAG_ADDRESS, TAG_MESSAGE};

/// Recipients of one letter that are looked at; ours have one.
const RECIPIENTS: usize = 50;

/// The event is none that SES sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the event cannot be read as one of SES: it must have `detail-type`, and in `detail` the objects `mail` and, as its kind asks, `bounce` or `complaint`"
)]
pub struct FeedbackError;

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "detail-type")]
    kind: String,
    detail: Detail,
}

#[derive(Deserialize)]
struct Detail {
    mail: Letter,
    bounce: Option<Bounce>,
    complaint: Option<Complaint>,
}

#[derive(Deserialize)]
struct Letter {
    #[serde(default)]
    tags: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    destination: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
    #[serde(default)]
    bounced_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    complaint_feedback_type: Option<String>,
    #[serde(default)]
    complained_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    email_address: String,
}

/// Reads the event, the whole of it, as JSON.
///
/// # Errors
/// [`FeedbackError`], without a word of the event: it names people.
pub fn read(event: &[u8]) -> Result<Feedback, FeedbackError> {
    let event: Event = serde_json::from_slice(event).map_err(|_| FeedbackError)?;
    let Detail {
        mail,
        bounce,
        complaint,
    } = event.detail;
    let (fate, named) = match event.kind.as_str() {
        "Email Bounced" => {
            let bounce = bounce.ok_or(FeedbackError)?;
            (bounce.fate(), bounce.bounced_recipients)
        }
        "Email Complaint Received" => {
            let complaint = complaint.ok_or(FeedbackError)?;
            (complaint.fate(), complaint.complained_recipients)
        }
        "Email Rejected" => (Fate::Rejected, Vec::new()),
        _ => (Fate::Other, Vec::new()),
    };
    let message = mail.tag(TAG_MESSAGE);
    Ok(Feedback {
        fate,
        message: message.and_then(|key| MessageKey::parse(key).ok()),
        to: mail.addresses(&named),
    })
}

impl Bounce {
    /// Only `Permanent` is for good; `Transient` and `Undetermined` may pass.
    fn fate(&self) -> Fate {
        match self.bounce_type.as_str() {
            "Permanent" => Fate::Bounced,
            _ => Fate::Delayed,
        }
    }
}

impl Complaint {
    /// A complaint is one unless it says the opposite: that somebody took the letter out of the unwanted ones.
    fn fate(&self) -> Fate {
        match self.complaint_feedback_type.as_deref() {
            Some("not-spam") => Fate::Other,
            _ => Fate::Complained,
        }
    }
}

impl Letter {
    fn tag(&self, name: &str) -> Option<&str> {
        self.tags.get(name)?.first().map(String::as_str)
    }

    /// Where the letter went: by our tag, else by the addresses the event names, else by those of the letter.
    fn addresses(&self, named: &[Recipient]) -> Vec<AddressHash> {
        let tagged = self
            .tag(TAG_ADDRESS)
            .and_then(|hash| AddressHash::parse(hash).ok());
        if let Some(hash) = tagged {
            return vec![hash];
        }
        let named: Vec<&str> = match named {
            [] => self.destination.iter().map(String::as_str).collect(),
            named => named.iter().map(|it| it.email_address.as_str()).collect(),
        };
        named
            .into_iter()
            .take(RECIPIENTS)
            .filter_map(|address| bare(address).parse().ok())
            .map(|address| AddressHash::of(&address))
            .collect()
    }
}

/// `ada@example.org` of `Ada <ada@example.org>`.
fn bare(address: &str) -> &str {
    match address.rsplit_once('<') {
        Some((_, rest)) => rest.trim_end().trim_end_matches('>'),
        None => address,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn hash(address: &str) -> AddressHash {
        AddressHash::of(&address.parse().unwrap())
    }

    fn event(kind: &str, tags: &Value, detail: &Value) -> Vec<u8> {
        let mut event = json!({
            "version": "0", "id": "12", "detail-type": kind, "source": "aws.ses", "region": "us-east-1", "resources": [],
            "detail": {"eventType": "x", "mail": {
                "messageId": "0100", "destination": ["Ada <ada@example.org>"], "tags": tags,
            }},
        });
        for (name, value) in detail.as_object().unwrap() {
            event["detail"][name] = value.clone();
        }
        event.to_string().into_bytes()
    }

    #[test]
    fn a_letter_leads_back_to_its_address_and_message_by_tags_before_all_else() {
        let tags =
            json!({"address": [hash("buyer@example.org").as_str()], "message": ["confirm-1"]});
        let bounce = json!({"bounce": {
            "bounceType": "Permanent", "bounceSubType": "General",
            "bouncedRecipients": [{"emailAddress": "forwarded@example.com", "status": "5.1.1"}],
        }});
        let feedback = read(&event("Email Bounced", &tags, &bounce)).unwrap();
        assert_eq!(feedback.fate, Fate::Bounced);
        assert_eq!(feedback.to, [hash("buyer@example.org")]);
        assert_eq!(feedback.message.unwrap().as_str(), "confirm-1");
    }

    #[test]
    fn without_a_tag_the_event_s_addresses_count_and_then_the_letter_s() {
        let named = json!({"bounce": {
            "bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": "Bob <BOB@example.org>"}],
        }});
        for (tags, to) in [
            (json!({}), "bob@example.org"),
            (json!({"address": ["x"]}), "bob@example.org"),
        ] {
            let feedback = read(&event("Email Bounced", &tags, &named)).unwrap();
            assert_eq!(feedback.to, [hash(to)]);
        }
        let unnamed = json!({"complaint": {}});
        let feedback = read(&event("Email Complaint Received", &json!({}), &unnamed)).unwrap();
        assert_eq!(feedback.to, [hash("ada@example.org")]);
    }

    #[test]
    fn only_what_is_for_good_is_a_bounce_and_only_what_is_unwanted_a_complaint() {
        let bounce = |kind: &str| json!({"bounce": {"bounceType": kind, "bouncedRecipients": []}});
        let complaint = |kind: Value| json!({"complaint": {"complaintFeedbackType": kind}});
        for (kind, detail, fate) in [
            ("Email Bounced", bounce("Permanent"), Fate::Bounced),
            ("Email Bounced", bounce("Transient"), Fate::Delayed),
            ("Email Bounced", bounce("Undetermined"), Fate::Delayed),
            (
                "Email Complaint Received",
                complaint(Value::Null),
                Fate::Complained,
            ),
            (
                "Email Complaint Received",
                complaint("abuse".into()),
                Fate::Complained,
            ),
            (
                "Email Complaint Received",
                complaint("not-spam".into()),
                Fate::Other,
            ),
            (
                "Email Rejected",
                json!({"reject": {"reason": "Bad content"}}),
                Fate::Rejected,
            ),
            ("Email Delivered", json!({}), Fate::Other),
        ] {
            let feedback = read(&event(kind, &json!({}), &detail)).unwrap();
            assert_eq!(feedback.fate, fate, "{kind} {detail}");
        }
    }

    #[test]
    fn what_is_no_event_of_ses_is_refused() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"detail-type": "Email Bounced", "detail": {"mail": {}}}"#,
        ] {
            assert_eq!(read(body.as_bytes()), Err(FeedbackError), "{body}");
        }
    }
}
