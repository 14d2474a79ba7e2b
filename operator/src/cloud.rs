//! `latchkey cloud`: what the operator of a deployment on AWS does from here. Built in with the feature `cloud` alone, because it
//! brings the services' own libraries. Region and credentials are found as every program of AWS finds them.

mod secrets;

use std::io::Write as _;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use latchkey_cloud::aws::{self, SdkConfig};
use latchkey_cloud::mongo::{Mongo, Role, indexes};
use latchkey_cloud::secrets::{DatabaseSecret, SecretStore};

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

fn say(line: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{line}").context("standard output cannot be written")
}
