//! `latchkey hosts`: what it shows, what it does, and what it says when it cannot.

use serde_json::Value;

use crate::support::{Platform, command, eventually, refusal, said};

async fn listed(platform: &Platform) -> Vec<Value> {
    let text = said(&platform.command(&["hosts", "--json"]).await);
    let listed: Value = serde_json::from_str(&text).unwrap();
    listed.as_array().unwrap().clone()
}

#[tokio::test]
async fn hosts_are_listed_drained_and_taken_back() {
    let mut platform = Platform::start(2).await;
    let table = said(&platform.command(&["hosts"]).await);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(
        lines[0].contains("SLOT") && lines[2].contains("/s/2/room"),
        "{table}"
    );
    let words = said(&platform.command(&["hosts", "drain", "2", "--wait"]).await);
    assert!(words.contains("host 2 has no rooms left"), "{words}");
    assert_eq!(listed(&platform).await[1]["state"], "drained");
    let alone = refusal(&platform.command(&["hosts", "drain", "1"]).await);
    assert!(alone.contains("no other host"), "{alone}");
    assert_eq!(
        listed(&platform).await[0]["state"],
        "serving",
        "a host that cannot be drained goes on as it was"
    );
    for slot in ["1", "2"] {
        said(&platform.command(&["hosts", "undrain", slot]).await);
    }
    let states: Vec<Value> = listed(&platform)
        .await
        .iter()
        .map(|host| host["state"].clone())
        .collect();
    assert_eq!(states, ["serving", "serving"]);
    platform.process.kill().await.unwrap();
    assert_eq!(listed(&platform).await[1]["state"], "stopped");
    let nobody = refusal(&platform.command(&["hosts", "drain", "2"]).await);
    assert!(nobody.contains("nothing is running"), "{nobody}");
}

#[tokio::test]
async fn all_hosts_are_rolled_one_after_the_other() {
    let platform = Platform::start(2).await;
    let before = (platform.pids().await, listed(&platform).await);
    let words = said(&platform.command(&["hosts", "roll"]).await);
    assert!(words.ends_with("all hosts were started again\n"), "{words}");
    let after = (platform.pids().await, listed(&platform).await);
    for slot in 0..2 {
        assert!(
            after.0[slot].is_some() && after.0[slot] != before.0[slot],
            "{words}"
        );
        let generation = |hosts: &[Value]| hosts[slot]["generation"].as_u64().unwrap();
        assert!(generation(&after.1) > generation(&before.1), "{words}");
    }
    let first_back = words.find("host 1 serves again").unwrap();
    assert!(
        first_back < words.find("host 2 hands over").unwrap(),
        "{words}"
    );
}

#[tokio::test]
async fn what_cannot_be_done_is_said_with_what_can() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = refusal(&command(&folder.path().join("none"), &["hosts"]).await);
    assert!(nowhere.contains("cannot be read"), "{nowhere}");
    let empty = refusal(&command(folder.path(), &["hosts"]).await);
    assert!(
        empty.contains("no directory of hosts") && empty.contains("--data"),
        "{empty}"
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "looking makes nothing"
    );
    let platform = Platform::start(1).await;
    eventually("the only host", async || {
        (listed(&platform).await.len() == 1).then_some(())
    })
    .await;
    let none = refusal(&platform.command(&["hosts", "drain", "7"]).await);
    assert!(none.contains("no host in slot 7; hosts here: 1"), "{none}");
    let bad = refusal(&platform.command(&["hosts", "drain", "0"]).await);
    assert!(bad.contains("1 to 90"), "{bad}");
    let only = refusal(&platform.command(&["hosts", "roll"]).await);
    assert!(only.contains("--hosts 2"), "{only}");
    let undrained = said(&platform.command(&["hosts", "undrain", "1"]).await);
    assert!(undrained.contains("takes rooms"), "{undrained}");
}

#[tokio::test]
async fn regions_are_named_for_all_hosts_or_for_each() {
    let folder = tempfile::tempdir().unwrap();
    let up = ["up", "--port", "0", "--hosts", "3", "--regions", "eu,us"];
    let unclear = refusal(&command(folder.path(), &up).await);
    assert!(
        unclear.contains("2 regions and --hosts is 3: name one for all hosts, or one for each"),
        "{unclear}"
    );
}
