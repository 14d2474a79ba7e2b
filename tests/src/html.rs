//! Reads forms, links and text out of the site's pages: enough of HTML for well-formed pages, and not a parser for
//! others. That pages are well formed is asserted by the browser suite.

use std::fmt::Write as _;

/// A form as a person finds it, to be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Where it goes.
    pub action: String,
    /// The fields that would be sent, with their present values.
    pub fields: Vec<(String, String)>,
    /// Names of everything that can be filled in, ticked or pressed.
    pub controls: Vec<String>,
    /// The choices of each `<select>` and each named button.
    pub choices: Vec<(String, String)>,
}

impl Form {
    /// Fills in, ticks, chooses or presses `name`.
    ///
    /// # Panics
    /// When the form has no such control: then the page has changed under the test.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        assert!(
            self.controls.iter().any(|control| control == name),
            "the form for {} has no {name}, only {:?}",
            self.action,
            self.controls
        );
        self.fields.retain(|(field, _)| field != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves a field out, as a tick box that is not ticked.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self
    }

    /// The values `name` can be given, without the empty one.
    #[must_use]
    pub fn choices_of(&self, name: &str) -> Vec<&str> {
        let of = self
            .choices
            .iter()
            .filter(|(control, value)| control == name && !value.is_empty());
        of.map(|(_, value)| value.as_str()).collect()
    }

    /// The body a browser sends.
    #[must_use]
    pub fn encoded(&self) -> String {
        let pairs = self
            .fields
            .iter()
            .map(|(name, value)| format!("{}={}", escape(name), escape(value)));
        pairs.collect::<Vec<_>>().join("&")
    }
}

/// Percent-encodes text for a form.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(byte.into()),
            b' ' => out.push('+'),
            _ => write!(out, "%{byte:02X}").expect("writing to a string does not fail"),
        }
    }
    out
}

/// Every form of the page.
#[must_use]
pub fn forms(page: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut open = false;
    let mut select: Option<String> = None;
    for tag in tags(page) {
        match tag.name.as_str() {
            "form" => {
                open = true;
                let action = tag.attribute("action").unwrap_or_default();
                forms.push(Form {
                    action,
                    fields: Vec::new(),
                    controls: Vec::new(),
                    choices: Vec::new(),
                });
            }
            "/form" => open = false,
            "select" => select = tag.attribute("name"),
            "/select" => select = None,
            _ => {}
        }
        let Some(form) = forms.last_mut().filter(|_| open) else {
            continue;
        };
        match (tag.name.as_str(), tag.attribute("name"), &select) {
            ("input" | "textarea" | "select" | "button", Some(name), _) => {
                control(form, &tag, name);
            }
            ("option", _, Some(select)) => {
                let value = tag.attribute("value").unwrap_or_default();
                if tag.attribute("selected").is_some() {
                    form.fields.push((select.clone(), value.clone()));
                }
                form.choices.push((select.clone(), value));
            }
            _ => {}
        }
    }
    forms
}

fn control(form: &mut Form, tag: &Tag, name: String) {
    let value = tag.attribute("value");
    let kind = tag.attribute("type").unwrap_or_default();
    let optional = matches!(kind.as_str(), "checkbox" | "radio");
    if tag.name == "button" || kind == "radio" {
        form.choices
            .push((name.clone(), value.clone().unwrap_or_default()));
    } else if tag.name == "input" && !optional {
        form.fields
            .push((name.clone(), value.clone().unwrap_or_default()));
    }
    if optional && tag.attribute("checked").is_some() {
        form.fields
            .push((name.clone(), value.unwrap_or_else(|| "on".to_owned())));
    }
    form.controls.push(name);
}

/// The targets of all links.
#[must_use]
pub fn links(page: &str) -> Vec<String> {
    let anchors = tags(page).into_iter().filter(|tag| tag.name == "a");
    anchors.filter_map(|tag| tag.attribute("href")).collect()
}

/// Addresses of everything the page loads: styles, scripts, pictures.
#[must_use]
pub fn assets(page: &str) -> Vec<String> {
    let mut assets = Vec::new();
    for tag in tags(page) {
        match tag.name.as_str() {
            "link" => assets.extend(tag.attribute("href")),
            "script" | "img" => assets.extend(tag.attribute("src")),
            _ => {}
        }
    }
    assets
}

