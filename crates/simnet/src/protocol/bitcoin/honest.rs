//! Healthy peers as varied as a real network's.

use bitcoin::{Command, Params, Services, UserAgent};

use super::script::Act::{Accept, Hear};
use super::script::peer;
use super::wire::Voice;
use crate::peer::Peer;
use crate::random::Random;
use crate::script::Plain::{Say, SayApart, SayCut};
use crate::script::acts;
use crate::truth::{Truth, Truths};

/// User agents of real programs, present and past.
const USER_AGENTS: &[&str] = &[
    "/Satoshi:30.0.0/",
    "/Satoshi:29.1.0/",
    "/Satoshi:28.1.0/",
    "/Satoshi:27.0.0/",
    "/Satoshi:26.1.0/Knots:20240325/",
    "/Satoshi:25.0.0/",
    "/Satoshi:22.0.0/",
    "/Satoshi:0.21.1/",
    "/Satoshi:27.0.0(node in the attic)/",
    "/btcwire:0.5.0/btcd:0.24.2/",
    "/bcoin:2.2.0/",
    "/libbitcoin:3.8.0/",
];

/// Services of real nodes: full, pruned, with filters, with the encrypted transport.
const SERVICES: &[u64] = &[0x409, 0xc09, 0xc49, 0x44d, 0x408, 0xc08];

/// One of many introductions of healthy peers on this network.
pub(super) fn introduction(chain: &Params, random: &mut Random) -> Voice {
    let older = random.choose(&[0, 0, 0, 1, 2, 5]);
    let blocks_behind = random.choose(&[0, 0, 0, 0, 1, 2, 144, 12_345]);
    Voice::new(*chain).with(|version| {
        version.version = (chain.announce_version - older).max(chain.min_peer_version);
        version.services = Services(random.choose(SERVICES));
        version.time += random.choose(&[-2, -1, 0, 0, 0, 1, 2, 70]);
        version.nonce = Some(random.next());
        version.user_agent = UserAgent::new(random.choose(USER_AGENTS).as_bytes()).expect("at most 256 bytes");
        version.start_height = version.start_height.map(|height| height - blocks_behind);
        version.relay = Some(random.choose(&[true, true, true, false]));
    })
}

/// This many healthy peers on this network; the same ones each time.
#[must_use]
pub fn honest(chain: &Params, count: usize) -> Vec<Peer> {
    let mut random = Random::new(1);
    (0..count).map(|_| one(chain, &mut random)).collect()
}

/// One of many healthy peers on this network.
fn one(chain: &Params, random: &mut Random) -> Peer {
    let voice = introduction(chain, random);
    if Services::P2P_V2.missing_from(voice.version.services) == Services::NONE {
        return peer("honest", Truths::either(Truth::OK), [Accept(Box::new(voice.local()))]);
    }
    let flight = voice.flight();
    let answer = match random.next() % 8 {
        0 => SayApart(flight),
        1 => SayApart(flight.iter().flat_map(|message| message.chunks(24)).map(Vec::from).collect()),
        2 => SayCut(flight.concat()),
        _ => Say(flight.concat()),
    };
    let small_talk = Say(voice.small_talk());
    let script = acts![Hear(Command::VERSION), answer, Hear(Command::VERACK), small_talk];
    peer("honest", Truths::v1(Truth::OK), script)
}
