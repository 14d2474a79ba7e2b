//! Which host a room goes to: the port that knows the hosts, what the members of a group measured, and the choice
//! between hosts that could take a room nobody owns.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use async_trait::async_trait;
use latchkey_protocol::GameId;
use serde::{Deserialize, Serialize};

use crate::limits::{REGION_BYTES, REGIONS_MEASURED, ROUND_TRIP_MS};

/// No host can take the room just now.
#[derive(Debug, Clone, thiserror::Error)]
#[error("no game host is free just now ({0}); try again in a moment")]
pub struct PlacementError(pub String);

/// Knows which host serves, or will serve, a room.
#[async_trait]
pub trait Placement: Send + Sync {
    /// Where the room is, or will be. `group` is what each member measured.
    async fn place(&self, room: GameId, group: &[RoundTrips]) -> Result<Place, PlacementError>;

    /// The regions that have hosts, whether or not those take rooms just now.
    async fn regions(&self) -> Result<BTreeSet<Region>, PlacementError>;
}

/// Where a room is, or will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The WebSocket address of the host, or its path where it is on the site's own origin.
    pub url: String,
    /// What to measure before asking again, at most [`REGIONS_MEASURED`]: empty unless the room has no owner and hosts
    /// of several regions could take it.
    pub choice: Vec<Probe>,
}

impl Place {
    /// A place there is no choice about.
    #[must_use]
    pub fn settled(url: impl Into<String>) -> Self {
        let (url, choice) = (url.into(), Vec::new());
        Self { url, choice }
    }

    /// The place of a room that nobody owns, with one of the hosts that would take it; nothing where there is none.
    #[must_use]
    pub fn among(room: GameId, offers: Vec<Offer>, group: &[RoundTrips]) -> Option<Self> {
        let url = choose(room, &offers, group)?.url.clone();
        let choice = probes(offers);
        Some(Self { url, choice })
    }
}

/// The name of a place where hosts stand: 1 to 32 of `a-z`, `0-9` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

/// No name of a region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a region is named by 1 to {REGION_BYTES} of a-z, 0-9 and -")]
pub struct RegionMalformed;

/// Something to be measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// The region.
    pub name: Region,
    /// What to `GET` there; the answer says nothing but that it came.
    pub probe_url: String,
}

/// What one member measured: milliseconds to each region and back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<Region, u32>", into = "BTreeMap<Region, u32>")]
pub struct RoundTrips(BTreeMap<Region, u32>);

/// Round trips nobody can have measured, or too many.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRoundTrips {
    /// No host is there.
    #[error("no host stands in the region {0}; measure those that were offered")]
    Unknown(Region),
    /// Too many regions.
    #[error("round trips to at most {REGIONS_MEASURED} regions are taken; send the shortest")]
    Many,
    /// Too long.
    #[error(
        "a round trip takes at most {ROUND_TRIP_MS} milliseconds; leave out regions that do not answer"
    )]
    Long,
}

impl TryFrom<String> for Region {
    type Error = RegionMalformed;

