//! One connection's bytes: a socket that never blocks, what is not yet a whole frame, and what it could not yet send.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use socket2::{Domain, Protocol, SockAddr, Socket as RawSocket, Type};

/// See the module.
#[derive(Debug)]
pub struct Socket {
    /// The system's socket.
    pub stream: TcpStream,
    /// The beginning of a frame.
    inbox: Vec<u8>,
    /// What the system did not take.
    outbox: Vec<u8>,
}

impl Socket {
    /// A connection that was accepted.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn accepted(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            inbox: Vec::new(),
            outbox: Vec::new(),
        })
    }

    /// Begins to connect from one of the sources. What is sent before it is connected waits.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn connect(server: SocketAddr, sources: &mut Sources) -> io::Result<Self> {
        let socket = RawSocket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        // A port may still be in the memory of the system from an earlier run.
        socket.set_reuse_address(true)?;
        let mut tries = 0;
        while let Err(error) = socket.bind(&SockAddr::from(sources.next())) {
            tries += 1;
            if error.kind() != ErrorKind::AddrInUse || tries == TRIES {
                return Err(error);
            }
        }
        match socket.connect(&SockAddr::from(server)) {
            Ok(()) => {}
            // EINPROGRESS, which the standard library has no name for.
            Err(error)
                if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
            Err(error) => return Err(error),
        }
        Ok(Self {
            stream: socket.into(),
            inbox: Vec::new(),
            outbox: Vec::new(),
        })
    }

    /// Sends `bytes` after what waits. Whether something waits now.
    ///
    /// # Errors
    /// When the connection ended or the system refuses.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<bool> {
        if !self.outbox.is_empty() {
            self.outbox.extend_from_slice(bytes);
            return Ok(true);
        }
        let sent = write(&mut self.stream, bytes)?;
        self.outbox.extend_from_slice(&bytes[sent..]);
        Ok(!self.outbox.is_empty())
    }

    /// Sends what waits. Whether something still does.
    ///
    /// # Errors
    /// When the connection ended or the system refuses.
    pub fn flush(&mut self) -> io::Result<bool> {
        let sent = write(&mut self.stream, &self.outbox)?;
        self.outbox.drain(..sent);
        if self.outbox.is_empty() {
            self.outbox = Vec::new();
        }
        Ok(!self.outbox.is_empty())
    }

    /// Reads once into `buffer`, behind what was kept; how many bytes are in it. `None`: there was nothing to read.
    ///
    /// # Errors
    /// When the connection ended or the system refuses.
    pub fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<Option<usize>> {
        let kept = self.inbox.len();
        if buffer.len() < kept + READ {
            buffer.resize(kept + READ, 0);
        }
        let got = match self.stream.read(&mut buffer[kept..]) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(got) => got,
            Err(error) if would_wait(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        buffer[..kept].copy_from_slice(&self.inbox);
        self.inbox.clear();
        Ok(Some(kept + got))
    }

    /// Keeps what is not a whole frame for the next read.
    pub fn keep(&mut self, rest: &[u8]) {
        if rest.is_empty() {
            // Tens of thousands of connections, of which few are in the middle of a frame.
            self.inbox = Vec::new();
        } else {
            self.inbox.extend_from_slice(rest);
        }
    }
}

/// Ports of one loopback address that are used, from this one on.
const PORTS: (u16, u16) = (20_000, 20_000);
/// Loopback addresses of one generator.
const ADDRESSES: u64 = 200;
/// Ports tried for one connection.
const TRIES: u32 = 1_000;

/// Addresses and ports to connect from, each used once before any is used again. Left to itself the system searches
/// for a free port among tens of thousands, for milliseconds each.
#[derive(Debug)]
pub struct Sources {
    generator: u32,
    next: u64,
}

impl Sources {
    /// Those of a generator, beginning somewhere.
    #[must_use]
    pub fn new(generator: u32, somewhere: u64) -> Self {
        Self {
            generator,
            next: somewhere % (ADDRESSES * u64::from(PORTS.1)),
        }
    }

    fn next(&mut self) -> SocketAddr {
        let low = |number: u64| number.to_le_bytes()[0];
        let ports = u64::from(PORTS.1);
        let address = low(self.next / ports % ADDRESSES) + 1;
        let [generator, ..] = self.generator.to_le_bytes();
        let port = PORTS.0 + u16::try_from(self.next % ports).unwrap_or(0);
        self.next += 1;
        SocketAddr::from((Ipv4Addr::new(127, 0, generator + 1, address), port))
    }
}

/// Bytes read at one time.
const READ: usize = 64 * 1024;

fn would_wait(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::NotConnected
    )
}

fn write(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match stream.write(bytes) {
        Ok(sent) => Ok(sent),
        Err(error) if would_wait(&error) => Ok(0),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_connections_of_all_generators_share_their_source() {
        let mut seen = HashSet::new();
        for generator in 0..3 {
            let mut sources = Sources::new(generator, u64::MAX);
            for _ in 0..50_000 {
                let source = sources.next();
                assert!(source.ip().is_loopback() && seen.insert(source), "{source}");
            }
        }
    }
}
