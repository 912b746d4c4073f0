//! The messages of a population's nodes, made beforehand.

use std::time::{SystemTime, UNIX_EPOCH};

use bitcoin::gossip::Entry;
use bitcoin::{Magic, Message, Params, Services};

use crate::protocol::bitcoin::honest::introduction;
use crate::protocol::bitcoin::wire::Voice;
use crate::random::Random;
use crate::topology::{Kind, Ports, Topology};

/// The number of different introductions.
const VOICES: u32 = 64;

/// One in this many voices is an older node, which does not know `addrv2`.
const OLDER: u32 = 8;

/// One in this many nodes announces its own address before it answers, alone in a message. (Core: net_processing.cpp
/// MaybeSendAddr)
const ANNOUNCE: u32 = 4;

/// The last protocol version before `wtxidrelay` and `sendaddrv2`. (Core: node/protocol_version.h)
const OLDER_VERSION: i32 = 70015;

/// All messages of a population.
#[derive(Debug)]
pub(super) struct Lines {
    topology: Topology,
    pub(super) magic: Magic,
    /// By voice: the answer to a `version`, in one write.
    flights: Vec<Box<[u8]>>,
    /// By list: the answer to `getaddr`.
    answers: Vec<Box<[u8]>>,
    /// By order: the announcements of the nodes that announce themselves.
    announcements: Vec<Box<[u8]>>,
}

impl Lines {
    /// Makes all messages.
    pub(super) fn new(topology: Topology, ports: Ports, chain: Params) -> Self {
        let mut random = Random::new(topology.seed);
        let voices: Vec<_> = (0..VOICES).map(|voice| healthy(voice, &chain, &mut random)).collect();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        let now = u32::try_from(now).unwrap_or(u32::MAX);
        let entry = |node: u32, time: u32| {
            let services = match topology.kind(node) {
                Kind::Steady | Kind::Fleeting => voices[voice_of(&topology, node)].version.services,
                Kind::Refusing | Kind::Silent => Services(0x409),
            };
            let address = topology.address(node, &ports);
            Entry { time, services, endpoint: address.into() }
        };
        let answers = (0..topology.lists()).map(|list| {
            let entries = topology.list(list).into_iter().map(|node| entry(node, now - age(&topology, node)));
            tell(&voices[voice_of(&topology, list)], entries.collect())
        });
        let announcing = (0..topology.steady + topology.fleeting).step_by(ANNOUNCE as usize);
        let announcements = announcing.map(|node| tell(&voices[voice_of(&topology, node)], vec![entry(node, now)]));
        Self {
            topology,
            magic: chain.magic,
            flights: voices.iter().map(|voice| voice.flight().concat().into()).collect(),
            answers: answers.collect(),
            announcements: announcements.collect(),
        }
    }

    /// A node's answer to a `version`.
    pub(super) fn flight(&self, node: u32) -> &[u8] {
        &self.flights[voice_of(&self.topology, node)]
    }

    /// A node's answer to `getaddr`: its announcement of itself, if it sends one, and its list.
    pub(super) fn told(&self, node: u32) -> impl Iterator<Item = &[u8]> {
        let announcement = self.announcements.get((node / ANNOUNCE) as usize).filter(|_| node.is_multiple_of(ANNOUNCE));
        let answer = self.answers.get(self.topology.list_of(node) as usize);
        announcement.into_iter().chain(answer).map(|message| &**message)
    }
}

/// A node that speaks only the v1 transport.
fn healthy(voice: u32, chain: &Params, random: &mut Random) -> Voice {
    introduction(chain, random).with(|version| {
        version.services = Services(version.services.0 & !Services::P2P_V2.0);
        if voice % OLDER == OLDER - 1 {
            version.version = version.version.min(OLDER_VERSION);
        }
    })
}

/// The index of a node's voice: nodes with the same list have the same voice, so the same version.
fn voice_of(topology: &Topology, node: u32) -> usize {
    (topology.list_of(node) % VOICES) as usize
}

fn tell(voice: &Voice, entries: Vec<Entry>) -> Box<[u8]> {
    let knows_addrv2 = voice.version.version > OLDER_VERSION;
    let message = if knows_addrv2 { Message::Addrv2 } else { Message::Addr };
    voice.say(&message(entries.into())).into()
}

/// Seconds since a node was last heard of: hours if it is up, otherwise days.
fn age(topology: &Topology, node: u32) -> u32 {
    /// The greatest age of gossiped addresses. (Core: addrman.cpp ADDRMAN_HORIZON, 30 days)
    const DAYS: u32 = 30;
    const DAY: u32 = 24 * 60 * 60;
    let spread = node.wrapping_mul(0x9e37_79b1) >> 8;
    match topology.kind(node) {
        Kind::Steady => spread % (DAY / 4),
        Kind::Fleeting | Kind::Refusing | Kind::Silent => DAY + spread % (DAY * (DAYS - 1)),
    }
}
