//! Faults: the process "dies" at the k-th step, before or after the effect of a call, and stays dead until it is
//! started again.

use std::sync::Mutex;

use crate::store::StoreError;

#[derive(Debug, Default)]
struct State {
    taken: u64,
    dies_at: Option<u64>,
    dead: bool,
}

/// Counts the steps of all doubles that share it. Every call of a port is two steps: one before its effect
/// and one after it, so that dying at the second is a write whose answer nobody got.
#[derive(Debug, Default)]
pub struct Faults(Mutex<State>);

impl Faults {
    /// Dies at the `k`-th step from now, counted from 0.
    pub fn die_at(&self, k: u64) {
        *self.lock() = State {
            taken: 0,
            dies_at: Some(k),
            dead: false,
        };
    }

    /// Starts again, without further faults. Says whether it had died.
    pub fn revive(&self) -> bool {
        std::mem::take(&mut *self.lock()).dead
    }

    /// Steps taken since the last [`Faults::die_at`] or [`Faults::revive`].
    pub fn steps(&self) -> u64 {
        self.lock().taken
    }

    /// One step.
    pub(crate) fn step(&self) -> Result<(), StoreError> {
        let mut state = self.lock();
        state.dead |= state.dies_at == Some(state.taken);
        state.taken += 1;
        if state.dead {
            Err(StoreError::Unavailable("the test stopped it".into()))
        } else {
            Ok(())
        }
    }

    /// Runs `effect` between two steps.
    pub(crate) fn around<T>(&self, effect: impl FnOnce() -> T) -> Result<T, StoreError> {
        self.step()?;
        let answer = effect();
        self.step()?;
        Ok(answer)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().expect("no test panics while counting")
    }
}
