//! Where the site sends the players of a room.

use latchkey_cloud::dynamo::DynamoPlacement;
use latchkey_host::ports::{Directory as _, Enlist};
use latchkey_platform::placement::Placement as _;

use crate::support::{directory, enlist, enlisting, the_room};

#[tokio::test]
async fn players_are_sent_to_the_owner_and_to_another_host_when_it_is_lost() {
    let directory = directory().await;
    let placement = DynamoPlacement(directory.clone());
    let nowhere = placement.place(the_room(), &[]).await.unwrap_err();
    assert_eq!(
        nowhere.to_string(),
        "no game host is free just now (none is up that takes rooms); try again in a moment"
    );
    let (one, two) = (enlist(&directory, 1).await, enlist(&directory, 2).await);
    directory.claim(two, the_room(), false).await.unwrap();
    let place = placement.place(the_room(), &[]).await.unwrap();
    assert_eq!((&*place.url, place.choice), ("ws://host-2", Vec::new()));
    // A room is where it is, even on a host that takes no others.
    assert_eq!(directory.drain(two.slot, true).await, Ok(true));
    let place = placement.place(the_room(), &[]).await.unwrap();
    assert_eq!(place.url, "ws://host-2");
    assert_eq!(directory.mark_lost(two, 0).await, Ok(true));
    let place = placement.place(the_room(), &[]).await.unwrap();
    assert_eq!(place.url, "ws://host-1");
    assert_eq!(directory.withdraw(one).await, Ok(()));
    placement.place(the_room(), &[]).await.unwrap_err();
}

#[tokio::test]
async fn a_group_is_told_what_to_measure_where_hosts_stand_in_several_regions() {
    let directory = directory().await;
    let placement = DynamoPlacement(directory.clone());
    for (slot, region) in [(1, "eu"), (2, "us")] {
        let region = region.to_owned();
        let new = Enlist {
            region,
            ..enlisting(slot, slot.into())
        };
        directory.enlist(new).await.unwrap();
    }
    let place = placement.place(the_room(), &[]).await.unwrap();
    let probes: Vec<_> = place.choice.iter().map(|probe| &*probe.probe_url).collect();
    assert_eq!(probes, ["http://host-1/healthz", "http://host-2/healthz"]);
    let regions = placement.regions().await.unwrap();
    let regions: Vec<_> = regions.iter().map(ToString::to_string).collect();
    assert_eq!(regions, ["eu", "us"]);
}
