//! Hosts that end, are replaced, and never outlive their parent.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::support::{PATIENCE, Platform, binary, eventually, lives, pause, refusal, signal};

/// A masked ping and the pong that answers it.
const PING: [u8; 6] = [0x89, 0x80, 1, 2, 3, 4];
const PONG: [u8; 2] = [0x8a, 0];

async fn is_ready(platform: &Platform, slot: u16) {
    eventually("a ready host", async || {
        let answer = platform.get(&format!("/s/{slot}/readyz")).await;
        answer.starts_with("HTTP/1.1 200 ").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_host_that_is_killed_drops_its_connections_and_no_others_and_is_started_again() {
    let platform = Platform::start(2).await;
    let pids = platform.pids().await;
    let killed = pids[1].unwrap();
    let (mut lost, mut kept) = (platform.tunnel(2).await, platform.tunnel(1).await);
    signal("-KILL", killed).await;
    let read = timeout(PATIENCE, lost.read(&mut [0; 8])).await.unwrap();
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    platform.next_pid(2, killed).await;
    is_ready(&platform, 2).await;
    kept.write_all(&PING).await.unwrap();
    let mut pong = [0; 2];
    timeout(PATIENCE, kept.read_exact(&mut pong))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(pong, PONG);
    assert_eq!(
        platform.pids().await[0],
        pids[0],
        "the other one was not touched"
    );
    let log = platform.log();
    assert!(log.contains("it was ended by signal 9"), "{log}");
    let own = log.lines().find(|line| line.contains("the host starts"));
    assert!(own.unwrap().starts_with("{\"host\":"), "{log}");
}

#[tokio::test]
async fn a_host_that_is_paused_keeps_its_connections() {
    let platform = Platform::start(2).await;
    let paused = platform.pids().await[1].unwrap();
    let mut tunnel = platform.tunnel(2).await;
    pause(paused).await;
    tunnel.write_all(&PING).await.unwrap();
    let mut pong = [0; 2];
    let early = timeout(Duration::from_millis(200), tunnel.read(&mut pong)).await;
    assert!(
        early.is_err(),
        "a paused process answered, or its connection ended: {early:?}"
    );
    signal("-CONT", paused).await;
    timeout(PATIENCE, tunnel.read_exact(&mut pong))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(pong, PONG);
    assert_eq!(platform.pids().await[1], Some(paused));
}

#[tokio::test]
async fn a_host_that_is_told_to_end_does_so_in_order_and_the_binary_in_its_place_is_started() {
    let folder = tempfile::tempdir().unwrap();
    let (place, newer) = (folder.path().join("latchkey"), folder.path().join("newer"));
    std::os::unix::fs::symlink(binary(), &place).unwrap();
    let platform = Platform::start_as(&place, 2, folder).await;
    let marker = platform.folder.path().join("marker");
    let script = format!(
        "#!/bin/sh\ntouch {}\nexec {} \"$@\"\n",
        marker.display(),
        binary().display()
    );
    fs::write(&newer, script).unwrap();
    fs::set_permissions(&newer, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(&newer, &place).unwrap();
    let before = platform.pids().await[0].unwrap();
    signal("-TERM", before).await;
    platform.next_pid(1, before).await;
    is_ready(&platform, 1).await;
    assert!(marker.exists(), "the old binary was started again");
    assert!(
        platform.log().contains("it ended in good order"),
        "{}",
        platform.log()
    );
}

#[tokio::test]
async fn hosts_do_not_outlive_a_parent_that_is_killed_and_the_next_one_begins_at_once() {
    let mut platform = Platform::start(2).await;
    let pids = platform.pids().await;
    platform.process.kill().await.unwrap();
    for pid in pids.into_iter().flatten() {
        eventually("a host that ends with its parent", async || {
            (!lives(pid)).then_some(())
        })
        .await;
    }
    let Platform { folder, .. } = platform;
    let again = Platform::start_as(&binary(), 2, folder).await;
    is_ready(&again, 2).await;
}

#[tokio::test]
async fn a_stop_ends_all_hosts_in_order() {
    let mut platform = Platform::start(2).await;
    let pids = platform.pids().await;
    let mut tunnel = platform.tunnel(2).await;
    signal("-TERM", platform.pid().into()).await;
    let status = timeout(PATIENCE, platform.process.wait()).await.unwrap();
    assert!(status.unwrap().success(), "{}", platform.log());
    for pid in pids.into_iter().flatten() {
        assert!(!lives(pid), "process {pid} is left");
    }
    let mut last = Vec::new();
    // Whatever it says last, it ends.
    let _ = timeout(PATIENCE, tunnel.read_to_end(&mut last))
        .await
        .unwrap();
    let log = platform.log();
    assert_eq!(log.matches("the host's process ends").count(), 2, "{log}");
    assert!(!log.contains("is started again"), "{log}");
}

#[tokio::test]
async fn a_second_signal_ends_everything_at_once() {
    let mut platform = Platform::start(2).await;
    let pids = platform.pids().await;
    // A paused host cannot stop, so the parent waits for it.
    let paused = pids[0].unwrap();
    pause(paused).await;
    signal("-INT", platform.pid().into()).await;
    eventually("the stop", async || {
        platform.log().contains("stopping").then_some(())
    })
    .await;
    signal("-INT", platform.pid().into()).await;
    let status = timeout(PATIENCE, platform.process.wait()).await.unwrap();
    assert_eq!(status.unwrap().code(), Some(130));
    signal("-CONT", paused).await;
    for pid in pids.into_iter().flatten() {
        eventually("the hosts' end", async || (!lives(pid)).then_some(())).await;
    }
}

#[tokio::test]
async fn a_second_platform_on_a_folder_is_refused_at_once() {
    for hosts in ["1", "2"] {
        let platform = Platform::start(2).await;
        let second = platform
            .command(&["up", "--port", "0", "--hosts", hosts])
            .await;
        let words = refusal(&second);
        assert!(
            words.contains("is in use by process") && words.contains("--data"),
            "{words}"
        );
        is_ready(&platform, 1).await;
    }
}

#[tokio::test]
async fn a_host_is_for_its_parent_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["host", "--slot", "1", "--log", "info"];
    let words = refusal(&crate::support::command(Path::new(folder.path()), &arguments).await);
    assert!(words.contains("latchkey up"), "{words}");
}
