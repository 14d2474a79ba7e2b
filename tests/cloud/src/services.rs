//! The services that the programs are built on, as emulators, with all that a deployment makes in them.

use latchkey_emulators::{DynamoLocal, ElasticMq, Moto, Secantus};

use crate::aws::{Endpoint, REGION};
use crate::made::{self, Queues};
use crate::program::Settings;

/// What the CDN shows to the site.
pub const ORIGIN: &str = "the-edge-of-the-suite";
/// The key of the payment provider's account, and what it signs events with.
pub const STRIPE_KEY: &str = "sk_test_suite";
/// See [`STRIPE_KEY`].
pub const STRIPE_WEBHOOK: &str = "whsec_suite";

/// The running services. They end with their handle.
#[derive(Debug)]
pub struct Services {
    /// Orders, games, the archive.
    pub mongo: Secantus,
    /// The directory and the claims.
    pub dynamodb: DynamoLocal,
    /// The queues.
    pub sqs: ElasticMq,
    /// Secrets and buckets.
    pub moto: Moto,
    /// Where the queues are.
    pub queues: Queues,
}

impl Services {
    /// Starts all, and makes what a deployment makes.
    ///
    /// # Errors
    /// When one does not start, or refuses.
    pub async fn start() -> anyhow::Result<Self> {
        let (mongo, dynamodb, sqs, moto) = tokio::try_join!(
            Secantus::start(),
            DynamoLocal::start(),
            ElasticMq::start(),
            Moto::start()
        )?;
        made::tables(&Endpoint::dynamodb(&dynamodb.url())).await?;
        let queues = made::queues(&Endpoint::sqs(&sqs.url())).await?;
        let (s3, titles) = (Endpoint::s3(&moto.url()), made::bucket("titles"));
        s3.make_bucket(&titles).await?;
        s3.let_read(&titles).await?;
        made::secrets(&Endpoint::secrets(&moto.url()), ORIGIN).await?;
        Ok(Self {
            mongo,
            dynamodb,
            sqs,
            moto,
            queues,
        })
    }

    /// What every program of AWS is given by AWS: a region, the right to call, and here also where the services are.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let moto = self.moto.url();
        let all = [
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.dynamodb.url()),
            ("AWS_ENDPOINT_URL_SQS", self.sqs.url()),
            ("AWS_ENDPOINT_URL_S3", moto.clone()),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", moto.clone()),
            ("AWS_ENDPOINT_URL_SSM", moto),
        ];
        all.map(|(name, value)| (name.to_owned(), value)).into()
    }
}
