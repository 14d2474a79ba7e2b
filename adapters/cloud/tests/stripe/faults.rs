//! What goes wrong between Stripe and us, and what it leads to: the same checkout, or words that say what to do.

use latchkey_cloud::stripe::VERSION;
use latchkey_emulators::stripe::{Action, Fault};
use latchkey_platform::checkout::{CheckoutError, OrderForm};
use latchkey_platform::contract::payments::request;
use latchkey_platform::fakes::samples;
use latchkey_platform::payments::{Payment, PaymentId, Payments as _, PaymentsError, Refunded};

use crate::shop::{KEY, Shop, adapter};

/// What passes when the call is tried again.
const PASSING: [Fault; 7] = [
    Fault::Status(409),
    Fault::Status(429),
    Fault::Status(500),
    Fault::Status(503),
    Fault::Cut,
    Fault::Garbage,
    Fault::Silence,
];

#[tokio::test]
async fn a_checkout_is_made_once_whatever_was_lost_on_the_way() {
    for fault in PASSING {
        let shop = Shop::open().await;
        shop.provider.fail(fault);
        let made = shop.stripe.create(&request(1)).await;
        let made = made.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(
            shop.provider.sessions(),
            [made.payment.as_str()],
            "{fault:?}"
        );
        let seen = shop.provider.seen();
        assert_eq!(seen.len(), 2, "{fault:?}");
        assert_eq!(seen[0], seen[1], "the same request under the same key");
        let key = format!("checkout-{}", samples::order_id(1));
        assert_eq!(seen[0].once.as_deref(), Some(key.as_str()));
        assert_eq!(seen[0].version.as_deref(), Some(VERSION));
    }
}

#[tokio::test]
async fn after_a_few_tries_it_is_given_up_and_asking_later_still_gives_the_same_checkout() {
    let shop = Shop::open().await;
    for fault in [Fault::Cut, Fault::Status(500), Fault::Garbage] {
        shop.provider.fail(fault);
    }
    let given_up = shop.stripe.create(&request(1)).await;
    assert!(
        matches!(given_up, Err(PaymentsError::Unavailable(_))),
        "{given_up:?}"
    );
    let made = shop.stripe.create(&request(1)).await.unwrap();
    assert_eq!(shop.provider.sessions(), [made.payment.as_str()]);
    assert_eq!(shop.provider.seen().len(), 4);
}

#[tokio::test]
async fn what_cannot_pass_is_not_tried_again_and_no_refusal_quotes_what_was_sent() {
    for (status, misconfigured) in [(400, false), (402, false), (401, true), (403, true)] {
        let shop = Shop::open().await;
        shop.provider.fail(Fault::Status(status));
        let error = shop.stripe.create(&request(1)).await.unwrap_err();
        assert_eq!(
            matches!(error, PaymentsError::Misconfigured(_)),
            misconfigured,
            "{status}: {error}"
        );
        assert_eq!(matches!(error, PaymentsError::Refused(_)), !misconfigured);
        assert_eq!(shop.provider.seen().len(), 1);
        let words = error.to_string();
        assert!(words.contains("look request req_emulated up"), "{words}");
        assert!(!words.contains("example.org"), "{words}");
    }
}

#[tokio::test]
async fn a_key_of_somebody_else_is_a_setting_to_mend() {
    let shop = Shop::open().await;
    let stranger = adapter(shop.provider.url(), "sk_test_of_somebody_else");
    let error = stranger.create(&request(1)).await.unwrap_err();
    let words = error.to_string();
    assert!(matches!(error, PaymentsError::Misconfigured(_)), "{words}");
    assert!(
        words.contains("stripe_key") && !words.contains("of_somebody_else"),
        "{words}"
    );
}

#[tokio::test]
async fn nobody_at_the_other_end_is_unavailable() {
    let nobody = adapter("http://127.0.0.1:1", KEY);
    let id = PaymentId::parse("cs_test_1").unwrap();
    let error = nobody.retrieve(&id).await.unwrap_err();
    assert!(matches!(error, PaymentsError::Unavailable(_)), "{error}");
}

/// A payment whose money came.
async fn paid(shop: &Shop) -> Payment {
    let made = shop.stripe.create(&request(1)).await.unwrap();
    shop.provider
        .act(made.payment.as_str(), Action::Pay)
        .unwrap();
    shop.stripe.retrieve(&made.payment).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_payment_is_found_by_either_id_whatever_was_lost_on_the_way() {
    let shop = Shop::open().await;
    let payment = paid(&shop).await;
    let intent = payment.intent.clone().expect("it is paid");
    for fault in PASSING.into_iter().filter(|fault| *fault != Fault::Silence) {
        for id in [&payment.id, &intent] {
            shop.provider.fail(fault);
            let found = shop.stripe.retrieve(id).await.unwrap();
            assert_eq!(found.as_ref(), Some(&payment), "{fault:?} {id}");
        }
    }
    for unknown in ["cs_test_unknown", "pi_unknown", "ch_unknown"] {
        let id = PaymentId::parse(unknown).unwrap();
        assert_eq!(shop.stripe.retrieve(&id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn money_goes_back_once_whatever_was_lost_on_the_way() {
    for fault in [Fault::Cut, Fault::Status(500), Fault::Garbage] {
        let shop = Shop::open().await;
        let payment = paid(&shop).await;
        shop.provider.fail(fault);
        for _ in 0..2 {
            let back = shop.stripe.refund(&payment).await.unwrap();
            assert_eq!(back, Refunded::All, "{fault:?}");
        }
        let told = shop.provider.events();
        let refunds = told.iter().filter(|event| event.kind == "charge.refunded");
        assert_eq!(refunds.count(), 1, "{fault:?}");
        let after = shop.stripe.retrieve(&payment.id).await.unwrap().unwrap();
        assert!(after.refunded);
    }
}

#[tokio::test]
async fn money_that_somebody_else_gave_back_already_counts_as_given_back() {
    let shop = Shop::open().await;
    let payment = paid(&shop).await;
    let session = payment.id.as_str();
    shop.provider.act(session, Action::RefundHalf).unwrap();
    let half = shop.stripe.retrieve(&payment.id).await.unwrap().unwrap();
    assert!(!half.refunded, "half of it is not all of it");
    shop.provider.act(session, Action::Refund).unwrap();
    assert_eq!(shop.stripe.refund(&payment).await.unwrap(), Refunded::All);
}

#[tokio::test]
async fn an_address_that_stripe_does_not_take_is_the_buyers_to_mend() {
    let shop = Shop::open().await;
    shop.world.publish("1").await;
    let form = OrderForm {
        email: "ada@example.invalid".into(),
        country: "DE".into(),
        terms: true,
    };
    let slug = samples::small_game(1).slug;
    let refused = shop.world.platform.checkouts.place(&slug, &form).await;
    assert!(
        matches!(refused, Err(CheckoutError::Email(_))),
        "{refused:?}"
    );
}
