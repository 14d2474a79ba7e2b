//! From the catalogue to the letter: however often and late the provider tells of a payment, and whoever dies meanwhile, it makes
//! one game and one letter.

use latchkey_cloud_tests::platform::Platform;
use latchkey_emulators::ses::Fault;
use latchkey_emulators::stripe::Manner;
use latchkey_tests::http::Ask;
use latchkey_tests::report::say;
use latchkey_tests::shop;
use latchkey_tests::wait::{PATIENCE, eventually};

/// Asks for all links of an address, and waits for that letter too: it lists every game of the address, so nothing that was made
/// twice stays hidden.
async fn one_game_and_one_letter(
    platform: &Platform,
    email: &str,
    launch: &str,
) -> anyhow::Result<()> {
    platform.has_letters(email, 1).await?;
    let mut visitor = platform.visitor();
    let form = visitor.get("/resend").await?.expect(200)?.form("/resend")?;
    visitor
        .submit(&form.with("email", email))
        .await?
        .expect(200)?;
    let letters = platform.has_letters(email, 2).await?;
    anyhow::ensure!(
        letters.len() == 2,
        "{} letters: {letters:#?}",
        letters.len()
    );
    for letter in &letters {
        let links = letter.text.matches("/l/").count();
        anyhow::ensure!(
            links == 1 && letter.text.contains(launch),
            "{links} links in {letter:#?}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_payment_makes_one_game_and_one_letter_whatever_goes_wrong_between()
-> anyhow::Result<()> {
    let platform = Platform::start("cloud-purchase", 1, Manner::BAD).await?;

    say("cloud", "events twice, late and backwards");
    let launch = platform.buy("late@example.org").await?;
    one_game_and_one_letter(&platform, "late@example.org", &launch).await?;

    say("cloud", "functions that die at work");
    let mut buyer = platform.visitor();
    let page = platform.pay(&mut buyer, "killed@example.org").await?;
    for _ in 0..5 {
        let (site, confirm) = (platform.site.clone(), platform.confirm.clone());
        let ask = Ask::new(hyper::Method::GET, &page);
        // Whatever this request comes to, the buyer presses reload.
        let mut again = buyer.clone();
        let _ = tokio::join!(again.send(ask), async {
            site.kill();
            confirm.kill();
        });
    }
    let launch = eventually(PATIENCE, "the link after all", async || {
        Ok(shop::collect(&mut buyer.clone(), &page).await.ok())
    })
    .await?;
    one_game_and_one_letter(&platform, "killed@example.org", &launch).await?;

    say("cloud", "a mail service that throttles");
    platform
        .ses
        .fail(Fault::Refused("TooManyRequestsException"));
    let launch = platform.buy("throttled@example.org").await?;
    one_game_and_one_letter(&platform, "throttled@example.org", &launch).await
}
