//! Misbehaving clients against a process that also serves a well-behaved room. Each gets its documented answer; the room
//! loses nothing and says how much slower it was; the process stays small.
//!
//! Latency is reported as a ratio and not asserted: the machine that runs this is not the one that serves games.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use latchkey_tests::checker::{Promise, check};
use latchkey_tests::http::{Visitor, connect};
use latchkey_tests::platform::Platform;
use latchkey_tests::player::{Player, Seat, Step, join_frame};
use latchkey_tests::report::{quantile, say};
use latchkey_tests::seeded::Seeded;
use latchkey_tests::socket::{Socket, Upgrade};
use latchkey_tests::wait::{now, within};
use latchkey_tests::{settings, shop};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Says of each well-behaved member in one measurement, and the time between two.
const SAYS: usize = 120;
const PACE: Duration = Duration::from_millis(40);
/// Sockets opened at one time and left alone: more than may wait to join (2,000), fewer than the machine allows.
const SOCKETS: usize = 3_000;
/// The process may hold so much while all of this happens: far below what an unbounded buffer would take.
const MEMORY: u64 = 400 * 1024 * 1024;
/// How long anything hostile may take to get its answer.
const ANSWER: Duration = Duration::from_secs(85);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_clients_get_their_answers_and_a_good_room_in_the_same_process_loses_nothing() {
    let seed = settings::seed();
    say(
        "hostile",
        format_args!("LATCHKEY_SEED={seed} repeats this run's choices"),
    );
    run(seed)
        .await
        .unwrap_or_else(|error| panic!("with LATCHKEY_SEED={seed}: {error:?}"));
}

async fn run(seed: u64) -> anyhow::Result<()> {
    let platform = Platform::start("hostile").await?;
    let (_, good) = shop::game_with_seats(platform.site(), 4).await?;
    let (_, bad) = shop::game_with_seats(platform.site(), 7).await?;
    let mut room = GoodRoom::sit_down(good).await?;
    room.play().await?;
    let mut calm = room.play().await?;
    let memory_before = platform.memory()?;

    let over = Arc::new(AtomicBool::new(false));
    let hostiles = tokio::spawn(attack(bad, seed, Arc::clone(&over)));
    let mut under_fire = Vec::new();
    let mut memory = memory_before;
    while !over.load(Ordering::SeqCst) {
        under_fire.extend(room.play().await?);
        memory = memory.max(platform.memory()?);
    }
    hostiles.await??;
    let mut after = room.play().await?;
    room.judge()?;

    let (p50, p99) = (quantile(&mut calm, 0.5), quantile(&mut calm, 0.99));
    let (p50_fire, p99_fire) = (
        quantile(&mut under_fire, 0.5),
        quantile(&mut under_fire, 0.99),
    );
    let p99_after = quantile(&mut after, 0.99);
    say(
        "hostile",
        format_args!(
            "the good room, say to seen: calm p50 {p50:.1?} p99 {p99:.1?}; under fire p50 {p50_fire:.1?} p99 {p99_fire:.1?} \
         ({:.1} times, {} samples); after p99 {p99_after:.1?}",
            p99_fire.as_secs_f64() / p99.as_secs_f64(),
            under_fire.len(),
        ),
    );
    let mib = |bytes: u64| bytes / 1024 / 1024;
    say(
        "hostile",
        format_args!(
            "memory: {} MiB before, {} MiB at most",
            mib(memory_before),
            mib(memory)
        ),
    );
    anyhow::ensure!(memory < MEMORY, "the process grew to {} MiB", mib(memory));
    Ok(())
}

/// Four well-behaved members of one room who measure how long a say takes to come back to everybody.
struct GoodRoom {
    players: Vec<Player>,
}

impl GoodRoom {
    async fn sit_down(seats: Vec<Seat>) -> anyhow::Result<Self> {
        let mut players = Vec::new();
        for seat in seats {
            let mut player = Player::new(seat);
            player.connect().await?;
            players.push(player);
        }
        Ok(Self { players })
    }

    /// One measurement: the first member says, and each say is timed until each of the four has seen it.
    async fn play(&mut self) -> anyhow::Result<Vec<Duration>> {
        let start = now();
        let tail = self.players.iter().map(Player::held).max().unwrap_or(0);
        let mut members = JoinSet::new();
        for (number, player) in self.players.drain(..).enumerate() {
            members.spawn(measure(player, number == 0, start));
        }
        let mut times = Vec::new();
        while let Some(member) = members.join_next().await {
            let (player, mut seen) = member??;
            times.append(&mut seen);
            self.players.push(player);
        }
        self.players
            .sort_by(|a, b| a.seat.member.cmp(&b.seat.member));
        for player in &mut self.players {
            let due = tail + u64::try_from(SAYS)?;
            player
                .until("everything said", |player| player.held() >= due)
                .await?;
        }
        Ok(times)
    }

