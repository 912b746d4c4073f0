//! How a Lightning node introduced itself, and what is reported of it.

use std::fmt;

use lightning::{Address, ChainHash, Feature, Init, NodeId};
use serde::Serialize;

use crate::protocol::introduced::{Introduced as AnyIntroduced, write_json};
use crate::report::{Text, as_text};

/// A peer's own words, as they were read.
#[derive(Clone, Debug)]
pub struct Introduced {
    /// The key that it has proven to hold.
    pub node_id: NodeId,
    /// How it introduced itself.
    pub init: Init,
}

/// What is reported of it.
#[derive(Debug, Serialize)]
pub struct Peer<'i> {
    /// Its static key.
    #[serde(serialize_with = "as_text")]
    node_id: NodeId,
    /// What it offers or requires and has a name, by that name.
    features: Vec<&'static str>,
    /// The bits that are required, named or not; at most [`MAX_BITS`].
    required_bits: Vec<u32>,
    /// How many they are, if some are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    required_bits_total: Option<usize>,
    /// The bits that have no name; at most [`MAX_BITS`].
    unknown_bits: Vec<u32>,
    /// How many they are, if some are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown_bits_total: Option<usize>,
    /// The chains that it is interested in, at most [`MAX_NETWORKS`]; empty if it does not say.
    networks: Vec<Text<ChainHash>>,
    /// How many they are, if some are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    networks_total: Option<usize>,
    /// How it sees us; `null` if it did not say.
    our_address: Option<Text<&'i Address>>,
}

/// Nodes name up to three. An `init` has room for 2000.
const MAX_NETWORKS: usize = 64;

/// Nodes set some 20. An `init` has room for 500 000.
const MAX_BITS: usize = 64;

/// Whether it is one at all: not `0.0.0.0`, `::`, or port 0.
fn is_address(address: &Address) -> bool {
    match address {
        Address::Ip(socket) => !socket.ip().to_canonical().is_unspecified() && socket.port() != 0,
        Address::Onion { .. } | Address::Dns { .. } | Address::Other(_) => true,
    }
}

impl Introduced {
    /// What is reported of it.
    pub fn peer(&self) -> Peer<'_> {
        let features = self.init.all_features();
        let bits = |is_it: fn(&Feature) -> bool| {
            let all = || features.iter().filter(is_it).map(|feature| feature.0);
            (all().take(MAX_BITS).collect(), Some(all().count()).filter(|total| *total > MAX_BITS))
        };
        let (required_bits, required_bits_total) = bits(|feature| feature.is_required());
        let (unknown_bits, unknown_bits_total) = bits(|feature| feature.name().is_none());
        Peer {
            node_id: self.node_id,
            features: features.iter().filter_map(Feature::name).collect(),
            required_bits,
            required_bits_total,
            unknown_bits,
            unknown_bits_total,
            our_address: self.init.remote_addr.as_ref().filter(|address| is_address(address)).map(Text),
            networks: self.init.networks.iter().take(MAX_NETWORKS).copied().map(Text).collect(),
            networks_total: Some(self.init.networks.len()).filter(|total| *total > MAX_NETWORKS),
        }
    }
}

impl AnyIntroduced for Introduced {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_json(&self.peer(), out);
    }

    /// Its node id: it does not name its program.
    fn agent(&self) -> String {
        self.node_id.to_string()
    }

    /// How many features it offers.
    fn offers(&self) -> String {
        let features = self.init.all_features();
        let (all, required) = (features.iter().count(), features.iter().filter(|bit| bit.is_required()).count());
        let plural = if all == 1 { "" } else { "s" };
        format!("{all} feature{plural}, {required} of them required")
    }

    fn tells_chain(&self) -> bool {
        !self.init.networks.is_empty()
    }
}

/// `node 02eec7245d6b7d2ccb30380bfbe2a3648cd7a942653f5aa340edcea1f283686619, on bitcoin`
impl fmt::Display for Introduced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Nobody is known to be on more.
        const SHOWN: usize = 3;
        let networks = &self.init.networks;
        write!(f, "node {}", self.node_id)?;
        for (nth, network) in networks.iter().take(SHOWN).enumerate() {
            write!(f, "{}{network}", if nth == 0 { ", on " } else { " and " })?;
        }
        match networks.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use lightning::{ChainHash, Features, Init, SecretKey};
    use serde_json::{Value, json};

    use super::Introduced;

    fn reported(bits: &[u16], networks: usize) -> Value {
        let init =
            Init { features: Features::of(bits), networks: vec![ChainHash([7; 32]); networks], ..Init::default() };
        let node_id = SecretKey::new([1; 32]).expect("less than the order").node_id();
        serde_json::to_value(Introduced { node_id, init }.peer()).expect("it is text")
    }

    #[test]
    fn a_list_that_is_cut_says_how_long_it_was() {
        let bits: Vec<u16> = (1000..1200).collect();
        let cut = reported(&bits, 100);
        let lengths = ["required_bits", "unknown_bits", "networks"].map(|name| cut[name].as_array().map(Vec::len));
        assert_eq!(lengths, [Some(64); 3]);
        let totals = ["required_bits_total", "unknown_bits_total", "networks_total"].map(|name| cut[name].clone());
        assert_eq!(totals, [json!(100), json!(200), json!(100)]);
        let whole = reported(&bits[..64], 64);
        assert_eq!((&whole["unknown_bits_total"], &whole["networks_total"]), (&Value::Null, &Value::Null));
    }
}
