//! The interface of protocols: what each describes about itself, and how it performs, queries and holds a handshake.
//!
//! ```text
//!  Protocol ── configure ──▶ Side ── shake ──▶ Attempt: verdict, Introduced, Session
//!   name, networks, options    │                                        │
//!   forms of targets           └ one for all connections of a run       └ ask, hold, part
//! ```
//! Each protocol is a crate, an adapter below this module, and one line in the list here.

mod bitcoin;
mod candidate;
mod common;
mod converse;
mod dial_mode;
mod ethereum;
pub mod field;
mod gossip;
mod identity;
#[cfg(test)]
mod in_memory;
mod introduced;
mod keep;
mod libp2p;
mod lightning;
mod listing;
mod monero;
mod network;
mod option;
pub mod parse;
mod retry;
mod session;
mod side;
mod sides;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::OnceLock;

use handshake::Reason;
use serde_json::Value as Json;

pub use self::bitcoin::{Bitcoin, BitcoinOptions, ServicesArg, TransportChoice};
pub use self::candidate::{Candidate, Evidence, Likelihood};
pub use self::common::{CONTACT, KEY, START_HEIGHT, USER_AGENT, program};
pub use self::converse::{Times, Tracer, converse, converse_after, converse_within, guess};
pub use self::dial_mode::{DialMode, DialModes, Knowledge, Redial, Transport};
pub use self::field::FieldAbout;
pub use self::gossip::{AddressRecord, Asked, Unusable};
pub use self::identity::{Identity, Part};
pub use self::introduced::{Introduced, Summary as IntroductionSummary};
pub use self::keep::{HoldEnd, HoldResult, LastWords, Leaving, Meaning, Pings, Span, keep};
pub use self::listing::{Listed, Listing};
pub use self::monero::{Monero, MoneroOptions};
pub use self::network::{Network, Seed};
pub use self::option::{About, AnyOption, Arity, Misuse, Opt, Value, Values};
pub use self::retry::{Lasting, Retry};
pub use self::session::Session;
pub use self::side::{Contact, Side};
pub use self::sides::{Choice, Sides};
use crate::key::Secret;
use crate::target::{BadTarget, Target};

/// The built-in protocols. If networks of several protocols have one name, it selects that of the first protocol.
static BUILT_IN: [&dyn Protocol; 5] =
    [&bitcoin::PROTOCOL, &ethereum::PROTOCOL, &lightning::PROTOCOL, &libp2p::PROTOCOL, &monero::PROTOCOL];

/// The protocols that the program added.
static ADDED: OnceLock<Box<[&dyn Protocol]>> = OnceLock::new();

/// Every protocol.
pub fn protocols() -> impl Iterator<Item = &'static dyn Protocol> + Clone {
    BUILT_IN.iter().chain(ADDED.get_or_init(Box::default)).copied()
}

/// Adds protocols to the built-in ones. A program must call this once, before any other function of this crate.
///
/// # Errors
/// If protocols were added already, or the list was already used.
pub fn add_protocols(added: impl IntoIterator<Item = &'static dyn Protocol>) -> Result<(), TooLate> {
    ADDED.set(added.into_iter().collect()).map_err(|_| TooLate)
}

/// It is too late to add protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("protocols are added once, before anything asks for them")]
pub struct TooLate;

/// A protocol's description of itself.
pub trait Protocol: fmt::Debug + Send + Sync {
    /// Its stable name: on the command line, in reports, and before the dot of its reason codes.
    fn name(&self) -> &'static str;

    /// Its layers, in a few words.
    fn about(&self) -> &'static str;

