//! From the shelf to the link: catalogue, checkout, till, thank-you page, resend.

use latchkey_platform::mail::{AddressHash, Stop, Stops as _};
use latchkey_platform::orders::{OrderState, Orders as _};
use latchkey_platform::queue::Job;

use crate::app::App;
use crate::browser::{attribute, get, post};
use crate::made;

const BUY: &str = "/titles/small-game/buy";
const GOOD: [(&str, &str); 3] = [
    ("email", "ada@example.org"),
    ("country", "JP"),
    ("terms", "yes"),
];

async fn shop() -> App {
    let app = App::new();
    app.world.publish("1").await;
    app
}

#[tokio::test]
async fn the_shelf_and_a_titles_page_show_what_is_sold() {
    let app = shop().await;
    let shelf = get("/").to(&app).await.expect(200);
    assert!(shelf.text().contains("Small Game") && shelf.text().contains("€19.90"));
    assert!(
        shelf
            .text()
            .contains("/t/small-game/1/games/small-game/cover.svg")
    );
    let page = get("/titles/small-game").to(&app).await.expect(200);
    assert!(page.text().contains("1 to 6 players") && page.text().contains(BUY));
    get("/titles/no-such-game").to(&app).await.expect(404);
    get("/titles/NOT%20a%20slug").to(&app).await.expect(404);
}

#[tokio::test]
async fn an_empty_shelf_says_so() {
    let shelf = get("/").to(&App::new()).await.expect(200);
    assert!(shelf.text().contains("no game on the shelf"));
}

#[tokio::test]
async fn a_form_with_mistakes_comes_back_with_all_of_them_and_what_was_entered() {
    let app = shop().await;
    let page = post(BUY, &[("email", "ada@\"<nowhere>"), ("country", "XX")])
        .to(&app)
        .await
        .expect(422);
    let html = page.text();
    assert_eq!(html.matches("class=\"wrong\"").count(), 3);
    for field in ["email", "country", "terms"] {
        assert!(
            html.contains(&format!("href=\"#{field}\"")),
            "the summary leads to {field}"
        );
        assert!(
            html.contains(&format!("aria-describedby=\"{field}-wrong")),
            "{field} is described by its error"
        );
    }
    assert!(
        html.contains("ada@&#34;&#60;nowhere&#62;"),
        "input is kept and escaped: {html}"
    );
    assert!(html.contains("<title>Please check: "));
    let page = post(BUY, &[("email", "ada@example.org"), ("country", "DE")])
        .to(&app)
        .await
        .expect(422);
    assert_eq!(
        attribute(page.text(), "name=\"email\"", "value"),
        Some("ada@example.org")
    );
    assert!(page.text().contains("<option value=\"DE\" selected>"));
    let page = post(BUY, &[("terms", "yes")]).to(&app).await.expect(422);
    assert!(
        page.text().contains("Enter your e-mail address")
            && page.text().contains("required checked")
    );
}

#[tokio::test]
async fn each_country_shows_its_price_in_its_currency() {
    let form = get(BUY).to(&shop().await).await.expect(200);
    assert!(
        form.text().contains("Japan – ¥3200") && form.text().contains("Kuwait – KWD\u{a0}6.500")
    );
    assert!(
        form.text().contains("Norway – €19.90"),
        "without a price in kroner"
    );
}

#[tokio::test]
async fn a_buyer_pays_at_the_till_and_gets_the_link_without_javascript() {
    let app = shop().await;
    let till = post(BUY, &GOOD).to(&app).await.leads_to().to_owned();
    let page = get(&till).to(&app).await.expect(200);
    assert!(page.text().contains("¥3200") && page.text().contains("Test till"));
    let back = post(&till, &[("action", "pay")]).to(&app).await;
    let order = back
        .leads_to()
        .strip_prefix("http://site.test")
        .expect("the shop")
        .to_owned();
    let waiting = get(&order).to(&app).await.expect(200);
    assert!(waiting.text().contains("Confirming your payment"));
    assert!(
        app.world.games.all().is_empty(),
        "looking at the page fulfils nothing"
    );
    let action = attribute(waiting.text(), "id=\"confirm\"", "action")
        .expect("a form")
        .to_owned();
    let confirmed = post(&action, &[]).to(&app).await;
    assert_eq!(confirmed.leads_to(), order);
    let thanks = get(&order).to(&app).await.expect(200);
    let link = attribute(thanks.text(), "id=\"link\"", "href")
        .expect("the game's link")
        .to_owned();
    get(link.strip_prefix("http://site.test").expect("the shop"))
        .to(&app)
        .await
        .expect(200);
    post(&action, &[]).to(&app).await.leads_to();
    assert_eq!(
        app.world.games.all().len(),
        1,
        "confirming twice makes one game"
    );
}

