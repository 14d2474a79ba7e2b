//! The page at which a buyer pays: good enough for a browser, and as far from the shop as the real one.

use axum::Router;
use axum::extract::{Form, Path, State};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use serde::Deserialize;

use super::account::{Action, Session};
use super::{Shared, lock};

/// The routes of the page.
pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/pay/{session}", get(show).post(pressed))
        // Browsers ask for it by themselves, and it must not look like a call of the API without a key.
        .route("/favicon.ico", get(StatusCode::NO_CONTENT))
}

#[derive(Deserialize)]
struct Pressed {
    action: String,
}

async fn show(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    match lock(&shared.0.account).session(&id) {
        Some(session) if session.is_open() => Html(html(session)).into_response(),
        Some(_) => (StatusCode::GONE, "This checkout is over.").into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn pressed(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Response {
    let action = match pressed.action.as_str() {
        "pay" => Action::Pay,
        "later" => Action::PayLater,
        "decline" => Action::Decline,
        _ => return StatusCode::BAD_REQUEST.into_response(),
    };
    let to = {
        let mut account = lock(&shared.0.account);
        account.act(&id, action);
        match account.session(&id) {
            None => return StatusCode::NOT_FOUND.into_response(),
            Some(session) if session.is_open() => format!("{}/pay/{id}", shared.0.url),
            Some(session) => session.field("success_url").to_owned(),
        }
    };
    shared.0.happened.notify_one();
    Redirect::to(&to).into_response()
}

fn html(session: &Session) -> String {
    let escaped = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('"', "&quot;")
    };
    let declined = if session.declined > 0 {
        "<p role=\"alert\">Your card was declined.</p>"
    } else {
        ""
    };
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Checkout</title>\
         <h1>{what}</h1><p>{amount} {currency}, for {email}</p>{declined}\
         <form method=\"post\">\
         <button name=\"action\" value=\"pay\">Pay</button> \
         <button name=\"action\" value=\"later\">Pay by bank</button> \
         <button name=\"action\" value=\"decline\">Decline</button></form>\
         <p><a href=\"{cancel}\">Cancel</a></p></html>",
        what = escaped(session.field("line_items[0][price_data][product_data][name]")),
        amount = session.amount,
        currency = escaped(session.currency()),
        email = escaped(session.field("customer_email")),
        cancel = escaped(session.field("cancel_url")),
    )
}
