//! bip157: a Bitcoin light client as a library, built with these tests. It runs in the test's own process.

use std::net::SocketAddr;

use bip157::{Builder, Client, Info, Network, ServiceFlags, TrustedPeer};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::meet::PATIENCE;

/// Its network.
pub const CHAIN: &str = "bitcoin-regtest";

/// The services that it requires of peers that it dials.
pub const SERVICES: &str = "NETWORK,WITNESS,COMPACT_FILTERS,P2P_V2";

/// A running client. Dropping it stops it.
#[derive(Debug)]
pub struct LightClient {
    client: Client,
    background: JoinHandle<()>,
}

impl LightClient {
    /// Starts a client that dials this address and no other, over BIP324 or v1.
    #[must_use]
    pub fn dial(address: SocketAddr, bip324: bool) -> Self {
        let mut peer = TrustedPeer::from_socket_addr(address);
        peer.set_services(if bip324 { ServiceFlags::P2P_V2 } else { ServiceFlags::NONE });
        let builder = Builder::new(Network::Regtest).whitelist_only().add_peer(peer);
        let (node, client) = builder.handshake_timeout(PATIENCE).response_timeout(PATIENCE).build();
        // It ends with an error once its only peer has closed.
        let background = tokio::spawn(async move { drop(node.run().await) });
        Self { client, background }
    }

    /// Waits until it reports that its handshake is done.
    ///
    /// # Panics
    /// If it ends before, or it takes too long.
    pub async fn has_shaken_hands(&mut self) {
        loop {
            match timeout(PATIENCE, self.client.info_rx.recv()).await {
                Ok(Some(Info::SuccessfulHandshake)) => return,
                Ok(Some(_)) => {}
                Ok(None) => panic!("it ended before its handshake was done"),
                Err(_) => panic!("its handshake does not end"),
            }
        }
    }
}

impl Drop for LightClient {
    fn drop(&mut self) {
        self.background.abort();
    }
}
