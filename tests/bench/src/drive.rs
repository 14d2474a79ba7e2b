//! The load generator: a process that plays all members of some rooms from one thread. The orchestrator tells it what
//! to do over standard input, a line of JSON each ([`orders`]), and it answers on standard output.

pub mod crowd;
pub mod frames;
pub mod latency;
pub mod mark;
pub mod order;
pub mod orders;
pub mod plays;
pub mod poller;
pub mod schedule;
pub mod socket;

use std::io::{BufRead as _, Write as _};

use anyhow::{Context as _, Result};

use self::crowd::Crowd;
use self::orders::{Order, Report};

/// Carries out orders until standard input ends.
///
/// # Errors
/// When a server refuses for good, or the machine does.
pub fn run() -> Result<()> {
    let mut crowd: Option<Crowd> = None;
    while let Some(order) = next(crowd.as_mut())? {
        let report = match order {
            Order::Connect(connect) => {
                let crowd = match crowd.as_mut() {
                    Some(crowd) => crowd,
                    None => crowd.insert(Crowd::new(&connect)?),
                };
                crowd.enlarge(connect.rooms)?
            }
            Order::Talk(talk) => {
                let crowd = crowd.as_mut().context("told to talk before connecting")?;
                plays::talk(crowd, &talk, say)?
            }
            Order::Rejoin => {
                let crowd = crowd.as_mut().context("told to rejoin before connecting")?;
                plays::rejoin(crowd)?
            }
        };
        say(&report)?;
    }
    Ok(())
}

/// The next order; the crowd answers its servers' pings meanwhile.
fn next(crowd: Option<&mut Crowd>) -> Result<Option<Order>> {
    let mut input = std::io::stdin().lock();
    if let Some(crowd) = crowd {
        crowd.until_told()?;
    }
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let order = serde_json::from_str(&line).with_context(|| format!("an order: {line}"))?;
    Ok(Some(order))
}

/// Tells the orchestrator.
fn say(report: &Report) -> Result<()> {
    let mut output = std::io::stdout().lock();
    serde_json::to_writer(&mut output, report)?;
    output.write_all(b"\n")?;
    output.flush()?;
    Ok(())
}
