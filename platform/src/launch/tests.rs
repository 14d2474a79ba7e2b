//! Links, seats, begin, connect and finish.

use std::collections::BTreeSet;
use std::sync::Arc;

use latchkey_protocol::UnixMs;

use super::*;
use crate::fakes::{World, samples};
use crate::placement::{Place, Region};

/// A world with one game, and the token of its link.
async fn bought() -> (World, GameId, Token) {
    let world = World::default();
    let (_, payment) = world.place().await;
    world.payments.pay(&payment);
    let order = world.platform.fulfilment.fulfil(&payment).await.unwrap();
    let game = world.games.get(order.game.unwrap()).await.unwrap().unwrap();
    let link = world.platform.launch.link_token(&game).unwrap();
    (world, game.id, link)
}

#[tokio::test]
async fn a_form_sent_twice_takes_one_seat() {
    let (world, _, link) = bought().await;
    let launch = &world.platform.launch;
    let claim = SeatClaim::parse(&launch.new_claim().to_string()).unwrap();
    let ada = samples::profile("Ada", 0);
    let (_, first) = launch.take_seat(&link, &claim, &ada).await.unwrap();
    let (game, second) = launch.take_seat(&link, &claim, &ada).await.unwrap();
    assert_eq!((first, game.seats.len()), (second, 1));
    let (game, _) = launch
        .take_seat(&link, &launch.new_claim(), &ada)
        .await
        .unwrap();
    assert_eq!(game.seats.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn seats_taken_at_the_same_time_are_all_kept_and_never_more_than_fit() {
    let (world, id, link) = bought().await;
    let world = Arc::new(world);
    let mut tasks = tokio::task::JoinSet::new();
    for guest in 0..SEATS + 6 {
        let (world, link) = (world.clone(), link.clone());
        tasks.spawn(async move {
            let launch = &world.platform.launch;
            let profile = samples::profile(&format!("Guest {guest}"), guest);
            let claim = launch.new_claim();
            // A store under this much contention may ask to try again; a browser would.
            loop {
                match launch.take_seat(&link, &claim, &profile).await {
                    Ok(_) => return true,
                    Err(LaunchError::Full) => return false,
                    Err(LaunchError::Store(StoreError::Contended(_))) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
    }
    let seated = tasks
        .join_all()
        .await
        .into_iter()
        .filter(|seated| *seated)
        .count();
    assert_eq!(seated, SEATS);
    assert_eq!(
        world.games.get(id).await.unwrap().unwrap().seats.len(),
        SEATS
    );
}

#[tokio::test]
async fn a_seat_opens_with_its_own_secret_only() {
    let (world, id, link) = bought().await;
    let launch = &world.platform.launch;
    let (_, ada) = launch
        .take_seat(&link, &launch.new_claim(), &samples::profile("Ada", 0))
        .await
        .unwrap();
    let (game, bob) = launch
        .take_seat(&link, &launch.new_claim(), &samples::profile("Bob", 1))
        .await
        .unwrap();
    let kept = SeatKey::parse(&ada.to_string()).unwrap();
    assert_eq!(
        launch
            .seat(id, &kept)
            .await
            .unwrap()
            .1
            .profile
            .name
            .as_str(),
        "Ada"
    );
    let mixed = SeatKey {
        member: ada.member,
        secret: bob.secret.clone(),
    };
    for stranger in [
        mixed,
        SeatKey {
            member: samples::member_id(9),
            secret: bob.secret,
        },
    ] {
        assert!(matches!(
            launch.seat(id, &stranger).await,
            Err(LaunchError::NoSeat)
        ));
        assert!(matches!(
            launch.begin(id, &stranger).await,
            Err(LaunchError::NoSeat)
        ));
        assert!(matches!(
            launch.connect(id, &stranger, &RoundTrips::default()).await,
            Err(LaunchError::NoSeat)
        ));
        let renamed = launch
            .rename(id, &stranger, &samples::profile("Eve", 2))
            .await;
        assert!(matches!(renamed, Err(LaunchError::NoSeat)));
    }
    let stored = serde_json::to_string(&game).unwrap();
    assert!(!stored.contains(&ada.secret.to_string()) && !stored.contains(&link.to_string()));
    for text in ["", ".", "x.y", &ada.secret.to_string(), &format!("{ada}.")] {
        assert_eq!(SeatKey::parse(text), Err(SeatKeyMalformed), "{text}");
    }
}

#[tokio::test]
async fn begin_is_set_once_and_renaming_keeps_the_seat() {
    let (world, id, link) = bought().await;
    let launch = &world.platform.launch;
    let (_, ada) = launch
        .take_seat(&link, &launch.new_claim(), &samples::profile("Ada", 0))
        .await
        .unwrap();
    let first = launch.begin(id, &ada).await.unwrap().begun_at.unwrap();
    world.clock.advance(std::time::Duration::from_secs(9));
    assert_eq!(launch.begin(id, &ada).await.unwrap().begun_at, Some(first));
    let game = launch
        .rename(id, &ada, &samples::profile("李雷", 3))
        .await
        .unwrap();
    assert_eq!(game.seats[0].profile.name.as_str(), "李雷");
    assert_eq!(game.seats[0].member, ada.member);
    let mut odd = samples::profile("Ada", 0);
    odd.colour = "#123456".parse().unwrap();
    assert!(matches!(
        launch.rename(id, &ada, &odd).await,
        Err(LaunchError::Colour)
    ));
}

#[tokio::test]
async fn the_ticket_is_for_that_seat_and_a_minute() {
    let (world, id, link) = bought().await;
    let launch = &world.platform.launch;
    let (_, ada) = launch
        .take_seat(&link, &launch.new_claim(), &samples::profile("Ada", 0))
        .await
        .unwrap();
    let connection = launch
        .connect(id, &ada, &RoundTrips::default())
        .await
        .unwrap();
    assert_eq!(connection.url, "ws://play.test/s/1/room");
    let verifier = launch.signer.verifier();
    let ticket = verifier
        .verify(&connection.ticket, world.clock.now())
        .unwrap();
    assert_eq!((ticket.room, ticket.member), (id, ada.member));
    assert_eq!(ticket.profile, samples::profile("Ada", 0));
    let later = UnixMs(world.clock.now().0 + 90_000);
    assert!(verifier.verify(&connection.ticket, later).is_err());
}

fn region(name: &str) -> Region {
    name.to_owned().try_into().unwrap()
}

/// Names the host after the regions the group measured, one number for each member.
struct Measured;

#[async_trait::async_trait]
impl Placement for Measured {
    async fn place(&self, _: GameId, group: &[RoundTrips]) -> Result<Place, PlacementError> {
        let probe = Probe {
            name: region("eu"),
            probe_url: "https://eu.test/s/1/healthz".to_owned(),
        };
        Ok(Place {
            url: serde_json::to_string(group).unwrap(),
            choice: vec![probe],
        })
    }

    async fn regions(&self) -> Result<BTreeSet<Region>, PlacementError> {
        Ok(BTreeSet::from([region("eu"), region("us")]))
    }
}

#[tokio::test]
async fn what_each_member_measured_counts_for_the_group_until_it_measures_anew() {
    let (mut world, id, link) = bought().await;
    world.platform.launch.placement = Arc::new(Measured);
    let launch = &world.platform.launch;
    let take = async |name| {
        let profile = samples::profile(name, 0);
        let claim = launch.new_claim();
        launch.take_seat(&link, &claim, &profile).await.unwrap().1
    };
    let (ada, bob) = (take("Ada").await, take("Bob").await);
    let ms = |text: &str| serde_json::from_str::<RoundTrips>(text).unwrap();
    let nothing = RoundTrips::default();
    let steps = [
        (&ada, ms(r#"{"eu": 80}"#), r#"[{"eu":80},{}]"#),
        (&bob, ms(r#"{"us": 20}"#), r#"[{"eu":80},{"us":20}]"#),
        (&ada, nothing, r#"[{"eu":80},{"us":20}]"#),
        (&ada, ms(r#"{"eu": 85}"#), r#"[{"eu":80},{"us":20}]"#),
        (&ada, ms(r#"{"eu": 8}"#), r#"[{"eu":8},{"us":20}]"#),
    ];
    for (who, measured, group) in steps {
        let connection = launch.connect(id, who, &measured).await.unwrap();
        assert_eq!(connection.url, group);
        let offered = usize::from(measured.is_empty());
        assert_eq!(
            connection.regions.len(),
            offered,
            "who has measured is done"
        );
    }
    let mars = launch.connect(id, &bob, &ms(r#"{"mars": 1}"#)).await;
    assert!(matches!(
        mars,
        Err(LaunchError::RoundTrips(BadRoundTrips::Unknown(_)))
    ));
    let kept = launch.connect(id, &ada, &RoundTrips::default()).await;
    assert_eq!(kept.unwrap().url, r#"[{"eu":8},{"us":20}]"#);
}

#[tokio::test]
async fn a_rotated_or_revoked_link_opens_nothing_and_seats_stay() {
    let (world, id, link) = bought().await;
    let launch = &world.platform.launch;
    let ada = samples::profile("Ada", 0);
    let (_, key) = launch
        .take_seat(&link, &launch.new_claim(), &ada)
        .await
        .unwrap();
    let rotated = launch.rotate_link(id).await.unwrap();
    let next = launch.link_token(&rotated).unwrap();
    assert!(matches!(
        launch.open(&link).await,
        Err(LaunchError::UnknownLink)
    ));
    let late = launch.take_seat(&link, &launch.new_claim(), &ada).await;
    assert!(matches!(late, Err(LaunchError::UnknownLink)));
    assert_eq!(launch.open(&next).await.unwrap().id, id);
    let revoked = launch.revoke_link(id).await.unwrap();
    assert_eq!(
        (launch.link(&revoked), launch.link_token(&revoked)),
        (None, None)
    );
    assert!(matches!(
        launch.open(&next).await,
        Err(LaunchError::UnknownLink)
    ));
    assert!(
        launch
            .connect(id, &key, &RoundTrips::default())
            .await
            .is_ok()
    );
    let again = launch.rotate_link(id).await.unwrap();
    let third = launch.link_token(&again).unwrap();
    assert!(third != link && third != next);
    assert!(launch.open(&third).await.is_ok());
}
