//! The checkout form, from a title's page to the till.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use latchkey_platform::checkout::{CheckoutError, OrderForm};
use latchkey_platform::email::EmailAddress;
use latchkey_platform::payments::PaymentsError;
use latchkey_platform::places::Country;
use latchkey_platform::rate;
use latchkey_platform::titles::TitleVersion;
use serde::Deserialize;

use super::catalogue::{Card, newest};
use crate::forms::{Fields, Part};
use crate::guard::client::Client;
use crate::guard::policy::Allow;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::text::Checkout;
use crate::view::{self, FieldError, Shell};

/// The form as it was filled in; fields that are missing count as empty.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filled {
    #[serde(default)]
    email: String,
    #[serde(default)]
    country: String,
    #[serde(default)]
    terms: String,
}

struct Choice {
    code: &'static str,
    name: &'static str,
    price: String,
}

#[derive(Template)]
#[template(path = "checkout.html")]
struct CheckoutPage {
    shell: Shell,
    card: Card,
    countries: Vec<Choice>,
    email: String,
    country: String,
    terms: bool,
    errors: Vec<FieldError>,
}

impl CheckoutPage {
    fn new(site: &Site, title: &TitleVersion, filled: Filled, errors: Vec<FieldError>) -> Self {
        let shell = Shell::public(site.is_dev());
        let mut countries: Vec<Choice> = Country::all()
            .map(|country| Choice {
                code: country.code(),
                name: country.name(),
                price: title.manifest.price_in(country).shown(),
            })
            .collect();
        countries.sort_by_key(|choice| choice.name);
        let card = Card::new(title, &shell.t.facts);
        let Filled {
            email,
            country,
            terms,
        } = filled;
        Self {
            shell,
            card,
            countries,
            email,
            country,
            terms: !terms.is_empty(),
            errors,
        }
    }

    fn wrong(&self, field: &str) -> Option<&str> {
        view::wrong(&self.errors, field)
    }
}

/// `GET /titles/{slug}/buy`.
pub(crate) async fn form(
    State(site): State<Site>,
    Part(slug): Part<String>,
) -> Result<Response, Refusal> {
    let title = newest(&site, &slug).await?;
    let page = CheckoutPage::new(&site, &title, Filled::default(), Vec::new());
    Ok(view::shared(&page, Allow::till()))
}

/// `POST /titles/{slug}/buy`: places the order and sends the buyer to the till.
pub(crate) async fn submit(
    State(site): State<Site>,
    Part(slug): Part<String>,
    client: Client,
    Fields(filled): Fields<Filled>,
) -> Result<Response, Refusal> {
    let title = newest(&site, &slug).await?;
    let errors = errors(&filled, &crate::text::en::EN.checkout);
    if !errors.is_empty() {
        return Ok(view::unfit(
            &CheckoutPage::new(&site, &title, filled, errors),
            Allow::till(),
        ));
    }
    site.allow(rate::CHECKOUTS, &client.0).await?;
    let form = OrderForm {
        email: filled.email.clone(),
        country: filled.country.clone(),
        terms: true,
    };
    match site.platform.checkouts.place(&title.slug, &form).await {
        Ok(placed) => Ok(view::see_other(&placed.pay_at)),
        Err(CheckoutError::NoTitle(_)) => Err(Refusal::NotFound),
        Err(CheckoutError::Email(_)) => {
            let errors = vec![FieldError::new(
                "email",
                crate::text::en::EN.checkout.email_wrong,
            )];
            Ok(view::unfit(
                &CheckoutPage::new(&site, &title, filled, errors),
                Allow::till(),
            ))
        }
        Err(
            error @ CheckoutError::Payments(
                PaymentsError::Refused(_) | PaymentsError::Misconfigured(_),
            ),
        ) => Err(Refusal::fault(error)),
        Err(error @ (CheckoutError::Payments(_) | CheckoutError::Store(_))) => {
            Err(Refusal::busy(error))
        }
        // The same checks ran above, so these say that the two disagree.
        Err(error @ (CheckoutError::Country(_) | CheckoutError::Terms)) => {
            Err(Refusal::fault(error))
        }
    }
}

/// Everything wrong at once, so that nobody has to send the form once per mistake.
fn errors(filled: &Filled, t: &Checkout) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if filled.email.trim().is_empty() {
        errors.push(FieldError::new("email", t.email_empty));
    } else if filled.email.parse::<EmailAddress>().is_err() {
        errors.push(FieldError::new("email", t.email_wrong));
    }
    if Country::parse(&filled.country).is_err() {
        errors.push(FieldError::new("country", t.country_wrong));
    }
    if filled.terms.is_empty() {
        errors.push(FieldError::new("terms", t.terms_wrong));
    }
    errors
}
