//! What carries a handshake.

/// What carries a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Bitcoin's, in plain text.
    V1,
    /// Bitcoin's, encrypted. (BIP324)
    V2,
    /// Whichever of these two the peer chooses.
    Either,
    /// Ethereum's.
    Rlpx,
    /// Lightning's.
    Bolt8,
    /// libp2p's.
    Noise,
    /// libp2p's, by one who waits for every answer.
    PatientNoise,
    /// Monero's, in plain text.
    Levin,
}

impl Transport {
    /// Its stable name in reports; none as long as the peer has not chosen.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::V1 => Some("v1"),
            Self::V2 => Some("v2"),
            Self::Either => None,
            Self::Rlpx => Some("rlpx"),
            Self::Bolt8 => Some("bolt8"),
            Self::Noise | Self::PatientNoise => Some("noise"),
            Self::Levin => Some("levin"),
        }
    }
}
