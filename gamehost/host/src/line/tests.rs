//! Lines over a socket that a test plays: it takes as many bytes as it is told to.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::task::{Wake, Waker};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A socket that takes a number of bytes, then none until it is told so.
#[derive(Debug, Default)]
pub(crate) struct Played {
    taken: Mutex<Vec<u8>>,
    takes: Mutex<usize>,
    breaks: std::sync::atomic::AtomicBool,
    panics: std::sync::atomic::AtomicBool,
}

impl Played {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Takes so many bytes more.
    pub(crate) fn takes(&self, more: usize) {
        let mut takes = self.takes.lock().unwrap();
        *takes = takes.saturating_add(more);
    }

    /// Takes nothing until it is told so.
    pub(crate) fn takes_no_more(&self) {
        *self.takes.lock().unwrap() = 0;
    }

    pub(crate) fn breaks(&self) {
        self.breaks.store(true, Ordering::Relaxed);
    }

    pub(crate) fn panics(&self) {
        self.panics.store(true, Ordering::Relaxed);
    }

    /// Everything it has taken.
    pub(crate) fn taken(&self) -> Vec<u8> {
        self.taken.lock().unwrap().clone()
    }

    /// The texts of the whole frames it has taken.
    pub(crate) fn texts(&self) -> Vec<String> {
        let taken = self.taken();
        let (mut bytes, mut texts) = (&taken[..], Vec::new());
        while let [frames::TEXT, length, rest @ ..] = bytes {
            let (length, rest) = match *length {
                126 => (
                    usize::from(u16::from_be_bytes([rest[0], rest[1]])),
                    &rest[2..],
                ),
                127 => panic!("no test sends so much"),
                short => (usize::from(short), rest),
            };
            if rest.len() < length {
                break;
            }
            texts.push(String::from_utf8(rest[..length].to_vec()).unwrap());
            bytes = &rest[length..];
        }
        texts
    }

    pub(super) fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        assert!(
            !self.panics.load(Ordering::Relaxed),
            "a test asked this socket to panic"
        );
        if self.breaks.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let bytes: Vec<u8> = slices
            .iter()
            .flat_map(|slice| slice.iter().copied())
            .collect();
        let mut takes = self.takes.lock().unwrap();
        let count = bytes.len().min(*takes);
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        *takes -= count;
        self.taken
            .lock()
            .unwrap()
            .extend_from_slice(&bytes[..count]);
        Ok(count)
    }
}

fn encoded(texts: &[Bytes]) -> Vec<u8> {
    let frames = texts
        .iter()
        .map(|text| [Head::new(frames::TEXT, text.len()).as_bytes(), text].concat());
    frames.collect::<Vec<_>>().concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn however_little_the_socket_takes_every_byte_goes_out_once_and_in_order(
        batches in vec((vec(0_usize..400, 1..40), 0_usize..3000), 1..8),
        later in 1_usize..900,
    ) {
        let socket = Played::new();
        let line = Line::new(Sink::Played(socket.clone()), 0);
        let mut all = Vec::new();
        for (number, (lengths, takes)) in batches.into_iter().enumerate() {
            let letter = b'a' + u8::try_from(number).unwrap();
            let texts: Vec<Bytes> = lengths.iter().map(|length| vec![letter; *length].into()).collect();
            socket.takes(takes);
            line.lock().send(&texts, 0);
            all.extend(texts);
            prop_assert!(encoded(&all).starts_with(&socket.taken()));
        }
        while line.lock().is_full() {
            socket.takes(later);
            line.lock().flush(0);
        }
        prop_assert_eq!(socket.taken(), encoded(&all));
        prop_assert_eq!(line.lock().rest.capacity(), 0);
    }
}

#[test]
fn p8_3_the_time_of_the_last_progress_is_known_while_a_socket_is_full() {
    let socket = Played::new();
    let line = Line::new(Sink::Played(socket.clone()), 0);
    let moved = |now| {
        let mut out = line.lock();
        out.flush(now);
        (out.is_full(), out.moved_ms())
    };
    line.lock().send(&[vec![b'x'; 100].into()], 20_000);
    assert_eq!(
        moved(30_000),
        (true, 20_000),
        "a full socket is not slow from before it was full"
    );
    socket.takes(10);
    assert_eq!(moved(45_000), (true, 45_000));
    assert_eq!(moved(50_000), (true, 45_000));
    socket.takes(1000);
    assert_eq!(moved(55_000), (false, 55_000));
}

#[test]
fn after_a_failed_write_nothing_is_sent_and_nothing_kept() {
    let socket = Played::new();
    let line = Line::new(Sink::Played(socket.clone()), 0);
    socket.takes(7);
    line.lock().send(&[vec![b'x'; 100].into()], 0);
    socket.breaks();
    line.lock().flush(0);
    assert!(line.lock().has_failed() && !line.lock().is_full());
    line.lock().send(&[vec![b'y'; 100].into()], 0);
    assert!(!line.lock().is_full());
    assert_eq!(socket.taken().len(), 7);
}

#[test]
fn a_panic_in_the_middle_of_a_write_is_the_end_of_the_line() {
    let socket = Played::new();
    let line = Line::new(Sink::Played(socket.clone()), 0);
    socket.panics();
    let write = || line.lock().send(&[Bytes::from_static(b"half")], 0);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(write));
    assert!(panicked.is_err());
    assert!(line.lock().has_failed());
}

#[tokio::test]
async fn a_ring_before_listening_is_kept_and_the_first_close_stands() {
    let line = Line::new(Sink::Played(Played::new()), 0);
    line.ring();
    line.rung().await;
    line.close(CloseCode::TakenOver);
    line.close(CloseCode::GoingAway);
    line.rung().await;
    assert_eq!(line.closed(), Some(CloseCode::TakenOver));
}

/// A task that counts how often it is woken.
#[derive(Default)]
struct Task {
    woken: AtomicUsize,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_ring_wakes_who_listens_once_and_is_heard_once() {
    let line = Line::new(Sink::Played(Played::new()), 0);
    let task = Arc::new(Task::default());
    let waker = Waker::from(task.clone());
    let (cx, woken) = (Context::from_waker(&waker), &task.woken);
    assert!(line.poll_rung(&cx).is_pending());
    line.ring();
    line.ring();
    assert_eq!(woken.load(Ordering::Relaxed), 1);
    assert!(line.poll_rung(&cx).is_ready());
    assert!(line.poll_rung(&cx).is_pending(), "it was heard");
    line.close(CloseCode::TakenOver);
    assert_eq!(woken.load(Ordering::Relaxed), 2);
    assert!(line.poll_rung(&cx).is_ready());
}

fn is_rung(line: &Line) -> bool {
    line.poll_rung(&Context::from_waker(Waker::noop()))
        .is_ready()
}

#[test]
fn who_rings_for_a_time_is_not_heard_when_the_task_looks_before_it() {
    let line = Line::new(Sink::Played(Played::new()), 0);
    assert!(line.looks_by(100));
    line.ring_by(100);
    assert!(!is_rung(&line));
    line.ring_by(99);
    assert!(is_rung(&line));
}

#[test]
fn a_look_that_somebody_relies_on_is_not_put_off_before_it_was_taken() {
    let line = Line::new(Sink::Played(Played::new()), 0);
    line.looks_by(100);
    line.ring_by(150);
    assert!(!is_rung(&line));
    assert!(
        !line.looks_by(25_000),
        "at 100 something else happened to the task, and it has still to look"
    );
    line.looks();
    line.ring_by(150);
    assert!(is_rung(&line), "while it looks it may have missed this");
    assert!(line.looks_by(25_000));
}
