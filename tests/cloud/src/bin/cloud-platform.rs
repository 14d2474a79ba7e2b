//! The whole platform on emulators, for the browser suite and for a person who wants to look: prints its addresses as one line of
//! JSON when it is ready, and ends when its standard input does.

use std::io::Read as _;

use latchkey_cloud_tests::platform::Platform;
use latchkey_emulators::stripe::Manner;
use serde_json::json;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let platform = Platform::start("cloud-browser", 2, Manner::BAD).await?;
    let ready =
        json!({"site": platform.edge.url(), "inbox": format!("{}/inbox", platform.ses.url())});
    println!("{ready}");
    let ended = || std::io::stdin().read_to_end(&mut Vec::new());
    tokio::task::spawn_blocking(ended).await??;
    Ok(())
}
