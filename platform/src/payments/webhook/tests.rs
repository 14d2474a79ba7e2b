//! Signatures that must be taken and those that must not.

use proptest::prelude::*;

use super::*;

const NOW: UnixMs = UnixMs(1_780_000_000_500);
const BODY: &[u8] = br#"{"id":"evt_1","livemode":false,"type":"checkout.session.completed","data":{"object":{"id":"cs_1","client_reference_id":"0123456789abcdef","payment_intent":"pi_1"}}}"#;

fn secret() -> WebhookSecret {
    WebhookSecret::new("whsec_test", Mode::Test)
}

fn at(seconds_away: i64) -> UnixMs {
    UnixMs(NOW.0.checked_add_signed(seconds_away * 1000).unwrap())
}

#[test]
fn the_scheme_is_the_one_the_provider_documents() {
    // Computed with `openssl dgst -sha256 -hmac whsec_test` over "1780000000.{}".
    let expected = "t=1780000000,v1=".to_owned() + KNOWN;
    assert_eq!(secret().sign(b"{}", NOW), expected);
    assert_eq!(secret().verify(&expected, b"{}", NOW), Ok(()));
}

const KNOWN: &str = "b609026af9e57aacaa80bc40f33504841d55b898bf7a94ef9c45d964ea2171a4";

#[test]
fn one_right_signature_among_several_is_enough() {
    let old = WebhookSecret::new("old", Mode::Test).sign(BODY, NOW);
    let right = secret().sign(BODY, NOW);
    let digits = right.split_once(",v1=").unwrap().1;
    let header = format!("{old},v1={digits},v0=whatever");
    assert_eq!(secret().verify(&header, BODY, NOW), Ok(()));
    assert_eq!(secret().verify(&old, BODY, NOW), Err(WebhookError::Forged));
}

#[test]
fn five_minutes_either_way_are_believed_and_not_a_second_more() {
    let header = secret().sign(BODY, NOW);
    assert_eq!(secret().verify(&header, BODY, at(300)), Ok(()));
    assert_eq!(secret().verify(&header, BODY, at(-300)), Ok(()));
    assert_eq!(
        secret().verify(&header, BODY, at(301)),
        Err(WebhookError::Stale(301))
    );
    assert_eq!(
        secret().verify(&header, BODY, at(-301)),
        Err(WebhookError::Stale(301))
    );
}

#[test]
fn the_time_is_part_of_what_is_signed() {
    let header = secret().sign(BODY, at(-1000));
    let fresh = header.replace("t=1779999000", "t=1780000000");
    assert_ne!(header, fresh);
    assert_eq!(
        secret().verify(&fresh, BODY, NOW),
        Err(WebhookError::Forged)
    );
}

#[test]
fn malformed_headers_are_refused_whatever_else_they_hold() {
    let right = secret().sign(BODY, NOW);
    let digits = right.split_once(",v1=").unwrap().1;
    let many = right.clone() + &format!(",v1={digits}").repeat(8);
    for header in [
        "",
        "t=1780000000",
        &format!("v1={digits}"),
        &format!("t=,v1={digits}"),
        &format!("t=+1780000000,v1={digits}"),
        &format!("t=-1,v1={digits}"),
        &format!("t=99999999999999999999999,v1={digits}"),
        &format!("t=1780000000,t=1780000000,v1={digits}"),
        &format!("t=1780000000,v1={}", &digits[..62]),
        &format!("t=1780000000,v1={}zz", &digits[..62]),
        &format!("t=1780000000,v1={}é", &digits[..62]),
        &format!("{right},v1="),
        &format!("{right},nonsense"),
        &many,
    ] {
        let refused = secret().verify(header, BODY, NOW);
        assert_eq!(refused, Err(WebhookError::Header), "{header}");
    }
}

#[test]
fn a_huge_body_is_refused_before_it_is_hashed() {
    let body = vec![b' '; WEBHOOK_BYTES + 1];
    let header = secret().sign(&body, NOW);
    assert_eq!(
        secret().verify(&header, &body, NOW),
        Err(WebhookError::TooLarge)
    );
}

#[test]
fn events_name_the_payment_by_which_the_order_is_found() {
    let read = |kind: &str| {
        let body = String::from_utf8(BODY.to_vec()).unwrap();
        Event::parse(body.replace("checkout.session.completed", kind).as_bytes()).unwrap()
    };
    let named = |event: Event| event.payment.map(|payment| payment.to_string());
    assert_eq!(
        read("checkout.session.completed").kind,
        EventKind::Completed
    );
    assert_eq!(
        named(read("checkout.session.completed")).as_deref(),
        Some("cs_1")
    );
    assert_eq!(read("checkout.session.expired").kind, EventKind::Expired);
    assert_eq!(read("charge.refunded").kind, EventKind::Refunded);
    assert_eq!(named(read("charge.refunded")).as_deref(), Some("pi_1"));
    assert_eq!(read("charge.dispute.created").kind, EventKind::Disputed);
    assert_eq!(read("charge.dispute.closed").kind, EventKind::Disputed);
    assert_eq!(read("customer.created").kind, EventKind::Other);
    assert_eq!(
        read("charge.refunded").order.unwrap().as_str(),
        "0123456789abcdef"
    );
}

#[test]
fn an_event_of_the_other_mode_is_refused_and_says_what_to_give() {
    let live = String::from_utf8(BODY.to_vec())
        .unwrap()
        .replace("\"livemode\":false", "\"livemode\":true");
    let header = secret().sign(live.as_bytes(), NOW);
    let refused = secret().open(&header, live.as_bytes(), NOW).unwrap_err();
    assert_eq!(
        refused,
        WebhookError::Mode {
            told: Mode::Live,
            wanted: Mode::Test
        }
    );
    assert!(refused.to_string().contains("of the same mode"));
}

#[test]
fn a_note_that_is_no_order_number_is_of_another_shop() {
    let body = String::from_utf8(BODY.to_vec()).unwrap();
    let body = body.replace("0123456789abcdef", "cart 17");
    let event = Event::parse(body.as_bytes()).unwrap();
    assert_eq!((event.kind, event.order), (EventKind::Completed, None));
}

#[test]
fn signed_nonsense_is_malformed_and_not_a_panic() {
    for body in [
        "",
        "null",
        "{}",
        r#"{"id":"e","type":"charge.refunded","data":{"object":{"payment_intent":"pi_1"}}}"#,
        r#"{"id":"e","livemode":false,"type":"charge.refunded","data":{"object":{"payment_intent":"../x"}}}"#,
    ] {
        let header = secret().sign(body.as_bytes(), NOW);
        let opened = secret().open(&header, body.as_bytes(), NOW);
        assert!(
            matches!(opened, Err(WebhookError::Malformed(_))),
            "{body}: {opened:?}"
        );
    }
}

proptest! {
    #[test]
    fn no_text_but_the_right_one_is_ever_taken(header in "(t=[0-9]{0,12}|v1=[0-9a-f]{60,66}|,|=|.){0,6}") {
        prop_assert!(secret().verify(&header, BODY, NOW).is_err());
    }

    #[test]
    fn a_changed_byte_of_the_body_is_noticed(position in 0..BODY.len(), bit in 0..8_u32) {
        let header = secret().sign(BODY, NOW);
        let mut body = BODY.to_vec();
        body[position] ^= 1 << bit;
        prop_assert_eq!(secret().verify(&header, &body, NOW), Err(WebhookError::Forged));
    }
}
