//! The crate `bip324`, an independent implementation, as the peer in both roles: each time with other keys, other
//! lengths of garbage and other decoys.

mod common;

use bip324::{CipherSession, GarbageResult, Handshake, Initialized, PacketType, ReceivedKey, VersionResult};
use common::{ROLES, local, params, version};
use handshake::Role;
use testing::feed;
use verack_bitcoin::v2::keys::KEY_LEN;
use verack_bitcoin::v2::{Garbage, Keys, MAX_GARBAGE_LEN, Start, contents};
use verack_bitcoin::version::Tail;
use verack_bitcoin::{Concluded, Message, V2};

#[test]
fn a_hundred_of_a_hundred_handshakes_conclude_in_each_role() {
    for role in ROLES {
        for n in 0..100 {
            let (concluded, session_id) = meet(role, n);
            assert_eq!(concluded.agreed.version, version("bitcoin"), "{role:?}, {n}");
            assert_eq!(concluded.channel.session_id.expect("encrypted").0, session_id);
        }
    }
}

/// Our result, and the peer's session id.
fn meet(role: Role, n: usize) -> (Concluded, [u8; 32]) {
    // The shortest, the longest, and lengths spread between them.
    let garbage = |step: usize| vec![0xa5; if n == 99 { MAX_GARBAGE_LEN } else { n * step % (MAX_GARBAGE_LEN + 1) }];
    let (our_garbage, their_garbage) = (garbage(41), garbage(97));
    let decoys: Vec<Vec<u8>> = (0..n % 4).map(|decoy| vec![7; decoy * n]).collect();
    let piece = n * 13 + 1;

    let byte = u8::try_from(n).expect("below 100");
    let start = Start {
        keys: Keys::new([byte + 1; 32], [role as u8; 32]).expect("a secret key"),
        garbage: Garbage::new(our_garbage).expect("at most 4095 bytes"),
        decoys: decoys.iter().map(|decoy| decoy.as_slice().into()).collect(),
    };
    let mut ours = V2::new(role, local("bitcoin"), start);
    let mut said = feed(&mut ours, [&[][..]]).sent;

    let peer = Handshake::<Initialized>::new(params("bitcoin").magic.0, opposite(role)).expect("random numbers");
    let mut heard = vec![0; KEY_LEN + their_garbage.len()];
    let peer = peer.send_key(Some(&their_garbage), &mut heard).expect("long enough");
    let peer = peer.receive_key(*said.first_chunk().expect("our key")).expect("a key");
    let decoys: Vec<&[u8]> = decoys.iter().map(Vec::as_slice).collect();
    let mut packets = vec![0; Handshake::<ReceivedKey<'_>>::send_version_len(Some(&decoys))];
    let peer = peer.send_version(&mut packets, Some(&decoys)).expect("long enough");
    heard.append(&mut packets);
    said.extend(feed(&mut ours, heard.chunks(piece)).sent);

    let GarbageResult::FoundGarbage { handshake, consumed_bytes } =
        peer.receive_garbage(&said[KEY_LEN..]).expect("our garbage has an end")
    else {
        unreachable!("our garbage has an end")
    };
    let mut rest = said[KEY_LEN + consumed_bytes..].to_vec();
    let (mut cipher, decoys_heard) = version_packet(handshake, &mut rest);
    assert_eq!(decoys_heard, n % 4);

    let mut answer = Vec::new();
    for message in [Message::Version(version("bitcoin")), Message::Verack] {
        let mut contents = Vec::new();
        contents::write_name(message.command(), &mut contents);
        message.write(&Tail::None, &mut contents);
        answer.extend(cipher.outbound().encrypt_to_vec(&contents, PacketType::Genuine, None));
    }
    let ended = feed(&mut ours, answer.chunks(piece));
    rest.extend(ended.sent);
    assert_eq!(messages(&mut cipher, &mut rest), ["version", "wtxidrelay", "sendaddrv2", "verack"]);
    (ended.result.expect("over").expect("no fault"), *cipher.id())
}

fn opposite(role: Role) -> bip324::Role {
    match role {
        Role::Initiator => bip324::Role::Responder,
        Role::Responder => bip324::Role::Initiator,
    }
}

/// Reads our decoys and our version packet; returns the number of decoys before it.
fn version_packet(mut handshake: Handshake<bip324::ReceivedGarbage<'_>>, rest: &mut Vec<u8>) -> (CipherSession, usize) {
    for decoys in 0.. {
        let len = handshake.decrypt_packet_len(*rest.first_chunk().expect("a length")).expect("it is one");
        let mut packet: Vec<u8> = rest.drain(..3 + len).skip(3).collect();
        match handshake.receive_version(&mut packet).expect("authentic") {
            VersionResult::Complete { cipher } => return (cipher, decoys),
            VersionResult::Decoy(next) => handshake = next,
        }
    }
    unreachable!("there are not so many")
}

/// The names of the messages that we sent.
fn messages(cipher: &mut CipherSession, rest: &mut Vec<u8>) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(length) = rest.first_chunk() {
        let len = cipher.inbound().decrypt_packet_len(*length);
        let packet: Vec<u8> = rest.drain(..3 + len).skip(3).collect();
        let (kind, opened) = cipher.inbound().decrypt_to_vec(&packet, None).expect("authentic");
        assert_eq!(kind, PacketType::Genuine);
        names.push(contents::read(&opened[1..]).expect("a message").0.to_string());
    }
    names
}
