//! The doubles keep the rules.

use std::sync::Arc;

use super::Subject;
use crate::fakes::{
    FakeGames, FakeLedger, FakeMailer, FakeOrders, FakePayments, FakeQueue, FakeRates, FakeSends,
    FakeStats, FakeStops, FakeTitles, Faults, ManualClock,
};

fn faults() -> Arc<Faults> {
    Arc::default()
}

fn clock() -> Arc<ManualClock> {
    Arc::default()
}

crate::orders_contract!(Subject::<dyn crate::orders::Orders>::of(
    Arc::new(FakeOrders::new(&faults())),
    clock()
));
crate::games_contract!(Subject::<dyn crate::games::Games>::of(
    Arc::new(FakeGames::new(&faults())),
    clock()
));
crate::ledger_contract!(Subject::<dyn crate::ledger::Ledger>::of(
    Arc::new(FakeLedger::new(&faults())),
    clock()
));
crate::sends_contract!(Subject::<dyn crate::mail::Sends>::of(
    Arc::new(FakeSends::new(&faults())),
    clock()
));
crate::stops_contract!(Subject::<dyn crate::mail::Stops>::of(
    Arc::new(FakeStops::new(&faults())),
    clock()
));
crate::mailer_contract!(Subject::<dyn crate::mail::Mailer>::of(
    Arc::new(FakeMailer::new(&faults())),
    clock()
));
crate::stats_contract!(Subject::<dyn crate::stats::StatsStore>::of(
    Arc::new(FakeStats::new(&faults())),
    clock()
));
crate::titles_contract!(Subject::<dyn crate::titles::Titles>::of(
    Arc::new(FakeTitles::new(&faults())),
    clock()
));
crate::payments_contract!(Subject::<dyn crate::payments::Payments>::of(
    Arc::new(FakePayments::new(&faults())),
    clock()
));
crate::queue_contract!({
    let clock = clock();
    let queue = Arc::new(FakeQueue::new(&faults(), clock.clone()));
    Subject::<dyn crate::contract::queue::Whole>::of(queue, clock)
});
crate::pulled_contract!({
    let clock = clock();
    let queue = Arc::new(FakeQueue::new(&faults(), clock.clone()));
    Subject::<dyn crate::contract::queue::Whole>::of(queue, clock)
});
crate::rates_contract!({
    let clock = clock();
    let rates = Arc::new(FakeRates::new(clock.clone()));
    Subject::<dyn crate::rate::RateLimits>::of(rates, clock)
});
