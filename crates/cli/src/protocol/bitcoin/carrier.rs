//! What carries a handshake of Bitcoin's, and what is known of the peer before we send it a key.

use bitcoin::v2::MAX_GARBAGE_LEN;

use crate::args::TransportChoice;

/// Bytes of garbage behind a key that a v1 node may get. bcoin bans who sends it ten headers that are none, of 24 bytes
/// each; with the key of 64 these are eight. (bcoin: net/peer.js, net/pool.js)
const MAX_TENTATIVE_GARBAGE: usize = 150;

/// Bytes of random garbage that every peer takes: btcd closes the connection at the most that BIP324 allows, 4095. (btcd
/// 0.26.2)
const MAX_RANDOM_GARBAGE: usize = MAX_GARBAGE_LEN - 1;

/// What carries a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// Plain text.
    V1,
    /// Packets, with a peer of which this is known.
    V2(Known),
    /// Whichever of both a peer that dials us chooses.
    Either,
}

/// What is known of a peer before we send it a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// The user named it: it may be dialled twice.
    Named,
    /// Nothing.
    Nothing,
    /// It spoke v2 before, or another peer says that it offers BIP324.
    Offers,
    /// It dialled us.
    Caller,
}

/// What was heard of an address before it is dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing of its services.
    Nothing,
    /// Its services, without BIP324.
    LacksV2,
    /// BIP324 is among its services.
    OffersV2,
}

impl Carrier {
    /// A connection that we open over this transport.
    pub fn over(transport: bitcoin::Transport, known: Known) -> Self {
        match transport {
            bitcoin::Transport::V1 => Self::V1,
            bitcoin::Transport::V2 => Self::V2(known),
        }
    }

    /// Up to how many bytes of garbage follow our key, if the user does not say how many.
    pub fn longest_garbage(self, choice: TransportChoice) -> usize {
        match (choice, self) {
            // It may be a node of v1 that reads a key as headers.
            (TransportChoice::Auto, Self::V2(Known::Named | Known::Nothing)) => MAX_TENTATIVE_GARBAGE,
            _ => MAX_RANDOM_GARBAGE,
        }
    }

    /// The transport; none if the peer chooses.
    pub fn transport(self) -> Option<bitcoin::Transport> {
        match self {
            Self::V1 => Some(bitcoin::Transport::V1),
            Self::V2(_) => Some(bitcoin::Transport::V2),
            Self::Either => None,
        }
    }
}

impl Heard {
    /// What that says of a peer that gets a key.
    pub fn known(self) -> Known {
        match self {
            Self::Nothing | Self::LacksV2 => Known::Nothing,
            Self::OffersV2 => Known::Offers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Carrier, Known};
    use crate::args::TransportChoice;

    #[test]
    fn garbage_is_short_only_where_it_may_reach_a_node_of_v1() {
        let longest = |choice, known| Carrier::V2(known).longest_garbage(choice);
        assert_eq!(longest(TransportChoice::Auto, Known::Named), 150);
        assert_eq!(longest(TransportChoice::Auto, Known::Nothing), 150);
        assert_eq!(longest(TransportChoice::Auto, Known::Offers), 4094);
        assert_eq!(longest(TransportChoice::V2, Known::Named), 4094);
        assert_eq!(Carrier::Either.longest_garbage(TransportChoice::Auto), 4094, "it began with a key itself");
    }
}
