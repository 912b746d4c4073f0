//! The queue of text to print: attempts format their results into it, and the writer takes the text.
//!
//! ```text
//! attempts ── Results::on ──▶ text in memory ── Unprinted::next ──▶ a thread that may block
//! ```

use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use super::{Printer, Text};
use crate::summary::Summary;
use probe::event::{Event, ListenerFailed, Observer};
use probe::report::Report;

/// Maximum bytes of waiting text: some thousand results. Attempts with a further result wait before they continue, so
/// they never run far ahead of the reader.
const ROOM: usize = 4 << 20;

/// Receives each report before it is printed.
pub type Watcher = Box<dyn FnMut(&Report<'_>) + Send>;

/// The input of the queue. Dropping the last clone closes it.
#[derive(Clone, Debug)]
pub struct Results(Arc<Open>);

/// The output of the queue.
#[derive(Debug)]
pub struct Unprinted(Arc<Shared>);

/// An empty queue.
pub fn queue(printer: Printer, watcher: Option<Watcher>) -> (Results, Unprinted) {
    let state = Mutex::new(State { printer, watcher, closed: false });
    let shared = Arc::new(Shared { state, filled: Notify::new(), emptied: Notify::new() });
    (Results(Arc::new(Open(shared.clone()))), Unprinted(shared))
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Signals that there is text to write, or that no more will come.
    filled: Notify,
    /// Signals that there is room for more.
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

    async fn wait_for_room(&self) {
        loop {
            // Created before the text is checked, so that no change in between is missed.
            let emptied = self.emptied.notified();
            if self.state().has_room() {
                return;
            }
            emptied.await;
        }
    }

    fn close(&self) {
        self.state().closed = true;
        self.filled.notify_one();
        // Release the tasks that wait for room.
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

impl Observer for Results {
    fn on(&self, event: Event<'_>) {
        match event {
            Event::Expected(count) => self.0.0.state().printer.expected += count as u64,
            Event::Message(line) => self.put(|state| state.printer.message(line)),
            Event::Planned(planned) => self.put(|state| state.printer.planned(planned)),
            Event::Attempted(report) => self.put(|state| {
                if let Some(watcher) = &mut state.watcher {
                    watcher(report);
                }
                state.printer.report(report);
            }),
            Event::Held(held) => self.put(|state| state.printer.held(held)),
            Event::ListenerFailed(ListenerFailed { address, error }) => {
                say!("error: cannot accept connections on {address} any more: {error}");
            }
            Event::NotTried(count) => self.put(|state| state.printer.summary.not_tried += count as u64),
            // The crawl command shows these events itself.
            _ => {}
        }
    }

    fn room(&self) -> Option<BoxFuture<'_, ()>> {
        let Open(shared) = &*self.0;
        if shared.state().has_room() { None } else { Some(Box::pin(shared.wait_for_room())) }
    }
}

impl State {
    /// Whether there is room for another result, or the queue is closed.
    fn has_room(&self) -> bool {
        self.closed || self.printer.text.len() < ROOM
    }
}

impl Results {
    /// Accepts no more results.
    #[cfg(feature = "crawl")]
    pub fn close(&self) {
        let Open(shared) = &*self.0;
        shared.close();
    }

    /// Adds formatted text, in whole lines.
    #[cfg(feature = "crawl")]
    pub fn text(&self, text: &[u8]) {
        self.put(|state| state.printer.text.out.extend_from_slice(text));
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
    /// The waiting text, as soon as there is some, with the numbers of results and of expected results; `None` if no
    /// more will come. Reuses the memory of `written`.
    pub async fn next(&self, mut written: Text) -> Option<(Text, [u64; 2])> {
        written.clear();
        loop {
            {
                let mut state = self.0.state();
                if !state.printer.text.is_empty() {
                    mem::swap(&mut written, &mut state.printer.text);
                    let counts = [state.printer.results(), state.printer.expected];
                    drop(state);
                    self.0.emptied.notify_waiters();
                    return Some((written, counts));
                }
                if state.closed {
                    return None;
                }
            }
            self.0.filled.notified().await;
        }
    }

    /// Accepts no more text.
    pub fn close(&self) {
        self.0.close();
    }

    /// The summary, and its text; `interrupted` says whether the user interrupted the run.
    pub fn finish(&self, interrupted: bool) -> (Summary, Text) {
        self.0.state().printer.finish(interrupted)
    }
}
