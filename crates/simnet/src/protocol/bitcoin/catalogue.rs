//! Every kind of peer that we may call, one of each: its script, and the expected verdict.

mod bent;
mod encrypted;
mod healthy;
mod unfinished;

use bitcoin::{Chain, Command, Magic, Params};
use handshake::{Blame, Stage};

use super::script::Act::Hear;
use super::script::{Step, peer};
use super::wire::Voice;
use crate::peer::Peer;
use crate::script::Plain::{Say, SayApart};
use crate::script::then;
use crate::truth::{Truth, Truths};

pub use self::encrypted::encrypted_and_cut_at_every_byte;

/// One of each kind of peer that answers our call, on this network.
#[must_use]
pub fn peers(chain: &Params) -> Vec<Peer> {
    let voice = Voice::new(*chain);
    let chapters = [
        healthy::however_cut(&voice),
        healthy::in_other_orders(&voice),
        healthy::with_odd_words(&voice),
        unfinished::leaving(&voice),
        unfinished::silent(&voice),
        bent::bent(&voice),
        bent::versions_not_taken(&voice),
        unfinished::endless(&voice),
        bent::strangers(),
        encrypted::healthy(&voice),
        encrypted::unfinished(&voice),
        encrypted::bent(&voice),
    ];
    chapters.into_iter().flatten().collect()
}

/// One peer for each length in bytes, up to 200, of the payload of its `version`. Fields are complete as far as the
/// length allows, and the user agent is `/agent:1/`.
#[must_use]
pub fn versions_of_every_length(chain: &Params) -> Vec<Peer> {
    let voice = Voice::new(*chain).called(b"/agent:1/");
    let mut payload = voice.version_payload();
    payload.resize(200, 0);
    // The oldest form; with sender and nonce; and user agent; and height; and relay byte. All bytes after it are
    // ignored.
    let taken = |len: usize| matches!(len, 46 | 80 | 90 | 94..);
    let peer = |len: usize| {
        let version = voice.message(Command::VERSION, &payload[..len]);
        let truth = if taken(len) { Truth::OK } else { MALFORMED };
        on_version("version-of-length", truth, [Say(version), Say(voice.verack())])
    };
    (0..=payload.len()).map(peer).collect()
}

/// One peer for each place at which its answer may be split in two.
#[must_use]
pub fn cut_at_every_byte(chain: &Params) -> Vec<Peer> {
    let flight = Voice::new(*chain).flight().concat();
    let peer = |at: usize| {
        let (head, tail) = flight.split_at(at);
        let pieces = vec![head.to_vec(), tail.to_vec()];
        on_version("cut", Truth::OK, [SayApart(pieces)])
    };
    (0..=flight.len()).map(peer).collect()
}

const MALFORMED: Truth = Truth::fault(Stage::Hello, "bitcoin.malformed", Blame::Peer);

/// A peer that speaks only plain text, waits for our `version`, and then acts this.
fn on_version(name: &'static str, truth: Truth, acts: impl IntoIterator<Item: Into<Step>>) -> Peer {
    peer(name, Truths::v1(truth), then(Hear(Command::VERSION), acts))
}

/// The magic of another large network.
pub(super) fn other_magic(ours: Magic) -> Magic {
    ["litecoin", "bitcoin"]
        .into_iter()
        .filter_map(Chain::named)
        .map(|chain| chain.params.magic)
        .find(|magic| *magic != ours)
        .expect("both are known and differ")
}

fn with_checksum(mut message: Vec<u8>, checksum: [u8; 4]) -> Vec<u8> {
    message[20..24].copy_from_slice(&checksum);
    message
}

#[cfg(test)]
mod tests {
    use bitcoin::CHAINS;

    use super::peers;
    use crate::peer::tests::assert_named_apart;

    #[test]
    fn every_network_has_its_catalogue_and_every_peer_its_own_name() {
        for chain in CHAINS {
            assert_named_apart(&peers(&chain.params));
        }
    }
}
