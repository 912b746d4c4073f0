//! Whether an address is worth another attempt.

use handshake::{Blame, Fault};
use net::{Cause, DialError};

/// What an attempt's end says about the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It may end differently.
    Later,
    /// It will end the same way: another network, another protocol, or ourselves.
    Never,
    /// There was no attempt: our own side lacked a file or a port, which says nothing about the address.
    NotDialled,
}

impl Retry {
    /// After a dial that failed.
    pub fn after_dial(error: &DialError) -> Self {
        match error {
            DialError::TooManyFiles(_) | DialError::NoPort(_) | DialError::Stopped { .. } => Self::NotDialled,
            _ => Self::Later,
        }
    }

    /// After a handshake that ended with this cause.
    pub fn after<E: Lasting>(cause: &Cause<E>) -> Self {
        match cause {
            Cause::Fault(fault) if fault.lasts() => Self::Never,
            _ => Self::Later,
        }
    }
}

/// A protocol's error, which may be permanent.
pub trait Lasting: Fault {
    /// Whether the peer is our own node.
    fn is_ourselves(&self) -> bool;

    /// Whether a mismatch of the two sides may be temporary. It hardly ever is.
    fn may_pass(&self) -> bool {
        false
    }

    /// Whether the error is the peer's goodbye message.
    fn is_goodbye(&self) -> bool {
        false
    }

    /// Whether the next attempt would end in the same way.
    fn lasts(&self) -> bool {
        self.is_ourselves() || self.blame() == Blame::Mismatch && !self.may_pass()
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use bitcoin::chain::Magic;
    use bitcoin::v2::{self, Offer};
    use net::{Cause, DialError};

    use super::{Lasting, Retry};

    fn after(fault: impl Lasting) -> Retry {
        Retry::after(&Cause::Fault(fault))
    }

    #[test]
    fn ourselves_are_not_dialled_again_in_any_protocol() {
        assert_eq!(after(bitcoin::Error::SelfConnect), Retry::Never);
        assert_eq!(after(ethereum::Error::SelfConnect), Retry::Never);
        assert_eq!(after(libp2p::Error::SelfConnect), Retry::Never);
        assert_eq!(after(lightning::Error::SelfConnect), Retry::Never);
        assert_eq!(after(monero::Error::SelfConnect), Retry::Never);
    }

    #[test]
    fn another_network_stays_another_and_a_full_node_does_not_stay_full() {
        let [found, expected] = [Magic([1; 4]), Magic([2; 4])];
        assert_eq!(after(bitcoin::Error::Magic { found, expected }), Retry::Never);
        assert_eq!(after(bitcoin::Error::V2(v2::Error::Echo)), Retry::Never);
        let closed = [Offer::Unknown, Offer::Lacking, Offer::Reported, Offer::Made].map(v2::Error::ClosedOnKey);
        for turned_away in closed.into_iter().chain([v2::Error::V1Only]) {
            assert_eq!(after(bitcoin::Error::V2(turned_away)), Retry::Later);
        }
        assert_eq!(after(bitcoin::Error::OutOfSync { found: [0; 4] }), Retry::Later);
        let broken = || Cause::<bitcoin::Error>::Io(io::ErrorKind::HostUnreachable.into());
        for cause in [broken(), Cause::Closed, Cause::Reset, Cause::Late, Cause::Flood] {
            assert_eq!(Retry::after(&cause), Retry::Later, "{cause:?}");
        }
    }

    #[test]
    fn what_our_own_side_had_no_room_for_was_not_dialled() {
        let address = "192.0.2.1:8333".parse().unwrap();
        assert_eq!(Retry::after_dial(&DialError::TooManyFiles(address)), Retry::NotDialled);
        assert_eq!(Retry::after_dial(&DialError::NoPort(address)), Retry::NotDialled);
        assert_eq!(Retry::after_dial(&DialError::Refused(address)), Retry::Later);
        assert_eq!(Retry::after_dial(&DialError::NoRoute(address)), Retry::Later);
    }
}
