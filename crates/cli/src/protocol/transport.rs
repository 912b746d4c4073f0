//! What carries a handshake.

/// What carries a handshake, of whichever protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Either of Bitcoin's; none as long as a peer that dialled us has not chosen.
    Bitcoin(Option<bitcoin::Transport>),
    /// Ethereum's.
    Rlpx,
    /// Lightning's.
    Bolt8,
    /// libp2p's.
    Noise,
    /// Monero's, in plain text.
    Levin,
}

impl Transport {
    /// Its stable name in reports; none as long as the peer has not chosen.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Bitcoin(chosen) => chosen.map(bitcoin::Transport::name),
            Self::Rlpx => Some("rlpx"),
            Self::Bolt8 => Some("bolt8"),
            Self::Noise => Some("noise"),
            Self::Levin => Some("levin"),
        }
    }
}
