//! What systemd is told of this process (`sd_notify(3)`): lines over a datagram socket, which nobody answers. Without a
//! socket nothing is told.

use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// The way to the service manager.
#[derive(Debug, Default)]
pub(crate) struct Notify(Option<(UnixDatagram, SocketAddr)>);

impl Notify {
    /// Tells the socket that `NOTIFY_SOCKET` names: a path, or a name of the abstract space behind an `@`.
    pub(crate) fn to(socket: Option<String>) -> io::Result<Self> {
        let Some(name) = socket.filter(|name| !name.is_empty()) else {
            return Ok(Self::default());
        };
        let address = match name.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(&name)?,
        };
        let socket = UnixDatagram::unbound()?;
        // A manager that does not read must not hold up the host.
        socket.set_nonblocking(true)?;
        Ok(Self(Some((socket, address))))
    }

    /// It serves.
    pub(crate) fn ready(&self) {
        self.tell("READY=1\nSTATUS=serving");
    }

    /// It does its work.
    pub(crate) fn watchdog(&self) {
        self.tell("WATCHDOG=1");
    }

    /// It is about to end, and what it does until then.
    pub(crate) fn stopping(&self, status: &str) {
        self.tell(&format!("STOPPING=1\nSTATUS={status}"));
    }

    /// What it waits for, and that its start or its end may take so much longer from now.
    pub(crate) fn waiting(&self, status: &str, longer: Duration) {
        let longer = longer.as_micros();
        self.tell(&format!("EXTEND_TIMEOUT_USEC={longer}\nSTATUS={status}"));
    }

    fn tell(&self, lines: &str) {
        let Some((socket, address)) = &self.0 else {
            return;
        };
        if let Err(error) = socket.send_to_addr(lines.as_bytes(), address) {
            tracing::debug!(%error, "the service manager was not told");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        let mut line = [0; 256];
        let length = socket.recv(&mut line).unwrap();
        String::from_utf8(line[..length].to_vec()).unwrap()
    }

    #[test]
    fn both_kinds_of_sockets_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let name = format!("latchkey-test-{}", std::process::id());
        let sockets = [
            (
                UnixDatagram::bind(&path).unwrap(),
                path.display().to_string(),
            ),
            (
                UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap(),
                format!("@{name}"),
            ),
        ];
        for (socket, name) in sockets {
            let notify = Notify::to(Some(name)).unwrap();
            notify.ready();
            assert_eq!(heard(&socket), "READY=1\nSTATUS=serving");
            notify.waiting("waiting for the directory", Duration::from_secs(30));
            assert_eq!(
                heard(&socket),
                "EXTEND_TIMEOUT_USEC=30000000\nSTATUS=waiting for the directory"
            );
            drop(socket);
            notify.watchdog();
        }
    }

    #[test]
    fn without_a_socket_nothing_is_told() {
        Notify::to(None).unwrap().ready();
        Notify::to(Some(String::new())).unwrap().ready();
    }
}
