//! The services, shared by all tests of this binary, and what a deployment makes in them: each test has a table, a queue, a
//! secret and a database of its own.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_sdk_sqs::types::QueueAttributeName;
use latchkey_cloud::aws::{self, Region, SdkConfig};
use latchkey_emulators::{DynamoLocal, ElasticMq, Moto, Secantus};
use latchkey_protocol::{MemberId, Profile, RoomId, Ticket, TicketSigner, UnixMs};
use serde_json::json;

/// What every process is given by AWS.
const REGION: &str = "eu-west-1";

/// The services of one test.
pub(crate) struct Services {
    pub(crate) name: &'static str,
    dynamodb: String,
    sqs: &'static ElasticMq,
    moto: &'static Moto,
    queue: String,
    signer: TicketSigner,
}

impl Services {
    /// Those that all tests share.
    pub(crate) async fn shared(name: &'static str) -> Self {
        let dynamodb = DynamoLocal::shared().await.unwrap();
        Self::with(name, dynamodb).await
    }

    /// With a directory in a server that the test may stop.
    pub(crate) async fn with(name: &'static str, dynamodb: &DynamoLocal) -> Self {
        let (mongo, sqs, moto) =
            tokio::try_join!(Secantus::shared(), ElasticMq::shared(), Moto::shared()).unwrap();
        let mut services = Self {
            name,
            dynamodb: dynamodb.url(),
            sqs,
            moto,
            queue: String::new(),
            signer: TicketSigner::from_secret(&[5; 32]),
        };
        services.make_table().await;
        services.make_queue().await;
        let uri = mongo.uri().replace("/?", &format!("/{name}?"));
        services.make_secret(&uri).await;
        services
    }

    /// What a host is given, but for what is its own.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.dynamodb.clone()),
            ("AWS_ENDPOINT_URL_SQS", self.sqs.url()),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", self.moto.url()),
            ("LATCHKEY_REGION", REGION.to_owned()),
            ("LATCHKEY_HOME_REGION", REGION.to_owned()),
            ("LATCHKEY_ENVIRONMENT", self.name.to_owned()),
            ("LATCHKEY_ORIGIN", "https://games.test".to_owned()),
            ("LATCHKEY_DIRECTORY_TABLE", self.table()),
            ("LATCHKEY_HOST_SECRET", self.secret()),
            ("LATCHKEY_STATS_QUEUE", self.queue.clone()),
        ]
    }

    /// A ticket, as the site signs it.
    pub(crate) fn ticket(&self, room: RoomId, member: MemberId) -> String {
        let profile = Profile {
            name: "Ada".parse().unwrap(),
            colour: "#3366cc".parse().unwrap(),
        };
        let ticket = Ticket {
            room,
            member,
            profile,
        };
        self.signer.sign(&ticket, now())
    }

    fn table(&self) -> String {
        format!("latchkey-{}-directory", self.name)
    }

    fn secret(&self) -> String {
        format!("latchkey/{}/host", self.name)
    }

    async fn config(&self, endpoint: &str) -> SdkConfig {
        let credentials =
            aws_sdk_dynamodb::config::Credentials::new("test", "test", None, None, "test");
        let config = aws::config_in(Region::new(REGION)).await.into_builder();
        let provider = aws_sdk_dynamodb::config::SharedCredentialsProvider::new(credentials);
        config
            .endpoint_url(endpoint)
            .credentials_provider(provider)
            .build()
    }

    async fn make_table(&self) {
        let client = aws_sdk_dynamodb::Client::new(&self.config(&self.dynamodb).await);
        let mut table = client
            .create_table()
            .table_name(self.table())
            .billing_mode(BillingMode::PayPerRequest);
        for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
            let attribute = AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(ScalarAttributeType::S);
            let key = KeySchemaElement::builder()
                .attribute_name(name)
                .key_type(kind);
            table = table
                .attribute_definitions(attribute.build().unwrap())
                .key_schema(key.build().unwrap());
        }
        table.send().await.unwrap();
    }

    async fn make_queue(&mut self) {
        let client = aws_sdk_sqs::Client::new(&self.config(&self.sqs.url()).await);
        let made = client
            .create_queue()
            .queue_name(format!("latchkey-{}-stats.fifo", self.name))
            .attributes(QueueAttributeName::FifoQueue, "true");
        self.queue = made.send().await.unwrap().queue_url.unwrap();
    }

    async fn make_secret(&self, uri: &str) {
        let client = aws_sdk_secretsmanager::Client::new(&self.config(&self.moto.url()).await);
        let hex = latchkey_platform::hex::hex;
        let fields = json!({
            "uri": uri,
            "records": hex(&[8; 32]),
            "tickets_public": hex(&self.signer.verifier().to_public()),
        });
        let made = client
            .create_secret()
            .name(self.secret())
            .secret_string(fields.to_string());
        made.send().await.unwrap();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tickets are good by the host's real clock"
)]
fn now() -> UnixMs {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    UnixMs(u64::try_from(since.unwrap().as_millis()).unwrap())
}
