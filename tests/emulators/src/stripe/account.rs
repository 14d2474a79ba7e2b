//! What the provider keeps of one account, and how it changes: checkouts, the payments behind them, and what it tells of.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Setup;
use super::api::Answer;

/// Shortest and longest time that a checkout may be open, in seconds.
const OPEN: std::ops::RangeInclusive<u64> = 30 * 60..=24 * 60 * 60;
/// The fields of a checkout that are known here.
const FIELDS: [&str; 16] = [
    "adaptive_pricing[enabled]",
    "cancel_url",
    "client_reference_id",
    "customer_email",
    "expires_at",
    "line_items[0][price_data][currency]",
    "line_items[0][price_data][product_data][name]",
    "line_items[0][price_data][unit_amount]",
    "line_items[0][quantity]",
    "locale",
    "metadata[order]",
    "mode",
    "payment_intent_data[description]",
    "payment_intent_data[metadata][order]",
    "submit_type",
    "success_url",
];

/// What a buyer or a bank does to a checkout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The buyer pays by a card.
    Pay,
    /// The buyer tries a card that is declined.
    Decline,
    /// The buyer pays by a bank that takes its time.
    PayLater,
    /// That bank pays.
    BankPays,
    /// That bank does not.
    BankFails,
    /// The checkout's time is over.
    Expire,
    /// The shop gives half of the money back by hand.
    RefundHalf,
    /// The shop gives all of it back by hand.
    Refund,
    /// The buyer's bank claims the money back.
    Dispute,
    /// The claim is decided.
    CloseDispute,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// Its name, such as `checkout.session.completed`.
    pub kind: &'static str,
    /// What is posted.
    pub body: String,
}

pub(super) struct Account {
    pub(super) setup: Setup,
    pub(super) events: Vec<Event>,
    /// What was answered to whom, by the key under which it was asked.
    pub(super) once: BTreeMap<String, (String, Answer)>,
    url: String,
    sessions: Vec<Session>,
}

pub(super) struct Session {
    pub(super) id: String,
    pub(super) amount: i64,
    pub(super) declined: u32,
    fields: BTreeMap<String, String>,
    created: u64,
    status: &'static str,
    paid: bool,
    payment: Option<Payment>,
}

struct Payment {
    id: String,
    charge: String,
    refunded: i64,
    disputed: bool,
}

impl Session {
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    pub(super) fn is_open(&self) -> bool {
        self.status == "open"
    }

    pub(super) fn currency(&self) -> &str {
        self.field("line_items[0][price_data][currency]")
    }

    fn charge(&self, payment: &Payment, live: bool) -> Value {
        json!({
            "id": payment.charge, "object": "charge", "livemode": live, "amount": self.amount,
            "amount_refunded": payment.refunded, "currency": self.currency(), "paid": self.paid,
            "refunded": payment.refunded == self.amount, "disputed": payment.disputed,
            "payment_intent": payment.id,
            "metadata": {"order": self.field("payment_intent_data[metadata][order]")},
        })
    }

    /// The session as it is told; with the payment behind it as a whole, or by its id.
    fn told(&self, live: bool, url: &str, whole: bool) -> Value {
        let payment = self.payment.as_ref().map(|payment| {
            if !whole {
                return json!(payment.id);
            }
            json!({
                "id": payment.id, "object": "payment_intent", "livemode": live, "amount": self.amount,
                "currency": self.currency(), "status": if self.paid { "succeeded" } else { "processing" },
                "latest_charge": self.charge(payment, live),
            })
        });
        let page = self.is_open().then(|| format!("{url}/pay/{}", self.id));
        json!({
            "id": self.id, "object": "checkout.session", "livemode": live, "url": page, "mode": "payment",
            "status": self.status, "payment_status": if self.paid { "paid" } else { "unpaid" },
            "amount_total": self.amount, "currency": self.currency(), "created": self.created,
            "client_reference_id": self.fields.get("client_reference_id"),
            "metadata": {"order": self.field("metadata[order]")}, "payment_intent": payment,
        })
    }
}

