//! A population of Bitcoin nodes: they speak the v1 transport, and close on a key as v1 nodes do.

mod conversation;
mod lines;

use async_trait::async_trait;
use bitcoin::Params;
use tokio::net::TcpStream;

use self::lines::Lines;
use crate::population::Nodes;
use crate::topology::{MOST_TOLD, PERCENT_TOLD, Ports, Topology};

// A node sends no more. (BIP155; Core: net_processing.cpp MAX_ADDR_TO_SEND, MAX_PCT_ADDR_TO_SEND)
const _: () = assert!(MOST_TOLD <= 1000 && PERCENT_TOLD <= 23);

/// The nodes of a population on this network.
pub fn nodes(chain: Params) -> impl FnOnce(Topology, Ports) -> BitcoinNodes {
    move |topology, ports| BitcoinNodes(Lines::new(topology, ports, chain))
}

/// Nodes of one network, and all their messages.
#[derive(Debug)]
pub struct BitcoinNodes(Lines);

#[async_trait]
impl Nodes for BitcoinNodes {
    async fn converse(&self, node: u32, mut caller: TcpStream) {
        // A caller may leave or send anything.
        let _ = conversation::answer(&self.0, node, &mut caller).await;
    }
}