    fn judge(self) -> anyhow::Result<()> {
        let lost: usize = self
            .players
            .iter()
            .filter(|player| !player.connected())
            .count();
        anyhow::ensure!(
            lost == 0,
            "{lost} well-behaved members lost their connection"
        );
        let histories: Vec<_> = self
            .players
            .into_iter()
            .map(|player| player.history)
            .collect();
        let wrong = check(&histories, Promise::PROCESS_KILLED);
        anyhow::ensure!(wrong.is_empty(), "the checker found {wrong:?}");
        Ok(())
    }
}

/// One member's part: the speaker says with the moment in it, everybody times what is seen.
async fn measure(
    mut player: Player,
    speaks: bool,
    start: Instant,
) -> anyhow::Result<(Player, Vec<Duration>)> {
    let mut times = Vec::new();
    let mut pace = tokio::time::interval(PACE);
    let mut said = 0;
    while times.len() < SAYS {
        tokio::select! {
            step = player.step() => match step? {
                Step::Record(record) => {
                    let body: serde_json::Value = serde_json::from_str(&record.body)?;
                    if let Some(micros) = body["at"].as_u64() {
                        times.push(start.elapsed().saturating_sub(Duration::from_micros(micros)));
                    }
                }
                Step::Closed(closed) => anyhow::bail!("a well-behaved member was closed: {closed:?}"),
                Step::Frame(_) => {}
            },
            _ = pace.tick(), if speaks && said < SAYS => {
                said += 1;
                player.say(&json!({"at": u64::try_from(start.elapsed().as_micros())?})).await;
            }
        }
    }
    Ok((player, times))
}

/// Every kind of hostile client, all kinds at once, until each has had its answer.
async fn attack(seats: Vec<Seat>, seed: u64, over: Arc<AtomicBool>) -> anyhow::Result<()> {
    let result = within(
        ANSWER,
        "the answers to all hostiles",
        all_kinds(seats, seed),
    )
    .await;
    over.store(true, Ordering::SeqCst);
    result?
}

async fn all_kinds(seats: Vec<Seat>, seed: u64) -> anyhow::Result<()> {
    let mut seats = seats.into_iter();
    let mut next = || seats.next().context("a seat for each kind that needs one");
    let mut kinds: JoinSet<anyhow::Result<String>> = JoinSet::new();
    let stranger = next()?;
    kinds.spawn(garbage(stranger.clone(), Seeded::new(seed)));
    kinds.spawn(flood(next()?));
    kinds.spawn(oversized(next()?));
    let deaf = tokio::spawn(never_reads(next()?, next()?));
    kinds.spawn(stalls_in_a_frame(next()?));
    kinds.spawn(slow_requests(stranger.visitor.site().to_owned()));
    kinds.spawn(half_a_handshake(stranger.visitor.site().to_owned()));
    while let Some(kind) = kinds.join_next().await {
        say("hostile", kind??);
    }
    // These two last and alone, because while they last nobody new may come in, the other kinds neither.
    let site = stranger.visitor.site().to_owned();
    say("hostile", silent_connections(site).await?);
    say("hostile", thousands_of_sockets(next()?).await?);
    say("hostile", deaf.await??);
    Ok(())
}

async fn garbage(mut seat: Seat, mut random: Seeded) -> anyhow::Result<String> {
    let mut codes = Vec::new();
    for round in 0..45 {
        let place = seat.place().await?;
        let mut socket = seat.open(&place).await?;
        let length = usize::try_from(random.between(1, 4_000))?;
        let bytes = random.bytes(length);
        let sent = match round % 3 {
            0 => socket.send_binary(bytes).await,
            1 => {
                socket
                    .send(String::from_utf8_lossy(&bytes).into_owned())
                    .await
            }
            // Not even a WebSocket frame.
            _ => socket.tcp().write_all(&bytes).await.context("raw bytes"),
        };
        // It may be closed in the middle of our sending.
        let _ = sent;
        codes.push(socket.expect_close().await?.code);
        if round % 3 == 0 {
            let wrong = Upgrade {
                protocol: None,
                ..seat.upgrade(&place)
            };
            let refused = Socket::open(&wrong)
                .await
                .expect_err("no subprotocol, no upgrade");
            anyhow::ensure!(refused.status == 400, "{refused:?}");
        }
    }
    // 4009 for bytes that look like the beginning of a frame that never comes.
    let documented = [4009, 4501, 4502, 1002, 1006, 1007, 1009];
    let other: Vec<_> = codes
        .iter()
        .filter(|code| !documented.contains(code))
        .collect();
    anyhow::ensure!(other.is_empty(), "garbage was answered with {other:?}");
    Ok(format!(
        "{} connections of garbage were closed, 15 upgrades refused",
        codes.len()
    ))
}

