//! "Lost your link?": one form, and one answer for known and unknown addresses.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use latchkey_platform::email::EmailAddress;
use latchkey_platform::rate;
use serde::Deserialize;

use crate::forms::{Fields, Params};
use crate::guard::client::Client;
use crate::guard::policy::Allow;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::view::{self, FieldError, Shell};

/// The form as it was filled in.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    email: String,
}

/// Whether the form was sent.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Sent {
    sent: Option<String>,
}

#[derive(Template)]
#[template(path = "resend.html")]
struct ResendPage {
    shell: Shell,
    sent: bool,
    email: String,
    errors: Vec<FieldError>,
}

impl ResendPage {
    fn wrong(&self, field: &str) -> Option<&str> {
        view::wrong(&self.errors, field)
    }
}

/// `GET /resend`.
pub(crate) async fn form(State(site): State<Site>, Params(query): Params<Sent>) -> Response {
    let shell = Shell::public(site.is_dev());
    let page = ResendPage {
        shell,
        sent: query.sent.is_some(),
        email: String::new(),
        errors: Vec::new(),
    };
    view::shared(&page, Allow::nothing())
}

/// `POST /resend`.
pub(crate) async fn submit(
    State(site): State<Site>,
    client: Client,
    Fields(filled): Fields<Filled>,
) -> Result<Response, Refusal> {
    let shell = Shell::public(site.is_dev());
    let t = &shell.t.checkout;
    let Ok(email) = filled.email.parse::<EmailAddress>() else {
        let message = if filled.email.trim().is_empty() {
            t.email_empty
        } else {
            t.email_wrong
        };
        let errors = vec![FieldError::new("email", message)];
        let page = ResendPage {
            shell,
            sent: false,
            email: filled.email,
            errors,
        };
        return Ok(view::unfit(&page, Allow::nothing()));
    };
    site.allow(rate::RESENDS, &client.0).await?;
    site.platform
        .resends
        .request(&email)
        .await
        .map_err(Refusal::busy)?;
    Ok(view::see_other("/resend?sent=1"))
}