    /// The options of our side.
    fn options(&self) -> &'static [&'static dyn AnyOption];

    /// The reported fields of an introduction.
    fn fields(&self) -> Vec<FieldAbout>;

    /// The protocol's own reason codes of attempts, and the codes of its remarks.
    fn reasons(&self) -> &'static [Reason];

    /// The networks of this protocol that can be chosen by name, in the order of lists.
    fn networks(&self) -> Vec<Network>;

    /// Further facts about one of them; first what distinguishes its nodes from those of other networks.
    fn details(&self, _network: &Network) -> Vec<(&'static str, Json)> {
        Vec::new()
    }

    /// The DNS seeds of one of them, with these options.
    ///
    /// # Errors
    /// If it has none.
    fn dns_seeds(&self, network: &Network, _values: &Values) -> Result<Vec<Seed>, Misuse> {
        network.own_seeds()
    }

    /// What usually listens on a port: names of networks, or the name of the protocol.
    fn at_port(&self, port: u16) -> Vec<&'static str> {
        self.networks().iter().filter(|network| network.port == port).map(|network| network.name).collect()
    }

    /// The form of its targets, if an address alone is not enough.
    fn form_of_targets(&self) -> Option<&'static str> {
        None
    }

    /// Parses a target in a form of this protocol (there may be several) and appends its targets: one at least. `None`
    /// if the text has another form.
    ///
    /// # Errors
    /// [`BadTarget`] if it has this form, but is wrong.
    fn read_target(&self, _text: &str, _targets: &mut Vec<Target>) -> Option<Result<(), BadTarget>> {
        None
    }

    /// Handshakes that may identify a node of this protocol at this port, in the order of their likelihood. None if its
    /// nodes answer only to their key.
    fn candidates(&self, _port: u16) -> Vec<Candidate> {
        Vec::new()
    }

    /// Whether a node of this network, or of any, answers another connection right after the first.
    fn may_be_asked_twice(&self, _network: Option<&Network>) -> bool {
        true
    }

    /// What a handshake shows about a peer that has sent bytes, if it failed for this reason of the protocol's own.
    fn evidence(&self, _reason: &str) -> Evidence {
        Evidence::OurNetwork
    }

    /// How DNS names list its nodes, if they do. Targets of the kind [`Listed`](crate::target::Kind::Listed) need it.
    fn listing(&self) -> Option<&'static Listing> {
        None
    }

    /// Whether its nodes share addresses of other nodes.
    fn tells_addresses(&self) -> bool {
        false
    }

    /// Whether its nodes report the address at which they see us.
    fn tells_our_address(&self) -> bool {
        false
    }

    /// Our side with the chosen options. The network may belong to another protocol; without one, a peer may be on any
    /// network. Without a key, makes a fresh one.
    ///
    /// # Errors
    /// If options contradict each other, or do not suit the network.
    fn configure(
        &self,
        network: Option<&Network>,
        values: &Values,
        key: Option<&Secret>,
    ) -> Result<Box<dyn Side>, Misuse>;
}

impl PartialEq for dyn Protocol {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for dyn Protocol {}

impl Hash for dyn Protocol {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

/// The protocol with this name.
pub fn protocol_named(name: &str) -> Option<&'static dyn Protocol> {
    protocols().find(|protocol| protocol.name() == name)
}

/// Every option; one shared by several protocols appears once.
pub fn options() -> Vec<&'static dyn AnyOption> {
    let mut options: Vec<&'static dyn AnyOption> = Vec::new();
    for option in protocols().flat_map(Protocol::options) {
        if !options.iter().any(|known| known.about().name == option.about().name) {
            options.push(*option);
        }
    }
    options
}

/// The introduction fields of this generation in every protocol; fields of the same name appear once.
pub fn fields(generation: u8) -> Vec<FieldAbout> {
    let mut fields: Vec<FieldAbout> = Vec::new();
    for field in protocols().flat_map(Protocol::fields) {
        if field.generation == generation && !fields.iter().any(|known| known.name == field.name) {
            fields.push(field);
        }
    }
    fields
}

/// What usually listens on a port, in any protocol.
pub fn at_port(port: u16) -> Vec<&'static str> {
    protocols().flat_map(|protocol| protocol.at_port(port)).collect()
}

/// Rejects an option that no protocol of the run has.
///
/// # Errors
/// If there is one; the sentence names the protocols that have it.
pub fn check_given(values: &Values, spoken: &[&'static dyn Protocol]) -> Result<(), Misuse> {
    let has = |protocol: &&dyn Protocol, option: &dyn AnyOption| {
        protocol.options().iter().any(|own| own.about().name == option.about().name)
    };
    for option in values.given() {
        if !spoken.iter().any(|protocol| has(protocol, option)) {
            let known: Vec<_> = protocols().filter(|protocol| has(protocol, option)).collect();
            return Err(Misuse(format!(
                "'--{}' means nothing in {}; it is an option of {}",
                option.about().name,
                list(spoken),
                list(&known)
            )));
        }
    }
    Ok(())
}

/// `bitcoin, ethereum and libp2p`
fn list(protocols: &[&dyn Protocol]) -> String {
    let names: Vec<_> = protocols.iter().map(|protocol| protocol.name()).collect();
    match &names[..] {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{options, protocols};

    #[test]
    fn names_of_protocols_and_of_their_networks_are_unique() {
        let names: HashSet<_> = protocols().map(super::Protocol::name).collect();
        assert_eq!(names.len(), protocols().count());
        for protocol in protocols() {
            let networks = protocol.networks();
            let names: HashSet<_> = networks.iter().map(|network| network.name).collect();
            assert_eq!(names.len(), networks.len(), "{}", protocol.name());
        }
    }

    #[test]
    fn an_option_is_the_same_in_each_protocol_that_has_it_and_its_default_is_a_value() {
        let all = options();
        for option in protocols().flat_map(super::Protocol::options) {
            let about = option.about();
            let first = all.iter().find(|known| known.about().name == about.name).unwrap().about();
            assert_eq!((first.help, first.section, first.short), (about.help, about.section, about.short));
            for text in about.default.iter().flat_map(|default| default.split(',')) {
                assert!(option.read(text).is_ok(), "--{} {text}", about.name);
            }
            for (value, _) in about.values {
                assert!(option.read(value).is_ok(), "--{} {value}", about.name);
            }
        }
    }
}
