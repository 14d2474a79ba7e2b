//! The floor: what the kernel alone costs. One thread on epoll passes every payload it receives to all connections of
//! the room, with one write each, and does nothing else: no WebSocket, no numbers, no history.
//!
//! A payload has four bytes of length before it; the first one is the room's number, answered by an empty one.

use std::collections::HashMap;
use std::net::TcpListener;

use anyhow::{Context as _, Result};
use latchkey_bench::drive::frames::{BINARY, Framing};
use latchkey_bench::drive::poller::{Poller, Watch};
use latchkey_bench::drive::socket::Socket;

/// The number the listener is watched under; connections count up from the next one.
const LISTENER: usize = 0;

struct Connection {
    socket: Socket,
    room: Option<u32>,
    waits: bool,
}

struct Floor {
    poller: Poller,
    connections: HashMap<usize, Connection>,
    rooms: HashMap<u32, Vec<usize>>,
    next: usize,
    out: Vec<u8>,
}

fn main() -> Result<()> {
    let port = std::env::args().nth(1).context("usage: bench-floor PORT")?;
    let listener = TcpListener::bind(("127.0.0.1", port.parse()?))?;
    listener.set_nonblocking(true)?;
    let mut floor = Floor {
        poller: Poller::new()?,
        connections: HashMap::new(),
        rooms: HashMap::new(),
        next: LISTENER + 1,
        out: Vec::new(),
    };
    floor.poller.add(&listener, LISTENER, Watch::Reading)?;
    let (mut buffer, mut ready) = (Vec::new(), Vec::new());
    loop {
        floor.poller.wait(u64::from(u32::MAX), &mut ready)?;
        for (number, writable) in ready.drain(..) {
            let number = usize::try_from(number)?;
            if number == LISTENER {
                floor.accept(&listener)?;
                continue;
            }
            if writable {
                floor.send(number, &[])?;
            }
            floor.read(number, &mut buffer)?;
        }
    }
}

impl Floor {
    fn accept(&mut self, listener: &TcpListener) -> Result<()> {
        while let Ok((stream, _)) = listener.accept() {
            let socket = Socket::accepted(stream)?;
            self.poller.add(&socket.stream, self.next, Watch::Reading)?;
            let connection = Connection {
                socket,
                room: None,
                waits: false,
            };
            self.connections.insert(self.next, connection);
            self.next += 1;
        }
        Ok(())
    }

    fn read(&mut self, number: usize, buffer: &mut Vec<u8>) -> Result<()> {
        let Some(connection) = self.connections.get_mut(&number) else {
            return Ok(());
        };
        let length = match connection.socket.read(buffer) {
            Ok(Some(length)) => length,
            Ok(None) => return Ok(()),
            Err(_) => {
                self.leave(number);
                return Ok(());
            }
        };
        let mut taken = 0;
        while let Some((frame, used)) = Framing::Lengths.first(&buffer[taken..length])? {
            self.take(number, frame.payload)?;
            taken += used;
        }
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.socket.keep(&buffer[taken..length]);
        }
        Ok(())
    }

    fn take(&mut self, number: usize, payload: &[u8]) -> Result<()> {
        let Some(connection) = self.connections.get_mut(&number) else {
            return Ok(());
        };
        let mut out = std::mem::take(&mut self.out);
        out.clear();
        if let Some(room) = connection.room {
            Framing::Lengths.write(BINARY, &[payload], &mut out);
            let members = self.rooms.get(&room).cloned().unwrap_or_default();
            for member in members {
                self.send(member, &out)?;
            }
        } else {
            let room = payload
                .first_chunk()
                .context("the first payload is the room")?;
            let room = u32::from_le_bytes(*room);
            connection.room = Some(room);
            self.rooms.entry(room).or_default().push(number);
            Framing::Lengths.write(BINARY, &[], &mut out);
            self.send(number, &out)?;
        }
        self.out = out;
        Ok(())
    }

    /// Sends `bytes` after what waits.
    fn send(&mut self, number: usize, bytes: &[u8]) -> Result<()> {
        let Some(connection) = self.connections.get_mut(&number) else {
            return Ok(());
        };
        let sent = if bytes.is_empty() {
            connection.socket.flush()
        } else {
            connection.socket.send(bytes)
        };
        let Ok(waits) = sent else {
            self.leave(number);
            return Ok(());
        };
        if waits != connection.waits {
            let watch = if waits { Watch::Both } else { Watch::Reading };
            self.poller
                .change(&connection.socket.stream, number, watch)?;
            connection.waits = waits;
        }
        Ok(())
    }

    fn leave(&mut self, number: usize) {
        let gone = self.connections.remove(&number);
        let room = gone.and_then(|connection| connection.room);
        if let Some(members) = room.and_then(|room| self.rooms.get_mut(&room)) {
            members.retain(|member| *member != number);
        }
    }
}