impl Account {
    pub(super) fn new(setup: Setup, url: &str) -> Self {
        Self {
            setup,
            events: Vec::new(),
            once: BTreeMap::new(),
            url: url.to_owned(),
            sessions: Vec::new(),
        }
    }

    fn live(&self) -> bool {
        self.setup.key.contains("_live_")
    }

    pub(super) fn sessions(&self) -> Vec<String> {
        self.sessions.iter().map(|it| it.id.clone()).collect()
    }

    pub(super) fn session(&self, id: &str) -> Option<&Session> {
        self.sessions.iter().find(|session| session.id == id)
    }

    fn told(&self, session: &Session, whole: bool) -> Value {
        session.told(self.live(), &self.url, whole)
    }

    /// `POST /v1/checkout/sessions`.
    pub(super) fn create(&mut self, fields: BTreeMap<String, String>) -> Answer {
        if let Some(unknown) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            return Answer::refused(400, "parameter_unknown", unknown);
        }
        let field = |name: &str| fields.get(name).map_or("", String::as_str);
        let amount = "line_items[0][price_data][unit_amount]";
        let Ok(minor) = field(amount).parse::<i64>() else {
            return Answer::refused(400, "parameter_invalid_integer", amount);
        };
        if minor < 50 {
            return Answer::refused(400, "amount_too_small", amount);
        }
        for name in ["success_url", "cancel_url"] {
            if !field(name).starts_with("http") {
                return Answer::refused(400, "url_invalid", name);
            }
        }
        let (now, email) = ((self.setup.now)(), field("customer_email"));
        let until = field("expires_at").parse().unwrap_or(0);
        if !OPEN.contains(&u64::saturating_sub(until, now)) {
            return Answer::refused(400, "parameter_invalid", "expires_at");
        }
        if !email.is_empty() && (!email.is_ascii() || email.ends_with(".invalid")) {
            return Answer::refused(400, "email_invalid", "customer_email");
        }
        let mode = if self.live() { "live" } else { "test" };
        let session = Session {
            id: format!("cs_{mode}_{:020}", self.sessions.len() + 1),
            amount: minor,
            declined: 0,
            fields,
            created: now,
            status: "open",
            paid: false,
            payment: None,
        };
        let answer = Answer::ok(self.told(&session, false));
        self.sessions.push(session);
        answer
    }

    /// `GET /v1/checkout/sessions/ID`.
    pub(super) fn retrieve(&self, id: &str, whole: bool) -> Answer {
        match self.session(id) {
            Some(session) => Answer::ok(self.told(session, whole)),
            None => Answer::refused(404, "resource_missing", "session"),
        }
    }

    /// `GET /v1/checkout/sessions?payment_intent=ID`.
    pub(super) fn of_payment(&self, payment: &str, whole: bool) -> Answer {
        let made = |session: &&Session| {
            let behind = session.payment.as_ref();
            behind.is_some_and(|behind| behind.id == payment)
        };
        let found = self.sessions.iter().filter(made);
        let found: Vec<_> = found.map(|session| self.told(session, whole)).collect();
        Answer::ok(json!({"object": "list", "has_more": false, "data": found}))
    }

    /// `POST /v1/refunds`.
    pub(super) fn refund(&mut self, payment: &str) -> Answer {
        let behind = |session: &&Session| {
            let behind = session.payment.as_ref();
            behind.is_some_and(|behind| behind.id == payment)
        };
        let Some(session) = self.sessions.iter().find(behind) else {
            return Answer::refused(404, "resource_missing", "payment_intent");
        };
        let (id, amount) = (session.id.clone(), session.amount);
        match &session.payment {
            Some(payment) if payment.refunded == amount => {
                Answer::refused(400, "charge_already_refunded", "payment_intent")
            }
            _ => {
                self.act(&id, Action::Refund);
                let refund = format!("re_{}", self.events.len());
                Answer::ok(json!({"id": refund, "object": "refund", "status": "succeeded"}))
            }
        }
    }

    /// Does what a buyer or a bank does, and notes what is to be told of it. False if there is no such checkout.
    pub(super) fn act(&mut self, id: &str, action: Action) -> bool {
        let Some(at) = self.sessions.iter().position(|session| session.id == id) else {
            return false;
        };
        let number = at + 1;
        let session = &mut self.sessions[at];
        let amount = session.amount;
        let kinds: &[&'static str] = match (action, session.status, &mut session.payment) {
            (Action::Pay | Action::PayLater, "open", payment) => {
                *payment = Some(Payment {
                    id: format!("pi_{number:020}"),
                    charge: format!("ch_{number:020}"),
                    refunded: 0,
                    disputed: false,
                });
                session.status = "complete";
                session.paid = action == Action::Pay;
                match action {
                    Action::Pay => &[
                        "payment_intent.created",
                        "charge.succeeded",
                        "payment_intent.succeeded",
                        "checkout.session.completed",
                    ],
                    _ => &["payment_intent.created", "checkout.session.completed"],
                }
            }
            (Action::Decline, "open", _) => {
                session.declined += 1;
                &["charge.failed", "payment_intent.payment_failed"]
            }
            (Action::Expire, "open", _) => {
                session.status = "expired";
                &["checkout.session.expired"]
            }
            (Action::BankPays, "complete", Some(_)) if !session.paid => {
                session.paid = true;
                &[
                    "charge.succeeded",
                    "checkout.session.async_payment_succeeded",
                ]
            }
            (Action::BankFails, "complete", Some(_)) if !session.paid => {
                &["checkout.session.async_payment_failed"]
            }
            (Action::RefundHalf, _, Some(payment)) if session.paid && payment.refunded == 0 => {
                payment.refunded = amount / 2;
                &["refund.created", "charge.refunded"]
            }
            (Action::Refund, _, Some(payment)) if session.paid && payment.refunded < amount => {
                payment.refunded = amount;
                &["refund.created", "charge.refunded"]
            }
            (Action::Dispute, _, Some(payment)) if session.paid && !payment.disputed => {
                payment.disputed = true;
                &["charge.dispute.created", "charge.dispute.funds_withdrawn"]
            }
            (Action::CloseDispute, _, Some(payment)) if payment.disputed => {
                &["charge.dispute.closed"]
            }
            _ => &[],
        };
        for kind in kinds {
            self.tell(at, kind);
        }
        true
    }

    fn tell(&mut self, at: usize, kind: &'static str) {
        let (session, live) = (&self.sessions[at], self.live());
        let number = at + 1;
        let intent = format!("pi_{number:020}");
        let object = match (
            kind.rsplit_once('.').map(|(object, _)| object),
            &session.payment,
        ) {
            (Some("charge"), Some(payment)) => session.charge(payment, live),
            (Some("charge.dispute"), _) => json!({
                "id": format!("du_{number:020}"), "object": "dispute", "livemode": live,
                "payment_intent": intent, "amount": session.amount, "metadata": {},
            }),
            (Some("checkout.session"), _) => self.told(session, false),
            (Some("payment_intent"), _) => json!({
                "id": intent, "object": "payment_intent", "livemode": live, "amount": session.amount,
                "metadata": {"order": session.field("payment_intent_data[metadata][order]")},
            }),
            _ => json!({"id": format!("xx_{number}"), "object": "other", "payment_intent": intent}),
        };
        let id = format!("evt_{:020}", self.events.len() + 1);
        let body = json!({
            "id": id, "object": "event", "type": kind, "livemode": live, "created": (self.setup.now)(),
            "data": {"object": object},
        })
        .to_string();
        self.events.push(Event { id, kind, body });
    }
}
