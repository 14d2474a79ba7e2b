//! The admin listener: its password, its overview, and the hosts behind it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::support::{Platform, body};

#[tokio::test]
async fn nothing_of_the_admin_listener_is_seen_without_the_password() {
    let platform = Platform::start(2).await;
    for path in [
        "/",
        "/hosts",
        "/targets",
        "/hosts/1/metrics",
        "/hosts/9/metrics",
        "/nothing",
    ] {
        let refused = platform.stranger(path).await;
        assert!(refused.starts_with("HTTP/1.1 401 "), "{path}: {refused}");
        assert!(
            refused.contains("www-authenticate: Basic"),
            "{path}: {refused}"
        );
    }
    let file = platform.data().join("admin-password");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(
        platform.ready["admin_password"],
        json!(fs::canonicalize(&file).unwrap())
    );
    let page = platform.admin("GET", "/").await;
    assert!(
        page.starts_with("HTTP/1.1 200 ") && page.contains("Host 2"),
        "{page}"
    );
}

#[tokio::test]
async fn figures_are_on_the_admin_listener_alone_and_are_listed_for_prometheus() {
    for hosts in [1, 2] {
        let platform = Platform::start(hosts).await;
        let public = platform.get("/metrics").await;
        assert!(public.starts_with("HTTP/1.1 404 "), "{public}");
        let targets = platform.admin("GET", "/targets").await;
        let targets: Value = serde_json::from_str(body(&targets)).unwrap();
        let targets = targets.as_array().unwrap().clone();
        assert_eq!(targets.len(), usize::from(hosts));
        let admin = platform.ready["admin"].as_str().unwrap();
        for target in targets {
            assert_eq!(json!([admin.replace("http://", "")]), target["targets"]);
            let path = target["labels"]["__metrics_path__"].as_str().unwrap();
            let figures = platform.admin("GET", path).await;
            assert!(figures.starts_with("HTTP/1.1 200 "), "{figures}");
            assert!(figures.contains("# TYPE latchkey_"), "{figures}");
        }
    }
}

#[tokio::test]
async fn a_slot_without_a_host_is_said_to_be_one() {
    let platform = Platform::start(2).await;
    for answer in [
        platform.get("/s/3/room").await,
        platform.get("/s/x/room").await,
        platform.admin("GET", "/hosts/3/metrics").await,
    ] {
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
        assert!(answer.contains("Hosts here: 1, 2."), "{answer}");
    }
    let refused = platform.admin("POST", "/hosts/3/roll").await;
    assert!(refused.starts_with("HTTP/1.1 404 "), "{refused}");
}

#[tokio::test]
async fn the_password_between_the_processes_is_seen_by_nobody_who_lists_them() {
    let platform = Platform::start(2).await;
    let own = fs::read_to_string(platform.data().join("admin-password")).unwrap();
    let pids = platform.pids().await.into_iter().flatten();
    for pid in pids.chain([platform.pid().into()]) {
        for of in ["cmdline", "environ"] {
            let seen = fs::read(format!("/proc/{pid}/{of}")).unwrap();
            let seen = String::from_utf8_lossy(&seen).into_owned();
            assert!(!seen.contains(own.trim()), "{of} of {pid}");
            // Passwords that are made have 48 hexadecimal digits, whoever they are for.
            let digits = seen.split(|letter: char| !letter.is_ascii_hexdigit());
            assert!(
                digits.into_iter().all(|word| word.len() != 48),
                "{of} of {pid}: {seen}"
            );
        }
    }
}
