//! Hosts on the services of AWS, with a door where the site stands: for tests that are about hosts.

use latchkey_emulators::edge::Edge;
use latchkey_tests::checker::Promise;
use latchkey_tests::crowd::{self, ComeBack, Crowd, Manner};
use latchkey_tests::figures;
use latchkey_tests::report::say;
use latchkey_tests::seat::Seat;
use latchkey_tests::seeded::Seeded;
use latchkey_tests::settings;
use std::time::Duration;

use crate::aws::Endpoint;
use crate::door::Door;
use crate::hosts::Host;
use crate::operator;
use crate::services::Services;

/// How long anything that hosts do by themselves may take: far above expiry and every wait together.
pub const SOON: Duration = Duration::from_secs(60);
/// Members of each room.
const SEATS: usize = 4;
/// People who play and come back as their browsers do. Few words and long pauses: the database's emulator stores some hundred
/// documents in a second.
pub const MANNER: Manner = Manner {
    pace: (800, 1_600),
    padding: 100,
    checkpoint_every: 50,
    come_back: ComeBack::LikeTheSdk,
    breaks: None,
    settle: Duration::from_secs(60),
};

/// The hosts, and all that they need.
#[derive(Debug)]
pub struct Fleet {
    name: &'static str,
    /// The hosts, in the order of their slots.
    pub hosts: Vec<Host>,
    /// What browsers reach.
    pub edge: Edge,
    /// What the hosts are built on.
    pub services: Services,
    door: Door,
    random: Seeded,
}

impl Fleet {
    /// Starts as many hosts, and waits until all serve.
    ///
    /// # Errors
    /// When one does not.
    pub async fn start(name: &'static str, hosts: u16) -> anyhow::Result<Self> {
        let seed = settings::seed();
        say(
            name,
            format_args!("LATCHKEY_SEED={seed} repeats this run's choices"),
        );
        let services = Services::start().await?;
        operator::prepare(&services).await?;
        let edge = Edge::start().await?;
        let slots: Vec<u16> = (1..=hosts).collect();
        let secrets = Endpoint::secrets(&services.moto.url());
        let door = Door::open(&secrets, &edge.url(), &slots).await?;
        let mut hosts = Vec::new();
        for slot in slots {
            hosts.push(Host::start(name, slot, &services, &edge, door.url()).await?);
        }
        for host in &mut hosts {
            host.serves().await?;
        }
        let random = Seeded::new(seed);
        Ok(Self {
            name,
            hosts,
            edge,
            services,
            door,
            random,
        })
    }

    /// Four people in each of `rooms` rooms begin to play; returns when every room does.
    ///
    /// # Errors
    /// When one does not.
    pub async fn play(&mut self, rooms: usize) -> anyhow::Result<Crowd> {
        let games: Vec<Vec<Seat>> = self.door.seats(rooms, SEATS, &mut self.random);
        let mut crowd = Crowd::begin(&games, MANNER, &self.random);
        crowd.until_each_room(3, SOON).await?;
        Ok(crowd)
    }

    /// Lets everybody come home, when all is said, seen and stored, and the checker judge what they saw.
    ///
    /// # Errors
    /// With what it found.
    pub async fn finish(&self, crowd: Crowd, promise: Promise) -> anyhow::Result<()> {
        let settled = crowd.settle().await?;
        crowd::judge(&settled.histories, promise)?;
        anyhow::ensure!(
            settled.unsettled == 0,
            "{} members did not see and store everything",
            settled.unsettled
        );
        let (says, records) = figures::counts(&settled.histories);
        say(
            self.name,
            format_args!(
                "{says} says, {records} records seen, {} rewinds; the checker found nothing",
                figures::rewinds(&settled.histories)
            ),
        );
        Ok(())
    }
}
