//! What is to be printed: formatted where it arises, and taken from there by whoever writes it.
//!
//! ```text
//! attempts ── Results::report ──▶ text in memory ── Unprinted::next ──▶ a thread that may block
//! ```

use std::fmt;
use std::mem;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{Printer, Text};
use crate::ledger::{Ledger, Name, Place};
use crate::protocol::Whom;
use crate::report::{HeldReport, Report, Summary};
use crate::trace;

/// Text that may wait to be written, in bytes: some thousand results. Attempts that have one more wait before they go
/// on, so they never run far ahead of whoever reads their results.
const ROOM: usize = 4 << 20;

/// Is shown each report before it is printed.
pub type Watcher = Box<dyn FnMut(&Report<'_>) + Send>;

/// Where results go in. What is dropped last closes it.
#[derive(Clone, Debug)]
pub struct Results(Arc<Open>);

/// Where their text comes out.
#[derive(Debug)]
pub struct Unprinted(Arc<Shared>);

/// A queue that is empty.
pub fn queue(printer: Printer, watcher: Option<Watcher>) -> (Results, Unprinted) {
    let state = Mutex::new(State { printer, watcher, closed: false });
    let shared = Arc::new(Shared { state, filled: Notify::new(), emptied: Notify::new() });
    (Results(Arc::new(Open(shared.clone()))), Unprinted(shared))
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// There is text to write, or there will be no more.
    filled: Notify,
    /// There is room for more.
    emptied: Notify,
}

struct State {
    printer: Printer,
    watcher: Option<Watcher>,
    closed: bool,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { printer, closed, .. } = self;
        f.debug_struct("State").field("printer", printer).field("closed", closed).finish_non_exhaustive()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.state().closed = true;
        self.filled.notify_one();
        // Whoever waits for room waits for nothing.
        self.emptied.notify_waiters();
    }
}

#[derive(Debug)]
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Results {
    /// Completes when there is room for another result, or nothing more is taken in.
    pub async fn room(&self) {
        let Open(shared) = &*self.0;
        loop {
            // Made before the text is looked at, so that no change in between is missed.
            let emptied = shared.emptied.notified();
            {
                let state = shared.state();
                if state.closed || state.printer.text.len() < ROOM {
                    return;
                }
            }
            emptied.await;
        }
    }

    /// A result.
    pub fn report(&self, report: &Report<'_>) {
        self.put(|state| {
            if let Some(watcher) = &mut state.watcher {
                watcher(report);
            }
            state.printer.report(report);
        });
    }

    /// A connection that was kept, and is over.
    pub fn held(&self, held: &HeldReport<'_>) {
        self.put(|state| state.printer.held(held));
    }

    /// So many targets are addresses.
    pub fn make_room(&self, targets: usize) {
        self.ledger(|ledger| ledger.reserve(targets));
    }

    /// Enters a name that will be looked up.
    pub fn enter(&self, target: Arc<str>) -> Name {
        self.ledger(|ledger| ledger.enter(target))
    }

    /// Notes that a target led to a node at an address. The place is returned if nothing had led there before: then it is to
    /// be dialled.
    pub fn lead(&self, target: &Arc<str>, name: Option<Name>, address: SocketAddr, whom: &Whom) -> Option<Place> {
        self.ledger(|ledger| ledger.lead(target, name, address, whom))
    }

    fn ledger<T>(&self, note: impl FnOnce(&mut Ledger) -> T) -> T {
        let Open(shared) = &*self.0;
        note(&mut shared.state().printer.ledger)
    }

    /// So many names or addresses were not tried.
    pub fn not_tried(&self, count: usize) {
        self.put(|state| state.printer.summary.not_tried += count as u64);
    }

    /// There will be no more.
    pub fn close(&self) {
        let Open(shared) = &*self.0;
        shared.close();
    }

    /// Text that is ready, in whole lines.
    pub fn text(&self, text: &[u8]) {
        self.put(|state| state.printer.text.out.extend_from_slice(text));
    }

    /// A message that passed.
    pub fn message(&self, message: &trace::Line<'_>) {
        self.put(|state| state.printer.message(message));
    }

    fn put(&self, print: impl FnOnce(&mut State)) {
        let Open(shared) = &*self.0;
        let mut state = shared.state();
        if state.closed {
            return;
        }
        let was_empty = state.printer.text.is_empty();
        print(&mut state);
        if was_empty {
            drop(state);
            shared.filled.notify_one();
        }
    }
}

impl Unprinted {
    /// The text that waits, as soon as there is some, and how many results there have been; `None` if there will be no
    /// more. The memory of `written` is used again.
    pub async fn next(&self, mut written: Text) -> Option<(Text, u64)> {
        written.clear();
        loop {
            {
                let mut state = self.0.state();
                if !state.printer.text.is_empty() {
                    mem::swap(&mut written, &mut state.printer.text);
                    let results = state.printer.results();
                    drop(state);
                    self.0.emptied.notify_waiters();
                    return Some((written, results));
                }
                if state.closed {
                    return None;
                }
            }
            self.0.filled.notified().await;
        }
    }

    /// Takes no more in.
    pub fn close(&self) {
        self.0.close();
    }

    /// The summary, and its text; whether somebody interrupted.
    pub fn finish(&self, interrupted: bool) -> (Summary, Text) {
        self.0.state().printer.finish(interrupted)
    }
}