async fn flood(mut seat: Seat) -> anyhow::Result<String> {
    let mut floods = 0;
    for round in 0..12 {
        let (mut socket, welcome) = seat.join().await?;
        let n = welcome["n"].as_u64().unwrap_or(0);
        for frame in 1..6_000 {
            let frame = match round % 3 {
                0 => json!({"op": "say", "n": n + frame, "body": "flood"}),
                1 => json!({"op": "signal", "key": "cursor", "body": frame}),
                _ => json!({"op": "beat", "t": frame}),
            };
            if socket.feed(frame.to_string()).await.is_err() {
                break;
            }
        }
        let _ = socket.flush().await;
        let closed = socket.expect_close().await?;
        anyhow::ensure!(
            matches!(closed.code, 4503 | 1006),
            "a flood was answered with {closed:?}"
        );
        floods += usize::from(closed.code == 4503);
    }
    anyhow::ensure!(floods > 0, "not one flood was told why it was closed");
    Ok(format!(
        "12 floods were closed, {floods} of them could still be told why (4503)"
    ))
}

async fn oversized(mut seat: Seat) -> anyhow::Result<String> {
    for round in 0..9 {
        let (mut socket, _) = seat.join().await?;
        let bytes = [70 * 1024, 300 * 1024, 4 * 1024 * 1024][round % 3];
        let frame = json!({"op": "say", "n": 1, "body": "x".repeat(bytes)}).to_string();
        // It is closed before all of it was sent.
        let _ = socket.send(frame).await;
        let closed = socket.expect_close().await?;
        anyhow::ensure!(
            matches!(closed.code, 4502 | 1006 | 1009),
            "{bytes} bytes: {closed:?}"
        );
    }
    Ok("9 oversized frames were refused with the connection".to_owned())
}

/// Sits in a room that is talked to at full speed and reads nothing, until the host gives it up (P8.3).
async fn never_reads(mut deaf: Seat, talks: Seat) -> anyhow::Result<String> {
    let place = deaf.place().await?;
    let mut socket = Socket::open_narrow(&deaf.upgrade(&place))
        .await
        .map_err(refusal)?;
    socket.send(join_frame(&place.ticket, None)).await?;
    let mut talker = Player::new(talks);
    talker.connect().await?;
    let begun = now();
    let body = "x".repeat(15 * 1024);
    for n in 0..400 {
        talker.say(&json!({"n": n, "body": body})).await;
        if talker.unordered() > 20 {
            talker
                .until("the talk", |talker| talker.unordered() == 0)
                .await?;
        }
    }
    talker
        .until("the talk", |talker| talker.unordered() == 0)
        .await?;
    // The talker is told who is here; the deaf one must vanish from that list.
    let gone = async {
        loop {
            if let Step::Frame(frame) = talker.step().await?
                && frame["op"] == "presence"
                && frame["online"]
                    .as_array()
                    .is_some_and(|online| online.len() == 1)
            {
                return anyhow::Ok(begun.elapsed());
            }
        }
    };
    let after = within(ANSWER, "the end of a connection that never reads", gone).await??;
    let mut hears = Player::new(deaf);
    hears.connect().await?;
    let due = talker.held();
    hears
        .until("everything missed", |hears| hears.held() >= due)
        .await?;
    drop(socket);
    Ok(format!(
        "one that never read was given up after {after:.0?}, and read everything when it came back"
    ))
}

fn refusal(refused: latchkey_tests::socket::NoUpgrade) -> anyhow::Error {
    anyhow::anyhow!("no upgrade: {refused:?}")
}

/// Connections on which nothing ever comes, more than the listener serves at one time.
async fn silent_connections(site: String) -> anyhow::Result<String> {
    let mut silent = Vec::new();
    for number in 0..1_500_u32 {
        let [_, _, high, low] = number.to_be_bytes();
        silent.push(connect(&site, Ipv4Addr::new(127, 202, high, low)).await?);
    }
    let ending = now();
    for stream in silent {
        ended(stream).await?;
    }
    Visitor::new(&site).get("/").await?.expect(200)?;
    Ok(format!(
        "1500 silent connections were hung up on within {:.0?}",
        ending.elapsed()
    ))
}

