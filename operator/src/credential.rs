//! The credential of an admin listener: HTTP Basic (RFC 7617) with any user name and one password. The password is
//! random and long, so guessing it is hopeless; those who try are slowed down all the same, and seen in the log.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use latchkey_embedded::files::{self, Access};
use latchkey_platform::clock::{Clock, UnixMs, millis};
use latchkey_platform::entropy::{self, Entropy};
use latchkey_platform::hex::hex;
use subtle::ConstantTimeEq as _;

/// The file of the data folder with the password of its admin listener.
pub(crate) const FILE: &str = "admin-password";

/// Wrong passwords from one address within [`WINDOW`]; then everything from there is refused until it is over.
const ATTEMPTS: u32 = 20;
/// The time within which they are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// Addresses counted at one time; all beyond share one count.
const ADDRESSES: usize = 1_024;

/// A fresh password.
pub(crate) fn new_password(entropy: &dyn Entropy) -> String {
    hex(&entropy::bytes::<24>(entropy))
}

/// The password in the file at `path`, which is made if it is not there.
pub(crate) fn load_or_make(path: &Path, entropy: &dyn Entropy) -> Result<String> {
    let file = || format!("the admin password in {} cannot be had", path.display());
    if let Some(password) = read(path)? {
        return Ok(password);
    }
    let password = new_password(entropy);
    let text = format!("{password}\n");
    files::write_atomically(path, text.as_bytes(), FILE, Access::Private).with_context(file)?;
    Ok(password)
}

/// The password in the file at `path`; nothing if there is no file.
pub(crate) fn read(path: &Path) -> Result<Option<String>> {
    let file = || format!("the admin password in {} cannot be had", path.display());
    let Some(text) = files::read_if_there(path).with_context(file)? else {
        return Ok(None);
    };
    let password = String::from_utf8(text)
        .with_context(file)?
        .trim()
        .to_owned();
    if password.is_empty() {
        bail!(
            "{} is empty: write a long password into it, or remove it and one is made",
            path.display()
        );
    }
    Ok(Some(password))
}

/// The header that shows `password`.
pub(crate) fn shown(password: &str) -> HeaderValue {
    let text = STANDARD.encode(format!("latchkey:{password}"));
    let mut header = HeaderValue::try_from(format!("Basic {text}")).expect("base64 is plain text");
    header.set_sensitive(true);
    header
}

/// What an admin listener asks for.
#[derive(Clone)]
pub(crate) struct Credential(Arc<Shared>);

struct Shared {
    password: String,
    clock: Arc<dyn Clock>,
    wrong: Mutex<Wrong>,
}

impl Credential {
    /// Asks for `password`.
    pub(crate) fn new(password: String, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared {
            password,
            clock,
            wrong: Mutex::default(),
        }))
    }

    /// The routes of `router`, for those who show the password.
    pub(crate) fn guard(&self, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(self.clone(), guard))
    }

    fn judge(&self, from: IpAddr, headers: &HeaderMap) -> Result<(), Refused> {
        let now = self.0.clock.now();
        let mut wrong = self.0.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = wrong.barred(from, now) {
            return Err(Refused::Barred(left));
        }
        // A browser asks without a password first, to learn that one is wanted.
        let header = headers.get(AUTHORIZATION).ok_or(Refused::Missing)?;
        let shown = password_of(header).unwrap_or_default();
        if bool::from(shown.ct_eq(self.0.password.as_bytes())) {
            return Ok(());
        }
        wrong.count(from, now);
        Err(Refused::Wrong)
    }
}

/// Why somebody is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Refused {
    #[error(
        "this page asks for the admin password: any user name, and the password in the file admin-password of the data folder"
    )]
    Missing,
    #[error("the admin password is wrong; it is in the file admin-password of the data folder")]
    Wrong,
    #[error("{ATTEMPTS} wrong admin passwords came from your address; try again in {} seconds", .0.as_secs() + 1)]
    Barred(Duration),
}

async fn guard(State(credential): State<Credential>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let from = peer.map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip());
    let refused = match credential.judge(from, request.headers()) {
        Ok(()) => return next.run(request).await,
        Err(refused) => refused,
    };
    let words = format!("{refused}\n");
    match refused {
        Refused::Barred(left) => {
            let after = [(RETRY_AFTER, (left.as_secs() + 1).to_string())];
            (StatusCode::TOO_MANY_REQUESTS, after, words).into_response()
        }
        Refused::Missing | Refused::Wrong => {
            if refused == Refused::Wrong {
                tracing::warn!("a wrong admin password was refused");
            }
            let ask = [(
                WWW_AUTHENTICATE,
                r#"Basic realm="Latchkey", charset="UTF-8""#,
            )];
            (StatusCode::UNAUTHORIZED, ask, words).into_response()
        }
    }
}

/// The password in an `Authorization` header, if it is one of the Basic scheme.
fn password_of(header: &HeaderValue) -> Option<Vec<u8>> {
    let (scheme, text) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let both = STANDARD.decode(text.trim()).ok()?;
    let colon = both.iter().position(|byte| *byte == b':')?;
    Some(both[colon + 1..].to_vec())
}

/// How many wrong passwords came in the present window.
#[derive(Default)]
struct Wrong {
    window: u64,
    counts: HashMap<IpAddr, u32>,
    others: u32,
}

impl Wrong {
    /// How long `from` is refused; nothing when it is not.
    fn barred(&self, from: IpAddr, now: UnixMs) -> Option<Duration> {
        let (window, left) = window(now);
        let known = self.counts.get(&from).copied();
        let full = self.counts.len() >= ADDRESSES;
        let count = known.unwrap_or(if full { self.others } else { 0 });
        (window == self.window && count >= ATTEMPTS).then_some(left)
    }

    fn count(&mut self, from: IpAddr, now: UnixMs) {
        let (window, _) = window(now);
        if window != self.window {
            *self = Self {
                window,
                ..Self::default()
            };
        }
        let fits = self.counts.len() < ADDRESSES || self.counts.contains_key(&from);
        *match fits {
            true => self.counts.entry(from).or_default(),
            false => &mut self.others,
        } += 1;
    }
}

/// The number of the window `now` is in, and what is left of it.
fn window(now: UnixMs) -> (u64, Duration) {
    let length = millis(WINDOW);
    (
        now.0 / length,
        Duration::from_millis(length - now.0 % length),
    )
}

#[cfg(test)]
mod tests;
