//! All doubles together, and the platform over them.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use latchkey_protocol::{GameId, TicketSigner};

use super::{
    CountingEntropy, FakeGames, FakeHistory, FakeLedger, FakeMailer, FakeOrders, FakePayments,
    FakeQueue, FakeRates, FakeSends, FakeStats, FakeStops, FakeTitles, Faults, ManualClock,
    samples,
};
use crate::checkout::{OrderForm, Placed};
use crate::payments::webhook::WebhookSecret;
use crate::payments::{Mode, PaymentId};
use crate::placement::{Place, Placement, PlacementError, Region, RoundTrips};
use crate::titles::{self, Published};
use crate::tokens::DerivingKey;
use crate::{Platform, Ports, Secrets};

/// Every room is at one address.
pub struct FakePlacement;

#[async_trait]
impl Placement for FakePlacement {
    async fn place(&self, _room: GameId, _group: &[RoundTrips]) -> Result<Place, PlacementError> {
        Ok(Place::settled("ws://play.test/s/1/room"))
    }

    async fn regions(&self) -> Result<BTreeSet<Region>, PlacementError> {
        Ok(BTreeSet::new())
    }
}

/// All doubles, and the platform over them.
pub struct World {
    /// Stops everything at a chosen step.
    pub faults: Arc<Faults>,
    /// The time.
    pub clock: Arc<ManualClock>,
    /// Randomness.
    pub entropy: Arc<CountingEntropy>,
    /// The catalogue.
    pub titles: Arc<FakeTitles>,
    /// The orders.
    pub orders: Arc<FakeOrders>,
    /// The payment provider.
    pub payments: Arc<FakePayments>,
    /// The games.
    pub games: Arc<FakeGames>,
    /// The ledger.
    pub ledger: Arc<FakeLedger>,
    /// The queues.
    pub queue: Arc<FakeQueue>,
    /// The mailer.
    pub mailer: Arc<FakeMailer>,
    /// The claims on messages.
    pub sends: Arc<FakeSends>,
    /// The addresses that get no more mail.
    pub stops: Arc<FakeStops>,
    /// The histories of rooms.
    pub history: Arc<FakeHistory>,
    /// The results.
    pub stats: Arc<FakeStats>,
    /// What the provider signs with.
    pub webhook: WebhookSecret,
    /// The business.
    pub platform: Platform,
}

impl Default for World {
    fn default() -> Self {
        let faults = Arc::new(Faults::default());
        let clock = Arc::new(ManualClock::default());
        let entropy = Arc::new(CountingEntropy::default());
        let titles = Arc::new(FakeTitles::new(&faults));
        let orders = Arc::new(FakeOrders::new(&faults));
        let payments = Arc::new(FakePayments::new(&faults));
        let games = Arc::new(FakeGames::new(&faults));
        let ledger = Arc::new(FakeLedger::new(&faults));
        let queue = Arc::new(FakeQueue::new(&faults, clock.clone()));
        let stats = Arc::new(FakeStats::new(&faults));
        let stops = Arc::new(FakeStops::new(&faults));
        let webhook = WebhookSecret::new("whsec_test", Mode::Test);
        let ports = Ports {
            titles: titles.clone(),
            orders: orders.clone(),
            payments: payments.clone(),
            games: games.clone(),
            ledger: ledger.clone(),
            queue: queue.clone(),
            stats: stats.clone(),
            stops: stops.clone(),
            rates: Arc::new(FakeRates::new(clock.clone())),
            placement: Arc::new(FakePlacement),
            clock: clock.clone(),
            entropy: entropy.clone(),
        };
        let secrets = Secrets {
            links: DerivingKey::new([3; 32]),
            seats: DerivingKey::new([4; 32]),
            webhook: webhook.clone(),
            tickets: Arc::new(TicketSigner::from_secret(&[5; 32])),
        };
        let site = "http://site.test".parse().expect("an origin");
        Self {
            mailer: Arc::new(FakeMailer::new(&faults)),
            sends: Arc::new(FakeSends::new(&faults)),
            stops,
            history: Arc::new(FakeHistory::new(&faults)),
            platform: Platform::new(ports, secrets, site),
            faults,
            clock,
            entropy,
            titles,
            orders,
            payments,
            games,
            ledger,
            queue,
            stats,
            webhook,
        }
    }
}

impl World {
    /// Publishes `small-game` with this code in its main module.
    pub async fn publish(&self, code: &str) -> Published {
        let bundle = samples::bundle(code);
        titles::publish(&*self.titles, &bundle, samples::NOW)
            .await
            .expect("it can be published")
    }

    /// Places an order for `small-game` from Germany, publishing it first if need be.
    pub async fn place(&self) -> (Placed, PaymentId) {
        self.publish("1").await;
        let form = OrderForm {
            email: "ada@example.org".into(),
            country: "DE".into(),
            terms: true,
        };
        let slug = samples::small_game(1).slug;
        let placed = self
            .platform
            .checkouts
            .place(&slug, &form)
            .await
            .expect("it can be placed");
        let payment = PaymentId::parse(&format!("cs_{}", placed.order)).expect("plain");
        (placed, payment)
    }

    /// The signature header and body of an event about a payment, signed now.
    #[must_use]
    pub fn event(&self, kind: &str, payment: &PaymentId) -> (String, Vec<u8>) {
        let body = serde_json::json!({
            "id": "evt_1", "type": kind, "livemode": false,
            "data": {"object": {"id": payment.as_str(), "payment_intent": payment.as_str()}},
        });
        let body = body.to_string().into_bytes();
        (
            self.webhook
                .sign(&body, crate::clock::Clock::now(&*self.clock)),
            body,
        )
    }
}
