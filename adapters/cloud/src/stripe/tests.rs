//! What is sent, and what answers mean, without a server.

use latchkey_platform::contract::payments::request;
use latchkey_platform::money::Currency;
use serde_json::{Value, json};

use super::*;

fn money(minor: i64, code: &str) -> Money {
    Money::new(minor, Currency::parse(code).unwrap()).unwrap()
}

fn field(form: &[(&'static str, String)], name: &str) -> Option<String> {
    let found = form.iter().find(|(field, _)| *field == name);
    found.map(|(_, value)| value.clone())
}

#[test]
fn amounts_are_sent_in_the_currencys_own_minor_units() {
    for (amount, sent) in [
        (money(1990, "EUR"), ("eur", "1990")),
        (money(3200, "JPY"), ("jpy", "3200")),
        (money(6500, "KWD"), ("kwd", "6500")),
    ] {
        let mut request = request(1);
        request.amount = amount;
        let form = checkout_form(&request).unwrap();
        let unit = field(&form, "line_items[0][price_data][unit_amount]").unwrap();
        let currency = field(&form, "line_items[0][price_data][currency]").unwrap();
        assert_eq!((currency.as_str(), unit.as_str()), sent);
    }
}

#[test]
fn amounts_that_stripe_cannot_take_are_refused_with_what_to_do() {
    for (amount, words) in [
        (
            money(6505, "KWD"),
            "must end in 0: change the title's price",
        ),
        (money(0, "EUR"), "above zero"),
        (money(-1, "EUR"), "above zero"),
    ] {
        let refused = minor_units(amount).unwrap_err();
        assert!(matches!(refused, PaymentsError::Refused(_)));
        assert!(refused.to_string().contains(words), "{refused}");
    }
}

#[test]
fn an_address_that_stripe_could_not_take_is_left_for_its_page_to_ask_for() {
    let mut request = request(1);
    let form = checkout_form(&request).unwrap();
    assert_eq!(
        field(&form, "customer_email"),
        Some(request.email.to_string())
    );
    request.email = "用户@例子.公司".parse().unwrap();
    assert_eq!(
        field(&checkout_form(&request).unwrap(), "customer_email"),
        None
    );
}

#[test]
fn the_key_never_goes_over_an_open_line() {
    struct Zero;
    impl Entropy for Zero {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }
    let open = |url: &str| {
        let key = ApiKey::parse("sk_test_1").unwrap();
        Stripe::open(url, key, Arc::new(Zero)).map(|_| ())
    };
    assert!(open(API).is_ok());
    assert!(open("http://127.0.0.1:12111").is_ok());
    for url in ["http://api.stripe.com", "http://127.0.0.1.example.org", ""] {
        assert!(
            matches!(open(url), Err(PaymentsError::Misconfigured(_))),
            "{url}"
        );
    }
}

fn session(change: impl FnOnce(&mut Value)) -> Session {
    let mut session = json!({
        "id": "cs_test_1", "livemode": false, "url": null, "status": "complete", "payment_status": "paid",
        "amount_total": 1990, "currency": "eur", "client_reference_id": "0123456789abcdef",
        "payment_intent": {"id": "pi_1", "latest_charge": {"refunded": false, "disputed": false}},
    });
    change(&mut session);
    serde_json::from_value(session).unwrap()
}

#[test]
fn only_paid_says_that_the_money_came() {
    for (status, payment_status, means) in [
        ("open", "unpaid", PaymentStatus::Open),
        ("complete", "unpaid", PaymentStatus::Open),
        ("complete", "paid", PaymentStatus::Paid),
        ("complete", "no_payment_required", PaymentStatus::Paid),
        ("expired", "unpaid", PaymentStatus::Expired),
        ("complete", "some_new_word", PaymentStatus::Open),
    ] {
        let session = session(|session| {
            session["status"] = status.into();
            session["payment_status"] = payment_status.into();
        });
        let payment = session.into_payment().unwrap().unwrap();
        assert_eq!(payment.status, means, "{status} {payment_status}");
        assert_eq!(payment.amount, money(1990, "EUR"));
    }
}

#[test]
fn what_went_back_or_is_claimed_back_says_the_charge() {
    for (refunded, disputed) in [(false, false), (true, false), (false, true), (true, true)] {
        let session = session(|session| {
            session["payment_intent"]["latest_charge"] =
                json!({"refunded": refunded, "disputed": disputed});
        });
        let payment = session.into_payment().unwrap().unwrap();
        assert_eq!((payment.refunded, payment.disputed), (refunded, disputed));
        assert_eq!(payment.intent.unwrap().as_str(), "pi_1");
    }
}

#[test]
fn a_charge_that_is_not_told_of_is_never_taken_for_one_that_stands() {
    for whole in [
        json!("pi_1"),
        json!({"id": "pi_1", "latest_charge": "ch_1"}),
    ] {
        let session = session(|session| session["payment_intent"] = whole.clone());
        assert!(matches!(
            session.into_payment(),
            Err(Failure::Unreadable(_))
        ));
    }
}

#[test]
fn a_session_of_another_shop_is_no_payment_of_ours() {
    for note in [Value::Null, "cart-17".into()] {
        let session = session(|session| session["client_reference_id"] = note.clone());
        assert_eq!(session.into_payment().unwrap(), None);
    }
}

#[test]
fn an_answer_of_the_other_mode_is_refused() {
    let live = session(|session| session["livemode"] = true.into());
    assert!(
        live.check_mode(latchkey_platform::payments::Mode::Live)
            .is_ok()
    );
    let refused = live.check_mode(latchkey_platform::payments::Mode::Test);
    assert!(matches!(
        PaymentsError::from(refused.unwrap_err()),
        PaymentsError::Misconfigured(_)
    ));
}
