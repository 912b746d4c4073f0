//! The introduction of a Lightning node, and its reported fields.

use std::fmt;

use lightning::{Address, Feature, Init, NodeId};

use crate::protocol::field::{Field, FieldKind, Slot, Written, write_fields};
use crate::protocol::introduced::Introduced as AnyIntroduced;

/// A peer's introduction, as received.
#[derive(Clone, Debug)]
pub struct Introduced {
    /// The key whose possession the peer has proven.
    pub node_id: NodeId,
    /// Its `init` message.
    pub init: Init,
}

/// The reported fields.
pub static FIELDS: [Field<Introduced>; 9] = [
    Field::new("node_id", FieldKind::Text, "its static key", |i, to| to.text(i.node_id)),
    Field::new("features", FieldKind::Texts, "what it offers or requires and has a name in BOLT 9", |i, to| {
        to.value(&i.init.all_features().iter().filter_map(Feature::name).collect::<Vec<_>>())
    }),
    Field::new("required_bits", FieldKind::Numbers, "the bits that are required, at most 64", |i, to| {
        to.value(&first(&i.bits(is_required)))
    }),
    Field::new(
        "required_bits_total",
        FieldKind::Number,
        "how many they are, if some are left out",
        |i: &Introduced, to| total(i.bits(is_required).len(), MAX_BITS, to),
    )
    .of_generation(2),
    Field::new("unknown_bits", FieldKind::Numbers, "the bits that have no name, at most 64", |i, to| {
        to.value(&first(&i.bits(is_unknown)))
    }),
    Field::new(
        "unknown_bits_total",
        FieldKind::Number,
        "how many they are, if some are left out",
        |i: &Introduced, to| total(i.bits(is_unknown).len(), MAX_BITS, to),
    )
    .of_generation(2),
    Field::new(
        "networks",
        FieldKind::Texts,
        "the chains that it is interested in, at most 64; empty if it does not say",
        |i, to| to.texts(i.init.networks.iter().take(MAX_NETWORKS)),
    ),
    Field::new("networks_total", FieldKind::Number, "how many they are, if some are left out", |i: &Introduced, to| {
        total(i.init.networks.len(), MAX_NETWORKS, to)
    })
    .of_generation(2),
    Field::new("our_address", FieldKind::Text, "the address at which it sees us; null if it did not say", |i, to| {
        to.optional(i.init.remote_addr.as_ref().filter(|address| is_address(address)))
    }),
];

/// Nodes name up to three. An `init` has room for 2000.
const MAX_NETWORKS: usize = 64;

/// Nodes set some 20. An `init` has room for 500 000.
const MAX_BITS: usize = 64;

/// Whether it is a usable address: not `0.0.0.0`, `::`, or port 0.
fn is_address(address: &Address) -> bool {
    match address {
        Address::Ip(socket) => !socket.ip().to_canonical().is_unspecified() && socket.port() != 0,
        Address::Onion { .. } | Address::Dns { .. } | Address::Other(_) => true,
    }
}

fn is_required(feature: &Feature) -> bool {
    feature.is_required()
}

/// Whether BOLT 9 does not name it.
fn is_unknown(feature: &Feature) -> bool {
    feature.name().is_none()
}

/// As many as a report lists.
fn first(bits: &[u32]) -> &[u32] {
    &bits[..bits.len().min(MAX_BITS)]
}

/// The total number, if the report does not list all.
fn total(count: usize, most: usize, to: Slot<'_, '_>) -> Written {
    if count > most { to.value(&count) } else { to.none() }
}

impl Introduced {
    /// The bits of the features that match.
    fn bits(&self, is_it: impl Fn(&Feature) -> bool) -> Vec<u32> {
        self.init.all_features().iter().filter(|feature| is_it(feature)).map(|feature| feature.0).collect()
    }
}

impl AnyIntroduced for Introduced {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_fields(&FIELDS, self, out);
    }

    /// Its node id: it does not name its program.
    fn identity(&self) -> Option<String> {
        Some(self.node_id.to_string())
    }

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
        /// No node is known to be on more.
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

    use super::{AnyIntroduced as _, Introduced};

    fn reported(bits: &[u16], networks: usize) -> Value {
        let init =
            Init { features: Features::of(bits), networks: vec![ChainHash([7; 32]); networks], ..Init::default() };
        let node_id = SecretKey::new([1; 32]).expect("less than the order").node_id();
        let mut out = Vec::new();
        Introduced { node_id, init }.write_json(&mut out);
        serde_json::from_slice(&out).expect("it is JSON")
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
