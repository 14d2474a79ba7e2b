//! Orders, games and results in every state a page can show.

use latchkey_platform::clock::UnixMs;
use latchkey_platform::fakes::samples::{self, NOW};
use latchkey_platform::games;
use latchkey_platform::launch::SeatKey;
use latchkey_platform::orders::OrderState;
use latchkey_platform::stats::{
    GameStats, Milestone, Outcome, PlayerStats, StatsReport, StatsStore as _, Summary, compare,
};
use latchkey_platform::titles::{Slug, Titles as _};
use latchkey_platform::tokens::Token;
use latchkey_protocol::{GameId, Seq};

use crate::app::App;

/// An order, the game it bought and a seat in it.
pub(crate) struct Bought {
    pub(crate) order: Token,
    pub(crate) game: GameId,
    pub(crate) link: Token,
    pub(crate) seat: SeatKey,
}

impl Bought {
    /// The header line that a browser with the seat sends.
    pub(crate) fn cookie(&self) -> String {
        format!("seat-{}={}", self.game, self.seat)
    }
}

async fn slug(app: &App) -> Slug {
    let mut listed = app.world.titles.list().await.expect("the double works");
    if listed.is_empty() {
        return app.world.publish("1").await.version.slug;
    }
    listed.remove(0).slug
}

/// Places an order and says its key and payment.
pub(crate) async fn order(app: &App) -> (Token, String) {
    let form = latchkey_platform::checkout::OrderForm {
        email: "ada@example.org".into(),
        country: "DE".into(),
        terms: true,
    };
    let placed = app
        .world
        .platform
        .checkouts
        .place(&slug(app).await, &form)
        .await
        .expect("it can be placed");
    (placed.key, format!("cs_{}", placed.order))
}

/// Buys a game and takes a seat in it.
pub(crate) async fn bought(app: &App) -> Bought {
    let (key, payment) = order(app).await;
    app.world.payments.pay(&payment.parse_payment());
    let order = app
        .world
        .platform
        .fulfilment
        .confirm(&key)
        .await
        .expect("it works")
        .expect("the order is there");
    assert_eq!(order.state(), OrderState::Paid);
    let launch = &app.world.platform.launch;
    let game = launch
        .game(order.game.expect("a paid order has a game"))
        .await
        .expect("it was created");
    let link = launch.link_token(&game).expect("a new game has a link");
    let profile = samples::profile("Ada", 6);
    let (game, seat) = launch
        .take_seat(&link, &launch.new_claim(), &profile)
        .await
        .expect("there is room");
    Bought {
        order: key,
        game: game.id,
        link,
        seat,
    }
}

trait ParsePayment {
    fn parse_payment(&self) -> latchkey_platform::payments::PaymentId;
}

impl ParsePayment for String {
    fn parse_payment(&self) -> latchkey_platform::payments::PaymentId {
        latchkey_platform::payments::PaymentId::parse(self).expect("ids of payments are plain")
    }
}

fn player(number: u8, name: &str, colour: usize, counts: [u32; 3]) -> PlayerStats {
    let profile = samples::profile(name, colour);
    PlayerStats {
        member: samples::member_id(number),
        name: profile.name,
        colour: profile.colour,
        messages: counts[0],
        hints: counts[1],
        milestones: counts[2],
        actions: counts.iter().sum::<u32>() + 40,
    }
}

/// The result of a game of four.
pub(crate) async fn result(app: &App, game: GameId) {
    let title = app
        .world
        .platform
        .launch
        .game(game)
        .await
        .expect("the game is there")
        .title;
    let reached = [
        ("desk-opened", 1),
        ("stars-aligned", 2),
        ("kettle_found", 1),
        ("safe-open", 3),
        ("Door unlocked", 2),
    ];
    let milestones = (1..).zip(reached).map(|(index, (name, by))| Milestone {
        name: name.to_owned(),
        member: Some(samples::member_id(by)),
        after_ms: index * 161_000,
    });
    let stats = GameStats {
        game,
        title: title.clone(),
        seq: Seq(321),
        outcome: Outcome::Escaped,
        begun_at: NOW,
        finished_at: UnixMs(NOW.0 + 805_000),
        duration_ms: 805_000,
        messages: 39,
        hints: 3,
        players: vec![
            player(1, "Ada", 6, [14, 1, 2]),
            player(
                2,
                "Łukasz the Locksmith of Łódź"
                    .get(..22)
                    .expect("a boundary"),
                0,
                [3, 0, 2],
            ),
            player(3, "明日香 🗝️", 4, [22, 2, 1]),
            player(4, "Quiet One", 8, [0, 0, 0]),
        ],
        milestones: milestones.collect(),
    };
    let others: Vec<Summary> = (0..57_u8)
        .map(|number| Summary {
            game: samples::game_id(number),
            outcome: if number % 9 == 0 {
                Outcome::GivenUp
            } else {
                Outcome::Escaped
            },
            duration_ms: 500_000 + u64::from(number) * u64::from(number) * 260,
            hints: u32::from(number % 5),
            messages: 20,
        })
        .collect();
    let report = StatsReport {
        comparison: compare(&stats, &others),
        stats,
        computed_at: NOW,
    };
    let _new = app
        .world
        .stats
        .insert(&report)
        .await
        .expect("the double works");
}

/// Pages in every state, for the preview. Seats come as addresses that cannot set cookies, so it prints those too.
pub(crate) async fn pages(app: &App) -> Vec<(String, String)> {
    let (waiting, payment) = order(app).await;
    let (running, ended, done) = (bought(app).await, bought(app).await, bought(app).await);
    games::finish(&*app.world.games, ended.game, Seq(9), NOW)
        .await
        .expect("the double works");
    result(app, done.game).await;
    let mut mail = samples::email("confirm-1");
    mail.html = "<h1 style=\"color:#862d38\">Your game is ready</h1><p>Open the link.</p>".into();
    mail.text = "Your game is ready:\nhttp://127.0.0.1/l/abc\nHave fun.\n".into();
    app.outbox
        .0
        .lock()
        .expect("nobody panics with the lock")
        .push(mail);
    vec![
        ("till".into(), format!("/dev/till/{payment}")),
        ("confirming".into(), format!("/orders/{waiting}")),
        ("cancelled".into(), format!("/orders/{waiting}/cancelled")),
        ("thanks".into(), format!("/orders/{}", running.order)),
        ("launch".into(), format!("/l/{}", running.link)),
        (
            format!("lobby;{}", running.cookie()),
            format!("/l/{}", running.link),
        ),
        (
            format!("play;{}", running.cookie()),
            format!("/games/{}/play", running.game),
        ),
        (
            format!("counting;{}", ended.cookie()),
            format!("/games/{}/end", ended.game),
        ),
        (
            format!("end;{}", done.cookie()),
            format!("/games/{}/end", done.game),
        ),
        ("mail".into(), "/dev/outbox/confirm-1".into()),
    ]
}
