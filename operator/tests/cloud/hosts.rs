//! `latchkey hosts … --environment`.

use std::fs;
use std::time::Duration;

use aws_sdk_autoscaling::Client as Groups;
use latchkey_cloud::aws::SdkConfig;
use latchkey_cloud::dynamo::DynamoDirectory;
use latchkey_emulators::{DynamoLocal, Moto};
use latchkey_host::ports::{Directory as _, Enlist, JournalId, Slot};

use crate::support::{config, done, latchkey, refused};

const GROUP: &str = "latchkey-dev-slot-4";
const RELEASE: &str = "/latchkey/dev/hosts/release";

fn enlisting(version: &str) -> Enlist {
    Enlist {
        slot: Slot(4),
        region: "us-east-1".to_owned(),
        url: "wss://play.test/s/4/room".to_owned(),
        version: version.to_owned(),
        journal: JournalId(1),
    }
}

async fn make_group(groups: &Groups) -> String {
    let like = groups.create_launch_configuration();
    let like = like
        .launch_configuration_name("like")
        .image_id("ami-12c6146b");
    like.instance_type("t3.micro").send().await.unwrap();
    let group = groups.create_auto_scaling_group();
    let group = group
        .auto_scaling_group_name(GROUP)
        .launch_configuration_name("like");
    let group = group.min_size(1).max_size(1).desired_capacity(1);
    group.availability_zones("us-east-1a").send().await.unwrap();
    machine(groups).await.unwrap()
}

/// The machine in the group.
async fn machine(groups: &Groups) -> Option<String> {
    let found = groups
        .describe_auto_scaling_groups()
        .auto_scaling_group_names(GROUP);
    let mut found = found.send().await.unwrap().auto_scaling_groups.unwrap();
    let machines = found.pop()?.instances?;
    machines.into_iter().find_map(|machine| machine.instance_id)
}

async fn parameter(config: &SdkConfig, name: &str) -> Option<String> {
    let found = aws_sdk_ssm::Client::new(config).get_parameter().name(name);
    found.send().await.ok()?.parameter?.value
}

async fn make_table(config: &SdkConfig) {
    use aws_sdk_dynamodb::types::{
        AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    };
    let client = aws_sdk_dynamodb::Client::new(config);
    let mut table = client
        .create_table()
        .table_name("latchkey-dev-directory")
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

#[tokio::test]
async fn a_release_is_published_once_and_rolled_to_a_slot_whose_machine_is_replaced() {
    let (moto, dynamodb) = tokio::try_join!(Moto::shared(), DynamoLocal::shared()).unwrap();
    let aws = config(&moto.url()).await;
    let bucket = "latchkey-dev-artifacts-123456789012";
    let s3 = aws_sdk_s3::config::Builder::from(&aws)
        .force_path_style(true)
        .build();
    let s3 = aws_sdk_s3::Client::from_conf(s3);
    s3.create_bucket().bucket(bucket).send().await.unwrap();
    let tables = config(&dynamodb.url()).await;
    make_table(&tables).await;
    let directory = DynamoDirectory::new(&tables, "latchkey-dev-directory");
    let groups = Groups::new(&aws);
    let before = make_group(&groups).await;
    directory.enlist(enlisting("1")).await.unwrap();

    let run = |arguments: &[&str]| {
        let all = [&["hosts", "--environment", "dev"], arguments].concat();
        latchkey(moto, Some(dynamodb), &all)
    };
    assert!(done(run(&[])).contains("wss://play.test/s/4/room"));
    let unknown = refused(run(&["roll", "2"]));
    assert!(unknown.contains("2 is not published in dev"), "{unknown}");
    let folder = tempfile::tempdir().unwrap();
    for file in [
        "boot.sh",
        "latchkey-host-aarch64.tar.gz",
        "latchkey-host-x86_64.tar.gz",
    ] {
        fs::write(folder.path().join(file), file).unwrap();
    }
    let path = folder.path().display().to_string();
    for version in ["1", "2", "2"] {
        let said = done(run(&["publish", version, &path]));
        assert!(said.contains(&format!("{version} is published")), "{said}");
    }
    let first = parameter(&aws, RELEASE).await.unwrap();
    assert!(
        first.starts_with("1 boot="),
        "the first one of a region: {first}"
    );
    let stored = s3.get_object().bucket(bucket).key("hosts/2/boot.sh").send();
    assert_eq!(
        stored
            .await
            .unwrap()
            .body
            .collect()
            .await
            .unwrap()
            .into_bytes(),
        "boot.sh"
    );
    fs::write(folder.path().join("boot.sh"), "other").unwrap();
    let other = refused(run(&["publish", "2", &path]));
    assert!(
        other.contains("published already with other files"),
        "{other}"
    );

    // The machine that the group starts instead, as its host enlists.
    let comes_up = tokio::spawn(async move {
        loop {
            let now = machine(&groups).await;
            if now.is_some_and(|now| now != before) {
                return directory.enlist(enlisting("2")).await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let rolled = tokio::task::spawn_blocking(move || {
        latchkey(
            moto,
            Some(dynamodb),
            &["hosts", "--environment", "dev", "roll", "2"],
        )
    });
    let said = done(rolled.await.unwrap());
    comes_up.await.unwrap();
    assert!(said.contains("host 4 serves again with 2"), "{said}");
    assert!(said.contains("all hosts run 2"), "{said}");
    assert!(
        parameter(&aws, RELEASE)
            .await
            .unwrap()
            .starts_with("2 boot=")
    );
    assert_eq!(parameter(&aws, &format!("{RELEASE}/4")).await, None);
    let again = done(run(&["roll", "2"]));
    assert!(again.contains("host 4 runs 2 already"), "{again}");
}
