//! Which transport we dial a node over, and what follows if the node refuses it.
//!
//! ```text
//!  policy   first    the node closes on our key    answers it in plain text   anything else
//!  auto     v2       v1, at once                   v1, at once                over
//!  v2       v2       v2, a second later, once      over                       over
//!  v1       v1                                                                over
//! ```
//!
//! With `auto`, we dial over v1 at once if the network's nodes do not speak v2, or if the node is known to lack it. The
//! rule for the second connection is Core's, with one addition: bcoin answers a key in plain text.
//! (Core: net.cpp, `ShouldReconnectV1` and `ThreadOpenConnections`)
//!
//! ```
//! use verack_bitcoin::v2::CLOSED_ON_KEY;
//! use verack_bitcoin::{Chain, Knowledge, Transport, TransportAttempt, TransportPolicy};
//! use verack_bitcoin::handshake::{Conversation, End, Fault, Rx};
//! # use verack_bitcoin::Local;
//!
//! let chain = Chain::named("bitcoin").expect("it is in the table");
//! let attempt = TransportAttempt::first(TransportPolicy::Auto, chain.bip324, Knowledge::Nothing);
//! // The third argument fills a buffer with random bytes: the operating system's, not these.
//! let mut side = attempt.initiator(Local::new(chain.params, 1_700_000_000, 1, [0; 32]), |bytes| bytes.fill(7));
//! let mut key = Vec::new();
//! while let Ok(verack_bitcoin::handshake::Step::Event(_)) = side.step(&mut Rx::new(&mut []), &mut key) {}
//! // The node closes the connection, so it is dialled again over v1.
//! let error = side.ended(End::Closed, &[]).expect("it closed on our key");
//! let next = attempt.after(&error).expect("auto tries v1");
//! assert_eq!((error.code(), next.attempt.transport()), (CLOSED_ON_KEY, Transport::V1));
//! ```

use alloc::boxed::Box;
use alloc::vec;
use core::time::Duration;

use handshake::{Conversation, End, Evidence, Handshake, Role, Rx, Stage, Step, Unfinished};

use crate::channel::Transport;
use crate::conversation::Concluded;
use crate::error::Error;
use crate::hello::{Hello, Local};
use crate::message::Event;
use crate::v1::V1;
use crate::v2::{self, Garbage, Keys, MAX_GARBAGE_LEN, Offer, SessionId, Start, V2};

/// Bytes of garbage after a key that a v1 node may get, at most. bcoin bans a peer that sends ten invalid headers of 24
/// bytes each; with the key's 64 bytes these are eight. (bcoin: net/peer.js, net/pool.js)
pub const MAX_TENTATIVE_GARBAGE: usize = 150;

/// Bytes of random garbage that every v2 node accepts, at most: btcd closes the connection at BIP324's limit of 4095.
/// (btcd 0.26.2)
pub const MAX_RANDOM_GARBAGE: usize = MAX_GARBAGE_LEN - 1;

/// The pause before a second key for the same node: btcd accepts two per second from the addresses of a /24 or /64.
/// (btcd 0.26.2, `--v2transport`)
pub const KEY_INTERVAL: Duration = Duration::from_secs(1);

/// Which transports may carry the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportPolicy {
    /// v2 first if the network speaks it, then v1 if the node turns out to speak only v1.
    Auto,
    /// Only v2.
    V2,
    /// Only v1.
    V1,
}

/// What is known of a node before it is dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knowledge {
    /// The user named the node, so it may be dialled twice over v2.
    Named,
    /// Nothing.
    Nothing,
    /// Its services are known, and BIP324 is not among them.
    LacksV2,
    /// It spoke v2 before, or another node says that it offers BIP324.
    OffersV2,
}

/// One connection to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransportAttempt {
    policy: TransportPolicy,
    transport: Transport,
    knowledge: Knowledge,
    network_speaks_v2: bool,
}

/// A further connection to the same node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextAttempt {
    /// How to open it.
    pub attempt: TransportAttempt,
    /// The least time between the end of the previous connection and the start of this one.
    pub pause: Duration,
}

impl TransportAttempt {
    /// The first connection to a node.
    ///
    /// Where no node speaks v2, `Auto` sends no key: Zebra accepts one connection per address in two minutes, which the
    /// key would use up, and Bitcoin SV bans the sender of a key. (`[[client]]` in tests/data/chains.toml)
    #[must_use]
    pub fn first(policy: TransportPolicy, network_speaks_v2: bool, knowledge: Knowledge) -> Self {
        let transport = match (policy, knowledge) {
            (TransportPolicy::V1, _) | (TransportPolicy::Auto, Knowledge::LacksV2) => Transport::V1,
            (TransportPolicy::Auto, _) if !network_speaks_v2 => Transport::V1,
            (TransportPolicy::Auto | TransportPolicy::V2, _) => Transport::V2,
        };
        Self { policy, transport, knowledge, network_speaks_v2 }
    }

    /// The transport of the handshake.
    #[must_use]
    pub fn transport(self) -> Transport {
        self.transport
    }

