//! The platform on the services of AWS, as far as it can be had without an account.

mod hosts;
mod play;
mod purchase;

use latchkey_cloud_tests::operator;
use latchkey_cloud_tests::services::Services;

#[tokio::test]
async fn secrets_are_filled_once_and_changed_only_where_it_is_asked() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let settings = services.settings();
    let first = operator::latchkey(
        &settings,
        &["secrets"],
        "mongodb://a\nmongodb://b\nsk_test_1\n\n",
    )
    .await?;
    anyhow::ensure!(first.matches("is filled").count() == 4, "{first}");
    let again = operator::latchkey(&settings, &["secrets"], "whsec_1\n").await?;
    anyhow::ensure!(again.matches("is filled").count() == 1, "{again}");
    anyhow::ensure!(again.contains("latchkey/test/site is filled"), "{again}");
    let shown = ["mongodb://", "sk_test_1", "whsec_1"]
        .iter()
        .any(|secret| again.contains(secret));
    anyhow::ensure!(!shown, "it shows secrets: {again}");
    Ok(())
}
