//! The way from the catalogue to a seat, by the pages' own links and forms, as a person without scripts goes it.

use anyhow::Context as _;

use crate::html::Form;
use crate::http::{Answer, Visitor};
use crate::seat::Seat;
use crate::wait::{PATIENCE, pause, within};

/// The colours seats are taken in, where a test does not care.
const COLOUR: &str = "colour";

/// An order as its buyer sees it.
#[derive(Debug, Clone)]
pub struct Order {
    /// The path of its page, with the key.
    pub page: String,
    /// The payment's id at the till.
    pub payment: String,
}

/// A game that was bought.
#[derive(Debug, Clone)]
pub struct Bought {
    /// The order.
    pub order: Order,
    /// The path of the launch page, with the token.
    pub launch: String,
}

/// Walks from the catalogue to the checkout form of the first title.
///
/// # Errors
/// When a page or link is missing.
pub async fn checkout(buyer: &mut Visitor) -> anyhow::Result<Form> {
    let catalogue = buyer.get("/").await?.expect(200)?;
    let title = buyer.get(&catalogue.link("/titles/")?).await?.expect(200)?;
    let checkout = buyer.get(&title.link("/buy")?).await?.expect(200)?;
    checkout.form("/titles/")
}

/// Fills in the checkout form.
#[must_use]
pub fn filled(form: Form, email: &str, country: &str) -> Form {
    form.with("email", email)
        .with("country", country)
        .with("terms", "yes")
}

/// Orders from `country` and arrives at the till.
///
/// # Errors
/// When a step is refused.
pub async fn order(
    buyer: &mut Visitor,
    email: &str,
    country: &str,
) -> anyhow::Result<(Order, Answer)> {
    let form = filled(checkout(buyer).await?, email, country);
    let till = buyer.submit(&form).await?.expect(200)?;
    let payment = till
        .path
        .rsplit('/')
        .next()
        .context("the till has no path")?
        .to_owned();
    // The way back is in the till's form to abandon; until then the order's page is known to the till alone.
    Ok((
        Order {
            page: String::new(),
            payment,
        },
        till,
    ))
}

/// Presses a button of the till and returns the direct answer; `how` ticks its boxes.
///
/// # Errors
/// When the till does not answer.
pub async fn press(
    buyer: &mut Visitor,
    till: &Answer,
    action: &str,
    how: &[&str],
) -> anyhow::Result<Answer> {
    let mut form = till.form("/dev/till/")?.with("action", action);
    for tick in how {
        form = form.with(tick, "yes");
    }
    buyer.submit_only(&form).await
}

/// Pays at the till and returns the path of the order's page, without opening it.
///
/// # Errors
/// When the till does not send the buyer back.
pub async fn pay(buyer: &mut Visitor, till: &Answer, how: &[&str]) -> anyhow::Result<String> {
    let back = press(buyer, till, "pay", how).await?.expect(303)?;
    let page = back.header("location").to_owned();
    Ok(page.strip_prefix(buyer.site()).unwrap_or(&page).to_owned())
}

/// Buys: from the catalogue to the link on the thank-you page.
///
/// # Errors
/// When a step is refused.
pub async fn buy(buyer: &mut Visitor, email: &str) -> anyhow::Result<Bought> {
    let (mut order, till) = order(buyer, email, "DE").await?;
    order.page = pay(buyer, &till, &[]).await?;
    let launch = collect(buyer, &order.page).await?;
    Ok(Bought { order, launch })
}

/// Opens the order's page and presses its button until the link is there; returns the launch path.
///
/// # Errors
/// When the link does not come.
pub async fn collect(buyer: &mut Visitor, page: &str) -> anyhow::Result<String> {
    let launch = within(PATIENCE, "the link on the thank-you page", async {
        loop {
            let thanks = buyer.get(page).await?.expect(200)?;
            if let Ok(link) = thanks.link("/l/") {
                return anyhow::Ok(link);
            }
            let thanks = buyer.submit(&thanks.form("/orders/")?).await?.expect(200)?;
            if let Ok(link) = thanks.link("/l/") {
                return Ok(link);
            }
            pause().await;
        }
    })
    .await??;
    Ok(launch
        .strip_prefix(buyer.site())
        .unwrap_or(&launch)
        .to_owned())
}

/// Takes a seat through the launch page; `guest` is the browser that will hold it.
///
/// # Errors
/// When the seat is refused.
pub async fn sit(mut guest: Visitor, launch: &str, name: &str) -> anyhow::Result<Seat> {
    let page = guest.get(launch).await?.expect(200)?;
    let form = page.form("/l/")?;
    let colours = form.choices_of(COLOUR);
    let colour = colours
        .first()
        .map_or("#3366cc", |colour| colour)
        .to_owned();
    let lobby = guest
        .submit(&form.with("name", name).with(COLOUR, &colour))
        .await?
        .expect(200)?;
    let connect = crate::html::forms(&lobby.text());
    anyhow::ensure!(!connect.is_empty(), "the lobby has no forms");
    seat_of(guest)
}

/// The seat a browser's newest seat cookie stands for.
///
/// # Errors
/// When it has none.
pub fn seat_of(guest: Visitor) -> anyhow::Result<Seat> {
    let (name, value) = guest.seat_cookie().context("no seat cookie was set")?;
    let game = name.trim_start_matches("seat-").to_owned();
    let member = value
        .split('.')
        .next()
        .context("a seat cookie without a member")?
        .to_owned();
    Ok(Seat {
        visitor: guest,
        game,
        member,
    })
}

/// Buys a game and seats `count` people in it, each with a browser of their own.
///
/// # Errors
/// When a step is refused.
pub async fn game_with_seats(site: &str, count: usize) -> anyhow::Result<(Bought, Vec<Seat>)> {
    let mut buyer = Visitor::new(site);
    let bought = buy(&mut buyer, "ada@example.org").await?;
    let mut seats = Vec::new();
    for name in ["Ada", "Bob", "Cem", "Dee", "Eva", "Fay"]
        .iter()
        .cycle()
        .take(count)
    {
        seats.push(sit(Visitor::new(site), &bought.launch, name).await?);
    }
    Ok((bought, seats))
}
