//! What the program can be asked to do, one file each.

pub mod chains;
pub mod demo;
pub mod generate;
pub mod listen;
pub mod shake;

use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::args::{Global, Require};
use crate::exit::{Error, Exit};
use crate::output::{Line, Printer, ReaderGone};
use crate::report::{Report, Summary};

/// Files that are open besides connections: standard streams, the poller, DNS sockets, listeners, some room.
const OTHER_FILES: u64 = 128;

/// More connections at once than this gain nothing on one machine, and some home routers lose track before.
const DEFAULT_CONCURRENCY: u64 = 2000;

/// How many connections may be open at once: what was asked for, as far as the limit of open files allows.
fn concurrency(asked: Option<usize>) -> usize {
    let files = net::raise_open_files().saturating_sub(OTHER_FILES).max(1);
    let wanted = asked.map_or(DEFAULT_CONCURRENCY, |asked| asked as u64);
    if asked.is_some() && wanted > files {
        say!("warning: the limit of open files allows {files} connections at once, not {wanted} (see ulimit -n)");
    }
    usize::try_from(wanted.min(files)).unwrap_or(usize::MAX)
}

fn runtime() -> Result<Runtime, Error> {
    // A handshake is a few system calls. One thread makes them without handing work to others, and leaves the
    // other cores to the rest of the machine.
    Builder::new_current_thread()
        .event_interval(1024)
        .enable_all()
        .build()
        .map_err(|error| Error::local("cannot start", error))
}

/// How a run ended.
enum Ended {
    /// Everything was done.
    Done,
    /// The user interrupted it.
    Interrupted,
    /// Nobody reads the results.
    ReaderGone,
}

/// Prints lines as they come until there are no more, or the user interrupts. A result that is printed makes room for
/// another.
async fn print_all(
    mut lines: UnboundedReceiver<Line>,
    room: &Semaphore,
    global: &Global,
    expected: impl Fn() -> u64,
    mut on_report: impl FnMut(&Report),
) -> (Ended, Option<Summary>) {
    /// Lines that are printed with one write, at most.
    const BATCH: usize = 1024;
    /// When so many came at once, more are on their way, and are printed together: each print wakes a thread.
    const MANY: usize = 32;
    /// Too short for anybody to notice.
    const PAUSE: Duration = Duration::from_millis(10);
    let mut printer = Printer::new(global);
    let mut batch = Vec::new();
    let interrupt = tokio::signal::ctrl_c();
    tokio::pin!(interrupt);
    let mut ended = Ended::Done;
    loop {
        if matches!(ended, Ended::Interrupted) {
            // What is ready is printed all the same.
            lines.close();
        }
        tokio::select! {
            biased;
            _ = &mut interrupt, if matches!(ended, Ended::Done) => {
                ended = Ended::Interrupted;
                continue;
            }
            received = lines.recv_many(&mut batch, BATCH) => {
                if received == 0 {
                    break;
                }
            }
        }
        let count = batch.len();
        let reports = batch.iter().filter_map(Line::report).inspect(|report| on_report(report)).count();
        printer.expect(expected());
        let print = move || {
            let printed = printer.print(batch.drain(..));
            (printer, batch, printed)
        };
        let printing = blocking(print);
        tokio::pin!(printing);
        let printed = tokio::select! {
            printed = &mut printing => Some(printed),
            () = given_up(interrupt.as_mut(), &mut ended) => None,
        };
        match printed {
            None => return (ended, None),
            Some((_, _, Err(ReaderGone))) => return (Ended::ReaderGone, None),
            Some((same_printer, same_batch, Ok(()))) => (printer, batch) = (same_printer, same_batch),
        }
        room.add_permits(reports);
        if count >= MANY {
            sleep(PAUSE).await;
        }
    }
    let finished = tokio::select! {
        finished = blocking(|| printer.finish()) => Some(finished),
        () = given_up(interrupt.as_mut(), &mut ended) => None,
    };
    match finished {
        None => (ended, None),
        Some(Ok(summary)) => (ended, Some(summary)),
        Some(Err(ReaderGone)) => (Ended::ReaderGone, None),
    }
}

/// Completes some time after the user has interrupted: a reader that has stopped reading would keep us for ever.
async fn given_up(interrupt: Pin<&mut impl Future<Output = io::Result<()>>>, ended: &mut Ended) {
    /// How long a print may take that the user interrupts.
    const GRACE: Duration = Duration::from_secs(1);
    if matches!(ended, Ended::Done) {
        let _ = interrupt.await;
        *ended = Ended::Interrupted;
    }
    sleep(GRACE).await;
}

/// Does something on a thread that may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    spawn_blocking(work).await.expect("printing does not panic, and is not aborted")
}

/// The exit code for a run that ended so.
fn exit(ended: &Ended, summary: Option<&Summary>, require: Require) -> Exit {
    match (ended, summary) {
        (Ended::Interrupted, _) => Exit::Interrupted,
        (Ended::ReaderGone, _) | (_, None) => Exit::Success,
        (_, Some(summary)) => {
            let reached = match require {
                Require::Any => summary.ok > 0,
                Require::All => summary.ok == summary.attempts && summary.ok > 0,
            };
            match reached {
                true => Exit::Success,
                false if summary.local == summary.attempts && summary.attempts > 0 => Exit::Local,
                false => Exit::NotReached,
            }
        }
    }
}
