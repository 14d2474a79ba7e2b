//! The test till on SQLite: a payment provider whose payments move when somebody presses a button, and which
//! tells the site by events in the words of a real one. The pages with the buttons are the site's; posting the
//! events is the wiring's.

use std::sync::Arc;

use async_trait::async_trait;
use latchkey_platform::clock::{Clock, Moment as _, UnixMs};
use latchkey_platform::email::EmailAddress;
use latchkey_platform::links::SiteUrl;
use latchkey_platform::payments::webhook::WebhookSecret;
use latchkey_platform::payments::{
    Checkout, CheckoutRequest, Payment, PaymentId, PaymentStatus, Payments, PaymentsError, Refunded,
};
use latchkey_platform::store::StoreError;
use latchkey_platform::till::{TestTill, TillAction, TillDelivery, TillEvent, TillPage};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::database::documents::one;
use crate::database::{Database, Fault, int, rows};
use crate::limits::{LATE, REPOST, REPOST_MAX, REPOSTS};

/// The test till.
#[derive(Clone)]
pub struct SqliteTill {
    database: Database,
    clock: Arc<dyn Clock>,
    secret: WebhookSecret,
    site: SiteUrl,
}

impl SqliteTill {
    /// A till whose pages are at `site` and which signs its events with `secret`.
    #[must_use]
    pub fn new(
        database: Database,
        clock: Arc<dyn Clock>,
        secret: WebhookSecret,
        site: SiteUrl,
    ) -> Self {
        Self {
            database,
            clock,
            secret,
            site,
        }
    }
}

/// What the till keeps of a payment.
#[derive(Serialize, Deserialize)]
struct Held {
    payment: Payment,
    intent: PaymentId,
    declined: u32,
    what: String,
    email: EmailAddress,
    success_url: String,
    cancel_url: String,
}

impl Held {
    fn new(request: CheckoutRequest) -> Self {
        let id = |prefix: &str| {
            PaymentId::parse(&format!("{prefix}_test_{}", request.order))
                .expect("order numbers are plain characters")
        };
        Self {
            intent: id("pi"),
            payment: Payment {
                id: id("cs"),
                intent: None,
                order: request.order,
                status: PaymentStatus::Open,
                amount: request.amount,
                refunded: false,
                disputed: false,
            },
            declined: 0,
            what: request.what,
            email: request.email,
            success_url: request.success_url,
            cancel_url: request.cancel_url,
        }
    }

    /// Does what the buyer does, and gives the name of the event about it; nothing if it is not possible.
    fn act(&mut self, action: TillAction) -> Option<&'static str> {
        let payment = &mut self.payment;
        match (payment.status, action) {
            (PaymentStatus::Open, TillAction::Pay) => {
                payment.status = PaymentStatus::Paid;
                payment.intent = Some(self.intent.clone());
                Some("checkout.session.completed")
            }
            (PaymentStatus::Open, TillAction::Decline) => {
                self.declined = self.declined.saturating_add(1);
                Some("payment_intent.payment_failed")
            }
            (PaymentStatus::Open, TillAction::Abandon) => {
                payment.status = PaymentStatus::Expired;
                Some("checkout.session.expired")
            }
            (PaymentStatus::Paid, TillAction::Refund) if !payment.refunded => {
                payment.refunded = true;
                Some("charge.refunded")
            }
            (PaymentStatus::Paid, TillAction::Dispute) if !payment.disputed => {
                payment.disputed = true;
                Some("charge.dispute.created")
            }
            _ => None,
        }
    }

    /// The body of an event, in the shape a real provider gives it.
    fn event(&self, kind: &str, now: UnixMs) -> String {
        let id = match kind {
            "payment_intent.payment_failed" => self.intent.to_string(),
            "charge.refunded" => format!("ch_test_{}", self.payment.order),
            "charge.dispute.created" => format!("dp_test_{}", self.payment.order),
            _ => self.payment.id.to_string(),
        };
        json!({
            "id": format!("evt_test_{}_{kind}", self.payment.order).replace('.', "_"),
            "object": "event",
            "type": kind,
            "created": now.seconds(),
            "livemode": false,
            "data": {"object": {
                "id": id,
                "payment_intent": self.intent,
                "client_reference_id": self.payment.order,
                "metadata": {"order": self.payment.order},
                "amount_total": self.payment.amount.minor(),
                "currency": self.payment.amount.currency().code().to_ascii_lowercase(),
            }},
        })
        .to_string()
    }

    fn page(self) -> TillPage {
        TillPage {
            payment: self.payment.id,
            status: self.payment.status,
            declined: self.declined,
            amount: self.payment.amount,
            what: self.what,
            email: self.email,
            success_url: self.success_url,
            cancel_url: self.cancel_url,
        }
    }
}

fn find(connection: &Connection, id: &PaymentId) -> Result<Option<Held>, Fault> {
    let query = "SELECT body FROM till_payments WHERE id = ?1 OR intent = ?1";
    one(connection, query, [id.as_str()])
}