    fn try_from(name: String) -> Result<Self, RegionMalformed> {
        let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if (1..=REGION_BYTES).contains(&name.len()) && name.bytes().all(allowed) {
            Ok(Self(name))
        } else {
            Err(RegionMalformed)
        }
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<BTreeMap<Region, u32>> for RoundTrips {
    type Error = BadRoundTrips;

    fn try_from(measured: BTreeMap<Region, u32>) -> Result<Self, BadRoundTrips> {
        if measured.len() > REGIONS_MEASURED {
            return Err(BadRoundTrips::Many);
        }
        if measured.values().any(|ms| *ms > ROUND_TRIP_MS) {
            return Err(BadRoundTrips::Long);
        }
        Ok(Self(measured))
    }
}

impl From<RoundTrips> for BTreeMap<Region, u32> {
    fn from(measured: RoundTrips) -> Self {
        measured.0
    }
}

impl RoundTrips {
    /// Whether nothing was measured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all of it can have been measured, where hosts stand in `regions`.
    ///
    /// # Errors
    /// [`BadRoundTrips::Unknown`] names one where none does.
    pub fn are_to(&self, regions: &BTreeSet<Region>) -> Result<(), BadRoundTrips> {
        match self.0.keys().find(|region| !regions.contains(region)) {
            Some(region) => Err(BadRoundTrips::Unknown(region.clone())),
            None => Ok(()),
        }
    }

    /// Whether these tell something that `known` does not: another region, or a way that changed by more than a
    /// quarter and a few milliseconds, as it does from one measurement to the next.
    #[must_use]
    pub fn differ_from(&self, known: &Self) -> bool {
        let close = |a: u32, b: u32| a.abs_diff(b) <= a.max(b) / 4 + 10;
        let like = |(region, ms): (&Region, &u32)| {
            known.0.get(region).is_some_and(|known| close(*ms, *known))
        };
        !self.is_empty() && !self.0.iter().all(like)
    }
}

/// A host that would take a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Where it stands.
    pub region: Region,
    /// Its address, as a [`Place`] has it.
    pub url: String,
    /// Rooms and connections it carries.
    pub load: (u32, u32),
}

/// Rooms that a host may carry beyond the least loaded one, and a quarter more than it, and count as loaded alike.
/// Loads are some seconds old: without this, all rooms that look for a host meanwhile (after one was lost, or drained)
/// would go to the same.
const ALIKE: u32 = 32;

/// The host that takes `room`: of the region that is best for the group, one that carries little. Best is where the
/// member who is furthest away is nearest, so that nobody is left behind for the comfort of the others; before that comes
/// where most of those who measured have an answer from at all. Hosts that carry about the same share rooms by their
/// ids, so that all members of one are sent to the same host.
#[must_use]
pub fn choose<'a>(room: GameId, offers: &'a [Offer], group: &[RoundTrips]) -> Option<&'a Offer> {
    let distance = |region: &Region| {
        let measured = group.iter().filter(|member| !member.is_empty());
        let ways: Vec<_> = measured.map(|member| member.0.get(region)).collect();
        let without = ways.iter().filter(|way| way.is_none()).count();
        let known = || ways.iter().copied().flatten().copied();
        (without, known().max(), known().sum::<u32>())
    };
    let nearest = offers.iter().map(|offer| distance(&offer.region)).min()?;
    let near = || {
        let of_best = |offer: &&Offer| distance(&offer.region) == nearest;
        offers.iter().filter(of_best)
    };
    let (least, _) = near().map(|offer| offer.load).min()?;
    let most = least.saturating_add(least / 4).saturating_add(ALIKE);
    near()
        .filter(|offer| offer.load.0 <= most)
        .min_by_key(|offer| mix(room, &offer.url))
}

/// One host of each region that could take a room, to measure the way there; none where there is nothing to choose.
fn probes(offers: Vec<Offer>) -> Vec<Probe> {
    let offers = offers.into_iter();
    let one_each: BTreeMap<_, _> = offers.map(|offer| (offer.region, offer.url)).collect();
    if one_each.len() < 2 {
        return Vec::new();
    }
    let probe = |(name, url): (_, String)| Probe {
        name,
        probe_url: probe_url(&url),
    };
    let one_each = one_each.into_iter().take(REGIONS_MEASURED);
    one_each.map(probe).collect()
}

/// What answers on the host whose rooms are at `url`, to a plain `GET`.
fn probe_url(url: &str) -> String {
    let host = url.strip_suffix("/room").unwrap_or(url);
    // `ws` becomes `http`, `wss` `https`; a path stays one.
    let scheme = host.strip_prefix("ws").map(|rest| format!("http{rest}"));
    format!("{}/healthz", scheme.as_deref().unwrap_or(host))
}

/// A number that is spread evenly over rooms and hosts, and the same at every call.
fn mix(room: GameId, url: &str) -> u64 {
    let bytes = room.as_bytes().iter().chain(url.as_bytes());
    bytes.fold(0, |sum: u64, byte| {
        // An odd factor moves every bit up, the shift moves the high ones down again.
        let sum = (sum ^ u64::from(*byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        sum ^ (sum >> 29)
    })
}

#[cfg(test)]
mod tests;
