//! What the command line and the admin listener ask of a host through the directory: to give its rooms away, or to take
//! rooms again. The host sees it at its next renewal; what it then does is its own.

use latchkey_host::ports::{Directory, DirectoryError, HostItem, Slot};

/// Why a host was not asked. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAsked {
    #[error("there are no hosts here")]
    NoHosts,
    #[error("there is no host in slot {slot}; hosts here: {hosts}")]
    NoSuchHost { slot: Slot, hosts: String },
    #[error(
        "host {0} is not drained, because no other host takes rooms: start another (`latchkey up --hosts N`), or let \
         one take rooms again (`latchkey hosts undrain SLOT`)"
    )]
    NoTaker(Slot),
    #[error("host {0} has just ended")]
    Ended(Slot),
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// The host in `slot`, if there is one.
pub(crate) async fn host(directory: &dyn Directory, slot: Slot) -> Result<HostItem, NotAsked> {
    find(&directory.hosts().await?, slot).cloned()
}

/// Has the host in `slot` give its rooms away. Somebody must be there to take them: a host that is drained for nothing
/// would keep its rooms and send everybody else away. Two that are drained at the same moment may each take the other for
/// the one who is there; their rooms then stay where they are until one is undrained.
pub(crate) async fn drain(directory: &dyn Directory, slot: Slot) -> Result<(), NotAsked> {
    let hosts = directory.hosts().await?;
    find(&hosts, slot)?;
    if !hosts.iter().any(|host| host.takes_rooms_of(slot)) {
        return Err(NotAsked::NoTaker(slot));
    }
    ask(directory, slot, true).await
}

/// Has the host in `slot` take rooms again.
pub(crate) async fn undrain(directory: &dyn Directory, slot: Slot) -> Result<(), NotAsked> {
    host(directory, slot).await?;
    ask(directory, slot, false).await
}

async fn ask(directory: &dyn Directory, slot: Slot, drain: bool) -> Result<(), NotAsked> {
    match directory.drain(slot, drain).await? {
        true => Ok(()),
        false => Err(NotAsked::Ended(slot)),
    }
}

fn find(hosts: &[HostItem], slot: Slot) -> Result<&HostItem, NotAsked> {
    let found = hosts.iter().find(|host| host.id.slot == slot);
    found.ok_or_else(|| {
        if hosts.is_empty() {
            return NotAsked::NoHosts;
        }
        let hosts: Vec<_> = hosts.iter().map(|host| host.id.slot.to_string()).collect();
        let hosts = hosts.join(", ");
        NotAsked::NoSuchHost { slot, hosts }
    })
}
