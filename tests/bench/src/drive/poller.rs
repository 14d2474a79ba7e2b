//! Waiting for many sockets, with the precision of nanoseconds that an open loop needs.

use std::os::fd::AsFd;

use anyhow::Result;
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;

/// Sockets looked at before the schedule is looked at again.
const AT_ONCE: usize = 128;
/// The number standard input has.
pub const TOLD: u64 = u64::MAX;

/// What a socket is watched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// Bytes to read.
    Reading,
    /// Also for room to write.
    Both,
}

/// Watches sockets, each under a number.
pub struct Poller {
    epoll: OwnedFd,
    events: Vec<Event>,
}

impl Poller {
    /// Watches nothing yet.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn new() -> Result<Self> {
        let poller = Self {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(AT_ONCE),
        };
        Ok(poller)
    }

    /// Watches standard input as well, or no more.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn listen(&self, listen: bool) -> Result<()> {
        let input = std::io::stdin();
        if listen {
            // A file or nothing at all cannot be watched; then there is nothing to wait for either.
            match epoll::add(
                &self.epoll,
                &input,
                EventData::new_u64(TOLD),
                EventFlags::IN,
            ) {
                Err(Errno::PERM | Errno::EXIST) | Ok(()) => Ok(()),
                Err(error) => Err(error.into()),
            }
        } else {
            Ok(epoll::delete(&self.epoll, &input)?)
        }
    }

    /// Begins to watch a socket.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn add(&self, socket: impl AsFd, number: usize, watch: Watch) -> Result<()> {
        let data = EventData::new_u64(number as u64);
        Ok(epoll::add(&self.epoll, socket, data, flags(watch))?)
    }

    /// Watches a socket for something else.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn change(&self, socket: impl AsFd, number: usize, watch: Watch) -> Result<()> {
        let data = EventData::new_u64(number as u64);
        Ok(epoll::modify(&self.epoll, socket, data, flags(watch))?)
    }

    /// Waits at most `nanos`; puts the numbers of those that are ready into `ready`, and whether each may be written to.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn wait(&mut self, nanos: u64, ready: &mut Vec<(u64, bool)>) -> Result<()> {
        let most = Timespec {
            tv_sec: i64::try_from(nanos / 1_000_000_000)?,
            tv_nsec: i64::try_from(nanos % 1_000_000_000)?,
        };
        self.events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&most)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        ready.clear();
        ready.extend(self.events.iter().map(|event| {
            let (flags, data) = (event.flags, event.data);
            (data.u64(), flags.contains(EventFlags::OUT))
        }));
        Ok(())
    }
}

fn flags(watch: Watch) -> EventFlags {
    match watch {
        Watch::Reading => EventFlags::IN,
        Watch::Both => EventFlags::IN | EventFlags::OUT,
    }
}
