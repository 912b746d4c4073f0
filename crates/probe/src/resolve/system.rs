//! The system's resolver: `getaddrinfo`, which supports hosts files, mDNS, search domains and everything else that is
//! configured on this machine. It may block for any time, so we call it on our own threads.
//!
//! One call asks for one family: a call for both waits for the slower answer, so that a lost AAAA answer would delay
//! the A answer for the whole time.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use dns_lookup::{AddrFamily, AddrInfoHints, LookupError, LookupErrorKind, SockType, getaddrinfo};
use tokio::sync::oneshot;

use super::{One, ResolveError};

/// Maximum number of threads. A call that hangs keeps its thread; neither the deadline nor the program's end waits for
/// it.
const MAX_THREADS: usize = 64;

/// The system's resolver.
#[derive(Clone, Debug, Default)]
pub struct System(Arc<Mutex<Calls>>);

/// Calls that wait for a thread.
#[derive(Debug, Default)]
struct Calls {
    waiting: VecDeque<Call>,
    threads: usize,
}

#[derive(Debug)]
struct Call {
    name: String,
    family: One,
    answer: oneshot::Sender<Result<Vec<SocketAddr>, ResolveError>>,
}

impl System {
    /// The addresses of a name in one family, with port 0 and, where the system gives one, their zone.
    ///
    /// # Errors
    /// [`ResolveError`]
    pub async fn addresses(&self, name: &str, family: One) -> Result<Vec<SocketAddr>, ResolveError> {
        let (answer, answered) = oneshot::channel();
        self.call(Call { name: name.to_owned(), family, answer });
        let ended = || ResolveError::Failed { name: name.to_owned(), what: "no thread can be started".to_owned() };
        answered.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Queues a call, and starts another thread if one is allowed.
    fn call(&self, call: Call) {
        let mut calls = self.calls();
        calls.waiting.push_back(call);
        if calls.threads == MAX_THREADS {
            return;
        }
        calls.threads += 1;
        drop(calls);
        let system = self.clone();
        if thread::Builder::new().name("resolver".to_owned()).spawn(move || system.work()).is_err() {
            let mut calls = self.calls();
            calls.threads -= 1;
            // Without any thread, these calls would never be answered.
            if calls.threads == 0 {
                calls.waiting.clear();
            }
        }
    }

    /// Makes calls until none is left.
    fn work(&self) {
        while let Some(Call { name, family, answer }) = self.next() {
            // Skip a call whose deadline has passed.
            if !answer.is_closed() {
                let _ = answer.send(ask(&name, family));
            }
        }
    }

    /// The next call; without one, counts the thread as ended.
    fn next(&self) -> Option<Call> {
        let mut calls = self.calls();
        let call = calls.waiting.pop_front();
        calls.threads -= usize::from(call.is_none());
        call
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ask(name: &str, family: One) -> Result<Vec<SocketAddr>, ResolveError> {
    let started = Instant::now();
    let address = match family {
        One::V4 => AddrFamily::Inet,
        One::V6 => AddrFamily::Inet6,
    };
    let hints =
        AddrInfoHints { address: address.into(), socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    let found = getaddrinfo(Some(name), None, Some(hints)).map_err(|error| why(name, family, &error, started))?;
    Ok(found.flatten().map(|found| found.sockaddr).collect())
}

/// Converts the system's error.
fn why(name: &str, family: One, error: &LookupError, started: Instant) -> ResolveError {
    /// EAI_ADDRFAMILY of the GNU C library: the name has only addresses of the other family. (netdb.h)
    const OTHER_FAMILY: i32 = -9;
    /// The minimum time for which the system waits for a silent DNS server. (resolv.conf(5), timeout)
    const SILENCE: Duration = Duration::from_secs(5);
    let (name, what) = (name.to_owned(), family.address());
    match error.kind() {
        LookupErrorKind::NoName => ResolveError::NotFound(name),
        LookupErrorKind::NoData => ResolveError::Nothing { name, what },
        _ if error.error_num() == OTHER_FAMILY => ResolveError::Nothing { name, what },
        // The system does not say whether a server failed or was silent; the elapsed time does.
        LookupErrorKind::Again if started.elapsed() >= SILENCE => ResolveError::Timeout(name),
        LookupErrorKind::Again => ResolveError::Failed {
            name,
            what: "the system's resolver has no answer for now: it says to try again".into(),
        },
        _ => ResolveError::Failed { name, what: format!("the system's resolver says: {error}") },
    }
}