#[tokio::test]
async fn a_buyer_whose_mailbox_does_not_exist_is_told_so_beside_the_link() {
    let app = shop().await;
    let bought = made::bought(&app).await;
    let page = format!("/orders/{}", bought.order);
    let told = get(&page).to(&app).await.expect(200);
    assert!(told.text().contains("on the way to your mailbox"));
    let order = app.world.orders.by_key(&bought.order.hash()).await;
    let address = AddressHash::of(&order.expect("it answers").expect("an order").email);
    for (why, reached) in [(Stop::Complained, true), (Stop::Bounced, false)] {
        app.world.stops.stop(&address, why).await.expect("it works");
        let told = get(&page).to(&app).await.expect(200);
        assert!(attribute(told.text(), "id=\"link\"", "href").is_some());
        let promised = told.text().contains("on the way to your mailbox");
        let warned = told.text().contains("We could not reach your e-mail");
        assert_eq!((promised, warned), (reached, !reached), "{why}");
    }
}

#[tokio::test]
async fn asking_too_early_says_that_the_payment_is_not_confirmed() {
    let app = shop().await;
    let (key, _) = made::order(&app).await;
    let early = post(format!("/orders/{key}/confirm"), &[]).to(&app).await;
    let page = get(early.leads_to()).to(&app).await.expect(200);
    assert!(page.text().contains("has not confirmed the payment yet"));
    let script = post(format!("/orders/{key}/confirm"), &[])
        .script()
        .to(&app)
        .await
        .expect(200);
    assert_eq!(script.json()["standing"], "confirming");
}

#[tokio::test]
async fn declining_and_leaving_lead_back_to_the_shop_and_paying_later_still_works() {
    let app = shop().await;
    let till = post(BUY, &GOOD).to(&app).await.leads_to().to_owned();
    let declined = post(&till, &[("action", "decline")]).to(&app).await;
    let page = get(declined.leads_to().replace("http://site.test", ""))
        .to(&app)
        .await
        .expect(200);
    assert!(page.text().contains("The payment was declined") && page.text().contains(BUY));
    assert!(
        get(&till)
            .to(&app)
            .await
            .text()
            .contains("Declined so far: 1")
    );
    let abandoned = post(&till, &[("action", "abandon")]).to(&app).await;
    let path = abandoned.leads_to().replace("http://site.test", "");
    assert!(
        get(&path)
            .to(&app)
            .await
            .expect(200)
            .text()
            .contains("Nothing was charged")
    );
    assert!(
        !get(&till).to(&app).await.text().contains("value=\"pay\""),
        "what was given up cannot be paid"
    );
    post(&till, &[("action", "rob")]).to(&app).await.expect(400);
    get("/dev/till/cs_unknown").to(&app).await.expect(404);
}

#[tokio::test]
async fn money_that_went_back_takes_the_link_off_the_page() {
    let app = shop().await;
    let bought = made::bought(&app).await;
    let order = app.world.games.all()[0].order.clone();
    let payment =
        latchkey_platform::payments::PaymentId::parse(&format!("cs_{order}")).expect("plain");
    app.world
        .payments
        .change(&payment, |payment| payment.refunded = true);
    let path = format!("/orders/{}", bought.order);
    post(format!("{path}/confirm"), &[])
        .to(&app)
        .await
        .leads_to();
    let page = get(&path).to(&app).await.expect(200);
    assert!(page.text().contains("paid back") && !page.text().contains("/l/"));
}

#[tokio::test]
async fn somebody_who_paid_after_all_is_led_from_the_cancelled_page_to_the_order() {
    let app = shop().await;
    let bought = made::bought(&app).await;
    let cancelled = get(format!("/orders/{}/cancelled", bought.order))
        .to(&app)
        .await;
    assert_eq!(cancelled.leads_to(), format!("/orders/{}", bought.order));
}

#[tokio::test]
async fn a_key_that_opens_no_order_leads_nowhere() {
    let app = shop().await;
    for key in ["x", &"A".repeat(43), "%00"] {
        get(format!("/orders/{key}")).to(&app).await.expect(404);
        post(format!("/orders/{key}/confirm"), &[])
            .to(&app)
            .await
            .expect(404);
    }
}

#[tokio::test]
async fn known_and_unknown_addresses_get_the_same_answer() {
    let app = shop().await;
    made::bought(&app).await;
    let known = post("/resend", &[("email", "ada@example.org")])
        .to(&app)
        .await;
    let unknown = post("/resend", &[("email", "nobody@example.org")])
        .to(&app)
        .await;
    assert_eq!(known.leads_to(), unknown.leads_to());
    assert!(
        get(known.leads_to())
            .to(&app)
            .await
            .text()
            .contains("Look into your mailbox")
    );
    let asked = app.world.queue.jobs();
    assert_eq!(
        asked
            .iter()
            .filter(|job| matches!(job, Job::Resend { .. }))
            .count(),
        2
    );
    let wrong = post("/resend", &[("email", "ada")])
        .to(&app)
        .await
        .expect(422);
    assert_eq!(
        attribute(wrong.text(), "name=\"email\"", "value"),
        Some("ada")
    );
}

#[tokio::test]
async fn an_order_is_paid_by_nothing_but_the_provider() {
    let app = shop().await;
    let (key, _) = made::order(&app).await;
    post(format!("/orders/{key}/confirm"), &[("paid", "yes")])
        .to(&app)
        .await;
    let order = app
        .world
        .platform
        .fulfilment
        .confirm(&key)
        .await
        .expect("it works")
        .expect("an order");
    assert_eq!(order.state(), OrderState::Pending);
}
