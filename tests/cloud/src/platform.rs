//! The whole platform: the four functions behind the CDN and the HTTP API, the queues' mappings, hosts behind the load balancer, and
//! the providers of payments and mail.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use hyper::Method;
use latchkey_emulators::edge::Edge;
use latchkey_emulators::gateway::Gateway;
use latchkey_emulators::lambda::{self, Function};
use latchkey_emulators::mapping::Mapping;
use latchkey_emulators::ses::{self, Letter, Ses};
use latchkey_emulators::stripe::{self, Manner, Stripe};
use latchkey_tests::http::{Ask, Visitor};
use latchkey_tests::seat::Seat;
use latchkey_tests::wait::{PATIENCE, eventually, unix_seconds};
use latchkey_tests::{settings, shop};

use crate::aws::REGION;
use crate::hosts::Host;
use crate::made;
use crate::operator;
use crate::services::{ORIGIN, STRIPE_KEY, STRIPE_WEBHOOK, Services};

/// Who sends letters, and by which configuration set.
const DOMAIN: &str = "games.example.org";
/// Requests that the site answers at once.
const SITES: usize = 6;
/// Messages handed to a function at once, as the stack has it.
const CONFIRM_BATCH: u32 = 10;
const STATS_BATCH: u32 = 5;

/// The platform. Everything ends with its handle.
#[derive(Debug)]
pub struct Platform {
    /// What takes messages to functions; gone when a test takes it away.
    pub mappings: Vec<Mapping>,
    /// The hosts, in the order of their slots.
    pub hosts: Vec<Host>,
    /// The site.
    pub site: Arc<Function>,
    /// Letters to buyers.
    pub confirm: Arc<Function>,
    /// Stats of finished games.
    pub stats: Arc<Function>,
    /// What becomes of letters.
    pub mail: Arc<Function>,
    /// The mail service.
    pub ses: Ses,
    /// The payment provider.
    pub stripe: Provider,
    /// What browsers reach.
    pub edge: Edge,
    /// What all is built on.
    pub services: Services,
    _gateway: Gateway,
}

/// The payment provider; it has nothing to show of itself.
pub struct Provider(pub Stripe);

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.url())
    }
}

impl Platform {
    /// Starts everything, with as many hosts, and events of payments in this manner. `name` names the logs of hosts.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn start(name: &str, hosts: u16, manner: Manner) -> anyhow::Result<Self> {
        let services = Services::start().await?;
        operator::prepare(&services).await?;
        let edge = Edge::start().await?;
        let provider = stripe::Setup {
            key: STRIPE_KEY.to_owned(),
            secret: STRIPE_WEBHOOK.to_owned(),
            now: Arc::new(unix_seconds),
        };
        let stripe = Stripe::start(provider).await?;
        stripe.deliver_to(&format!("{}/webhooks/payments", edge.url()), manner);
        let sets = ["orders", "campaigns"].map(made::name).to_vec();
        let ses = Ses::start(ses::Setup {
            domain: DOMAIN.to_owned(),
            sets,
        })
        .await?;
        let given = given(&services, &edge, &ses, &stripe);
        let [site, confirm, stats, mail] =
            [("site", SITES), ("confirm", 1), ("stats", 1), ("mail", 1)]
                .map(|(name, concurrency)| deploy(name, concurrency, &given));
        let (site, confirm, stats, mail) = (site?, confirm?, stats?, mail?);
        let gateway = Gateway::start(site.clone(), Some(ORIGIN)).await?;
        edge.lead("/", gateway.address(), "");
        let bucket = services.moto.url().trim_start_matches("http://").parse()?;
        edge.lead("/t/", bucket, &format!("/{}", made::bucket("titles")));
        let mappings = vec![
            Mapping::start(&services.queues.confirm, confirm.clone(), CONFIRM_BATCH)?,
            Mapping::start(&services.queues.stats, stats.clone(), STATS_BATCH)?,
        ];
        let mut platform = Self {
            mappings,
            hosts: Vec::new(),
            site,
            confirm,
            stats,
            mail,
            ses,
            stripe: Provider(stripe),
            edge,
            services,
            _gateway: gateway,
        };
        platform.add_hosts(name, hosts).await?;
        Ok(platform)
    }

    async fn add_hosts(&mut self, name: &str, hosts: u16) -> anyhow::Result<()> {
        let origin = self.edge.url();
        for slot in 1..=hosts {
            let host = Host::start(name, slot, &self.services, &self.edge, &origin).await?;
            self.hosts.push(host);
        }
        for host in &mut self.hosts {
            host.serves().await?;
        }
        Ok(())
    }

    /// A person at the site.
    #[must_use]
    pub fn visitor(&self) -> Visitor {
        Visitor::new(&self.edge.url())
    }

    /// Orders and pays; returns the path of the order's page, without opening it.
    ///
    /// # Errors
    /// When a step is refused.
    pub async fn pay(&self, buyer: &mut Visitor, email: &str) -> anyhow::Result<String> {
        let form = shop::filled(shop::checkout(buyer).await?, email, "DE");
        let till = buyer.submit_only(&form).await?.expect(303)?;
        let till = till.header("location").to_owned();
        let path = till.strip_prefix(self.stripe.0.url());
        let path = path.with_context(|| format!("{till} is not the provider's page"))?;
        let pay =
            Ask::new(Method::POST, path).body("application/x-www-form-urlencoded", "action=pay");
        let paid = Visitor::new(self.stripe.0.url())
            .send(pay)
            .await?
            .expect(303)?;
        let page = paid.header("location").to_owned();
        Ok(page.strip_prefix(buyer.site()).unwrap_or(&page).to_owned())
    }

    /// Buys: from the catalogue to the link on the thank-you page; returns the path of the launch page.
    ///
    /// # Errors
    /// When a step is refused.
    pub async fn buy(&self, email: &str) -> anyhow::Result<String> {
        let mut buyer = self.visitor();
        let page = self.pay(&mut buyer, email).await?;
        shop::collect(&mut buyer, &page).await
    }

    /// Buys a game and seats `count` people in it, each with a browser of their own.
    ///
    /// # Errors
    /// When a step is refused.
    pub async fn game(&self, count: usize) -> anyhow::Result<Vec<Seat>> {
        let launch = self.buy("ada@example.org").await?;
        let mut seats = Vec::new();
        for name in ["Ada", "Bob", "Cem", "Dee"].iter().cycle().take(count) {
            seats.push(shop::sit(self.visitor(), &launch, name).await?);
        }
        Ok(seats)
    }

    /// The letters to an address.
    #[must_use]
    pub fn letters(&self, to: &str) -> Vec<Letter> {
        let all = self.ses.inbox().into_iter();
        all.filter(|letter| letter.to.iter().any(|address| address.contains(to)))
            .collect()
    }

    /// Waits until there are as many letters to an address.
    ///
    /// # Errors
    /// When there are not in time.
    pub async fn has_letters(&self, to: &str, count: usize) -> anyhow::Result<Vec<Letter>> {
        let what = format!("{count} letters");
        eventually(PATIENCE * 2, &what, async || {
            let letters = self.letters(to);
            Ok((letters.len() >= count).then_some(letters))
        })
        .await
    }
}

