//! `latchkey hosts publish VERSION FOLDER`: uploads a release, and keeps its line where `roll` finds it. Nothing that is
//! published is ever replaced.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_ssm::operation::get_parameter::GetParameterError;
use aws_sdk_ssm::operation::put_parameter::PutParameterError;
use aws_sdk_ssm::types::ParameterType;
use latchkey_cloud::aws::{self, FILES, Region};
use latchkey_cloud::failure::Failure;

use crate::cloud::environment::Environment;
use crate::cloud::fleet::Fleet;
use crate::cloud::release::{self, Release, Version};
use crate::hosts::say;

const STORE: &str = "the parameter store";

/// Publishes the files in `folder`, and makes them the release of regions that have none.
pub(super) async fn publish(
    environment: &Environment,
    fleet: &Fleet,
    version: &Version,
    folder: &Path,
) -> Result<()> {
    let (release, files) = release::of_folder(version, folder)?;
    let home = aws::config_in(Region::new(fleet.home_region.clone())).await;
    let store = aws_sdk_ssm::Client::new(&home);
    let name = environment.published(version);
    match parameter(&store, &name).await? {
        Some(line) if line == release.to_string() => {}
        Some(_) => bail!(
            "{version} is published already with other files, and hosts may run it: give this release another version"
        ),
        None => {
            let account = account(&home).await?;
            let s3 = aws_sdk_s3::config::Builder::from(&home)
                .timeout_config(FILES.timeouts())
                .build();
            let s3 = aws_sdk_s3::Client::from_conf(s3);
            for (file, content) in files {
                let call = s3
                    .put_object()
                    .bucket(environment.bucket("artifacts", &account))
                    .key(format!("hosts/{version}/{file}"))
                    .body(ByteStream::from(content));
                let stored = call.send().await;
                stored
                    .map_err(|error| Failure::of("the bucket of artifacts", &error))
                    .with_context(|| format!("{file} was not uploaded; publish again"))?;
            }
            put_new(&store, &name, &release).await?;
        }
    }
    say(&format!("{version} is published"))?;
    let here = aws::config_in(Region::new(fleet.region().to_owned())).await;
    let here = aws_sdk_ssm::Client::new(&here);
    match put_new(&here, &environment.release(None), &release).await? {
        true => say(&format!("machines of {} that start run it", fleet.region())),
        false => say(&format!(
            "`latchkey hosts roll {version} --environment {environment} --region {}` brings it to the hosts there",
            fleet.region()
        )),
    }
}

/// The release `version`, which was published.
pub(super) async fn published(
    environment: &Environment,
    fleet: &Fleet,
    version: &Version,
) -> Result<Release> {
    let home = aws::config_in(Region::new(fleet.home_region.clone())).await;
    let store = aws_sdk_ssm::Client::new(&home);
    let line = parameter(&store, &environment.published(version)).await?;
    let line = line.with_context(|| {
        format!("{version} is not published in {environment}: `latchkey hosts publish {version} FOLDER` does that")
    })?;
    Ok(line.parse()?)
}

/// What a parameter says, if it is there.
pub(super) async fn parameter(store: &aws_sdk_ssm::Client, name: &str) -> Result<Option<String>> {
    match store.get_parameter().name(name).send().await {
        Ok(found) => Ok(found.parameter.and_then(|parameter| parameter.value)),
        Err(error) => match error.as_service_error() {
            Some(GetParameterError::ParameterNotFound(_)) => Ok(None),
            _ => {
                let failed = Failure::of(STORE, &error);
                Err(failed).with_context(|| format!("{name} cannot be read"))
            }
        },
    }
}

/// Sets a parameter.
pub(super) async fn put(store: &aws_sdk_ssm::Client, name: &str, release: &Release) -> Result<()> {
    let call = store.put_parameter().name(name).value(release.to_string());
    let put = call.r#type(ParameterType::String).overwrite(true).send();
    put.await
        .map(drop)
        .map_err(|error| Failure::of(STORE, &error))
        .with_context(|| format!("{name} was not set"))
}

/// Sets a parameter that is not there; whether it was not.
async fn put_new(store: &aws_sdk_ssm::Client, name: &str, release: &Release) -> Result<bool> {
    let call = store.put_parameter().name(name).value(release.to_string());
    match call.r#type(ParameterType::String).send().await {
        Ok(_) => Ok(true),
        Err(error) => match error.as_service_error() {
            Some(PutParameterError::ParameterAlreadyExists(_)) => Ok(false),
            _ => {
                let failed = Failure::of(STORE, &error);
                Err(failed).with_context(|| format!("{name} was not set"))
            }
        },
    }
}

async fn account(config: &aws::SdkConfig) -> Result<String> {
    let client = aws_sdk_sts::Client::new(config);
    let found = client.get_caller_identity().send().await;
    let found = found.map_err(|error| Failure::of("the token service", &error))?;
    found.account.context("the credentials are of no account")
}
