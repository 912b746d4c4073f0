//! Why a handshake failed, in a form that every report shares.

/// An error of a protocol: says whose fault it was, and has a stable code.
pub trait Fault: core::error::Error {
    /// Whose fault it was.
    fn blame(&self) -> Blame;
    /// The stable reason code, `<protocol>.<what>`: `bitcoin.checksum`.
    fn code(&self) -> &'static str;
    /// The number by which the peer gave its reason, if it gave one: 4 in a Disconnect of Ethereum's.
    fn number(&self) -> Option<u64> {
        None
    }
    /// Whether a peer that has introduced itself refuses us by it, as by closing the connection: half a success.
    fn refuses(&self) -> bool {
        false
    }
}

/// Whose fault a failure was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The peer broke the protocol.
    Peer,
    /// Both sides are sound but do not fit: another network, too old a version.
    Mismatch,
    /// The peer is sound and turned us away.
    Refused,
    /// Nobody can tell the peer from the path to it: no answer, a closed connection.
    Network,
    /// Our own side: out of files, no route.
    Local,
}

impl Blame {
    /// What it means, in a few words.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Peer => "the peer broke the protocol",
            Self::Mismatch => "both sides are sound but do not fit",
            Self::Refused => "the peer is sound and turned us away",
            Self::Network => "nothing tells the peer from the path to it",
            Self::Local => "our own side",
        }
    }

    /// Its stable name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::Mismatch => "mismatch",
            Self::Refused => "refused",
            Self::Network => "network",
            Self::Local => "local",
        }
    }
}
