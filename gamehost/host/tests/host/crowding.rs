//! Many at once: members on several threads who all speak, and change devices in the middle of it.

use std::time::Duration;

use futures_util::future::join_all;
use latchkey_protocol::MemberId;
use serde_json::Value;

use crate::support::{Client, TestHost, members, room};

const SPEAKERS: u8 = 6;
/// What each says, and after how much of it each takes its seat over with another device.
const SAYS: u64 = 100;
const MOVES: u64 = 7;
/// Each has joined as well.
const TAIL: u64 = SPEAKERS as u64 * (SAYS + 1);

/// Says everything there is to say, each once the one before it is ordered; then all records seen, over all devices.
async fn speak(host: &TestHost, member: MemberId) -> Vec<Value> {
    let (mut client, _) = Client::join(host, room(1), member).await;
    for n in 1..=SAYS {
        client.say(n, n).await;
        let own = |frame: &Value| frame["from"] == member.as_str() && frame["n"] == n;
        let refused = |frame: &Value| frame["op"] == "refused";
        while refused(&client.until(|frame| own(frame) || refused(frame)).await) {
            tokio::time::sleep(Duration::from_millis(20)).await;
            client.say(n, n).await;
        }
        if n % MOVES == 0 {
            let have = client.position(1);
            let (mut other, welcome) = Client::join_from(host, room(1), member, have).await;
            assert_eq!(welcome["resumed"], true);
            // Its own records go on where these end, or it says so.
            other.records = client.records;
            client = other;
        }
    }
    client.caught_up(TAIL).await;
    client.records
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn p5_1_members_who_all_speak_at_once_see_one_history_whoever_writes_it_to_them() {
    let host = TestHost::start().await;
    let people = members(SPEAKERS);
    let all = join_all(people.iter().map(|member| speak(&host, *member))).await;
    let seqs: Vec<_> = all[0].iter().map(|record| record["seq"].as_u64()).collect();
    assert_eq!(seqs, (1..=TAIL).map(Some).collect::<Vec<_>>());
    for seen in &all[1..] {
        assert_eq!(seen, &all[0]);
    }
}
