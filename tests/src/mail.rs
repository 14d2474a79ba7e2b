//! Reads the e-mails of the outbox folder as a mail program would: headers, and the text and HTML alternatives.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// An e-mail as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Whom it is for.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its message id.
    pub id: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: String,
}

/// Every e-mail below the data folder that is addressed to `to`.
///
/// # Errors
/// When one cannot be read as an e-mail.
pub fn mails_to(data: &Path, to: &str) -> anyhow::Result<Vec<Mail>> {
    let mut mails = Vec::new();
    for path in files(&data.join("outbox"))? {
        if path.extension().is_some_and(|extension| extension == "eml") {
            let raw = fs::read(&path)?;
            let mail = parse(&raw).with_context(|| format!("read {}", path.display()))?;
            if mail.to.contains(to) {
                mails.push(mail);
            }
        }
    }
    Ok(mails)
}

fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if !folder.exists() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Reads an e-mail.
///
/// # Errors
/// When a header or alternative that every mail of ours has is absent.
pub fn parse(raw: &[u8]) -> anyhow::Result<Mail> {
    let raw = std::str::from_utf8(raw)
        .context("an e-mail is text")?
        .replace("\r\n", "\n");
    let (head, body) = raw
        .split_once("\n\n")
        .context("no empty line after the headers")?;
    let header = |name: &str| header(head, name).with_context(|| format!("no {name}"));
    let mut mail = Mail {
        to: header("To")?,
        subject: words(&header("Subject")?),
        id: header("Message-ID")?,
        text: String::new(),
        html: String::new(),
    };
    take_parts(head, body, &mut mail)?;
    anyhow::ensure!(!mail.text.is_empty(), "no plain text");
    anyhow::ensure!(!mail.html.is_empty(), "no HTML");
    Ok(mail)
}

fn take_parts(head: &str, body: &str, mail: &mut Mail) -> anyhow::Result<()> {
    let kind = header(head, "Content-Type").unwrap_or_else(|| "text/plain".to_owned());
    if let Some((_, boundary)) = kind.split_once("boundary=") {
        let boundary = boundary
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .trim_matches('"');
        let pieces = body
            .split(&format!("--{boundary}"))
            .map(str::to_owned)
            .collect::<Vec<_>>();
        for piece in pieces
            .iter()
            .skip(1)
            .filter(|piece| !piece.starts_with("--"))
        {
            let piece = piece.trim_start_matches('\n');
            let (head, body) = piece.split_once("\n\n").context("a part without headers")?;
            take_parts(head, body, mail)?;
        }
        return Ok(());
    }
    let encoding = header(head, "Content-Transfer-Encoding")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let bytes = match encoding.as_str() {
        "base64" => STANDARD.decode(body.split_whitespace().collect::<String>())?,
        "quoted-printable" => quoted_printable(body, false),
        _ => body.as_bytes().to_vec(),
    };
    let text = String::from_utf8(bytes)?;
    if kind.starts_with("text/html") {
        mail.html = text;
    } else if kind.starts_with("text/plain") {
        mail.text = text;
    }
    Ok(())
}

/// A header's value with its continuation lines joined.
fn header(head: &str, name: &str) -> Option<String> {
    let mut lines = head.lines().skip_while(|line| {
        !line
            .split_once(':')
            .is_some_and(|(known, _)| known.eq_ignore_ascii_case(name))
    });
    let mut value = lines.next()?.split_once(':')?.1.trim().to_owned();
    for more in lines.take_while(|line| line.starts_with([' ', '\t'])) {
        value.push(' ');
        value.push_str(more.trim());
    }
    Some(value)
}

/// Decodes the encoded words of a header (`=?utf-8?Q?…?=`).
fn words(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("=?") {
        let mut pieces = after.splitn(4, '?');
        let (Some(_), Some(how), Some(word), Some(left)) =
            (pieces.next(), pieces.next(), pieces.next(), pieces.next())
        else {
            break;
        };
        if !before.trim().is_empty() {
            out.push_str(before);
        }
        let bytes = match how {
            "B" | "b" => STANDARD.decode(word).unwrap_or_default(),
            _ => quoted_printable(word, true),
        };
        out.push_str(&String::from_utf8_lossy(&bytes));
        rest = left.strip_prefix('=').unwrap_or(left);
    }
    out + rest
}

fn quoted_printable(text: &str, in_header: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'_' if in_header => out.push(b' '),
            b'=' => {
                let mut look = bytes.clone();
                let pair = (look.next(), look.next());
                let digit = |byte: Option<u8>| char::from(byte.unwrap_or(b'!')).to_digit(16);
                if let (Some(high), Some(low)) = (digit(pair.0), digit(pair.1)) {
                    out.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                    bytes = look;
                } else {
                    // A soft line break: the line goes on.
                    bytes.next();
                }
            }
            _ => out.push(byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_alternatives_and_encoded_headers_are_read() {
        let raw = "To: <a@b.example>\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe_?=\r\n =?utf-8?B?YW4=?= dich\r\nMessage-ID: <1@x>\r\n\
            Content-Type: multipart/alternative;\r\n boundary=\"cut\"\r\n\r\n--cut\r\nContent-Type: text/plain\r\n\
            Content-Transfer-Encoding: quoted-printable\r\n\r\nhttp://x/?a=3D1 so=\r\nft\r\n--cut\r\nContent-Type: text/html\r\n\
            Content-Transfer-Encoding: base64\r\n\r\nPGI+\r\naGk8L2I+\r\n--cut--\r\n";
        let mail = parse(raw.as_bytes()).unwrap();
        assert_eq!(mail.subject, "Grüße an dich");
        assert_eq!(mail.text.trim_end(), "http://x/?a=1 soft");
        assert_eq!(mail.html, "<b>hi</b>");
    }
}
