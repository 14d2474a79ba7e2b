//! A host without its settings.

use std::process::{Command, Stdio};

#[test]
fn a_host_without_settings_ends_at_once_and_names_each_of_them() {
    let ended = Command::new(env!("CARGO_BIN_EXE_gamehost"))
        .env_clear()
        .env("LATCHKEY_SLOT", "91")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1), "it is worth another start");
    let said = String::from_utf8(ended.stderr).unwrap();
    for part in [
        "AWS_REGION is not set",
        "LATCHKEY_HOST_SECRET is not set",
        "LATCHKEY_SLOT is \"91\": not a slot: expected a number from 1 to 90",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}
