//! A letter: blocks that become plain text and HTML alike. The HTML is tables with inline styles, which is what mail
//! readers understand; it loads nothing from the network and reads well without any style.

use std::fmt::Write as _;

/// One part of a letter.
enum Block {
    Heading(String),
    Paragraph(String),
    Button(String, String),
    Row(String, String),
    Small(String),
}

/// A letter in the making.
pub(crate) struct Letter {
    pub(crate) subject: String,
    title: String,
    blocks: Vec<Block>,
}

impl Letter {
    pub(crate) fn new(subject: String, title: String) -> Self {
        Self {
            subject,
            title,
            blocks: Vec::new(),
        }
    }

    pub(crate) fn heading(&mut self, text: &str) {
        self.blocks.push(Block::Heading(text.to_owned()));
    }

    pub(crate) fn paragraph(&mut self, text: &str) {
        self.blocks.push(Block::Paragraph(text.to_owned()));
    }

    pub(crate) fn button(&mut self, label: &str, link: String) {
        self.blocks.push(Block::Button(label.to_owned(), link));
    }

    pub(crate) fn row(&mut self, name: &str, value: String) {
        self.blocks.push(Block::Row(name.to_owned(), value));
    }

    pub(crate) fn small(&mut self, text: &str) {
        self.blocks.push(Block::Small(text.to_owned()));
    }

    /// The letter for those who read no HTML.
    pub(crate) fn to_text(&self) -> String {
        let mut text = format!(
            "{}\n{}\n",
            self.title,
            "=".repeat(self.title.chars().count())
        );
        let names = self.blocks.iter().filter_map(|block| match block {
            Block::Row(name, _) => Some(name.chars().count()),
            _ => None,
        });
        let width = names.max().unwrap_or(0) + 3;
        let mut in_rows = false;
        for block in &self.blocks {
            let is_row = matches!(block, Block::Row(..));
            if !(is_row && in_rows) {
                text.push('\n');
            }
            in_rows = is_row;
            let written = match block {
                Block::Heading(heading) => {
                    writeln!(text, "{heading}\n{}", "-".repeat(heading.chars().count()))
                }
                Block::Paragraph(words) | Block::Small(words) => writeln!(text, "{words}"),
                Block::Button(label, link) => writeln!(text, "{label}:\n{link}"),
                Block::Row(name, value) => writeln!(text, "{:<width$}{value}", format!("{name}:")),
            };
            written.expect("writing to a string does not fail");
        }
        text
    }

    /// The letter as HTML.
    pub(crate) fn to_html(&self) -> String {
        let mut body = String::new();
        let mut in_rows = false;
        for block in &self.blocks {
            let is_row = matches!(block, Block::Row(..));
            match (in_rows, is_row) {
                (false, true) => body.push_str(TABLE),
                (true, false) => body.push_str("</table>"),
                _ => {}
            }
            in_rows = is_row;
            html_of(block, &mut body);
        }
        if in_rows {
            body.push_str("</table>");
        }
        PAGE.replace("{title}", &escape(&self.title))
            .replace("{body}", &body)
    }
}

const TABLE: &str = r#"<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="border-collapse:collapse;margin:0 0 16px">"#;

const PAGE: &str = r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>{title}</title></head>
<body style="margin:0;padding:0;background:#f4efe6;color:#2b2620;font-family:Georgia,'Times New Roman',serif;font-size:17px;line-height:1.5">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center" style="padding:24px 12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:560px;background:#fffdf8;border:1px solid #d9cdb8;border-radius:10px"><tr><td style="padding:28px 28px 20px">
<p style="margin:0 0 20px;font-size:15px;letter-spacing:.08em;text-transform:uppercase;color:#7a4a12">Latchkey</p>
<h1 style="margin:0 0 16px;font-size:26px;line-height:1.25">{title}</h1>
{body}
</td></tr></table></td></tr></table></body></html>
"#;

fn html_of(block: &Block, body: &mut String) {
    let written = match block {
        Block::Heading(text) => write!(
            body,
            r#"<h2 style="margin:24px 0 8px;font-size:19px">{}</h2>"#,
            escape(text)
        ),
        Block::Paragraph(text) => {
            write!(body, r#"<p style="margin:0 0 16px">{}</p>"#, escape(text))
        }
        Block::Small(text) => {
            write!(
                body,
                r#"<p style="margin:20px 0 0;font-size:14px;color:#5c5347">{}</p>"#,
                escape(text)
            )
        }
        Block::Button(label, link) => {
            // Mail is often shown in a frame, in which the shop's pages refuse to open.
            let (label, link) = (escape(label), escape(link));
            write!(
                body,
                r#"<p style="margin:0 0 8px"><a href="{link}" target="_blank" style="display:inline-block;padding:12px 22px;background:#7a4a12;color:#ffffff;text-decoration:none;border-radius:6px;font-weight:bold">{label}</a></p><p style="margin:0 0 16px;font-size:14px;word-break:break-all"><a href="{link}" target="_blank" style="color:#7a4a12">{link}</a></p>"#
            )
        }
        Block::Row(name, value) => {
            let (name, value) = (escape(name), escape(value));
            write!(
                body,
                r#"<tr><th scope="row" align="left" style="padding:6px 12px 6px 0;font-weight:normal;color:#5c5347;border-bottom:1px solid #e8dfcf">{name}</th><td align="right" style="padding:6px 0;border-bottom:1px solid #e8dfcf">{value}</td></tr>"#
            )
        }
    };
    written.expect("writing to a string does not fail");
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Letter {
        let mut letter = Letter::new("S".to_owned(), "Tom & <Jerry>".to_owned());
        letter.paragraph("It's \"here\".");
        letter.button("Open", "http://localhost/l/abc".to_owned());
        letter.row("Order", "LK-1".to_owned());
        letter.row("Price", "€19.90".to_owned());
        letter.small("Keep this.");
        letter
    }

    #[test]
    fn both_forms_hold_every_word_and_the_link_and_html_escapes_them() {
        let (text, html) = (letter().to_text(), letter().to_html());
        for part in ["http://localhost/l/abc", "LK-1", "€19.90", "Keep this."] {
            assert!(text.contains(part) && html.contains(part), "{part}");
        }
        assert!(html.contains("Tom &amp; &lt;Jerry&gt;") && !html.contains("<Jerry>"));
        assert!(text.starts_with("Tom & <Jerry>\n============="), "{text}");
    }

    #[test]
    fn every_link_opens_outside_of_the_frame_that_shows_the_mail() {
        let html = letter().to_html();
        let links = html.matches("<a href=").count();
        assert!(links > 0 && html.matches("target=\"_blank\"").count() == links);
    }

    #[test]
    fn rows_stand_in_one_table_and_align_in_text() {
        let html = letter().to_html();
        assert_eq!(
            html.matches("<table").count(),
            html.matches("</table>").count()
        );
        assert_eq!(html.matches(TABLE).count(), 1);
        assert!(
            letter()
                .to_text()
                .contains("Order:  LK-1\nPrice:  €19.90\n")
        );
    }
}
