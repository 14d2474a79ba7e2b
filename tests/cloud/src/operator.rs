//! The operator's commands for a deployment, by the real binary.

use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use latchkey_tests::settings;
use latchkey_tests::wait::within;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::made;
use crate::program::Settings;
use crate::services::{STRIPE_KEY, STRIPE_WEBHOOK, Services};

/// How long a command may take: publishing stores a hundred files.
const DONE_WITHIN: Duration = Duration::from_secs(60);

/// Does what the first deployment's guide says after the stack is there: secrets, indexes, titles.
///
/// # Errors
/// When a command fails.
pub async fn prepare(services: &Services) -> anyhow::Result<()> {
    let (settings, database) = (services.settings(), services.mongo.uri());
    let answers = format!("{database}\n{database}\n{STRIPE_KEY}\n{STRIPE_WEBHOOK}\n");
    latchkey(&settings, &["secrets"], &answers).await?;
    latchkey(&settings, &["indexes"], "").await?;
    let bucket = made::bucket("titles");
    latchkey(&settings, &["titles", "--bucket", &bucket], "").await?;
    Ok(())
}

/// Runs `latchkey cloud` with `arguments`, types `answers`, and returns what it printed.
///
/// # Errors
/// When it fails, with what it said.
pub async fn latchkey(
    settings: &Settings,
    arguments: &[&str],
    answers: &str,
) -> anyhow::Result<String> {
    let mut command = Command::new(settings::built("latchkey")?);
    command
        .arg("cloud")
        .args(arguments)
        .args(["--environment", made::ENVIRONMENT])
        .env_clear()
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().context("run latchkey")?;
    let mut input = child.stdin.take().context("its input is piped")?;
    // A command that asks for less has ended before it read this.
    let _ = input.write_all(answers.as_bytes()).await;
    drop(input);
    let output = within(DONE_WITHIN, "the command to end", child.wait_with_output()).await??;
    let complaint = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(
        output.status.success(),
        "latchkey cloud {arguments:?} (built with `--features cloud`?): {complaint}"
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
