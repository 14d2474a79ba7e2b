//! One connection's bytes: a socket that never blocks, what is not yet a whole frame, and what it could not yet send.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use socket2::{Domain, Protocol, SockAddr, Socket as RawSocket, Type};

/// Connections from one loopback address; the system has about 28,000 ports for each.
const PORTS: usize = 10_000;

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

/// The loopback address of a generator's connection.
fn source(generator: u32, number: usize) -> Ipv4Addr {
    let [.., low] = generator.to_be_bytes();
    let block = u8::try_from(number / PORTS % 200).expect("below 200");
    Ipv4Addr::new(127, 0, low + 1, block + 1)
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

    /// Begins to connect. What is sent before it is connected waits.
    ///
    /// # Errors
    /// When the connection ended or the system refuses.
    pub fn connect(server: SocketAddr, generator: u32, number: usize) -> io::Result<Self> {
        let socket = RawSocket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        let source = SocketAddr::from((source(generator, number), 0));
        socket.bind(&SockAddr::from(source))?;
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
