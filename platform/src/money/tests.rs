//! What must hold for every amount, tried on many.

use proptest::prelude::*;

use super::*;

fn currency(code: &str) -> Currency {
    Currency::parse(code).expect("a known code")
}

#[test]
fn the_named_currencies_are_the_ones_they_say() {
    assert_eq!(Currency::EUR.code(), "EUR");
    assert_eq!(Currency::USD.code(), "USD");
}

#[test]
fn the_table_is_sorted_and_without_repetition() {
    assert!(CURRENCIES.windows(2).all(|pair| pair[0].0 < pair[1].0));
}

#[test]
fn amounts_have_as_many_decimals_as_their_currency() {
    let shown = |text: &str, code: &str| Money::parse(text, currency(code)).map(|m| m.to_string());
    assert_eq!(shown("19.9", "EUR"), Ok("19.90 EUR".into()));
    assert_eq!(shown("1990", "JPY"), Ok("1990 JPY".into()));
    assert_eq!(shown("1.234", "KWD"), Ok("1.234 KWD".into()));
    assert_eq!(shown("-0.05", "EUR"), Ok("-0.05 EUR".into()));
    assert!(matches!(
        shown("1.5", "JPY"),
        Err(MoneyError::Malformed { .. })
    ));
    assert!(matches!(
        shown("1.2345", "KWD"),
        Err(MoneyError::Malformed { .. })
    ));
}

#[test]
fn text_that_is_no_plain_number_is_refused() {
    for text in [
        "", "-", ".", "1.", ".5", "1,50", "1e3", "+1", "--1", " 1", "1 ", "٣", "0x1",
    ] {
        let refused = Money::parse(text, Currency::EUR);
        assert!(
            matches!(refused, Err(MoneyError::Malformed { .. })),
            "{text:?} gave {refused:?}"
        );
    }
    assert_eq!(
        Money::parse("99999999999999999999", Currency::EUR),
        Err(MoneyError::TooLarge)
    );
    assert_eq!(
        Money::parse("100000000000000.00", Currency::EUR),
        Err(MoneyError::TooLarge)
    );
}

#[test]
fn pages_show_a_sign_where_it_is_unmistakable_and_the_code_otherwise() {
    let shown = |minor, code| Money::new(minor, currency(code)).expect("small").shown();
    assert_eq!(shown(1990, "EUR"), "€19.90");
    assert_eq!(shown(-300, "USD"), "-$3.00");
    assert_eq!(shown(2500, "JPY"), "¥2500");
    assert_eq!(shown(6500, "KWD"), "KWD\u{a0}6.500");
}

#[test]
fn two_currencies_do_not_add_up() {
    let sum = Money::zero(Currency::EUR).plus(Money::zero(Currency::USD));
    assert_eq!(sum, Err(MoneyError::Mixed(Currency::EUR, Currency::USD)));
}

#[test]
fn the_units_left_over_go_to_the_largest_remainders() {
    let split = |minor, weights: &[u32]| {
        let shares = Money::new(minor, Currency::EUR)
            .expect("small")
            .split(weights);
        shares.map(|shares| shares.into_iter().map(Money::minor).collect::<Vec<_>>())
    };
    assert_eq!(split(100, &[1, 1, 1]), Ok(vec![34, 33, 33]));
    assert_eq!(split(-100, &[1, 1, 1]), Ok(vec![-34, -33, -33]));
    assert_eq!(split(10, &[6, 3, 1]), Ok(vec![6, 3, 1]));
    assert_eq!(split(5, &[1, 4, 0]), Ok(vec![1, 4, 0]));
    assert_eq!(split(7, &[]), Err(MoneyError::NoShares));
    assert_eq!(split(7, &[0, 0]), Err(MoneyError::NoShares));
}

#[test]
fn an_amount_beyond_the_limit_is_not_read_from_a_document() {
    let json = r#"{"minor":1000000000000001,"currency":"EUR"}"#;
    assert!(serde_json::from_str::<Money>(json).is_err());
}

proptest! {
    #[test]
    fn every_amount_is_read_back_from_its_digits(
        minor in -MONEY_MINOR..=MONEY_MINOR,
        which in 0..CURRENCIES.len(),
    ) {
        let money = Money::new(minor, Currency(which)).expect("within the limit");
        prop_assert_eq!(Money::parse(&money.digits(), Currency(which)), Ok(money));
    }

    #[test]
    fn a_split_loses_nothing_and_is_fair_to_one_unit(
        minor in -MONEY_MINOR..=MONEY_MINOR,
        weights in prop::collection::vec(any::<u32>(), 1..20),
    ) {
        prop_assume!(weights.iter().any(|weight| *weight > 0));
        let total: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
        let shares = Money::new(minor, Currency::EUR).expect("within").split(&weights).expect("some");
        prop_assert_eq!(shares.iter().map(|share| share.minor()).sum::<i64>(), minor);
        for (share, weight) in shares.iter().zip(&weights) {
            let error = i128::from(share.minor()) * total - i128::from(minor) * i128::from(*weight);
            prop_assert!(error.abs() < total);
        }
    }
}
