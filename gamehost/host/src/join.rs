//! The first frame of a connection: in time, of bounded size, a `join` with a ticket that holds (P1.3, P1.4); then the
//! room is found or opened and the seat taken.

use std::sync::Arc;

use latchkey_protocol::frame::{ClientFrame, ServerFrame};
use latchkey_protocol::ticket::BadTicket;
use latchkey_protocol::{CloseCode, Position, Ticket, limits};
use latchkey_room::ConnectionId;
use tokio::time::timeout;

use crate::host::Shared;
use crate::limits::JOIN_ATTEMPTS;
use crate::live::{Ended, LiveRoom, Outcome};
use crate::opening::For;
use crate::rooms::{NotOpened, Sought, Stage};
use crate::wire::{Ending, Incoming, Wire};
use crate::{gather, opening};

/// A connection that has its seat.
pub(crate) struct Joined {
    pub(crate) seat: Seat,
    /// What the room answered; the frames of it are sent.
    pub(crate) outcome: Outcome,
}

/// A connection's place in its room. However the connection ends, a panic included, the room is told.
pub(crate) struct Seat {
    shared: Arc<Shared>,
    pub(crate) live: Arc<LiveRoom>,
    pub(crate) id: ConnectionId,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let (time, desk) = (&self.shared.time, &self.shared.desk);
        self.live.gone(desk, time.now(), time.elapsed(), self.id);
    }
}

/// Waits for the join and carries it out. The stop of the host interrupts it.
pub(crate) async fn join(shared: &Arc<Shared>, wire: &mut Wire) -> Result<Joined, Ending> {
    let work = async {
        let (ticket, have) = timeout(shared.config.limits.join_within, first(shared, wire))
            .await
            .map_err(|_| Ending::Close(CloseCode::JoinLate))??;
        wire.joined();
        take_seat(shared, wire, ticket, have).await
    };
    tokio::select! {
        joined = work => joined,
        () = shared.stopped() => Err(Ending::Close(CloseCode::GoingAway)),
    }
}

/// The first frame, which must be a join.
async fn first(shared: &Shared, wire: &mut Wire) -> Result<(Ticket, Option<Position>), Ending> {
    let text = loop {
        match wire.next().await? {
            Incoming::Text(text) => break text,
            Incoming::Control => {}
        }
    };
    if text.len() > limits::JOIN_FRAME {
        return Err(Ending::Close(CloseCode::TooLarge));
    }
    let Ok(ClientFrame::Join { ticket, have, .. }) = ClientFrame::parse(&text) else {
        return Err(Ending::Close(CloseCode::BadFrame));
    };
    match shared.config.tickets.verify(&ticket, shared.time.wall()) {
        Ok(ticket) => Ok((ticket, have)),
        Err(BadTicket::Invalid) => Err(Ending::Close(CloseCode::TicketInvalid)),
        Err(BadTicket::Expired) => Err(Ending::Close(CloseCode::TicketExpired)),
    }
}

async fn take_seat(
    shared: &Arc<Shared>,
    wire: &mut Wire,
    ticket: Ticket,
    have: Option<Position>,
) -> Result<Joined, Ending> {
    let id = shared.next_connection();
    for _ in 0..JOIN_ATTEMPTS {
        let live = match find(shared, wire, (id, &ticket, have)).await? {
            Ok(live) => live,
            // It was looked for in the background, and nobody was there to be asked.
            Err(NotOpened::WaitsForMembers) => continue,
            Err(error) => return Err(turn_away(wire, error)),
        };
        // A room that came into memory after the stop has gone through them would never be told to go.
        if shared.is_stopping() {
            return Err(Ending::Close(CloseCode::GoingAway));
        }
        if have.is_some_and(|have| have.epoch > live.epoch) {
            tracing::warn!(room = %live.id, epoch = %live.epoch, "a client has seen a later epoch of the room");
            return Err(Ending::Close(CloseCode::NotReady));
        }
        let seat = (id, wire.line.clone());
        let now = shared.time.now();
        match live.join(&shared.desk, now, seat, ticket.clone(), have) {
            Ok(outcome) => {
                shared.desk.metrics.joins.up();
                shared.migration.watch(&live, outcome.pending, &shared.time);
                tracing::debug!(room = %live.id, member = %ticket.member, "a connection joined");
                let shared = shared.clone();
                return Ok(Joined {
                    seat: Seat { shared, live, id },
                    outcome,
                });
            }
            // The room left memory, or began to be handed over, between being found and being joined: look again.
            Err(Ended::Evicted | Ended::Moving) => {}
            Err(Ended::Stopped(code)) => return Err(Ending::Close(code)),
        }
    }
    Err(Ending::Close(CloseCode::NotReady))
}

/// Finds the room or waits until it is open, and answers for it if members are asked to vouch meanwhile.
async fn find(
    shared: &Arc<Shared>,
    wire: &mut Wire,
    (id, ticket, have): (ConnectionId, &Ticket, Option<Position>),
) -> Result<Result<Arc<LiveRoom>, NotOpened>, Ending> {
    let mut coming = match opening::seek(shared, ticket.room, For::Member(have)) {
        Ok(Sought::Here(live)) => return Ok(Ok(live)),
        Ok(Sought::Coming(coming)) => coming,
        Err(error) => return Ok(Err(error)),
    };
    match coming.next().await {
        Stage::Gathering(gathering) => {
            let who = (id, ticket.member, have);
            gather::ask(shared, wire, who, (gathering, &mut coming)).await
        }
        Stage::Done(opened) => Ok(opened),
        Stage::Waiting => Ok(coming.opened().await),
    }
}

/// How the connection ends when its room is not here.
fn turn_away(wire: &Wire, error: NotOpened) -> Ending {
    match error {
        NotOpened::Elsewhere(url) | NotOpened::ElsewhereAndOwed(url) => {
            let moved = ServerFrame::Moved { url: &url }.encode();
            wire.send(moved);
            Ending::Close(CloseCode::Moved)
        }
        NotOpened::NotReady(_)
        | NotOpened::FormerMayLive
        | NotOpened::WaitsForMembers
        | NotOpened::Fenced => Ending::Close(CloseCode::NotReady),
        NotOpened::Full => Ending::Close(CloseCode::Overloaded),
        NotOpened::Stopping => Ending::Close(CloseCode::GoingAway),
    }
}
