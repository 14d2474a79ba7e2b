//! The links of somebody's games, sent again because they asked. An address nobody bought with gets no mail at all.

use latchkey_platform::email::EmailAddress;
use latchkey_platform::limits::ORDERS_PER_EMAIL;
use latchkey_platform::mail::{MailKind, MessageKey};
use latchkey_platform::orders::OrderState;

use crate::confirm::{deliver, title_of};
use crate::handlers::{Handled, JobError, Letters};
use crate::letter::Letter;
use crate::text::EN;

/// Sends the links of all paid games of an address, once for each request.
pub(crate) async fn send(
    letters: &Letters,
    request: &str,
    email: &EmailAddress,
) -> Result<Handled, JobError> {
    let orders = letters.orders.bought_by(email, ORDERS_PER_EMAIL).await?;
    let words = &EN.resend;
    let mut letter = Letter::new(words.subject.to_owned(), words.heading.to_owned());
    letter.paragraph(words.what);
    let mut addressee = None;
    for order in orders
        .into_iter()
        .filter(|order| order.state() == OrderState::Paid)
    {
        let Some(id) = order.game else { continue };
        let Some(game) = letters.games.get(id).await? else {
            continue;
        };
        let Some(link) = letters.links.present_url(&game) else {
            continue;
        };
        letter.heading(&title_of(letters, &game).await?);
        letter.row(words.order, order.id.shown());
        letter.button(words.open, link);
        addressee.get_or_insert(order);
    }
    let Some(order) = addressee else {
        return Ok(Handled::Before);
    };
    letter.small(words.why);
    let key = MessageKey::parse(&format!("resend-{request}"))
        .expect("a request's name is safe in a message key");
    deliver(letters, MailKind::Resend, order, key, letter).await
}
