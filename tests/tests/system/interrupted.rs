//! Purchases interrupted by the death of the process at seeded moments, in every step between the till and the mail.

use std::time::Duration;

use latchkey_tests::http::Visitor;
use latchkey_tests::platform::Platform;
use latchkey_tests::report::say;
use latchkey_tests::seeded::Seeded;
use latchkey_tests::wait::now;
use latchkey_tests::{settings, shop};

use crate::payments::one_game_and_one_mail_within;

/// Purchases interrupted, each once.
const ROUNDS: u64 = 16;
/// A mail whose sending was cut off is tried again when its claim has aged (two minutes) and its job's turn comes.
const MAIL: Duration = Duration::from_secs(160);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_interrupted_at_any_moment_makes_one_game_and_one_mail() {
    let seed = settings::seed();
    say(
        "system",
        format_args!("interrupted purchases: LATCHKEY_SEED={seed} repeats this run's choices"),
    );
    run(seed)
        .await
        .unwrap_or_else(|error| panic!("with LATCHKEY_SEED={seed}: {error:?}"));
}

async fn run(seed: u64) -> anyhow::Result<()> {
    let mut random = Seeded::new(seed);
    let mut platform = Platform::start("system-interrupted").await?;
    // How long an undisturbed purchase takes from the till to the link says where the moments lie.
    let mut buyer = Visitor::new(platform.site());
    let (_, till) = shop::order(&mut buyer, "calm@example.org", "DE").await?;
    let calm = now();
    let page = shop::pay(&mut buyer, &till, &[]).await?;
    shop::collect(&mut buyer, &page).await?;
    let calm = u64::try_from(calm.elapsed().as_micros())?;

    let mut bought = Vec::new();
    for round in 0..ROUNDS {
        let email = format!("round{round}@example.org");
        let mut buyer = Visitor::new(platform.site());
        let (order, till) = shop::order(&mut buyer, &email, "DE").await?;
        let how: &[&str] = if random.one_in(2) { &["twice"] } else { &[] };
        let paying = tokio::spawn({
            let mut buyer = buyer.clone();
            async move {
                let page = shop::pay(&mut buyer, &till, how).await?;
                shop::collect(&mut buyer, &page).await
            }
        });
        // The moment itself is the choice here, so time is what is waited for. The mail follows the link, hence twice.
        tokio::time::sleep(Duration::from_micros(random.between(0, 2 * calm))).await;
        platform.kill().await?;
        paying.abort();
        platform.restart().await?;
        let page = page_after(&mut buyer, &order.payment).await?;
        let launch = shop::collect(&mut buyer, &page).await?;
        bought.push((email, launch));
    }
    for (email, launch) in &bought {
        one_game_and_one_mail_within(MAIL, &platform, email, launch).await?;
    }
    say(
        "system",
        format_args!("{ROUNDS} purchases were interrupted; each made one game and one mail"),
    );
    Ok(())
}

/// What a buyer does whose browser lost the shop in the middle: reloads the till, pays if that did not happen yet, and
/// goes back to the shop.
async fn page_after(buyer: &mut Visitor, payment: &str) -> anyhow::Result<String> {
    let till = buyer
        .get(&format!("/dev/till/{payment}"))
        .await?
        .expect(200)?;
    if let Ok(back) = till.link("/orders/") {
        return Ok(back.trim_start_matches(buyer.site()).to_owned());
    }
    shop::pay(buyer, &till, &[]).await
}
