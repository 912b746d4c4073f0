//! The word to end: Ctrl-C, or the SIGTERM of a service manager.

use std::future::pending;

use tokio::signal::unix::{SignalKind, signal};

/// Completes when the program is told to end. From this call on, either signal does no more than that; but if the system
/// does not let us listen for one, it ends the program at once, as it does any.
pub fn interrupted() -> impl Future<Output = ()> {
    let (interrupt, terminate) = (heard(SignalKind::interrupt()), heard(SignalKind::terminate()));
    async {
        tokio::select! {
            () = interrupt => {}
            () = terminate => {}
        }
    }
}

fn heard(kind: SignalKind) -> impl Future<Output = ()> {
    let signal = signal(kind);
    async {
        match signal {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => pending().await,
        }
    }
}
