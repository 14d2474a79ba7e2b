//! Two sockets made one: bytes are carried both ways, ends and resets are passed on. A tunnel that carries nothing
//! holds two sockets and no buffer, because a room connection is silent for most of its life.

use std::io;
use std::net::Shutdown;
use std::pin::pin;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;

/// Bytes carried in one step. One direction holds no more than this while its receiver is slow; the rest stays with
/// the sender, whose own rules about slow readers then apply.
pub(crate) const STEP: usize = 16 * 1024;
/// From the end of one direction until the other one is ended too. WebSockets never stay half open for long.
const HALF_CLOSED_FOR: Duration = Duration::from_secs(10);
/// From a write that failed until what its receiver sent before it died is given up.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(1);

/// One of the two ends, and what was read from it before the tunnel began.
#[derive(Debug)]
pub(crate) struct End {
    /// The socket.
    pub(crate) stream: TcpStream,
    /// Bytes that belong to the other end.
    pub(crate) read: Vec<u8>,
}

/// Why a direction broke.
#[derive(Debug)]
enum Broken {
    /// Its sender is gone without a word.
    Reading,
    /// Its receiver is gone.
    Writing,
}

/// Carries bytes between the two until both have ended or one has broken.
pub(crate) async fn run(one: End, other: End) {
    let End { stream: one, read } = one;
    let mut to_other = pin!(carry(&one, &other.stream, read));
    let mut to_one = pin!(carry(&other.stream, &one, other.read));
    let whole = tokio::select! {
        ended = &mut to_other => rest(ended, to_one).await,
        ended = &mut to_one => rest(ended, to_other).await,
    };
    if !whole {
        for end in [&one, &other.stream] {
            // Without it the other side would take what broke for a proper end. If it cannot be set, it does.
            let _ = SockRef::from(end).set_linger(Some(Duration::ZERO));
        }
    }
}

/// Lets the second direction end after the first; says whether both ended properly.
async fn rest(first: Result<(), Broken>, second: impl Future<Output = Result<(), Broken>>) -> bool {
    match first {
        Ok(()) => matches!(
            tokio::time::timeout(HALF_CLOSED_FOR, second).await,
            Ok(Ok(()))
        ),
        Err(Broken::Writing) => {
            // Who does not take bytes any more may have said why before it went.
            let _ = tokio::time::timeout(LAST_WORDS_WITHIN, second).await;
            false
        }
        Err(Broken::Reading) => false,
    }
}

/// Carries one direction to its end and passes the end on.
async fn carry(from: &TcpStream, to: &TcpStream, mut left: Vec<u8>) -> Result<(), Broken> {
    loop {
        give(to, &left).await.map_err(|_| Broken::Writing)?;
        left = Vec::new();
        from.readable().await.map_err(|_| Broken::Reading)?;
        // Sockets of one machine can be ready for ever; others want their turn.
        tokio::task::coop::consume_budget().await;
        match step(from, to, &mut left)? {
            Step::Carried => {}
            Step::Ended => {
                return SockRef::from(to)
                    .shutdown(Shutdown::Write)
                    .map_err(|_| Broken::Writing);
            }
        }
    }
}

/// What one step did.
enum Step {
    /// What there was is carried, but for what is left.
    Carried,
    /// There is nothing more to come.
    Ended,
}

/// Reads what there is and writes what is taken at once; the rest is put into `left`. The buffer is on the stack, so
/// that it is shared by all tunnels of a thread.
fn step(from: &TcpStream, to: &TcpStream, left: &mut Vec<u8>) -> Result<Step, Broken> {
    let mut buffer = [0; STEP];
    let read = match from.try_read(&mut buffer) {
        Ok(0) => return Ok(Step::Ended),
        Ok(read) => read,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Step::Carried),
        Err(_) => return Err(Broken::Reading),
    };
    let written = match to.try_write(&buffer[..read]) {
        Ok(written) => written,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
        Err(_) => return Err(Broken::Writing),
    };
    if written < read {
        left.extend_from_slice(&buffer[written..read]);
    }
    Ok(Step::Carried)
}

