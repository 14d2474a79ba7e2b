//! Many at once, over several clients.

use std::collections::BTreeSet;

use latchkey_cloud::dynamo::DynamoDirectory;
use latchkey_host::contracts::room;
use latchkey_host::ports::{Claim, Directory as _, HandedOver, HostId, Load, Slot};
use latchkey_protocol::Epoch;
use tokio::task::JoinSet;

use crate::support::{PATIENT, config, directory_table, enlist, enlisting, server, the_room};

/// Directories on one table, each with a client of its own.
async fn clients(number: usize) -> Vec<DynamoDirectory> {
    let url = server().await.url();
    let table = directory_table(&url).await;
    let client = |_| DynamoDirectory::with_patience(&config(&url), PATIENT, &table);
    (0..number).map(client).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_32_hosts_that_claim_one_room_again_and_again_one_wins_each_time() {
    let clients = clients(4).await;
    let mut hosts = Vec::new();
    for slot in 1..=32 {
        hosts.push(enlist(&clients[0], slot).await);
    }
    let mut owner: Option<HostId> = None;
    for round in 1..=6 {
        if let Some(owner) = owner {
            assert_eq!(clients[0].mark_lost(owner, 0).await, Ok(true));
            hosts.retain(|host| *host != owner);
        }
        let mut claims = JoinSet::new();
        for (at, me) in hosts.iter().copied().enumerate() {
            let client = clients[at % clients.len()].clone();
            claims.spawn(async move { (me, client.claim(me, the_room(), false).await) });
        }
        let answers = claims.join_all().await;
        let won: Vec<_> = answers
            .iter()
            .filter_map(|(me, answer)| match answer {
                Ok(Claim::Owned { epoch, .. }) => Some((*me, *epoch)),
                _ => None,
            })
            .collect();
        let [(winner, epoch)] = won[..] else {
            panic!("one of them has the room, found {answers:?}");
        };
        assert_eq!(epoch, Epoch(round));
        for (me, answer) in answers {
            let elsewhere = Claim::Elsewhere {
                slot: winner.slot,
                url: format!("ws://host-{}", winner.slot),
            };
            assert!(me == winner || answer == Ok(elsewhere), "{me}: {answer:?}");
        }
        owner = Some(winner);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_take_one_slot_at_once_have_generations_of_their_own() {
    const PROCESSES: u64 = 16;
    let clients = clients(4).await;
    let mut taking = JoinSet::new();
    for journal in 0..PROCESSES {
        let client = clients[usize::try_from(journal).unwrap() % clients.len()].clone();
        taking.spawn(async move {
            let new = enlisting(1, journal.into());
            // One that lost every round asks again, as a host does.
            for _ in 0..PROCESSES {
                if let Ok(id) = client.enlist(new.clone()).await {
                    return id.generation.0;
                }
            }
            panic!("process {journal} never had the slot");
        });
    }
    let taken: BTreeSet<_> = taking.join_all().await.into_iter().collect();
    assert_eq!(taken, (1..=PROCESSES).collect());
}

/// A host that does what comes to it: claims, gives away, is lost, comes back.
async fn live(client: DynamoDirectory, slot: u16, seed: u64) -> Vec<(u8, Epoch)> {
    let mut given = Vec::new();
    let mut me = enlist(&client, slot).await;
    let mut owned: Vec<(u8, Epoch)> = Vec::new();
    let mut state = seed | 1;
    let mut draw = |below: u64| {
        // The constants of a well-known generator; the high bits are the random ones.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
    for beat in 1..=60 {
        let number = u8::try_from(draw(3)).unwrap();
        let other = Slot(u16::try_from(1 + draw(6)).unwrap());
        match draw(6) {
            0..=2 => match client.claim(me, room(number), true).await {
                Ok(Claim::Owned { epoch, .. }) => {
                    given.push((number, epoch));
                    owned.push((number, epoch));
                }
                Ok(Claim::NotMine) => me = enlist(&client, slot).await,
                Ok(Claim::Elsewhere { .. } | Claim::Wait) | Err(_) => {}
            },
            3 => {
                if let Some((number, epoch)) = owned.pop() {
                    let released = client.release(me, room(number), epoch).await;
                    assert!(released.is_ok(), "{released:?}");
                }
            }
            4 => {
                if let Some((number, epoch)) = owned.pop() {
                    let handed = client.hand_over(me, room(number), epoch, other).await;
                    if handed == Ok(HandedOver::NoTaker) {
                        owned.push((number, epoch));
                    }
                }
            }
            _ => {
                let _ = client.renew(me, beat, Load::default()).await;
                let hosts = client.hosts().await.unwrap();
                if let Some(found) = hosts.iter().find(|host| host.id.slot == other) {
                    client.mark_lost(found.id, found.beat).await.unwrap();
                }
            }
        }
    }
    given
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_epoch_of_a_room_is_given_out_twice_whatever_hosts_do_at_once() {
    for seed in [1, 2] {
        let clients = clients(6).await;
        let mut hosts = JoinSet::new();
        for (client, slot) in clients.into_iter().zip(1..) {
            hosts.spawn(live(client, slot, seed * 1_000 + u64::from(slot)));
        }
        let given: Vec<_> = hosts.join_all().await.into_iter().flatten().collect();
        let different: BTreeSet<_> = given.iter().collect();
        assert_eq!(different.len(), given.len(), "seed {seed}: {given:?}");
        for number in 0..3 {
            let of_room = given.iter().filter(|(room, _)| *room == number);
            let epochs: BTreeSet<_> = of_room.map(|(_, epoch)| epoch.0).collect();
            assert_eq!(epochs, (1..=epochs.len() as u64).collect(), "seed {seed}");
        }
        assert!(given.len() > 20, "seed {seed}: only {given:?}");
    }
}
