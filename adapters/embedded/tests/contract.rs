//! The embedded adapters keep the rules of their ports.

use std::sync::Arc;

use latchkey_embedded::Embedded;
use latchkey_platform::contract::Subject;
use latchkey_platform::contract::till::Till;
use latchkey_platform::fakes::{CountingEntropy, ManualClock};

/// Adapters over a new folder, on a clock the test drives.
struct Bench {
    embedded: Embedded,
    clock: Arc<ManualClock>,
    folder: tempfile::TempDir,
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let clock = Arc::new(ManualClock::default());
    let site = "http://site.test".parse().expect("an origin");
    let entropy = Arc::new(CountingEntropy::default());
    let embedded = Embedded::open_with(folder.path(), site, clock.clone(), entropy);
    Bench {
        embedded: embedded.expect("a new folder can be opened"),
        clock,
        folder,
    }
}

impl Bench {
    fn subject<P: ?Sized>(self, port: impl FnOnce(&Embedded) -> Arc<P>) -> Subject<P> {
        let port = port(&self.embedded);
        Subject {
            port,
            time: self.clock,
            keep: Box::new((self.embedded, self.folder)),
        }
    }
}

macro_rules! held_to {
    ($contract:ident, $port:path, $field:ident) => {
        latchkey_platform::$contract!(
            bench().subject(|embedded| embedded.$field.clone() as Arc<dyn $port>)
        );
    };
}

held_to!(orders_contract, latchkey_platform::orders::Orders, orders);
held_to!(games_contract, latchkey_platform::games::Games, games);
held_to!(ledger_contract, latchkey_platform::ledger::Ledger, ledger);
held_to!(sends_contract, latchkey_platform::mail::Sends, sends);
held_to!(mailer_contract, latchkey_platform::mail::Mailer, outbox);
held_to!(stats_contract, latchkey_platform::stats::StatsStore, stats);
held_to!(stops_contract, latchkey_platform::mail::Stops, stops);
held_to!(titles_contract, latchkey_platform::titles::Titles, titles);
held_to!(
    payments_contract,
    latchkey_platform::payments::Payments,
    till
);
held_to!(
    queue_contract,
    latchkey_platform::contract::queue::Whole,
    queue
);
held_to!(
    pulled_contract,
    latchkey_platform::contract::queue::Whole,
    queue
);
held_to!(rates_contract, latchkey_platform::rate::RateLimits, rates);

latchkey_platform::till_contract!({
    let bench = bench();
    let clock = bench.clock.clone();
    bench.subject(|embedded| {
        Arc::new(Till {
            till: embedded.till.clone(),
            payments: embedded.till.clone(),
            secret: embedded.secrets.site.webhook.clone(),
            clock,
        })
    })
});