async fn give(to: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        to.writable().await?;
        match to.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let outer = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        (outer, listener.accept().await.unwrap().0)
    }

    fn end(stream: TcpStream) -> End {
        End {
            stream,
            read: Vec::new(),
        }
    }

    /// A tunnel, and the sockets of the two who speak through it.
    async fn tunnel() -> (TcpStream, TcpStream) {
        let ((client, near), (host, far)) = (pair().await, pair().await);
        tokio::spawn(run(end(near), end(far)));
        (client, host)
    }

    #[tokio::test]
    async fn what_is_said_on_either_side_arrives_whole_on_the_other_however_slowly_it_is_read() {
        let (client, host) = tunnel().await;
        let said: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_be_bytes).collect();
        let (mut from, mut to) = client.into_split();
        let (mut back, mut forth) = host.into_split();
        let words = said.clone();
        tokio::spawn(async move { to.write_all(&words).await.unwrap() });
        let echo = async move {
            let mut some = vec![0; 1_000];
            loop {
                let read = back.read(&mut some).await.unwrap();
                if read == 0 {
                    break;
                }
                forth.write_all(&some[..read]).await.unwrap();
            }
        };
        tokio::spawn(echo);
        let mut heard = Vec::new();
        let all = from.read_to_end(&mut heard);
        timeout(PATIENCE, all).await.unwrap().unwrap();
        assert!(heard == said, "{} of {} bytes", heard.len(), said.len());
    }

    #[tokio::test]
    async fn what_was_read_before_the_tunnel_began_comes_first() {
        let ((mut client, near), (mut host, far)) = (pair().await, pair().await);
        let early = |stream, read: &[u8]| End {
            stream,
            read: read.to_vec(),
        };
        tokio::spawn(run(early(near, b"a"), early(far, b"x")));
        client.write_all(b"b").await.unwrap();
        host.write_all(b"y").await.unwrap();
        let mut heard = [0; 2];
        host.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"ab");
        client.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"xy");
    }

    #[tokio::test]
    async fn the_end_of_one_direction_leaves_the_other_open() {
        let (mut client, mut host) = tunnel().await;
        client.shutdown().await.unwrap();
        let mut heard = Vec::new();
        timeout(PATIENCE, host.read_to_end(&mut heard))
            .await
            .unwrap()
            .unwrap();
        host.write_all(b"still here").await.unwrap();
        host.shutdown().await.unwrap();
        timeout(PATIENCE, client.read_to_end(&mut heard))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(heard, b"still here");
    }

    #[tokio::test]
    async fn a_reset_on_either_side_is_a_reset_on_the_other() {
        for turned in [false, true] {
            let (mut broken, mut kept) = tunnel().await;
            if turned {
                std::mem::swap(&mut broken, &mut kept);
            }
            SockRef::from(&broken)
                .set_linger(Some(Duration::ZERO))
                .unwrap();
            drop(broken);
            let read = timeout(PATIENCE, kept.read(&mut [0; 8])).await.unwrap();
            assert_eq!(
                read.unwrap_err().kind(),
                io::ErrorKind::ConnectionReset,
                "turned: {turned}"
            );
        }
    }

    #[tokio::test]
    async fn a_silent_tunnel_holds_next_to_nothing() {
        let ((_client, near), (_host, far)) = (pair().await, pair().await);
        let bytes = size_of_val(&run(end(near), end(far)));
        assert!(bytes <= 1_024, "{bytes} bytes");
    }

    #[tokio::test]
    async fn what_a_host_said_before_it_went_still_arrives() {
        let (mut client, mut host) = tunnel().await;
        host.write_all(b"goodbye").await.unwrap();
        drop(host);
        let mut heard = [0; 7];
        timeout(PATIENCE, client.read_exact(&mut heard))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(&heard, b"goodbye");
    }
}
