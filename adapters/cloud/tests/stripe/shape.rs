//! Every request is one that Stripe's own description of its interface allows, in the version that is asked for.

use latchkey_cloud::stripe::VERSION;
use latchkey_emulators::StripeMock;
use latchkey_platform::contract::payments::request;
use latchkey_platform::fakes::samples;
use latchkey_platform::money::{Currency, Money};
use latchkey_platform::payments::{
    Payment, PaymentId, PaymentStatus, Payments as _, PaymentsError, Refunded,
};

use crate::shop::{KEY, adapter};

async fn mock() -> String {
    let mock = StripeMock::shared().await.expect("stripe-mock runs");
    mock.url()
}

/// What stripe-mock answers is an example and fits no order, so that only a refusal says something of the request.
fn allowed<T>(answer: Result<T, PaymentsError>) {
    if let Err(error @ (PaymentsError::Refused(_) | PaymentsError::Address)) = answer {
        panic!("{error}");
    }
}

#[tokio::test]
async fn a_checkout_in_any_currency_has_the_shape_that_stripe_asks_for() {
    let stripe = adapter(&mock().await, KEY);
    for (minor, code) in [(1990, "EUR"), (3200, "JPY"), (6500, "KWD")] {
        let mut request = request(1);
        request.amount = Money::new(minor, Currency::parse(code).unwrap()).unwrap();
        allowed(stripe.create(&request).await);
    }
}

#[tokio::test]
async fn a_payment_is_asked_for_by_either_id_as_stripe_allows() {
    let stripe = adapter(&mock().await, KEY);
    for id in ["cs_test_1", "pi_1"] {
        let id = PaymentId::parse(id).unwrap();
        allowed(stripe.retrieve(&id).await);
    }
}

#[tokio::test]
async fn a_refund_has_the_shape_that_stripe_asks_for() {
    let stripe = adapter(&mock().await, KEY);
    let payment = Payment {
        id: PaymentId::parse("cs_test_1").unwrap(),
        intent: PaymentId::parse("pi_1").ok(),
        order: samples::order_id(1),
        status: PaymentStatus::Paid,
        amount: samples::order(1).price,
        refunded: false,
        disputed: false,
    };
    assert_eq!(stripe.refund(&payment).await.unwrap(), Refunded::All);
}

#[tokio::test]
async fn the_judge_refuses_a_wrong_field_and_another_version() {
    let ask = async |field: &str, version: &str| {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let asked = client
            .post(format!("{}/v1/refunds", mock().await))
            .bearer_auth(KEY)
            .header("Stripe-Version", version)
            .form(&[(field, "pi_1")]);
        asked.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask("payment_intent", VERSION).await, 200);
    assert_eq!(ask("payment_intention", VERSION).await, 400);
    assert_eq!(ask("payment_intent", "2020-08-27").await, 400);
}
