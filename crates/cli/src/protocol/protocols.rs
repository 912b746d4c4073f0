//! All the protocols that a run speaks.

use super::{Protocol, Whom};
use crate::args::{Introduction, ProtocolName, ServicesArg};
use crate::exit::Error;
use crate::target::Target;

/// Our side in every protocol that a run speaks.
#[derive(Debug)]
pub struct Protocols {
    chosen: Protocol,
    ethereum: Option<Protocol>,
    lightning: Option<Protocol>,
    libp2p: Option<Protocol>,
}

impl Protocols {
    /// That of the network that was chosen, and whichever else these targets ask for.
    ///
    /// # Errors
    /// As [`Protocol::new`]; and if a target is named in a way that its protocol cannot do with.
    pub fn new(options: &Introduction, receiving: &ServicesArg, targets: &[Target]) -> Result<Self, Error> {
        let chosen = options.chain().protocol();
        let mut spoken: Vec<_> = targets.iter().map(|target| target.whom.protocol().unwrap_or(chosen)).collect();
        spoken.dedup();
        spoken.sort_unstable();
        spoken.dedup();
        options.given.check(&spoken)?;
        let asked_for = |name, means: fn(&Whom) -> bool| {
            let asked_for = name != chosen && targets.iter().any(|target| means(&target.whom));
            asked_for.then(|| Protocol::new(name, options, receiving)).transpose()
        };
        let ethereum = asked_for(ProtocolName::Ethereum, |whom| matches!(whom, Whom::Ethereum(_)))?;
        let lightning = asked_for(ProtocolName::Lightning, |whom| matches!(whom, Whom::Lightning(_)))?;
        let libp2p = asked_for(ProtocolName::Libp2p, |whom| matches!(whom, Whom::Libp2p(_)))?;
        let chosen = Protocol::new(chosen, options, receiving)?;
        if let Some(form) = chosen.form_of_targets()
            && let Some(nobody) = targets.iter().find(|target| target.whom == Whom::Anybody)
        {
            let (text, name) = (&nobody.text, chosen.name());
            return Err(Error::Usage(format!("'{text}' is no target in {name}, whose nodes are named {form}")));
        }
        Ok(Self { chosen, ethereum, lightning, libp2p })
    }

    /// That of the network that was chosen, whose nodes tell whom they know.
    ///
    /// # Errors
    /// As [`Protocol::new`]; and if the network's nodes, or those of these targets, tell nobody.
    pub fn gossiping(options: &Introduction, targets: &[Target]) -> Result<Self, Error> {
        let chain = options.chain();
        if !matches!(chain.protocol(), ProtocolName::Bitcoin | ProtocolName::Monero) {
            return Err(Error::Usage(format!(
                "the nodes of {} tell nobody whom they know, in a handshake",
                chain.name()
            )));
        }
        options.given.check(&[chain.protocol()])?;
        if let Some(other) = targets.iter().find(|target| target.whom != Whom::Anybody) {
            return Err(Error::Usage(format!("'{}' names a node that tells nobody whom it knows", other.text)));
        }
        Ok(Self::only(Protocol::new(chain.protocol(), options, &ServicesArg::default())?))
    }

    /// One alone, in which connections are accepted.
    ///
    /// # Errors
    /// As [`Protocol::new`].
    pub fn listening(name: ProtocolName, options: &Introduction) -> Result<Self, Error> {
        options.given.check(&[name])?;
        Ok(Self::only(Protocol::new(name, options, &ServicesArg::default())?))
    }

    /// This one alone.
    pub fn only(chosen: Protocol) -> Self {
        Self { chosen, ethereum: None, lightning: None, libp2p: None }
    }

    /// That of the network that was chosen.
    pub fn chosen(&self) -> &Protocol {
        &self.chosen
    }

    /// The one in which this one is spoken to.
    pub fn of(&self, whom: &Whom) -> &Protocol {
        let own = match whom {
            Whom::Anybody => None,
            Whom::Ethereum(_) => self.ethereum.as_ref(),
            Whom::Lightning(_) => self.lightning.as_ref(),
            Whom::Libp2p(_) => self.libp2p.as_ref(),
        };
        own.unwrap_or(&self.chosen)
    }
}
