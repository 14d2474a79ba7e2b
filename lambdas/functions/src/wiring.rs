//! What the functions are wired to alike.

use std::sync::Arc;

use anyhow::Context as _;
use latchkey_cloud::mongo::{Mongo, Role};
use latchkey_cloud::secrets::{DatabaseSecret, SecretStore};
use latchkey_platform::clock::Clock;

use crate::settings::Common;

/// Begins to log.
pub(crate) fn logs(common: &Common, clock: Arc<dyn Clock>) -> anyhow::Result<()> {
    crate::logs::start(&common.log, &common.environment, clock)
        .context("the setting LATCHKEY_LOG is no filter of logs")
}

/// The database, of which nothing is asked before the first call.
pub(crate) async fn database(secrets: &SecretStore, common: &Common) -> anyhow::Result<Mongo> {
    let secret: DatabaseSecret = secrets.read(&common.database_secret).await?;
    Ok(Mongo::connect(&secret.uri, Role::Function).await?)
}
