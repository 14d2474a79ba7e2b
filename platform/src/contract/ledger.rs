//! The rules of [`Ledger`].

use super::Subject;
use crate::fakes::samples;
use crate::ledger::{self, Ledger};
use crate::store::Insert;

type Ledger_ = Subject<dyn Ledger>;

/// Makes the tests.
#[macro_export]
macro_rules! ledger_contract {
    ($subject:expr) => {
        $crate::contract!(
            ledger,
            $subject,
            [an_event_is_entered_once, entries_are_found_by_their_order]
        );
    };
}

pub async fn an_event_is_entered_once(subject: &Ledger_) {
    let mut order = samples::order(1);
    let entry = ledger::sale(&order);
    assert_eq!(subject.port.post(&entry).await.unwrap(), Insert::Inserted);
    order.price = order.price.times(2).unwrap();
    assert_eq!(
        subject.port.post(&ledger::sale(&order)).await.unwrap(),
        Insert::Exists
    );
    assert_eq!(subject.port.of_order(&order.id).await.unwrap(), [entry]);
}

pub async fn entries_are_found_by_their_order(subject: &Ledger_) {
    for number in [1, 2] {
        let order = samples::order(number);
        assert_eq!(
            subject.port.post(&ledger::sale(&order)).await.unwrap(),
            Insert::Inserted
        );
        assert_eq!(
            subject.port.post(&ledger::refund(&order)).await.unwrap(),
            Insert::Inserted
        );
    }
    let order = samples::order(1);
    let expected = [ledger::refund(&order), ledger::sale(&order)];
    assert_eq!(subject.port.of_order(&order.id).await.unwrap(), expected);
    assert_eq!(
        subject.port.of_order(&samples::order_id(3)).await.unwrap(),
        []
    );
}
