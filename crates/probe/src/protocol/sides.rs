//! Our sides of all protocols of a run.

use super::{AnyOption as _, Identity, KEY, Misuse, Network, Protocol, Side, Values, check_given, protocols};
use crate::key::Secret;
use crate::target::Target;

/// Our sides of all protocols of a run.
#[derive(Debug)]
pub struct Sides {
    chosen: Box<dyn Side>,
    others: Vec<Box<dyn Side>>,
}

/// The choices for a run: a network, options of its protocols, and our key.
#[derive(Clone, Copy)]
pub struct Choice<'c> {
    /// The network; by default Bitcoin's, and then nodes named by a key may be on any.
    pub network: Option<&'c Network>,
    /// The options.
    pub values: &'c Values,
    /// Reads our static key, for protocols that have one; without it each protocol makes a fresh key.
    pub key: &'c dyn Fn() -> Result<Option<Secret>, Misuse>,
}

impl Choice<'_> {
    /// The chosen network, or Bitcoin's.
    fn network(&self) -> Network {
        self.network.copied().unwrap_or_else(Network::default)
    }

    fn side(&self, protocol: &dyn Protocol) -> Result<Box<dyn Side>, Misuse> {
        let has_key = protocol.options().iter().any(|option| option.about().name == KEY.about().name);
        let key = if has_key { (self.key)()? } else { None };
        protocol.configure(self.network, self.values, key.as_ref())
    }
}

impl Sides {
    /// The side of the chosen network's protocol, and those that these targets need.
    ///
    /// # Errors
    /// As [`Protocol::configure`]; if no protocol of the run has an option; and if a target's form does not suit its
    /// protocol.
    pub fn new(choice: Choice<'_>, targets: &[Target]) -> Result<Self, Misuse> {
        let chosen = choice.network().protocol;
        let mut spoken: Vec<&'static dyn Protocol> = Vec::new();
        for target in targets {
            let protocol = target.identity.protocol().unwrap_or(chosen);
            if !spoken.contains(&protocol) {
                spoken.push(protocol);
            }
        }
        spoken.sort_by_key(|protocol| place_of(*protocol));
        check_given(choice.values, &spoken)?;
        if let Some(form) = chosen.form_of_targets()
            && let Some(any) = targets.iter().find(|target| target.identity == Identity::Any)
        {
            let (text, name) = (&any.text, chosen.name());
            return Err(Misuse(format!("'{text}' is no target in {name}, whose nodes are named {form}")));
        }
        let others = spoken.into_iter().filter(|protocol| *protocol != chosen);
        let others = others.map(|protocol| choice.side(protocol)).collect::<Result<_, _>>()?;
        Ok(Self { chosen: choice.side(chosen)?, others })
    }

    /// The side of the chosen network's protocol, and all others that these options allow.
    ///
    /// # Errors
    /// As [`Protocol::configure`], for the chosen network.
    pub fn every(choice: Choice<'_>) -> Result<Self, Misuse> {
        let chosen = choice.network().protocol;
        let others = protocols().filter(|protocol| *protocol != chosen);
        let others = others.filter_map(|protocol| choice.side(protocol).ok()).collect();
        Ok(Self { chosen: choice.side(chosen)?, others })
    }

    /// The side of the chosen network's protocol, if its nodes share addresses.
    ///
    /// # Errors
    /// As [`Sides::new`]; and if the nodes of the network, or of these targets, do not share addresses.
    pub fn gossiping(choice: Choice<'_>, targets: &[Target]) -> Result<Self, Misuse> {
        let network = choice.network();
        if !network.protocol.tells_addresses() {
            return Err(Misuse(format!("the nodes of {} tell no other nodes' addresses in a handshake", network.name)));
        }
        if let Some(other) = targets.iter().find(|target| target.identity != Identity::Any) {
            return Err(Misuse(format!("'{}' names a node that tells no other nodes' addresses", other.text)));
        }
        Self::only(network.protocol, choice)
    }

    /// The side of one protocol.
    ///
    /// # Errors
    /// As [`Protocol::configure`]; and if the protocol does not have an option, or the chosen network.
    pub fn only(protocol: &'static dyn Protocol, choice: Choice<'_>) -> Result<Self, Misuse> {
        if let Some(network) = choice.network
            && !network.speaks(protocol)
        {
            return Err(not_spoken_on(network, protocol));
        }
        check_given(choice.values, &[protocol])?;
        Ok(choice.side(protocol)?.into())
    }

    /// The side of the chosen network's protocol.
    pub fn chosen(&self) -> &dyn Side {
        &*self.chosen
    }

    /// The side for this node.
    pub fn of(&self, identity: &Identity) -> &dyn Side {
        let own = identity.protocol().and_then(|protocol| self.others.iter().find(|side| side.protocol() == protocol));
        &**own.unwrap_or(&self.chosen)
    }
}

impl From<Box<dyn Side>> for Sides {
    fn from(chosen: Box<dyn Side>) -> Self {
        Self { chosen, others: Vec::new() }
    }
}

fn not_spoken_on(Network { name, protocol: own, .. }: &Network, protocol: &dyn Protocol) -> Misuse {
    let spoken = protocol.name();
    Misuse(match protocol.networks()[..] {
        [] => format!("{spoken} has no networks, so {name} is none of them"),
        [..] => format!("the nodes of {name} speak {}, not {spoken}", own.name()),
    })
}

/// The protocol's index in the list.
fn place_of(protocol: &'static dyn Protocol) -> usize {
    super::protocols().position(|known| known == protocol).unwrap_or(usize::MAX)
}
