//! The function `site`: the website behind the CDN.

use std::sync::Arc;

use anyhow::Context as _;
use lambda_http::Adapter;
use lambda_http::lambda_runtime::{Error, LambdaInvocation, Runtime, Service};
use latchkey_cloud::aws::{self, USUAL};
use latchkey_cloud::dynamo::{DynamoClaims, DynamoDirectory, DynamoPlacement, DynamoRates};
use latchkey_cloud::machine::{OsEntropy, SystemClock};
use latchkey_cloud::mongo::{MongoGames, MongoLedger, MongoOrders, MongoStats, MongoVersions};
use latchkey_cloud::s3::{S3Bucket, S3VersionFiles};
use latchkey_cloud::secrets::{LinksSecret, SecretStore, SiteSecret};
use latchkey_cloud::sqs::{Client, SqsQueue};
use latchkey_cloud::stripe::{self, ApiKey, Stripe};
use latchkey_cloud::titles::CloudTitles;
use latchkey_platform::payments::webhook::WebhookSecret;
use latchkey_platform::queue::QueueName;
use latchkey_platform::{Platform, Ports, Secrets};
use latchkey_site::SiteConfig;

use crate::edge;
use crate::settings::{self, Common, Variables};
use crate::wiring::{database, logs};

/// Where the payment provider is, where that is not Stripe itself.
const STRIPE_URL: &str = "LATCHKEY_STRIPE_URL";

/// Prepares the function.
///
/// # Errors
/// When a setting or a secret is missing or wrong; the error names it.
pub async fn begin(
    variables: Variables,
) -> anyhow::Result<
    Runtime<impl Service<LambdaInvocation, Response = (), Error = Error, Future: 'static>>,
> {
    let (common, own) = (Common::of(&variables)?, settings::Site::of(&variables)?);
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(OsEntropy));
    logs(&common, clock.clone())?;
    let config = aws::config().await;
    let store = SecretStore::new(&config);
    let (mongo, links, secret, origin) = tokio::try_join!(
        database(&store, &common),
        async { Ok(store.read::<LinksSecret>(&own.links_secret).await?) },
        async { Ok(store.read::<SiteSecret>(&own.site_secret).await?) },
        async { Ok(store.origin(&own.origin_secret).await?) },
    )?;
    let key =
        ApiKey::parse(&secret.stripe_key).context("the field stripe_key of the secret site")?;
    let webhook = WebhookSecret::new(secret.stripe_webhook, key.mode());
    let stripe = variables.text(STRIPE_URL).unwrap_or(stripe::API);
    let claims = Arc::new(DynamoClaims::new(&config, &own.claims));
    let directory = DynamoDirectory::with_patience(&config, USUAL, &own.directory);
    let files = Arc::new(S3VersionFiles(S3Bucket::new(&config, &own.titles)));
    let ports = Ports {
        titles: Arc::new(CloudTitles::new(MongoVersions::new(&mongo), files)),
        orders: Arc::new(MongoOrders::new(&mongo)),
        payments: Arc::new(Stripe::open(stripe, key, entropy.clone())?),
        games: Arc::new(MongoGames::new(&mongo)),
        ledger: Arc::new(MongoLedger::new(&mongo)),
        queue: Arc::new(SqsQueue::new(
            &Client::new(&config),
            [(QueueName::Mail, own.confirm)],
        )),
        stats: Arc::new(MongoStats::new(&mongo)),
        stops: claims.clone(),
        rates: Arc::new(DynamoRates {
            claims: DynamoClaims::clone(&claims),
            clock: clock.clone(),
        }),
        placement: Arc::new(DynamoPlacement(directory)),
        clock,
        entropy,
    };
    let secrets = Secrets {
        links: links.links,
        seats: secret.seats,
        webhook,
        tickets: secret.tickets,
    };
    let platform = Platform::new(ports, secrets, common.origin.clone());
    let config = SiteConfig {
        room_origins: own.room_origins,
        till_origins: own.till_origins,
        proxies: own.proxies,
        dev: None,
    };
    let site = latchkey_site::router(&latchkey_site::Site::new(platform, config));
    Ok(Runtime::new(Adapter::from(edge::behind(
        site,
        origin,
        common.origin,
    ))))
}
