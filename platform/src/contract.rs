//! What every adapter of a port must do, as functions its tests call: the doubles and the real adapters are
//! held to the same rules. One macro per port makes one test of each rule, so that a failing rule is named.
//!
//! ```text
//! latchkey_platform::orders_contract!(Subject::of(my_orders, my_clock));
//! ```

mod documents;
pub mod games;
pub mod ledger;
pub mod mailer;
pub mod orders;
pub mod payments;
pub mod queue;
pub mod rates;
pub mod sends;
pub mod stats;
pub mod stops;
pub mod till;
pub mod titles;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::fakes::ManualClock;

/// Time that passes for the adapter under test: a clock is moved on, or really waited for.
#[async_trait]
pub trait Passing: Send + Sync {
    /// Lets so much time pass.
    async fn pass(&self, by: Duration);
}

#[async_trait]
impl Passing for ManualClock {
    async fn pass(&self, by: Duration) {
        self.advance(by);
    }
}

/// An adapter under test.
pub struct Subject<P: ?Sized> {
    /// The adapter.
    pub port: Arc<P>,
    /// The time it goes by.
    pub time: Arc<dyn Passing>,
    /// What must live as long as the adapter, such as its folder.
    pub keep: Box<dyn Any + Send + Sync>,
}

impl<P: ?Sized> Subject<P> {
    /// An adapter that needs nothing else.
    #[must_use]
    pub fn of(port: Arc<P>, time: Arc<dyn Passing>) -> Self {
        Self {
            port,
            time,
            keep: Box::new(()),
        }
    }
}

/// Makes a module of tests, one for each named rule of a port.
#[macro_export]
macro_rules! contract {
    ($port:ident, $subject:expr, [$($rule:ident),* $(,)?]) => {
        mod $port {
            #[allow(unused_imports)]
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $rule() {
                    let subject = $subject;
                    $crate::contract::$port::$rule(&subject).await;
                    drop(subject);
                }
            )*
        }
    };
}

#[cfg(test)]
mod tests;
