//! What is accepted as measured, and which host a room goes to.

use super::*;

fn region(name: &str) -> Region {
    name.to_owned().try_into().unwrap()
}

fn measured(ways: &[(&str, u32)]) -> RoundTrips {
    let ways = ways.iter().map(|(name, ms)| (region(name), *ms));
    ways.collect::<BTreeMap<_, _>>().try_into().unwrap()
}

fn offer(name: &str, host: u32, load: (u32, u32)) -> Offer {
    Offer {
        region: region(name),
        url: format!("ws://{name}-{host}"),
        load,
    }
}

fn chosen(offers: &[Offer], group: &[RoundTrips]) -> String {
    let room = GameId::from_random([1; 20]);
    choose(room, offers, group).unwrap().url.clone()
}

#[test]
fn what_nobody_can_have_measured_is_refused_by_the_limit_it_breaks() {
    let read = |text: &str| serde_json::from_str::<RoundTrips>(text);
    let why = |text: &str| read(text).unwrap_err().to_string();
    assert_eq!(read("{}").unwrap(), RoundTrips::default());
    let two = measured(&[("eu-west-1", 31), ("us-1", 0)]);
    assert_eq!(read(r#"{"us-1": 0, "eu-west-1": 31}"#).unwrap(), two);
    assert_eq!(
        serde_json::to_string(&two).unwrap(),
        r#"{"eu-west-1":31,"us-1":0}"#
    );
    assert!(why(r#"{"EU": 3}"#).contains("1 to 32 of a-z"));
    assert!(why(&format!(r#"{{"{}": 3}}"#, "x".repeat(33))).contains("1 to 32 of a-z"));
    assert!(why(r#"{"": 3}"#).contains("1 to 32 of a-z"));
    assert!(why(r#"{"eu": 10001}"#).contains("at most 10000 milliseconds"));
    assert!(read(r#"{"eu": -1}"#).is_err() && read(r#"{"eu": 1.5}"#).is_err());
    let many: Vec<String> = (0..17).map(|n| format!(r#""r{n}": 1"#)).collect();
    assert!(read(&format!("{{{}}}", many[..16].join(","))).is_ok());
    assert!(why(&format!("{{{}}}", many.join(","))).contains("at most 16 regions"));
}

#[test]
fn round_trips_to_where_no_host_stands_are_refused_by_the_regions_name() {
    let regions = BTreeSet::from([region("eu"), region("us")]);
    for some in [&[("us", 3)][..], &[("eu", 9), ("us", 3)], &[]] {
        assert_eq!(measured(some).are_to(&regions), Ok(()));
    }
    let refused = measured(&[("eu", 9), ("mars", 3)]).are_to(&regions);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "no host stands in the region mars; measure those that were offered"
    );
}

#[test]
fn small_differences_are_no_news() {
    let known = measured(&[("eu", 100), ("us", 8)]);
    for same in [&[("eu", 100)][..], &[("eu", 120), ("us", 18)], &[]] {
        assert!(!measured(same).differ_from(&known), "{same:?}");
    }
    for news in [
        &[("eu", 200)][..],
        &[("eu", 60)],
        &[("us", 30)],
        &[("ap", 100)],
    ] {
        assert!(measured(news).differ_from(&known), "{news:?}");
    }
}

#[test]
fn without_measurements_the_least_loaded_host_takes_the_room() {
    let offers = [
        offer("eu", 1, (500, 9)),
        offer("us", 2, (183, 9)),
        offer("us", 3, (120, 99)),
    ];
    assert_eq!(chosen(&offers, &[]), "ws://us-3");
    assert_eq!(chosen(&offers, &[RoundTrips::default()]), "ws://us-3");
    assert_eq!(choose(GameId::from_random([1; 20]), &[], &[]), None);
}

#[test]
fn the_region_is_the_one_whose_furthest_member_is_nearest() {
    let offers = [
        offer("eu", 1, (1_200, 0)),
        offer("eu", 2, (800, 0)),
        offer("us", 3, (0, 0)),
        offer("ap", 4, (0, 0)),
    ];
    let (ada, bob) = (
        measured(&[("eu", 20), ("us", 90), ("ap", 300)]),
        measured(&[("eu", 110), ("us", 100), ("ap", 280)]),
    );
    assert_eq!(chosen(&offers, std::slice::from_ref(&ada)), "ws://eu-2");
    assert_eq!(chosen(&offers, &[ada.clone(), bob.clone()]), "ws://us-3");
    let silent = RoundTrips::default();
    assert_eq!(chosen(&offers, &[silent, bob, ada.clone()]), "ws://us-3");
    // Who has no answer from a region may not reach it at all.
    let cut_off = measured(&[("ap", 400)]);
    assert_eq!(chosen(&offers, &[ada, cut_off]), "ws://ap-4");
    let elsewhere = measured(&[("af", 3)]);
    assert!(choose(GameId::from_random([1; 20]), &offers, &[elsewhere]).is_some());
}

#[test]
fn rooms_are_spread_over_hosts_that_carry_about_the_same_and_each_room_has_one_place() {
    let offers = [1, 2, 3].map(|host| offer("eu", host, (10 * host, 0)));
    let mut counts = BTreeMap::new();
    for n in 0..=255_u8 {
        let room = GameId::from_random([n & 31; 20].map(|byte| byte ^ (n >> 5)));
        let place = &choose(room, &offers, &[]).unwrap().url;
        assert_eq!(
            Some(place),
            choose(room, &offers, &[]).map(|offer| &offer.url)
        );
        *counts.entry(place.clone()).or_insert(0) += 1;
    }
    assert!(
        counts.len() == 3 && counts.values().all(|count| *count > 40),
        "{counts:?}"
    );
}

#[test]
fn a_probe_is_a_page_of_the_host_that_is_measured() {
    for (url, probe) in [
        ("/s/2/room", "/s/2/healthz"),
        ("ws://h:81/s/1/room", "http://h:81/s/1/healthz"),
        ("wss://eu.test/s/9/room", "https://eu.test/s/9/healthz"),
    ] {
        assert_eq!(probe_url(url), probe);
    }
}

#[test]
fn what_is_to_be_measured_is_offered_where_there_is_a_choice() {
    let room = GameId::from_random([1; 20]);
    let among = |offers| Place::among(room, offers, &[]);
    assert_eq!(among(Vec::new()), None);
    let one = offer("eu", 1, (0, 0));
    let alone = among(vec![one.clone(), offer("eu", 2, (0, 0))]).unwrap();
    assert_eq!(alone.choice, []);
    let choice = among(vec![one, offer("us", 1, (0, 0))]).unwrap().choice;
    let names: Vec<_> = choice.iter().map(|probe| probe.name.to_string()).collect();
    assert_eq!(names, ["eu", "us"]);
    assert_eq!(choice[0].probe_url, "http://eu-1/healthz");
}
