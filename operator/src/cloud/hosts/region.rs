//! The hosts of one region of AWS: their groups, what their machines are told to run, and the directory.

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use aws_sdk_autoscaling::types::{AutoScalingGroup, LifecycleState};
use latchkey_cloud::aws;
use latchkey_cloud::dynamo::DynamoDirectory;
use latchkey_cloud::failure::Failure;
use latchkey_host::ports::{Directory as _, Slot};

use super::plan::{Machine, Seen};
use super::publishing::{parameter, put};
use super::rolling::Region;
use crate::cloud::environment::Environment;
use crate::cloud::fleet::Fleet;
use crate::cloud::release::Release;

const GROUPS: &str = "Auto Scaling";
/// Parameters that are taken away by one call.
const TAKEN_AWAY_AT_ONCE: usize = 10;
/// Groups that one answer may have; there are fewer slots.
const ANSWER: i32 = 100;

/// A region's hosts.
pub(super) struct AwsRegion {
    name: String,
    environment: Environment,
    directory: DynamoDirectory,
    groups: aws_sdk_autoscaling::Client,
    store: aws_sdk_ssm::Client,
}

impl AwsRegion {
    pub(super) async fn new(
        environment: &Environment,
        fleet: &Fleet,
        directory: DynamoDirectory,
    ) -> Self {
        let name = fleet.region().to_owned();
        let config = aws::config_in(aws::Region::new(name.clone())).await;
        Self {
            name,
            environment: environment.clone(),
            directory,
            groups: aws_sdk_autoscaling::Client::new(&config),
            store: aws_sdk_ssm::Client::new(&config),
        }
    }

    /// Those of the groups of `slots` that there are.
    async fn groups(&self, slots: impl Iterator<Item = Slot>) -> Result<Vec<AutoScalingGroup>> {
        let names = slots.map(|slot| self.environment.group(slot)).collect();
        let call = self.groups.describe_auto_scaling_groups();
        let call = call
            .set_auto_scaling_group_names(Some(names))
            .max_records(ANSWER);
        let found = call.send().await;
        let found = found.map_err(|error| Failure::of(GROUPS, &error));
        Ok(found
            .context("the groups cannot be listed")?
            .auto_scaling_groups
            .unwrap_or_default())
    }
}

#[async_trait]
impl Region for AwsRegion {
    fn name(&self) -> &str {
        &self.name
    }

    async fn slots(&self) -> Result<Vec<Slot>> {
        let all = || (1..=Slot::LAST.0).map(Slot);
        let groups = self.groups(all()).await?;
        let there = |slot: &Slot| {
            let name = self.environment.group(*slot);
            groups
                .iter()
                .any(|group| group.auto_scaling_group_name.as_ref() == Some(&name))
        };
        Ok(all().filter(there).collect())
    }

    async fn see(&self, slot: Slot) -> Result<Seen> {
        let hosts = self.directory.hosts().await?;
        let groups = self.groups(std::iter::once(slot)).await?;
        let instances = groups
            .into_iter()
            .flat_map(|group| group.instances.unwrap_or_default());
        let machines = instances.filter_map(|instance| {
            Some(Machine {
                in_service: instance.lifecycle_state == Some(LifecycleState::InService),
                id: instance.instance_id?,
            })
        });
        Ok(Seen {
            others_take_rooms: hosts.iter().any(|host| host.takes_rooms_of(slot)),
            host: hosts.into_iter().find(|host| host.id.slot == slot),
            parameter: parameter(&self.store, &self.environment.release(Some(slot))).await?,
            machines: machines.collect(),
        })
    }

    async fn set(&self, slot: Slot, release: &Release) -> Result<()> {
        put(&self.store, &self.environment.release(Some(slot)), release).await
    }

    async fn drain(&self, slot: Slot) -> Result<()> {
        // When there is none any more, the next look shows it.
        self.directory.drain(slot, true).await?;
        Ok(())
    }

    async fn end(&self, machine: &str) -> Result<()> {
        let call = self.groups.terminate_instance_in_auto_scaling_group();
        let call = call
            .instance_id(machine)
            .should_decrement_desired_capacity(false);
        let ended = call.send().await;
        ended
            .map(drop)
            .map_err(|error| Failure::of(GROUPS, &error))
            .with_context(|| format!("machine {machine} was not ended; give the command again"))
    }

    async fn set_all(&self, slots: &[Slot], release: &Release) -> Result<()> {
        put(&self.store, &self.environment.release(None), release).await?;
        let names: Vec<_> = slots
            .iter()
            .map(|slot| self.environment.release(Some(*slot)))
            .collect();
        for names in names.chunks(TAKEN_AWAY_AT_ONCE) {
            let call = self
                .store
                .delete_parameters()
                .set_names(Some(names.to_vec()));
            let gone = call
                .send()
                .await
                .map_err(|error| Failure::of("the parameter store", &error));
            gone.context("all hosts run the release, and parameters of slots are left; give the command again")?;
        }
        Ok(())
    }
}
