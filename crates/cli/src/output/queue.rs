//! What is to be printed: formatted where it arises, and taken from there by whoever writes it.
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
use probe::event::{Event, Observer};
use probe::report::Report;

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

    async fn wait_for_room(&self) {
        loop {
            // Made before the text is looked at, so that no change in between is missed.
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
            Event::NotTried(count) => self.put(|state| state.printer.summary.not_tried += count as u64),
            // Whoever runs a crawl shows how far it has come.
            _ => {}
        }
    }

    fn room(&self) -> Option<BoxFuture<'_, ()>> {
        let Open(shared) = &*self.0;
        if shared.state().has_room() { None } else { Some(Box::pin(shared.wait_for_room())) }
    }
}

impl State {
    /// Whether there is room for another result, or nothing more is taken in.
    fn has_room(&self) -> bool {
        self.closed || self.printer.text.len() < ROOM
    }
}

impl Results {
    /// There will be no more.
    pub fn close(&self) {
        let Open(shared) = &*self.0;
        shared.close();
    }

    /// Text that is ready, in whole lines.
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
    /// The text that waits, as soon as there is some, and how many results there have been of how many; `None` if there will be no
    /// more. The memory of `written` is used again.
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

    /// Takes no more in.
    pub fn close(&self) {
        self.0.close();
    }

    /// The summary, and its text; whether somebody interrupted.
    pub fn finish(&self, interrupted: bool) -> (Summary, Text) {
        self.0.state().printer.finish(interrupted)
    }
}
