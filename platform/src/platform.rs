//! The use-cases put together over the ports. Wirings make one [`Platform`] and hand it to the site; jobs take
//! their ports one by one.

use std::sync::Arc;

use latchkey_protocol::TicketSigner;

use crate::checkout::Checkouts;
use crate::clock::Clock;
use crate::effects::Effects;
use crate::entropy::Entropy;
use crate::fulfil::Fulfilment;
use crate::games::Games;
use crate::launch::Launch;
use crate::ledger::Ledger;
use crate::links::{Links, SiteUrl};
use crate::mail::Stops;
use crate::orders::Orders;
use crate::payments::Payments;
use crate::payments::webhook::WebhookSecret;
use crate::placement::Placement;
use crate::queue::Queue;
use crate::rate::RateLimits;
use crate::resend::Resends;
use crate::stats::StatsStore;
use crate::titles::Titles;
use crate::tokens::DerivingKey;

/// What the wiring supplies.
#[derive(Clone)]
pub struct Ports {
    /// The catalogue.
    pub titles: Arc<dyn Titles>,
    /// The orders.
    pub orders: Arc<dyn Orders>,
    /// The payment provider.
    pub payments: Arc<dyn Payments>,
    /// The games.
    pub games: Arc<dyn Games>,
    /// The ledger.
    pub ledger: Arc<dyn Ledger>,
    /// The queue of jobs.
    pub queue: Arc<dyn Queue>,
    /// The results of finished games.
    pub stats: Arc<dyn StatsStore>,
    /// The addresses that get no more mail.
    pub stops: Arc<dyn Stops>,
    /// The counts of who did what how often.
    pub rates: Arc<dyn RateLimits>,
    /// Where rooms are.
    pub placement: Arc<dyn Placement>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// The secrets of the site. Each has one use.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// Derives the links of games.
    pub links: DerivingKey,
    /// Derives seats and their secrets.
    pub seats: DerivingKey,
    /// What the payment provider signs its events with.
    pub webhook: WebhookSecret,
    /// The key that signs tickets.
    pub tickets: Arc<TicketSigner>,
}

/// Everything the site does business with.
#[derive(Clone)]
pub struct Platform {
    /// The catalogue.
    pub titles: Arc<dyn Titles>,
    /// The orders, for pages that show one.
    pub orders: Arc<dyn Orders>,
    /// Placing orders.
    pub checkouts: Checkouts,
    /// What follows from payments.
    pub fulfilment: Fulfilment,
    /// What people do with games.
    pub launch: Launch,
    /// Resending links.
    pub resends: Resends,
    /// The results of finished games.
    pub stats: Arc<dyn StatsStore>,
    /// The addresses that get no more mail.
    pub stops: Arc<dyn Stops>,
    /// The counts of who did what how often.
    pub rates: Arc<dyn RateLimits>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where the public reaches the site.
    pub site: SiteUrl,
}

impl Platform {
    /// Puts the use-cases together.
    #[must_use]
    pub fn new(ports: Ports, secrets: Secrets, site: SiteUrl) -> Self {
        let links = Links::new(secrets.links, site.clone());
        Self {
            checkouts: Checkouts {
                titles: ports.titles.clone(),
                orders: ports.orders.clone(),
                payments: ports.payments.clone(),
                clock: ports.clock.clone(),
                entropy: ports.entropy.clone(),
                site: site.clone(),
            },
            fulfilment: Fulfilment {
                titles: ports.titles.clone(),
                orders: ports.orders.clone(),
                payments: ports.payments,
                effects: Effects {
                    orders: ports.orders.clone(),
                    games: ports.games.clone(),
                    ledger: ports.ledger,
                    queue: ports.queue.clone(),
                    clock: ports.clock.clone(),
                    links: links.clone(),
                },
                clock: ports.clock.clone(),
                entropy: ports.entropy.clone(),
                webhook: secrets.webhook,
            },
            launch: Launch {
                games: ports.games,
                placement: ports.placement,
                clock: ports.clock.clone(),
                entropy: ports.entropy.clone(),
                links,
                seats: secrets.seats,
                signer: secrets.tickets,
            },
            resends: Resends {
                queue: ports.queue,
                rates: ports.rates.clone(),
                entropy: ports.entropy,
            },
            titles: ports.titles,
            orders: ports.orders,
            stats: ports.stats,
            stops: ports.stops,
            rates: ports.rates,
            clock: ports.clock,
            site,
        }
    }
}
