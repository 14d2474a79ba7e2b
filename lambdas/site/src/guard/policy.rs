//! Security headers: the content security policy with the little each page needs, and the headers all answers share.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, header};
use latchkey_platform::links::SiteUrl;

use crate::Site;
use crate::config::SiteConfig;

/// What a page needs beyond style sheets and pictures of the site. Handlers attach it to their answer; what carries none
/// is allowed nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Allow {
    page: bool,
    scripts: bool,
    rooms: bool,
    till: bool,
    game: bool,
    frames: bool,
    framed_with_styles: Option<String>,
}

impl Allow {
    /// Style sheets, pictures and forms, as every page needs.
    pub(crate) fn nothing() -> Self {
        Self {
            page: true,
            ..Self::default()
        }
    }

    /// The site's own scripts, which talk to the site.
    pub(crate) fn scripts() -> Self {
        Self {
            scripts: true,
            ..Self::nothing()
        }
    }

    /// Scripts that also connect to a room.
    pub(crate) fn room() -> Self {
        Self {
            rooms: true,
            ..Self::scripts()
        }
    }

    /// A game: a room, and pictures and sounds that its scripts make.
    pub(crate) fn game() -> Self {
        Self {
            game: true,
            ..Self::room()
        }
    }

    /// A form that leads to the till.
    pub(crate) fn till() -> Self {
        Self {
            till: true,
            ..Self::nothing()
        }
    }

    /// Frames of the site's own.
    pub(crate) fn frames() -> Self {
        Self {
            frames: true,
            ..Self::nothing()
        }
    }

    /// A document shown in a frame of the site, whose inline styles are known by these hashes.
    pub(crate) fn framed(style_hashes: String) -> Self {
        Self {
            framed_with_styles: Some(style_hashes),
            ..Self::default()
        }
    }

    fn policy(&self, site: &SiteUrl, config: &SiteConfig) -> String {
        let mut rules = vec!["default-src 'none'".to_owned()];
        if let Some(hashes) = &self.framed_with_styles {
            rules.push("img-src data:".to_owned());
            rules.push(format!("style-src 'unsafe-hashes' {hashes}"));
            rules.push("sandbox allow-popups allow-popups-to-escape-sandbox".to_owned());
        }
        if self.page {
            rules.push("style-src 'self'".to_owned());
            let pictures = if self.game {
                "img-src 'self' data: blob:"
            } else {
                "img-src 'self'"
            };
            rules.push(pictures.to_owned());
            rules.push(with("form-action 'self'", &config.till_origins, self.till));
        }
        if self.scripts {
            rules.push("script-src 'self'".to_owned());
            let mut rooms = vec![site.as_str().replacen("http", "ws", 1)];
            for origin in &config.room_origins {
                // The way to a host is measured by plain requests (P1.6); not every browser takes `wss:` to allow them.
                rooms.extend([origin.clone(), origin.replacen("ws", "http", 1)]);
            }
            rules.push(with("connect-src 'self'", &rooms, self.rooms));
        }
        if self.game {
            rules.push("font-src 'self'".to_owned());
            rules.push("media-src 'self' data: blob:".to_owned());
        }
        if self.frames {
            rules.push("frame-src 'self'".to_owned());
        }
        rules.push("base-uri 'none'".to_owned());
        let framed = self.framed_with_styles.is_some();
        rules.push(format!(
            "frame-ancestors {}",
            if framed { "'self'" } else { "'none'" }
        ));
        rules.join("; ")
    }
}

fn with(rule: &str, origins: &[String], wanted: bool) -> String {
    if wanted && !origins.is_empty() {
        format!("{rule} {}", origins.join(" "))
    } else {
        rule.to_owned()
    }
}

/// Headers of every answer. `same-origin` for the referrer rather than `no-referrer`: pages have tokens in their addresses,
/// which must not reach other sites, but with the stricter one browsers send their own forms with `Origin: null`.
const ALWAYS: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
         hid=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()",
    ),
];

/// Adds the headers.
pub(super) async fn headers(State(site): State<Site>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let allow = response
        .extensions()
        .get::<Allow>()
        .cloned()
        .unwrap_or_default();
    let policy = HeaderValue::try_from(allow.policy(&site.platform.site, &site.config))
        .expect("origins of the wiring are header values");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    for (name, value) in ALWAYS {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    let framing = if allow.framed_with_styles.is_some() {
        "SAMEORIGIN"
    } else {
        "DENY"
    };
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static(framing));
    if site.platform.site.is_secure() {
        let two_years = HeaderValue::from_static("max-age=63072000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, two_years);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_do_only_what_it_asked_for() {
        let site: SiteUrl = "https://latchkey.example".parse().expect("an origin");
        let config = SiteConfig {
            room_origins: vec!["wss://eu1.latchkey.example".to_owned()],
            till_origins: vec!["https://till.example".to_owned()],
            ..SiteConfig::default()
        };
        let plain = Allow::nothing().policy(&site, &config);
        assert!(
            !plain.contains("script-src")
                && !plain.contains("connect-src")
                && !plain.contains("till.example")
        );
        let game = Allow::game().policy(&site, &config);
        assert!(game.contains(
            "connect-src 'self' wss://latchkey.example wss://eu1.latchkey.example https://eu1.latchkey.example;"
        ));
        assert!(
            Allow::till()
                .policy(&site, &config)
                .contains("form-action 'self' https://till.example")
        );
        let scripts = Allow::scripts().policy(&site, &config);
        assert!(!scripts.contains("wss:") && !scripts.contains("eu1.latchkey.example"));
        assert_eq!(
            Allow::default().policy(&site, &config),
            "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
        );
    }
}