    /// Bytes of random garbage after our key, at most. A node that may speak only v1 gets fewer.
    #[must_use]
    pub fn max_garbage(self) -> usize {
        let may_be_v1 = matches!(self.knowledge, Knowledge::Named | Knowledge::Nothing);
        if self.policy == TransportPolicy::Auto && may_be_v1 { MAX_TENTATIVE_GARBAGE } else { MAX_RANDOM_GARBAGE }
    }

    /// Our side of the handshake. `fill` fills a buffer with random bytes; over v1 it is not called.
    #[must_use]
    pub fn initiator(self, local: Local, mut fill: impl FnMut(&mut [u8])) -> Initiator {
        match self.transport {
            Transport::V1 => Initiator::V1(Box::new(V1::new(Role::Initiator, local))),
            Transport::V2 => {
                let start = Start::random(self.max_garbage(), &mut fill);
                Initiator::V2(Box::new(V2::new(Role::Initiator, local, start)))
            }
        }
    }

    /// The next connection, if this one ended with an error that another connection may avoid.
    #[must_use]
    pub fn after(self, error: &Error) -> Option<NextAttempt> {
        let Error::V2(error) = error else { return None };
        let (transport, knowledge, pause) = match (self.policy, error) {
            (TransportPolicy::Auto, v2::Error::ClosedOnKey(_) | v2::Error::V1Only) => {
                (Transport::V1, self.knowledge, Duration::ZERO)
            }
            (TransportPolicy::V2, v2::Error::ClosedOnKey(Offer::Unknown)) if self.knowledge == Knowledge::Named => {
                // There is no third key.
                (Transport::V2, Knowledge::Nothing, KEY_INTERVAL)
            }
            _ => return None,
        };
        (self.transport == Transport::V2)
            .then_some(NextAttempt { attempt: Self { transport, knowledge, ..self }, pause })
    }

    /// Adds what is known of the node and its network to a close on our key.
    pub fn explain(self, error: &mut Error) {
        if let Error::V2(v2::Error::ClosedOnKey(offer @ Offer::Unknown)) = error {
            if self.knowledge == Knowledge::OffersV2 {
                *offer = Offer::Reported;
            } else if !self.network_speaks_v2 {
                *offer = Offer::LackingOnNetwork;
            }
        }
    }
}

impl Start {
    /// Fresh keys, and garbage of a random length of at most `max_garbage` bytes, which is below 65 536. No decoys;
    /// Core sends none either.
    pub fn random(max_garbage: usize, fill: &mut impl FnMut(&mut [u8])) -> Self {
        let keys = loop {
            let mut random = [0; 64];
            fill(&mut random);
            let (secret, auxiliary) = random.split_at(32);
            let [secret, auxiliary] = [secret, auxiliary].map(|half| half.try_into().expect("half of 64 bytes"));
            // Loops again with probability 2^-128.
            if let Some(keys) = Keys::new(secret, auxiliary) {
                break keys;
            }
        };
        let mut random = [0; 4];
        fill(&mut random);
        // 32 bits make the lengths even to one in a million.
        let len = u32::from_le_bytes(random) as usize % (max_garbage.min(MAX_GARBAGE_LEN) + 1);
        let mut garbage = vec![0; len];
        fill(&mut garbage);
        Self::new(keys, Garbage::new(garbage).expect("at most MAX_GARBAGE_LEN bytes"))
    }
}

/// Our side of a handshake that we dialled, over either transport.
#[derive(Debug)]
pub enum Initiator {
    /// In plain text.
    V1(Box<V1>),
    /// Encrypted.
    V2(Box<V2>),
}

impl Initiator {
    /// All messages so far, sent and received.
    #[must_use]
    pub fn hello(&self) -> &Hello {
        match self {
            Self::V1(side) => side.hello(),
            Self::V2(side) => side.hello(),
        }
    }

    /// The transport of the handshake.
    #[must_use]
    pub fn transport(&self) -> Transport {
        match self {
            Self::V1(_) => Transport::V1,
            Self::V2(_) => Transport::V2,
        }
    }

    /// The session id, if the connection is encrypted and both keys are known.
    #[must_use]
    pub fn session_id(&self) -> Option<SessionId> {
        match self {
            Self::V1(_) => None,
            Self::V2(side) => side.session_id(),
        }
    }
}

impl Conversation for Initiator {
    type Output = Concluded;
    type Event = Event;
    type Error = Error;

    fn step(&mut self, rx: &mut Rx<'_>, tx: &mut alloc::vec::Vec<u8>) -> Result<Step<Event, Concluded>, Error> {
        match self {
            Self::V1(side) => side.step(rx, tx),
            Self::V2(side) => side.step(rx, tx),
        }
    }

