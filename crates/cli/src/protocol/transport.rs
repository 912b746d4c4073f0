//! What carries a handshake.

/// What carries a handshake, of whichever protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Either of Bitcoin's.
    Bitcoin(BitcoinTransport),
    /// Ethereum's.
    Rlpx,
    /// Lightning's.
    Bolt8,
    /// libp2p's.
    Noise,
    /// Monero's, in plain text.
    Levin,
}

/// What carries a handshake of Bitcoin's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BitcoinTransport {
    /// Plain text.
    V1,
    /// Encrypted. (BIP324)
    V2,
    /// Whichever of these two the peer chooses.
    Either,
}

impl Transport {
    /// Its stable name in reports; none as long as the peer has not chosen.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Bitcoin(BitcoinTransport::V1) => Some("v1"),
            Self::Bitcoin(BitcoinTransport::V2) => Some("v2"),
            Self::Bitcoin(BitcoinTransport::Either) => None,
            Self::Rlpx => Some("rlpx"),
            Self::Bolt8 => Some("bolt8"),
            Self::Noise => Some("noise"),
            Self::Levin => Some("levin"),
        }
    }
}
