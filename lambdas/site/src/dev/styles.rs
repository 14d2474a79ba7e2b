//! Inline styles of an e-mail as hashes for its content security policy. E-mails cannot do without inline styles; naming
//! each by its hash shows them in the frame without allowing any other.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The sources for `style-src`: one hash for each `<style>` element and each `style` attribute in double quotes.
pub(super) fn hashes(html: &str) -> String {
    let elements = between(html, "<style>", "</style>").map(str::to_owned);
    let attributes = between(html, " style=\"", "\"").map(unescaped);
    let hashes: BTreeSet<String> = elements
        .chain(attributes)
        .map(|style| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(style))))
        .collect();
    hashes.into_iter().collect::<Vec<_>>().join(" ")
}

fn between<'a>(text: &'a str, open: &'a str, close: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(open)
        .skip(1)
        .filter_map(move |rest| rest.split_once(close).map(|(inner, _)| inner))
}

/// The attribute's value as the browser hashes it.
fn unescaped(value: &str) -> String {
    let quotes = value
        .replace("&quot;", "\"")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&apos;", "'");
    quotes
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::hashes;

    #[test]
    fn each_style_is_named_once_by_its_hash() {
        let html = r#"<style>p{}</style><p style="color:red">a</p><p style="color:red">b</p>"#;
        let red = "'sha256-8f935d27GvUutRyY9yWScUMiFUk4WTdZURISiYfPOeQ='";
        let hashes = hashes(html);
        assert_eq!(hashes.split(' ').count(), 2);
        assert!(hashes.contains(red), "{hashes}");
    }
}
