//! The commands of the program, one file each.

#[cfg(feature = "crawl")]
pub mod addrs;
pub mod chains;
#[cfg(feature = "crawl")]
pub mod crawl;
#[cfg(feature = "demo")]
pub mod demo;
pub mod generate;
#[cfg(feature = "crawl")]
pub mod identify;
mod interrupt;
pub mod key;
pub mod listen;
#[cfg(feature = "crawl")]
pub mod peers;
pub mod reasons;
pub mod shake;
#[cfg(feature = "crawl")]
pub mod whoami;

use std::future::pending;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use net::Stop;
use tokio::runtime::{Builder, Runtime};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use crate::args::Require;
use crate::exit::{Error, Exit};
use crate::output::{Screen, Text, Unprinted, Unwritable};
use crate::summary::Summary;

/// Open files besides connections: standard streams, the poller, DNS sockets, listeners, and a reserve.
const OTHER_FILES: u64 = 128;

/// More concurrent connections gain nothing on one machine, and some home routers lose track earlier.
const DEFAULT_CONCURRENCY: u64 = 2000;

/// The number of connections that may be open at once: the requested number, within the limit of open files.
fn concurrency(asked: Option<usize>) -> usize {
    let files = net::raise_open_files().saturating_sub(OTHER_FILES).max(1);
    let wanted = asked.map_or(DEFAULT_CONCURRENCY, |asked| asked as u64);
    if asked.is_some() && wanted > files {
        say!("warning: the limit of open files allows {files} connections at once, not {wanted} (see ulimit -n)");
    }
    usize::try_from(wanted.min(files)).unwrap_or(usize::MAX)
}

fn runtime() -> Result<Runtime, Error> {
    // A handshake is a few system calls. One thread makes them without passing work to other threads, and leaves the
    // other cores to the rest of the machine.
    Builder::new_current_thread()
        .event_interval(1024)
        .enable_all()
        .build()
        .map_err(|error| Error::local("cannot start", error))
}

/// The result of a write to standard output. A reader that closes the pipe early is no error.
fn printed(written: io::Result<()>) -> Result<Exit, Error> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::local("cannot write to standard output", error))
        }
        _ => Ok(Exit::Success),
    }
}

/// How a run ended.
enum Ended {
    /// It is complete.
    Done,
    /// It was interrupted.
    Interrupted,
    /// The results could not be printed.
    Unwritable(Unwritable),
}

/// Prints results as they come until no more will come. When the user interrupts, `stop` is set: each unfinished
/// attempt then reports what it knows, and that is printed too, within the grace period.
async fn print_all(
    told: impl Future<Output = ()>,
    unprinted: Unprinted,
    screen: Screen,
    stop: &Stop,
) -> (Ended, Option<Summary>) {
    let give_up = async {
        stop.stopped().await;
        sleep(GRACE).await;
        unprinted.close();
        pending().await
    };
    tokio::select! {
        ended = print_until_closed(told, &unprinted, screen, || stop.stop()) => ended,
        never = give_up => never,
    }
}

/// Prints results as they come until no more will come. When the user interrupts, `stop` is called: all tasks with
/// results must then end, and we wait for them as long as the reader reads. A second interrupt changes nothing.
async fn print_until_closed(
    told: impl Future<Output = ()>,
    unprinted: &Unprinted,
    screen: Screen,
    stop: impl FnOnce(),
) -> (Ended, Option<Summary>) {
    /// After this much text at once, more follows; a pause lets it be written together, since each write wakes a
    /// thread.
    const MUCH: usize = 8 << 10;
    /// Too short for the user to notice.
    const PAUSE: Duration = Duration::from_millis(10);
    let mut text = Text::default();
    let interrupt = async {
        told.await;
        stop();
    };
    tokio::pin!(interrupt);
    let mut ended = Ended::Done;
    loop {
        let [results, expected];
        tokio::select! {
            biased;
            () = &mut interrupt, if matches!(ended, Ended::Done) => {
                ended = Ended::Interrupted;
                text = Text::default();
                continue;
            }
            next = unprinted.next(text) => match next {
                Some(next) => (text, [results, expected]) = next,
                None => break,
            }
        }
        screen.progress(results, expected);
        let much = text.len() >= MUCH;
        let writing = write(&screen, text);
        tokio::pin!(writing);
        let written = tokio::select! {
            written = &mut writing => Some(written),
            () = given_up(interrupt.as_mut(), &mut ended) => None,
        };
        match written {
            None => return (ended, None),
            Some(Err(why)) => return (Ended::Unwritable(why), None),
            Some(Ok(same)) => text = same,
        }
        if much {
            sleep(PAUSE).await;
        }
    }
    screen.clear();
    let (summary, text) = unprinted.finish(matches!(ended, Ended::Interrupted));
    let written = tokio::select! {
        written = write(&screen, text) => Some(written),
        () = given_up(interrupt.as_mut(), &mut ended) => None,
    };
    match written {
        None => (ended, None),
        Some(Ok(_)) => (ended, Some(summary)),
        Some(Err(why)) => (Ended::Unwritable(why), None),
    }
}

/// Writes text on a thread that may block; returns it, so that its memory can be used again.
async fn write(screen: &Screen, text: Text) -> Result<Text, Unwritable> {
    let screen = screen.clone();
    let write = move || screen.write(&text).map(|()| text);
    spawn_blocking(write).await.expect("writing does not panic, and is not aborted")
}

/// Writes text after the results, unless these could not be written.
async fn write_last(screen: &Screen, text: Vec<u8>, ended: &mut Ended) {
    let writing = write(screen, Text::of_output(text));
    let written = match ended {
        Ended::Unwritable(_) => return,
        Ended::Done => writing.await,
        Ended::Interrupted => match timeout(GRACE, writing).await {
            Ok(written) => written,
            Err(_) => return,
        },
    };
    if let Err(why) = written {
        *ended = Ended::Unwritable(why);
    }
}

/// How long a write may take after an interrupt: a reader that has stopped reading would otherwise block us forever.
const GRACE: Duration = Duration::from_secs(1);

/// Completes after an interrupt and the grace period.
async fn given_up(interrupt: Pin<&mut impl Future<Output = ()>>, ended: &mut Ended) {
    if matches!(ended, Ended::Done) {
        interrupt.await;
        *ended = Ended::Interrupted;
    }
    sleep(GRACE).await;
}

/// The exit code of a run.
fn exit(ended: &Ended, summary: Option<&Summary>, require: Require) -> Exit {
    match (ended, summary) {
        (Ended::Interrupted, _) => Exit::Interrupted,
        (Ended::Unwritable(why), _) => why.exit(),
        (_, None) => Exit::Success,
        (_, Some(summary)) => {
            let reached = match require {
                Require::Any => summary.ok > 0,
                Require::All => summary.ok == summary.attempts && summary.ok > 0,
            };
            // A connection that closed before its hold ended is no success.
            let reached = reached && summary.ok > summary.left && (require == Require::Any || summary.left == 0);
            match reached {
                true => Exit::Success,
                false if summary.local == summary.attempts && summary.attempts > 0 => Exit::Local,
                false => Exit::NotReached,
            }
        }
    }
}
