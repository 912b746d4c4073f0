//! The signals that interrupt the program: Ctrl-C, or the SIGTERM of a service manager.

use std::future::pending;

use tokio::signal::unix::{SignalKind, signal};

/// Completes when the program is interrupted. From this call on, the signals have no other effect; but a signal for
/// which the system allows no handler still ends the program at once.
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
