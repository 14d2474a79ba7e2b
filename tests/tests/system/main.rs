//! The real binary over HTTP and WebSocket, from outside: the whole path, and every refusal and limit that can be met there.
//! What needs hours or a lost disk is proved in the crates, on driven clocks.

mod frames;
mod interrupted;
mod pages;
mod path;
mod payments;
mod restart;
mod seats;
mod shop;
mod upgrade;
mod versions;

use latchkey_tests::platform::Platform;
use latchkey_tests::player::Player;
use latchkey_tests::report::say;
use latchkey_tests::seat::Seat;

/// A fresh platform with one bought game and `count` people seated in it.
async fn game(name: &str, count: usize) -> anyhow::Result<(Platform, Vec<Seat>)> {
    say("system", name);
    let platform = Platform::start(&format!("system-{name}")).await?;
    let (_, seats) = latchkey_tests::shop::game_with_seats(platform.site(), count).await?;
    Ok((platform, seats))
}

/// Connects a client for each seat.
async fn players(seats: Vec<Seat>) -> anyhow::Result<Vec<Player>> {
    let mut players = Vec::new();
    for seat in seats {
        let mut player = Player::new(seat);
        player.connect().await?;
        players.push(player);
    }
    Ok(players)
}
