//! Places for HTTP connections, counted by address, so that one machine cannot take them all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::listener::Callers;

/// HTTP connections from one address at one time: many households and one proxy, but not all places there are.
const PER_ADDRESS: usize = 512;

/// What a connection beyond that is answered.
pub(super) const NO_PLACE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\
    retry-after: 5\r\ncontent-type: text/plain\r\ncontent-length: 77\r\n\r\n\
    Your address has 512 connections open. Close some and try again in a moment.\n";

type Counts = HashMap<IpAddr, usize>;

/// The places taken, by address.
#[derive(Debug, Clone)]
pub(super) struct Places {
    counts: Arc<Mutex<Counts>>,
    per_address: usize,
}

/// One place; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    address: IpAddr,
}

impl Places {
    /// Places for those who connect to one listener.
    pub(super) fn for_callers(callers: Callers) -> Self {
        let per_address = match callers {
            Callers::Strangers => PER_ADDRESS,
            Callers::Proxy => usize::MAX,
        };
        Self {
            counts: Arc::default(),
            per_address,
        }
    }

    /// Takes a place; nothing when the address has as many as it may.
    pub(super) fn take(&self, address: IpAddr) -> Option<Place> {
        self.with(|counts| {
            let count = counts.entry(address).or_default();
            (*count < self.per_address).then(|| *count += 1)
        })?;
        let places = self.clone();
        Some(Place { places, address })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Counts) -> T) -> T {
        work(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.with(|counts| {
            if let Some(count) = counts.get_mut(&self.address) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(&self.address);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_its_places_and_no_more_and_others_get_theirs() {
        let (places, ada, eve) = (
            Places::for_callers(Callers::Strangers),
            IpAddr::from([127, 0, 0, 1]),
            IpAddr::from([127, 0, 0, 2]),
        );
        let mut taken: Vec<Place> = (0..PER_ADDRESS)
            .map(|_| places.take(eve).unwrap())
            .collect();
        assert!(places.take(eve).is_none());
        assert!(places.take(ada).is_some());
        taken.pop();
        assert!(places.take(eve).is_some());
        drop(taken);
        assert_eq!(
            places.with(|counts| counts.len()),
            0,
            "what is given back is forgotten"
        );
    }

    #[test]
    fn the_answer_says_its_own_length_and_limit() {
        let answer = std::str::from_utf8(NO_PLACE).unwrap();
        let (head, words) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.ends_with(&format!("content-length: {}", words.len())),
            "{}",
            words.len()
        );
        assert!(words.contains(&format!(" {PER_ADDRESS} ")));
    }
}
