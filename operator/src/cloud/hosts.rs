//! `latchkey hosts … --environment ENV`: the hosts of an environment on AWS, by the same words as those of a data folder.

mod plan;
mod publishing;
mod region;
mod rolling;

use anyhow::{Context as _, Result};
use latchkey_cloud::aws::{self, Region};
use latchkey_cloud::dynamo::DynamoDirectory;
use latchkey_host::ports::Directory as _;

use self::region::AwsRegion;
use super::environment::Environment;
use super::fleet::Fleet;
use crate::cli::{Hosts, HostsCommand};
use crate::draining;
use crate::hosts::{say, show};

/// Carries the command out for the hosts of `environment`.
pub(crate) fn run(settings: &Hosts, environment: &Environment) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot start")?;
    runtime.block_on(async {
        let fleet = &settings.cloud;
        let directory = directory(environment, fleet).await;
        match &settings.command {
            None => show(&directory.hosts().await?, true, settings.json),
            Some(HostsCommand::Drain { slot, wait: false }) => {
                draining::drain(&directory, *slot).await?;
                say(&format!(
                    "host {slot} hands its rooms over and takes no others; `latchkey hosts` shows how many are left"
                ))
            }
            Some(HostsCommand::Drain { wait: true, .. }) => {
                anyhow::bail!(
                    "--wait is for the hosts of a data folder; `latchkey hosts` shows how many rooms are left"
                )
            }
            Some(HostsCommand::Undrain { slot }) => {
                draining::undrain(&directory, *slot).await?;
                say(&format!("host {slot} takes rooms"))
            }
            Some(HostsCommand::Publish { version, folder }) => {
                publishing::publish(environment, fleet, version, folder).await
            }
            Some(HostsCommand::Roll { version }) => {
                let version = version.as_ref();
                let version = version.context("name the version: `latchkey hosts roll VERSION`")?;
                let release = publishing::published(environment, fleet, version).await?;
                let region = AwsRegion::new(environment, fleet, directory).await;
                rolling::roll(&region, &release).await
            }
        }
    })
}

async fn directory(environment: &Environment, fleet: &Fleet) -> DynamoDirectory {
    let config = aws::config_in(Region::new(fleet.home_region.clone())).await;
    DynamoDirectory::new(&config, &environment.table("directory"))
}
