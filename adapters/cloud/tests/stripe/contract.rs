//! The rules of the port, over the stand-in.

use std::sync::Arc;

use latchkey_platform::contract::Subject;
use latchkey_platform::fakes::ManualClock;
use latchkey_platform::payments::Payments;

use crate::shop::{KEY, adapter, provider};

async fn subject() -> Subject<dyn Payments> {
    let clock = Arc::new(ManualClock::default());
    let provider = provider(&clock).await;
    Subject {
        port: Arc::new(adapter(provider.url(), KEY)),
        time: clock,
        keep: Box::new(provider),
    }
}

latchkey_platform::payments_contract!(subject().await);
