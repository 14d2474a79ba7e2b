//! `latchkey hosts roll`: one host after the other hands its rooms over and starts again, with whatever binary is there
//! by then. The next one begins only when rooms can move to the one before.

use std::time::Duration;

use anyhow::{Result, bail};
use latchkey_host::ports::{HostId, Slot};
use serde::Deserialize;
use tokio::time::{sleep, timeout};

use super::{Fleet, LOOK_EVERY, say};
use crate::client::Admin;
use crate::hosting::LEAVE_WITHIN;

/// From telling a host until a new process serves in its slot.
const BACK_WITHIN: Duration = LEAVE_WITHIN.saturating_add(Duration::from_secs(100));

/// A host as the admin listener lists it; it tells more.
#[derive(Debug, Deserialize)]
struct Listed {
    slot: u16,
    pid: Option<u32>,
}

/// Rolls all hosts.
pub(super) async fn roll(fleet: &Fleet) -> Result<()> {
    let admin = Admin::of(&fleet.data)?;
    let hosts: Vec<Listed> = admin.get("/hosts").await?;
    let many = hosts.len();
    for (done, host) in hosts.into_iter().enumerate() {
        one(fleet, &admin, Slot(host.slot)).await?;
        if done + 1 == many {
            say("all hosts were started again")?;
        }
    }
    Ok(())
}

async fn one(fleet: &Fleet, admin: &Admin, slot: Slot) -> Result<()> {
    let before = fleet.host(slot).await?;
    let process = pid(admin, slot).await?;
    admin.post(&format!("/hosts/{slot}/roll")).await?;
    say(&format!(
        "host {slot} hands over its rooms ({}) and starts again",
        before.load.rooms
    ))?;
    let back = timeout(BACK_WITHIN, back(fleet, admin, before.id, process)).await;
    match back {
        Ok(process) => say(&format!("host {slot} serves again as process {}", process?)),
        Err(_) => bail!(
            "host {slot} does not serve again after {} seconds; the log of `latchkey up` says why. The hosts after it \
             were not touched.",
            BACK_WITHIN.as_secs()
        ),
    }
}

/// Waits until another process serves in the slot of `before` and rooms may be given to it; says which.
async fn back(fleet: &Fleet, admin: &Admin, before: HostId, process: Option<u32>) -> Result<u32> {
    loop {
        let now = pid(admin, before.slot).await?;
        // The directory knows a host again only once it can take rooms.
        let hosts = fleet.hosts().await?;
        let listed = hosts.iter().any(|host| {
            host.id.slot == before.slot
                && host.id.generation > before.generation
                && host.takes_rooms()
        });
        if let Some(now) = now
            && Some(now) != process
            && listed
        {
            return Ok(now);
        }
        sleep(LOOK_EVERY).await;
    }
}

async fn pid(admin: &Admin, slot: Slot) -> Result<Option<u32>> {
    let hosts: Vec<Listed> = admin.get("/hosts").await?;
    let host = hosts.into_iter().find(|host| host.slot == slot.0);
    Ok(host.and_then(|host| host.pid))
}
