//! The two sides of every measured Ethereum handshake. Their keys are fixed, as no secret is needed.

use ethereum::eth::OurChain;
use ethereum::local::Goal;
use ethereum::{Fresh, Local, Network, OurStatus, PublicKey, Rlpx, SecretKey};

/// One side.
pub struct Side {
    pub local: Local,
    pub fresh: Fresh,
}

impl Side {
    /// The initiator. It echoes the peer's chain.
    pub fn initiator() -> Self {
        Self::new(1, OurStatus::Echo)
    }

    /// The responder, with mainnet at its first block.
    pub fn responder() -> Self {
        let mainnet = Network::named("ethereum").expect("it has a row");
        let chain = OurChain {
            network_id: mainnet.network_id,
            genesis: mainnet.genesis,
            fork_id: mainnet.fork_id(ethereum::fork_id::Head { block: 0, time: 0 }),
            total_difficulty: 0.into(),
            earliest: 0,
            latest: 0,
            latest_hash: mainnet.genesis,
        };
        Self::new(2, OurStatus::Of(chain))
    }

    fn new(byte: u8, status: OurStatus) -> Self {
        let mut local = Local::new(SecretKey::new([byte; 32]).expect("less than the order"));
        local.client_id = concat!("verack/", env!("CARGO_PKG_VERSION")).into();
        local.goal = Goal::Status(status);
        let fresh = Fresh::new(&[byte + 2; Fresh::RANDOM_LEN]).expect("less than the order");
        Self { local, fresh }
    }

    /// A handshake with the node of this id.
    pub fn dials(&self, id: PublicKey) -> Rlpx {
        Rlpx::initiator(self.local.clone(), self.fresh.clone(), id)
    }

    /// A handshake with any initiator.
    pub fn is_dialled(&self) -> Rlpx {
        Rlpx::responder(self.local.clone(), self.fresh.clone())
    }
}