fn act(
    transaction: &Transaction<'_>,
    id: &PaymentId,
    action: TillAction,
    delivery: TillDelivery,
    now: UnixMs,
) -> Result<Option<TillPage>, Fault> {
    let Some(mut held) = find(transaction, id)? else {
        return Ok(None);
    };
    if let Some(kind) = held.act(action) {
        let body = serde_json::to_string(&held)?;
        transaction.execute(
            "UPDATE till_payments SET body = ?2 WHERE id = ?1",
            params![held.payment.id.as_str(), body],
        )?;
        let due = if delivery.late { now.plus(LATE) } else { now };
        for _ in 0..=u8::from(delivery.twice) {
            transaction.execute(
                "INSERT INTO till_events (body, due, tries) VALUES (?1, ?2, 0)",
                params![held.event(kind, now), int(due.0)],
            )?;
        }
    }
    Ok(Some(held.page()))
}

fn unavailable(error: StoreError) -> PaymentsError {
    PaymentsError::Unavailable(error.to_string())
}

#[async_trait]
impl Payments for SqliteTill {
    async fn create(&self, request: &CheckoutRequest) -> Result<Checkout, PaymentsError> {
        let held = Held::new(request.clone());
        let payment = held.payment.id.clone();
        let create = move |transaction: &Transaction<'_>| {
            transaction.execute(
                "INSERT INTO till_payments (id, order_id, intent, body) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO NOTHING",
                params![
                    held.payment.id.as_str(),
                    held.payment.order.as_str(),
                    held.intent.as_str(),
                    serde_json::to_string(&held)?,
                ],
            )?;
            Ok(())
        };
        self.database.write(create).await.map_err(unavailable)?;
        Ok(Checkout {
            url: format!("{}/dev/till/{payment}", self.site),
            payment,
        })
    }

    async fn retrieve(&self, id: &PaymentId) -> Result<Option<Payment>, PaymentsError> {
        let id = id.clone();
        let held = self
            .database
            .read(move |connection| find(connection, &id))
            .await;
        Ok(held.map_err(unavailable)?.map(|held| held.payment))
    }

    async fn refund(&self, payment: &Payment) -> Result<Refunded, PaymentsError> {
        let at_once = TillDelivery::default();
        let page = self.act(&payment.id, TillAction::Refund, at_once).await;
        Ok(match page.map_err(unavailable)? {
            Some(page) if page.status == PaymentStatus::Paid => Refunded::All,
            _ => Refunded::NotPaid,
        })
    }
}

#[async_trait]
impl TestTill for SqliteTill {
    async fn page(&self, payment: &PaymentId) -> Result<Option<TillPage>, StoreError> {
        let id = payment.clone();
        let held = self
            .database
            .read(move |connection| find(connection, &id))
            .await?;
        Ok(held.map(Held::page))
    }

    async fn act(
        &self,
        payment: &PaymentId,
        action: TillAction,
        delivery: TillDelivery,
    ) -> Result<Option<TillPage>, StoreError> {
        let (id, now) = (payment.clone(), self.clock.now());
        self.database
            .write(move |transaction| act(transaction, &id, action, delivery, now))
            .await
    }

    async fn due(&self, limit: usize) -> Result<Vec<TillEvent>, StoreError> {
        let now = self.clock.now();
        let due: Vec<(i64, String)> = self
            .database
            .read(move |connection| {
                let mut statement = connection.prepare(
                    "SELECT number, body FROM till_events WHERE due <= ?1 ORDER BY number LIMIT ?2",
                )?;
                let params = params![int(now.0), rows(limit)];
                let found = statement.query_map(params, |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok(found.collect::<Result<_, _>>()?)
            })
            .await?;
        let signed = due.into_iter().map(|(number, body)| TillEvent {
            id: number.to_string(),
            signature: self.secret.sign(body.as_bytes(), now),
            body: body.into_bytes(),
        });
        Ok(signed.collect())
    }

    async fn posted(&self, id: &str, taken: bool) -> Result<(), StoreError> {
        let Ok(number) = id.parse::<i64>() else {
            return Ok(());
        };
        let now = self.clock.now();
        self.database
            .write(move |transaction| posted(transaction, number, taken, now))
            .await
    }
}

fn posted(
    transaction: &Transaction<'_>,
    number: i64,
    taken: bool,
    now: UnixMs,
) -> Result<(), Fault> {
    let query = "SELECT tries FROM till_events WHERE number = ?1";
    let tries: Option<u32> = transaction
        .query_row(query, [number], |row| row.get(0))
        .optional()?;
    let Some(tries) = tries else { return Ok(()) };
    if taken || tries + 1 >= REPOSTS {
        if !taken {
            tracing::error!(number, "the site took an event of the test till at no try");
        }
        transaction.execute("DELETE FROM till_events WHERE number = ?1", [number])?;
        return Ok(());
    }
    let wait = REPOST
        .saturating_mul(2_u32.saturating_pow(tries))
        .min(REPOST_MAX);
    transaction.execute(
        "UPDATE till_events SET tries = tries + 1, due = ?2 WHERE number = ?1",
        [number, int(now.plus(wait).0)],
    )?;
    Ok(())
}
