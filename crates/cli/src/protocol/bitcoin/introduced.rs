//! How a peer of Bitcoin's introduced itself, and what is reported of it.

use std::borrow::Cow;
use std::fmt::Write as _;

use bitcoin::version::ServiceName;
use bitcoin::{Announced, Params, Version};

use crate::report::Peer;

/// A peer's own words, as they were read.
#[derive(Clone, Debug)]
pub struct Introduced {
    /// Its version message.
    pub version: Version,
    /// What it said besides.
    pub announced: Announced,
    /// The network, whose service bits they are.
    pub params: Params,
    /// Its clock minus ours, in seconds.
    pub clock_offset_s: i64,
}

impl Introduced {
    /// What is reported of it.
    pub fn peer(&self) -> Peer {
        let version = &self.version;
        Peer {
            version: version.version,
            services: version.services.0,
            service_names: self.service_names(),
            user_agent: version.user_agent.to_string(),
            start_height: version.start_height,
            relay: version.relay,
            time: version.time,
            clock_offset_s: self.clock_offset_s,
            our_address: version.receiver.socket(),
            nonce: version.nonce.map(|nonce| format!("{nonce:016x}")),
            features: self.features(),
        }
    }

    /// One sentence on a concluded handshake.
    pub fn describe(&self) -> String {
        let Version { version, user_agent, start_height, .. } = &self.version;
        let mut sentence =
            if user_agent.as_bytes().is_empty() { "no user agent".to_owned() } else { user_agent.to_string() };
        let written = match start_height {
            Some(height) => write!(sentence, ", version {version}, height {height}"),
            None => write!(sentence, ", version {version}"),
        };
        written.expect("memory takes every write");
        sentence
    }

    fn service_names(&self) -> Vec<Cow<'static, str>> {
        let text = |name| match name {
            ServiceName::Known(name) => name.into(),
            ServiceName::Unknown(_) => name.to_string().into(),
        };
        self.version.services.names(&self.params).map(text).collect()
    }

    /// The names of the messages by which it announced extensions; for `feature`, with the feature's own name.
    fn features(&self) -> Vec<Cow<'static, str>> {
        let announced = &self.announced;
        let flags = [
            (announced.wtxidrelay, "wtxidrelay"),
            (announced.sendaddrv2, "sendaddrv2"),
            (announced.sendtxrcncl, "sendtxrcncl"),
            (announced.sendheaders, "sendheaders"),
            (announced.sendcmpct[0] != 0, "sendcmpct"),
            (announced.feefilter.is_some(), "feefilter"),
        ];
        let flags = flags.into_iter().filter(|(said, _)| *said).map(|(_, name)| name.into());
        let named = |feature: &bitcoin::Feature| format!("feature:{feature}").into();
        flags.chain(announced.features.iter().map(named)).collect()
    }
}
