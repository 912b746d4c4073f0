//! Why a handshake failed, in a form that every report shares.

/// An error of a protocol: has a stable code and names the side to blame.
pub trait Fault: core::error::Error {
    /// The side that is to blame.
    fn blame(&self) -> Blame;
    /// The stable reason code, `<protocol>.<what>`: `bitcoin.checksum`.
    fn code(&self) -> &'static str;
    /// The number that the peer gave as its reason, if it gave one: 4 in an Ethereum Disconnect.
    fn number(&self) -> Option<u64> {
        None
    }
    /// Whether this error means that the peer refuses us, if it has introduced itself before. The outcome is then
    /// partial, as after a close.
    fn refuses(&self) -> bool {
        false
    }
}

/// The side that is to blame for a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The peer broke the protocol.
    Peer,
    /// Both sides are sound but do not fit: another network, too old a version.
    Mismatch,
    /// The peer is sound and refused us.
    Refused,
    /// The peer or the path to it, which cannot be told apart: no answer, a closed connection.
    Network,
    /// Our own side: out of files, no route.
    Local,
}

impl Blame {
    /// Its meaning, in a few words.
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
