//! What SES tells of a letter by EventBridge.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::letter::Letter;

const SENT: &str = "2026-05-28T20:26:40.012Z";
const TOLD: &str = "2026-05-28T20:26:42.669Z";

/// What becomes of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// There is no such mailbox.
    Bounced,
    /// The mailbox is full.
    Full,
    /// Whoever got it called it unwanted.
    Complained,
    /// Whoever got it took it out of the unwanted ones.
    Wanted,
    /// SES found malware in it.
    Rejected,
    /// It arrived.
    Delivered,
}

/// The event.
pub(super) fn of(letter: &Letter, fate: Fate) -> Value {
    let recipients = |more: Value| -> Vec<Value> {
        let one = |to: &String| {
            let mut one = json!({"emailAddress": to});
            for (name, value) in more.as_object().into_iter().flatten() {
                one[name] = value.clone();
            }
            one
        };
        letter.to.iter().map(one).collect()
    };
    let bounce = |kind: &str, sub: &str, status: &str| {
        json!({
            "bounceType": kind, "bounceSubType": sub, "timestamp": TOLD, "feedbackId": format!("{}-f", letter.id),
            "reportingMTA": "dns; mta.example.org",
            "bouncedRecipients": recipients(json!({
                "action": "failed", "status": status, "diagnosticCode": format!("smtp; 550 {status}"),
            })),
        })
    };
    let complaint = |kind: &str| {
        json!({
            "complaintSubType": null, "complaintFeedbackType": kind, "timestamp": TOLD, "arrivalDate": TOLD,
            "feedbackId": format!("{}-f", letter.id), "userAgent": "Any Mail Provider",
            "complainedRecipients": recipients(json!({})),
        })
    };
    let (kind, name, what) = match fate {
        Fate::Bounced => (
            "Email Bounced",
            "bounce",
            bounce("Permanent", "General", "5.1.1"),
        ),
        Fate::Full => (
            "Email Bounced",
            "bounce",
            bounce("Transient", "MailboxFull", "5.2.2"),
        ),
        Fate::Complained => ("Email Complaint Received", "complaint", complaint("abuse")),
        Fate::Wanted => (
            "Email Complaint Received",
            "complaint",
            complaint("not-spam"),
        ),
        Fate::Rejected => ("Email Rejected", "reject", json!({"reason": "Bad content"})),
        Fate::Delivered => (
            "Email Delivered",
            "delivery",
            json!({"timestamp": TOLD, "recipients": letter.to}),
        ),
    };
    let mut event = json!({
        "version": "0", "id": format!("{}-e", letter.id), "detail-type": kind, "source": "aws.ses",
        "account": "123456789012", "time": "2026-05-28T20:26:43Z", "region": "us-east-1",
        "resources": [format!("arn:aws:ses:us-east-1:123456789012:configuration-set/{}", letter.set)],
        "detail": {"eventType": event_type(fate), "mail": mail(letter)},
    });
    event["detail"][name] = what;
    event
}

fn event_type(fate: Fate) -> &'static str {
    match fate {
        Fate::Bounced | Fate::Full => "Bounce",
        Fate::Complained | Fate::Wanted => "Complaint",
        Fate::Rejected => "Reject",
        Fate::Delivered => "Delivery",
    }
}

/// The letter as an event repeats it.
fn mail(letter: &Letter) -> Value {
    let mut tags: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    tags.insert("ses:operation", vec!["SendEmail"]);
    tags.insert("ses:configuration-set", vec![&letter.set]);
    for (name, value) in &letter.tags {
        tags.entry(name).or_default().push(value);
    }
    let headers: Vec<Value> = letter
        .headers
        .iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    json!({
        "timestamp": SENT, "source": letter.from, "sendingAccountId": "123456789012", "messageId": letter.id,
        "sourceArn": "arn:aws:ses:us-east-1:123456789012:identity/games.test",
        "destination": letter.to, "headersTruncated": false, "headers": headers,
        "commonHeaders": {
            "from": [letter.from], "to": letter.to, "messageId": letter.id, "subject": letter.subject,
        },
        "tags": tags,
    })
}
