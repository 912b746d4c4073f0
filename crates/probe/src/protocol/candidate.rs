//! Handshakes that may identify a node of an unknown protocol, and what they show.

use super::{Misuse, Network, Protocol, Side, Values};

/// A handshake that may identify a node.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// What it tries, for people: `bitcoin over v1`.
    pub name: String,
    /// When to try it.
    pub likelihood: Likelihood,
    /// The protocol.
    pub protocol: &'static dyn Protocol,
    /// The network on which our side claims to be; `None` if the protocol's handshake names none.
    pub network: Option<Network>,
    /// The options of our side.
    pub values: Values,
}

/// The order of candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likelihood {
    /// The port, or the target, suggests it.
    Suggested,
    /// A node of any network of the protocol answers it.
    AnyNetwork,
    /// Its network has many nodes.
    Usual,
    /// Its network has few nodes.
    Rare,
}

impl Candidate {
    /// A handshake with default options that names no network.
    pub fn of(protocol: &'static dyn Protocol, likelihood: Likelihood) -> Self {
        let (name, values) = (protocol.name().to_owned(), Values::default());
        Self { name, likelihood, protocol, network: None, values }
    }

    /// Our side of it.
    ///
    /// # Errors
    /// As [`Protocol::configure`].
    pub fn side(&self) -> Result<Box<dyn Side>, Misuse> {
        self.protocol.configure(self.network.as_ref(), &self.values, None)
    }

    /// Whether the node answers another connection right after the first.
    pub fn may_be_asked_twice(&self) -> bool {
        self.protocol.may_be_asked_twice(self.network.as_ref())
    }
}

/// What a failed handshake shows about the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Evidence {
    /// Nothing: peers of other protocols also fail in this way.
    Nothing,
    /// It speaks the protocol, on our network as far as we can tell.
    OurNetwork,
    /// It speaks the protocol, on an unknown network.
    UnknownNetwork,
    /// It is another kind of service, which the verdict names.
    OtherService,
}