/// An attribute of the first tag called `name`.
#[must_use]
pub fn attribute(page: &str, name: &str, attribute: &str) -> Option<String> {
    tags(page)
        .iter()
        .find(|tag| tag.name == name)?
        .attribute(attribute)
}

/// What a reader of the page sees, in one line.
#[must_use]
pub fn visible_text(page: &str) -> String {
    let body = page.find("<body").map_or(page, |at| &page[at..]);
    let mut out = String::new();
    let mut rest = body;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        out.push(' ');
        rest = rest[at..].find('>').map_or("", |end| &rest[at + end + 1..]);
    }
    out.push_str(rest);
    unescape(&out)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// One tag with its attributes; an end tag's name begins with a slash.
#[derive(Debug)]
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn attribute(&self, name: &str) -> Option<String> {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    }
}

fn tags(page: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = tag_end(rest);
        let inside = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        if inside.starts_with('!') || inside.starts_with('?') {
            continue;
        }
        let (name, attributes) = inside
            .split_once(char::is_whitespace)
            .unwrap_or((inside, ""));
        let name = name.trim_end_matches('/').to_ascii_lowercase();
        tags.push(Tag {
            name,
            attributes: self::attributes(attributes),
        });
    }
    tags
}

/// Where the tag ends: at the first `>` outside quotes.
fn tag_end(text: &str) -> usize {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (byte, quote) {
            (b'>', None) => return at,
            (b'"' | b'\'', None) => quote = Some(byte),
            (_, Some(open)) if open == byte => quote = None,
            _ => {}
        }
    }
    text.len()
}

fn attributes(mut text: &str) -> Vec<(String, String)> {
    let mut attributes = Vec::new();
    loop {
        text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if text.is_empty() {
            return attributes;
        }
        let end = text
            .find(|c: char| c.is_whitespace() || c == '=')
            .unwrap_or(text.len());
        let name = text[..end.max(1)].to_ascii_lowercase();
        text = &text[end.max(1)..];
        let mut value = String::new();
        if let Some(after) = text.strip_prefix('=') {
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
            let (raw, left) = match quote {
                Some(quote) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
                None => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
            };
            value = unescape(raw);
            text = left;
        }
        attributes.push((name, value));
    }
}

/// Undoes the escaping of text in HTML.
#[must_use]
pub fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = rest.find(';').map(|end| &rest[1..end]);
        match entity.and_then(|entity| character(entity).map(|c| (entity.len(), c))) {
            Some((length, c)) => {
                out.push(c);
                rest = &rest[length + 2..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out + rest
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "nbsp" => Some('\u{a0}'),
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_filled_in_and_encoded_as_a_browser_does() {
        let page = r#"<form action='/buy?a=1&amp;b=2' method=post novalidate><input name="email" value="a&#64;b">
            <select id="c" name="country" required><option value="">?</option><option value="DE" selected>D</option></select>
            <input type="checkbox" name="terms" value="yes"><input type=checkbox name=news checked>
            <button name="action" value="pay">Pay > 0</button></form><input name="outside">"#;
        let form = forms(page).remove(0);
        assert_eq!(form.action, "/buy?a=1&b=2");
        assert_eq!(
            form.controls,
            ["email", "country", "terms", "news", "action"]
        );
        assert_eq!(form.choices_of("country"), ["DE"]);
        assert_eq!(form.encoded(), "email=a%40b&country=DE&news=on");
        let form = form
            .with("terms", "yes")
            .with("email", "ø x")
            .without("news");
        assert_eq!(form.encoded(), "country=DE&terms=yes&email=%C3%B8+x");
    }

    #[test]
    #[should_panic(expected = "has no colour")]
    fn filling_in_what_the_form_does_not_have_fails() {
        let _ = forms(r#"<form action="/x"><input name="name"></form>"#)
            .remove(0)
            .with("colour", "");
    }

    #[test]
    fn text_is_what_a_reader_sees() {
        let page =
            "<head><title>no</title></head><body><p>It&#39;s <b>1 &lt; 2</b>\n&unknown; &</p>";
        assert_eq!(visible_text(page), "It's 1 < 2 &unknown; &");
    }
}
