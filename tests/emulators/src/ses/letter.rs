//! A letter as it is handed over, and what SES finds wrong with one.

use serde::{Deserialize, Serialize};

use super::Setup;

/// Most recipients, tags and headers of a letter.
const RECIPIENTS: usize = 50;
const TAGS: usize = 50;
const HEADERS: usize = 15;
/// Longest name or value of a tag, name of a header, and header in all.
const TAG_CHARS: usize = 256;
const HEADER_NAME_CHARS: usize = 126;
const HEADER_CHARS: usize = 870;

/// A letter that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// The id it was given.
    pub id: String,
    /// From whom, as it was written.
    pub from: String,
    /// To whom.
    pub to: Vec<String>,
    /// Whom answers go to.
    pub reply_to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The HTML.
    pub html: String,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// The configuration set it was sent by.
    pub set: String,
}

/// What a refusal is called, and why it was refused.
pub(super) type Refused = (&'static str, String);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Request {
    from_email_address: String,
    destination: Destination,
    #[serde(default)]
    reply_to_addresses: Vec<String>,
    content: Content,
    #[serde(default)]
    email_tags: Vec<Pair>,
    #[serde(default)]
    configuration_set_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Destination {
    #[serde(default)]
    to_addresses: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    simple: Simple,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simple {
    subject: Text,
    body: Body,
    #[serde(default)]
    headers: Vec<Pair>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    text: Text,
    html: Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Text {
    data: String,
    charset: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Pair {
    name: String,
    value: String,
}

impl Request {
    /// The letter, if SES would take it.
    pub(super) fn judged(self, setup: &Setup, id: String) -> Result<Letter, Refused> {
        let bad = |what: &str| ("BadRequestException", what.to_owned());
        let simple = self.content.simple;
        let address = self.from_email_address.rsplit('<').next().unwrap_or("");
        let domain = address.trim_end_matches('>').rsplit('@').next();
        if domain != Some(setup.domain.as_str()) {
            let from = &self.from_email_address;
            let why =
                format!("Email address is not verified. The following identities failed: {from}");
            return Err(("MessageRejected", why));
        }
        if !setup.sets.contains(&self.configuration_set_name) {
            return Err((
                "NotFoundException",
                "Configuration set does not exist.".to_owned(),
            ));
        }
        let to = &self.destination.to_addresses;
        if to.is_empty() || to.len() > RECIPIENTS || !to.iter().all(|to| is_address(to)) {
            return Err(bad(&format!("Invalid recipients {to:?}")));
        }
        if !self.reply_to_addresses.iter().all(|to| is_address(to)) {
            return Err(bad("Invalid reply-to addresses"));
        }
        if simple.subject.data.contains(['\r', '\n']) {
            return Err(bad("The subject has several lines"));
        }
        let texts = [&simple.subject, &simple.body.text, &simple.body.html];
        if texts
            .iter()
            .any(|text| text.charset != "UTF-8" || text.data.is_empty())
        {
            return Err(bad("A part is empty or of an unknown charset"));
        }
        if self.email_tags.len() > TAGS || !self.email_tags.iter().all(Pair::is_tag) {
            return Err(bad("Invalid tags"));
        }
        if simple.headers.len() > HEADERS || !simple.headers.iter().all(Pair::is_header) {
            return Err(bad("Invalid headers"));
        }
        let pairs = |pairs: Vec<Pair>| pairs.into_iter().map(|it| (it.name, it.value)).collect();
        Ok(Letter {
            id,
            from: self.from_email_address,
            to: self.destination.to_addresses,
            reply_to: self.reply_to_addresses,
            subject: simple.subject.data,
            text: simple.body.text.data,
            html: simple.body.html.data,
            headers: pairs(simple.headers),
            tags: pairs(self.email_tags),
            set: self.configuration_set_name,
        })
    }
}

/// SES takes addresses in ASCII alone.
fn is_address(text: &str) -> bool {
    let parts = text.rsplit_once('@');
    text.is_ascii() && parts.is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.'))
}

impl Pair {
    fn is_tag(&self) -> bool {
        let plain = |text: &str| {
            let of_tag = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
            (1..=TAG_CHARS).contains(&text.len()) && text.bytes().all(of_tag)
        };
        plain(&self.name) && plain(&self.value)
    }

    /// What SES writes itself cannot be given.
    fn is_header(&self) -> bool {
        const OWN: [&str; 12] = [
            "bcc",
            "cc",
            "content-type",
            "date",
            "from",
            "message-id",
            "mime-version",
            "reply-to",
            "return-path",
            "sender",
            "subject",
            "to",
        ];
        let name = self.name.len() <= HEADER_NAME_CHARS
            && self
                .name
                .bytes()
                .all(|b| (33..=126).contains(&b) && b != b':');
        let value = self.name.len() + self.value.len() <= HEADER_CHARS
            && self.value.bytes().all(|b| (32..=126).contains(&b));
        name && value && !OWN.contains(&self.name.to_ascii_lowercase().as_str())
    }
}
