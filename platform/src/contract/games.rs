//! The rules of [`Games`].

use super::{Subject, documents};
use crate::fakes::samples;
use crate::games::{Games, Seat};
use crate::store::{Insert, Swap};

type Games_ = Subject<dyn Games>;

/// Makes the tests.
#[macro_export]
macro_rules! games_contract {
    ($subject:expr) => {
        $crate::contract!(
            games,
            $subject,
            [
                a_game_comes_back_as_it_was_written,
                id_and_link_are_unique,
                a_game_is_found_by_its_present_link_alone,
                any_number_of_links_may_be_revoked,
                only_the_expected_revision_of_a_game_is_replaced,
                of_many_writers_of_a_game_one_wins,
            ]
        );
    };
}

pub async fn a_game_comes_back_as_it_was_written(subject: &Games_) {
    let mut game = samples::game(1);
    game.seats.push(Seat {
        member: samples::member_id(1),
        profile: samples::profile("李雷 👩‍👩‍👧", 2),
        secret_hash: samples::order(1).key_hash,
        taken_at: samples::NOW,
        round_trips: serde_json::from_str(r#"{"eu": 21}"#).unwrap(),
    });
    assert_eq!(subject.port.insert(&game).await.unwrap(), Insert::Inserted);
    assert_eq!(subject.port.get(game.id).await.unwrap(), Some(game));
    assert_eq!(subject.port.get(samples::game_id(2)).await.unwrap(), None);
}

pub async fn id_and_link_are_unique(subject: &Games_) {
    let game = samples::game(1);
    let mut same_link = samples::game(2);
    same_link.link_hash = game.link_hash;
    assert_eq!(subject.port.insert(&game).await.unwrap(), Insert::Inserted);
    assert_eq!(subject.port.insert(&game).await.unwrap(), Insert::Exists);
    assert_eq!(
        subject.port.insert(&same_link).await.unwrap(),
        Insert::Exists
    );
    assert_eq!(subject.port.get(same_link.id).await.unwrap(), None);
}

pub async fn a_game_is_found_by_its_present_link_alone(subject: &Games_) {
    let mut game = samples::game(1);
    let (old, new) = (game.link_hash.unwrap(), samples::game(9).link_hash.unwrap());
    assert_eq!(subject.port.insert(&game).await.unwrap(), Insert::Inserted);
    assert_eq!(
        subject.port.by_link(&old).await.unwrap(),
        Some(game.clone())
    );
    game.link_hash = Some(new);
    assert_eq!(subject.port.swap(&game).await.unwrap(), Swap::Swapped);
    assert_eq!(subject.port.by_link(&old).await.unwrap(), None);
    assert_eq!(
        subject
            .port
            .by_link(&new)
            .await
            .unwrap()
            .map(|game| game.id),
        Some(game.id)
    );
}

pub async fn any_number_of_links_may_be_revoked(subject: &Games_) {
    for number in 1..=3 {
        let mut game = samples::game(number);
        assert_eq!(subject.port.insert(&game).await.unwrap(), Insert::Inserted);
        let hash = game.link_hash.take().unwrap();
        assert_eq!(subject.port.swap(&game).await.unwrap(), Swap::Swapped);
        assert_eq!(subject.port.by_link(&hash).await.unwrap(), None);
    }
}

pub async fn only_the_expected_revision_of_a_game_is_replaced(subject: &Games_) {
    let mut game = samples::game(1);
    assert_eq!(
        subject.port.swap(&game).await.unwrap(),
        Swap::Stale,
        "it is not there yet"
    );
    assert_eq!(subject.port.insert(&game).await.unwrap(), Insert::Inserted);
    game.begun_at = Some(samples::NOW);
    assert_eq!(subject.port.swap(&game).await.unwrap(), Swap::Swapped);
    game.begun_at = None;
    assert_eq!(subject.port.swap(&game).await.unwrap(), Swap::Stale);
    let stored = subject.port.get(game.id).await.unwrap().unwrap();
    assert_eq!((stored.revision, stored.begun_at), (2, Some(samples::NOW)));
}

pub async fn of_many_writers_of_a_game_one_wins(subject: &Games_) {
    let game = samples::game(1);
    assert_eq!(subject.port.insert(&game).await.unwrap(), Insert::Inserted);
    documents::one_winner((0..16).map(|at| {
        let (port, mut game) = (subject.port.clone(), game.clone());
        game.begun_at = Some(crate::clock::UnixMs(at));
        async move { port.swap(&game).await.unwrap() }
    }))
    .await;
}
