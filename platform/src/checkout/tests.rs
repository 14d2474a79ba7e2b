//! What is refused, what is written, and what a buyer can never cause.

use super::*;
use crate::fakes::{World, samples};

fn form() -> OrderForm {
    OrderForm {
        email: "ada@example.org".into(),
        country: "JP".into(),
        terms: true,
    }
}

#[tokio::test]
async fn an_order_is_written_with_the_price_and_tax_of_the_moment() {
    let world = World::default();
    world.publish("1").await;
    let slug = samples::small_game(1).slug;
    let placed = world
        .platform
        .checkouts
        .place(&slug, &form())
        .await
        .unwrap();
    let order = world
        .orders
        .by_key(&placed.key.hash())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(order.id, placed.order);
    assert_eq!(order.price.to_string(), "3200 JPY");
    assert_eq!(order.tax.inside(order.price).to_string(), "291 JPY");
    assert_eq!(order.payments.len(), 1);
    assert!(placed.pay_at.ends_with(order.payments[0].as_str()));
    let json = serde_json::to_string(&order).unwrap();
    assert!(
        !json.contains(&placed.key.to_string()),
        "the key is stored only as its hash"
    );
}

#[tokio::test]
async fn what_the_buyer_can_mend_is_told_as_such() {
    let world = World::default();
    world.publish("1").await;
    let slug = samples::small_game(1).slug;
    let wrong = [
        OrderForm {
            email: "ada".into(),
            ..form()
        },
        OrderForm {
            country: "XX".into(),
            ..form()
        },
        OrderForm {
            terms: false,
            ..form()
        },
    ];
    for form in wrong {
        let error = world
            .platform
            .checkouts
            .place(&slug, &form)
            .await
            .unwrap_err();
        assert!(error.is_buyers(), "{error}");
    }
    let unknown = "no-such".parse().unwrap();
    let error = world
        .platform
        .checkouts
        .place(&unknown, &form())
        .await
        .unwrap_err();
    assert!(matches!(error, CheckoutError::NoTitle(_)), "{error}");
}

#[tokio::test]
async fn a_payment_whose_order_forgot_it_in_a_crash_is_fulfilled_all_the_same() {
    for k in 0.. {
        let world = World::default();
        world.publish("1").await;
        world.faults.die_at(k);
        let placed = world
            .platform
            .checkouts
            .place(&samples::small_game(1).slug, &form())
            .await;
        if !world.faults.revive() {
            assert!(placed.is_ok());
            break;
        }
        for order in world.orders.all() {
            let payment = PaymentId::parse(&format!("cs_{}", order.id)).unwrap();
            if world.payments.retrieve(&payment).await.unwrap().is_some() {
                world.payments.pay(&payment);
                let order = world.platform.fulfilment.fulfil(&payment).await.unwrap();
                assert!(order.game.is_some());
            }
        }
    }
}