/// Joins, sends the beginning of a frame, and stalls.
async fn stalls_in_a_frame(mut seat: Seat) -> anyhow::Result<String> {
    let mut stalled = Vec::new();
    for _ in 0..20 {
        let (mut socket, _) = seat.join().await?;
        // A masked text frame of 100 bytes, of which two come.
        socket
            .tcp()
            .write_all(&[0x81, 0xe4, 1, 2, 3, 4, 5, 6])
            .await?;
        stalled.push(socket);
    }
    let mut last = stalled.pop().context("twenty stalled")?;
    for mut socket in stalled {
        let closed = socket.expect_close().await?;
        anyhow::ensure!(closed.code == 4500, "taken over while stalled: {closed:?}");
    }
    last.tcp().write_all(&[0; 4]).await?;
    Ok("20 connections stalled inside a frame; each could be taken over".to_owned())
}

/// Requests that come a byte at a time.
async fn slow_requests(site: String) -> anyhow::Result<String> {
    let mut slow = JoinSet::new();
    for number in 0..200_u8 {
        let site = site.clone();
        slow.spawn(async move {
            let mut stream = connect(&site, Ipv4Addr::new(127, 200, 1, number)).await?;
            let request = format!(
                "GET / HTTP/1.1\r\nhost: {site}\r\nx-slow: {}",
                "s".repeat(4_000)
            );
            let mut answer = [0; 256];
            for byte in request.bytes() {
                if stream.write_all(&[byte]).await.is_err() {
                    break;
                }
                let pause =
                    tokio::time::timeout(Duration::from_millis(500), stream.read(&mut answer));
                if pause.await.is_ok() {
                    break;
                }
            }
            anyhow::Ok(())
        });
    }
    while let Some(one) = slow.join_next().await {
        one??;
    }
    Ok("200 requests that came byte by byte were hung up on".to_owned())
}

/// Connections that never finish asking for the upgrade.
async fn half_a_handshake(site: String) -> anyhow::Result<String> {
    let mut half = Vec::new();
    for number in 0..200_u8 {
        let mut stream = connect(&site, Ipv4Addr::new(127, 200, 2, number)).await?;
        stream
            .write_all(b"GET /s/1/room HTTP/1.1\r\nupgrade: websocket\r\n")
            .await?;
        half.push(stream);
    }
    for stream in half {
        ended(stream).await?;
    }
    Ok("200 half handshakes were hung up on".to_owned())
}

/// Waits until the server ends this connection.
async fn ended(mut stream: TcpStream) -> anyhow::Result<()> {
    let mut rest = Vec::new();
    let read = within(
        ANSWER,
        "the end of a stalled connection",
        stream.read_to_end(&mut rest),
    );
    // A reset is an end as well.
    let _ = read.await?;
    Ok(())
}

/// Thousands of upgraded sockets that never join: so many are let in, the rest is told to come back.
async fn thousands_of_sockets(mut seat: Seat) -> anyhow::Result<String> {
    let place = seat.place().await?;
    let mut opening = JoinSet::new();
    let (mut open, mut refused, mut other) = (Vec::new(), 0, Vec::new());
    for number in 0..SOCKETS {
        let [_, _, high, low] = u32::try_from(number)?.to_be_bytes();
        let upgrade = Upgrade {
            home: Ipv4Addr::new(127, 201, high, low),
            ..seat.upgrade(&place)
        };
        opening.spawn(async move { Socket::open(&upgrade).await });
        if opening.len() >= 200 || number + 1 == SOCKETS {
            while opening.len() > 100 || (number + 1 == SOCKETS && !opening.is_empty()) {
                match opening.join_next().await.context("some are opening")?? {
                    Ok(socket) => open.push(socket),
                    Err(answer) if answer.status == 503 && answer.retry_after.is_some() => {
                        refused += 1;
                    }
                    Err(answer) => other.push(answer),
                }
            }
        }
    }
    anyhow::ensure!(
        other.is_empty(),
        "{} others, as {:?}",
        other.len(),
        other.first()
    );
    let admitted = open.len();
    for mut socket in open {
        let closed = socket.expect_close().await?;
        anyhow::ensure!(
            closed.code == 4009,
            "who does not join is closed with 4009: {closed:?}"
        );
    }
    // When they are gone, people can come in again.
    let mut late = Visitor::new(seat.visitor.site());
    late.get("/").await?.expect(200)?;
    seat.join().await?;
    Ok(format!(
        "of {SOCKETS} sockets that never joined {admitted} were let in and closed in time, {refused} told to come back"
    ))
}