    fn awaiting(&self) -> &'static str {
        match self {
            Self::V1(side) => side.awaiting(),
            Self::V2(side) => side.awaiting(),
        }
    }

    fn ended(&self, end: End, rest: &[u8]) -> Option<Error> {
        match self {
            Self::V1(side) => side.ended(end, rest),
            Self::V2(side) => side.ended(end, rest),
        }
    }

    fn unfinished(&self, rest: &[u8]) -> Option<Unfinished> {
        match self {
            Self::V1(side) => side.unfinished(rest),
            Self::V2(side) => side.unfinished(rest),
        }
    }

    fn instead(&self) -> Option<alloc::string::String> {
        match self {
            Self::V1(side) => side.instead(),
            Self::V2(side) => side.instead(),
        }
    }

    fn suspicion(&self, evidence: Evidence) -> alloc::borrow::Cow<'static, str> {
        match self {
            Self::V1(side) => side.suspicion(evidence),
            Self::V2(side) => side.suspicion(evidence),
        }
    }
}

impl Handshake for Initiator {
    fn stage(&self) -> Stage {
        match self {
            Self::V1(side) => side.stage(),
            Self::V2(side) => side.stage(),
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{KEY_INTERVAL, Knowledge, TransportAttempt, TransportPolicy};
    use crate::channel::Transport;
    use crate::error::Error;
    use crate::v2::{self, Offer};

    const EVERY: [Knowledge; 4] = [Knowledge::Named, Knowledge::Nothing, Knowledge::LacksV2, Knowledge::OffersV2];

    fn closed(offer: Offer) -> Error {
        Error::V2(v2::Error::ClosedOnKey(offer))
    }

    #[test]
    fn auto_sends_a_key_only_where_it_may_be_understood() {
        let over =
            |speaks_v2, knowledge| TransportAttempt::first(TransportPolicy::Auto, speaks_v2, knowledge).transport();
        assert_eq!(EVERY.map(|known| over(false, known)), [Transport::V1; 4]);
        let [v1, v2] = [Transport::V1, Transport::V2];
        assert_eq!(EVERY.map(|known| over(true, known)), [v2, v2, v1, v2]);
        for known in EVERY {
            for speaks_v2 in [false, true] {
                let over = |policy| TransportAttempt::first(policy, speaks_v2, known).transport();
                assert_eq!([over(TransportPolicy::V1), over(TransportPolicy::V2)], [v1, v2]);
            }
        }
    }

    #[test]
    fn garbage_is_short_only_where_it_may_reach_a_node_of_v1() {
        let max = |policy, knowledge| TransportAttempt::first(policy, true, knowledge).max_garbage();
        assert_eq!(max(TransportPolicy::Auto, Knowledge::Named), 150);
        assert_eq!(max(TransportPolicy::Auto, Knowledge::Nothing), 150);
        assert_eq!(max(TransportPolicy::Auto, Knowledge::OffersV2), 4094);
        assert_eq!(EVERY.map(|known| max(TransportPolicy::V2, known)), [4094; 4]);
    }

    #[test]
    fn auto_goes_on_over_v1_once_and_v2_with_one_more_key_for_a_named_node() {
        let auto = TransportAttempt::first(TransportPolicy::Auto, true, Knowledge::Nothing);
        for error in [closed(Offer::Unknown), closed(Offer::Reported), Error::V2(v2::Error::V1Only)] {
            let next = auto.after(&error).unwrap();
            assert_eq!((next.attempt.transport(), next.pause), (Transport::V1, Duration::ZERO));
            assert_eq!(next.attempt.after(&error), None, "v1 was the last");
        }
        assert_eq!(auto.after(&Error::V2(v2::Error::Echo)), None);
        assert_eq!(auto.after(&Error::SelfConnect), None);

        let v2 = |knowledge| TransportAttempt::first(TransportPolicy::V2, true, knowledge);
        let next = v2(Knowledge::Named).after(&closed(Offer::Unknown)).unwrap();
        assert_eq!((next.attempt.transport(), next.pause), (Transport::V2, KEY_INTERVAL));
        assert_eq!(next.attempt.after(&closed(Offer::Unknown)), None, "two keys are enough");
        for knowledge in [Knowledge::Nothing, Knowledge::LacksV2, Knowledge::OffersV2] {
            assert_eq!(v2(knowledge).after(&closed(Offer::Unknown)), None);
        }
        assert_eq!(v2(Knowledge::Named).after(&Error::V2(v2::Error::V1Only)), None);
    }

    #[test]
    fn a_close_on_our_key_is_explained_by_what_is_known() {
        let explained = |speaks_v2, knowledge, offer| {
            let mut error = closed(offer);
            TransportAttempt::first(TransportPolicy::V2, speaks_v2, knowledge).explain(&mut error);
            error
        };
        assert_eq!(explained(true, Knowledge::Nothing, Offer::Unknown), closed(Offer::Unknown));
        assert_eq!(explained(true, Knowledge::OffersV2, Offer::Unknown), closed(Offer::Reported));
        assert_eq!(explained(false, Knowledge::Named, Offer::Unknown), closed(Offer::LackingOnNetwork));
        assert_eq!(explained(false, Knowledge::Named, Offer::Made), closed(Offer::Made));
    }
}