/// Every setting of the functions; each has those that it knows.
fn given(services: &Services, edge: &Edge, ses: &Ses, stripe: &Stripe) -> BTreeMap<String, String> {
    let mut given: BTreeMap<_, _> = services.settings().into_iter().collect();
    let own = [
        ("AWS_ENDPOINT_URL_SESV2", ses.url().to_owned()),
        ("LATCHKEY_ENVIRONMENT", made::ENVIRONMENT.to_owned()),
        ("LATCHKEY_LOG", "info".to_owned()),
        ("LATCHKEY_ORIGIN", edge.url()),
        ("LATCHKEY_DATABASE_SECRET", made::secret("database")),
        ("LATCHKEY_CLAIMS_TABLE", made::name("claims")),
        ("LATCHKEY_LINKS_SECRET", made::secret("links")),
        ("LATCHKEY_CONFIRM_QUEUE", services.queues.confirm.clone()),
        ("LATCHKEY_DIRECTORY_TABLE", made::name("directory")),
        ("LATCHKEY_SITE_SECRET", made::secret("site")),
        ("LATCHKEY_ORIGIN_SECRET", made::secret("origin")),
        ("LATCHKEY_PROXIES", "2".to_owned()),
        ("LATCHKEY_REGIONS", REGION.to_owned()),
        ("LATCHKEY_PLAY_DOMAIN", "play.games.example.org".to_owned()),
        ("LATCHKEY_TILL_ORIGINS", stripe.url().to_owned()),
        ("LATCHKEY_TITLES_BUCKET", made::bucket("titles")),
        ("LATCHKEY_STATS_QUEUE", services.queues.stats.clone()),
        ("LATCHKEY_CAMPAIGN_QUEUE", services.queues.campaign.clone()),
        ("LATCHKEY_MAIL_FROM", format!("games@{DOMAIN}")),
        ("LATCHKEY_MAIL_SET", made::name("orders")),
        ("LATCHKEY_STRIPE_URL", stripe.url().to_owned()),
    ];
    given.extend(own.map(|(name, value)| (name.to_owned(), value)));
    given
}

fn deploy(
    name: &str,
    concurrency: usize,
    given: &BTreeMap<String, String>,
) -> anyhow::Result<Arc<Function>> {
    let mut deployed = lambda::Settings::new(name, settings::built(name)?, given.clone());
    deployed.concurrency = concurrency;
    Ok(Function::deploy(deployed))
}
