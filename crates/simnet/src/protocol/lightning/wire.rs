//! The bytes of Lightning nodes: their keys, and valid messages for scripts to modify.

use lightning::message::Notice;
use lightning::{Chain, Channel, Features, Init, Kind, Local, Message, SecretKey};

use crate::keys;
use crate::random::Random;

/// The key of a node, or another one.
pub(super) fn key(its_own: bool) -> SecretKey {
    secret(keys::key(its_own))
}

/// The key of the called side, or another one.
pub(super) fn called_key(its_own: bool) -> SecretKey {
    secret(keys::called_key(its_own))
}

fn secret(key: [u8; 32]) -> SecretKey {
    SecretKey::new(key).expect("less than the order of the curve")
}

/// A message, encrypted.
pub(super) fn sealed(channel: &mut Channel, message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    channel.seal.seal(&mut bytes, |tx| tx.extend_from_slice(message));
    bytes
}

/// A whole node, with this introduction.
pub(super) fn node(init: &Init, turn: usize) -> Local {
    Local { static_key: key(true), ephemeral_key: ephemeral(turn), init: init.clone() }
}

/// The fresh key of each conversation.
pub(super) fn ephemeral(turn: usize) -> SecretKey {
    let bytes = Random::new(turn as u64).bytes(32);
    SecretKey::new(*bytes.first_chunk().expect("32 bytes")).expect("one in 2^128 is no secret key")
}

/// The introduction of a node with these features.
pub(super) fn introduction(features: &[u16]) -> Init {
    let regtest = Chain::named("bitcoin-regtest").expect("it is in the table");
    Init { features: Features::of(features), networks: vec![regtest.hash], ..Init::default() }
}

/// The features of current nodes, some of them required.
pub(super) const USUAL: &[u16] = &[0, 5, 7, 8, 11, 12, 14, 17, 19, 23, 25, 27, 39, 45, 47, 51];

/// A message's bytes.
pub(super) fn bytes(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.write(&mut bytes);
    bytes
}

/// An init's bytes.
pub(super) fn init(init: Init) -> Vec<u8> {
    bytes(&Message::Init(init))
}

/// A gossip message with this many bytes after its type.
pub(super) fn gossip_of(len: usize) -> Vec<u8> {
    [bytes(&Message::Other { kind: Kind::GOSSIP_TIMESTAMP_FILTER, len: 0 }), vec![0; len]].concat()
}

/// The text of an error or a warning.
pub(super) fn notice(text: &[u8]) -> Notice {
    Notice::on_all_channels(text).expect("scripts say a few words")
}
