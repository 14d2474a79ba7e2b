//! The purchase e-mail: the link, who it is for, and the receipt.

use latchkey_platform::clock::Moment as _;
use latchkey_platform::games::Game;
use latchkey_platform::mail::{Email, MailKind, MessageKey, Sent};
use latchkey_platform::orders::{Order, OrderId, OrderState};

use crate::handlers::{Handled, JobError, Letters};
use crate::letter::Letter;
use crate::text::{EN, fill};

/// Sends the purchase e-mail of an order, once for ever.
pub(crate) async fn send(letters: &Letters, id: &OrderId) -> Result<Handled, JobError> {
    let order = letters
        .orders
        .get(id)
        .await?
        .ok_or_else(|| JobError::NoOrder(id.clone()))?;
    // Money that went back meanwhile needs no link any more.
    if matches!(order.state(), OrderState::Refunded | OrderState::Disputed) {
        return Ok(Handled::Before);
    }
    let game = order.game.ok_or_else(|| JobError::NoGame(id.clone()))?;
    let game = letters
        .games
        .get(game)
        .await?
        .ok_or_else(|| JobError::NoGame(id.clone()))?;
    let Some(letter) = letter(letters, &order, &game).await? else {
        return Ok(Handled::Before);
    };
    let key = MessageKey::parse(&format!("confirm-{id}"))
        .expect("an order number is safe in a message key");
    deliver(letters, MailKind::Purchase, order, key, letter).await
}

/// Hands a letter to whoever bought.
pub(crate) async fn deliver(
    letters: &Letters,
    kind: MailKind,
    order: Order,
    key: MessageKey,
    letter: Letter,
) -> Result<Handled, JobError> {
    let email = Email {
        key,
        kind,
        to: order.email,
        subject: letter.subject.clone(),
        text: letter.to_text(),
        html: letter.to_html(),
        // Answering machines leave such mail alone (RFC 3834).
        headers: vec![("Auto-Submitted".to_owned(), "auto-generated".to_owned())],
    };
    match letters.mail.send(&email).await? {
        Sent::Now => Ok(Handled::Now),
        Sent::Before => Ok(Handled::Before),
        Sent::Stopped(why) => {
            tracing::info!(message = %email.key, %why, "a letter was not sent: its address gets no more mail");
            Ok(Handled::Before)
        }
    }
}

/// The name of the title a game plays.
pub(crate) async fn title_of(letters: &Letters, game: &Game) -> Result<String, JobError> {
    let version = letters.titles.version(&game.title).await?;
    let version = version.ok_or_else(|| JobError::NoTitle(game.title.clone()))?;
    Ok(version.manifest.name.clone())
}

/// The letter; nothing when the game's link has been taken away.
async fn letter(letters: &Letters, order: &Order, game: &Game) -> Result<Option<Letter>, JobError> {
    let Some(link) = letters.links.present_url(game) else {
        return Ok(None);
    };
    let title = title_of(letters, game).await?;
    let words = &EN.confirm;
    let title_in = [("title", title.as_str())];
    let mut letter = Letter::new(
        fill(words.subject, &title_in),
        fill(words.heading, &title_in),
    );
    letter.paragraph(words.what);
    letter.button(words.open, link);
    letter.paragraph(words.share);
    letter.heading(words.receipt);
    letter.row(words.order, order.id.shown());
    letter.row(words.title, title.clone());
    letter.row(
        words.date,
        order.paid_at.unwrap_or(order.created_at).date().to_string(),
    );
    letter.row(words.price, order.price.shown());
    if !order.tax.is_zero() {
        let country = order.country.name();
        letter.row(
            &fill(words.tax, &[("country", country)]),
            order.tax.inside(order.price).shown(),
        );
    }
    letter.small(words.keep);
    Ok(Some(letter))
}
