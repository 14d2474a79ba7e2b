//! `latchkey cloud`: what the operator of a deployment on AWS does from here. Built in with the feature `cloud` alone, because it
//! brings the services' own libraries. Region and credentials are found as every program of AWS finds them.

mod environment;
pub(crate) mod fleet;
pub(crate) mod hosts;
pub(crate) mod release;
mod secrets;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use latchkey_cloud::aws::{self, SdkConfig};
use latchkey_cloud::mongo::{Mongo, MongoVersions, Role, indexes};
use latchkey_cloud::s3::{S3Bucket, S3VersionFiles};
use latchkey_cloud::secrets::{DatabaseSecret, SecretStore};
use latchkey_cloud::titles::CloudTitles;
use latchkey_embedded::machine::SystemClock;
use latchkey_platform::clock::Clock as _;
use latchkey_platform::titles;

use crate::bundles;

/// A deployment on AWS.
#[derive(Debug, Clone, Args)]
pub(crate) struct Cloud {
    #[command(subcommand)]
    command: CloudCommand,
    /// The deployment, by which everything of it is named.
    #[arg(
        long,
        value_name = "NAME",
        env = "LATCHKEY_ENVIRONMENT",
        global = true,
        default_value = "dev"
    )]
    environment: String,
}

/// What to do with it.
#[derive(Debug, Clone, Subcommand)]
enum CloudCommand {
    /// Fill the secrets: asks for what others give, makes all else, shows none.
    Secrets(secrets::Again),
    /// Make the database's indexes that are not there yet.
    Indexes,
    /// Publish the titles that are not published yet, or have changed.
    Titles {
        /// The bucket of their files.
        #[arg(long, value_name = "NAME")]
        bucket: String,
        /// Folder of titles, laid out as `games/<slug>/` and `sdk/` [default: those built in].
        #[arg(long, value_name = "DIR")]
        titles: Option<PathBuf>,
    },
}

/// Carries the command out.
pub(crate) fn run(settings: &Cloud) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot start")?;
    runtime.block_on(async {
        let config = aws::config().await;
        let environment = &settings.environment;
        match &settings.command {
            CloudCommand::Secrets(again) => secrets::fill(&config, environment, again).await,
            CloudCommand::Indexes => {
                let mongo = database(&config, environment).await?;
                let made = make_indexes(&mongo).await;
                mongo.shutdown().await;
                made
            }
            CloudCommand::Titles { bucket, titles } => {
                let mongo = database(&config, environment).await?;
                let published = publish(&config, &mongo, bucket, titles.as_deref()).await;
                mongo.shutdown().await;
                published
            }
        }
    })
}

async fn database(config: &SdkConfig, environment: &str) -> Result<Mongo> {
    let name = format!("latchkey/{environment}/database");
    let secret: DatabaseSecret = SecretStore::new(config).read(&name).await?;
    Ok(Mongo::connect(&secret.uri, Role::Function).await?)
}

async fn make_indexes(mongo: &Mongo) -> Result<()> {
    for name in indexes::create(mongo).await? {
        say(&name)?;
    }
    Ok(())
}

async fn publish(
    config: &SdkConfig,
    mongo: &Mongo,
    bucket: &str,
    folder: Option<&Path>,
) -> Result<()> {
    let bundles = match folder {
        Some(folder) => bundles::of_folder(folder)?,
        None => bundles::built_in()?,
    };
    let files = S3VersionFiles(S3Bucket::new(config, bucket));
    let titles = CloudTitles::new(MongoVersions::new(mongo), Arc::new(files));
    for bundle in &bundles {
        let published = titles::publish(&titles, bundle, SystemClock.now()).await?;
        let version = published.version.reference();
        say(&if published.new {
            format!("{version} published")
        } else {
            format!("{version} is published already")
        })?;
    }
    Ok(())
}

fn say(line: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{line}").context("standard output cannot be written")
}
