//! Encryption and decryption of packets of the encrypted transport (BIP324), compared with the independent crate
//! `bip324`.
//!
//! Each side decrypts the other's packets, so both do the same work.

use bip324::{CipherSession, GarbageResult, Handshake, PacketType, VersionResult};
use bitcoin::Chain;
use bitcoin::v2::cipher::OVERHEAD;
use bitcoin::v2::keys::TERMINATOR_LEN;
use bitcoin::v2::{Keys, Open, Packet, Seal};
use handshake::{Role, Rx};

use crate::Result;
use crate::compare::{Findings, Runs};
use crate::cost::cpu_of;
use crate::flights::CHAIN;
use crate::program::print_machine;

/// The least ratio of our speed to the other's.
const LEAST_SPEED: f64 = 1.0;

/// The measured sizes: name, bytes of a packet's contents, and packets in a batch. A batch stays in the CPU's cache.
const SIZES: [(&str, usize, usize); 2] = [("1 MiB", 1 << 20, 1), ("250 bytes", 250, 4096)];

/// Batches in each round.
const BATCHES: usize = 32;

/// Encrypts and decrypts alternately.
pub fn measure(rounds: usize) -> Result<Findings> {
    print_machine()?;
    let mut findings = Findings::default();
    for (size, len, packets) in SIZES {
        println!("{size}: {} packets, {rounds} rounds", packets * BATCHES);
        let mut ends = Ends::meet(len, packets);
        // The first round runs with cold caches.
        ends.round();
        let rounds: Vec<_> = (0..rounds).map(|_| ends.round()).collect();
        compare("seal", size, len, rounds.iter().map(|round| round.seal), &mut findings);
        compare("open", size, len, rounds.iter().map(|round| round.open), &mut findings);
    }
    Ok(findings)
}

fn compare(what: &str, size: &str, len: usize, times: impl Iterator<Item = Times> + Clone, findings: &mut Findings) {
    #[expect(clippy::cast_precision_loss, reason = "it is less than 2^53")]
    let rate = |time: f64| len as f64 / time;
    let ours: Runs = times.clone().map(|times| rate(times.ours)).collect();
    let theirs: Runs = times.clone().map(|times| rate(times.theirs)).collect();
    println!("{what} {size}: {ours:.0} MB/s; bip324: {theirs:.0} MB/s");
    let ratios = times.map(|times| times.theirs / times.ours).collect();
    findings.at_least(LEAST_SPEED, &format!("{what} {size}, speed by that of bip324"), &ratios);
}

/// Microseconds of CPU time for one packet.
#[derive(Clone, Copy, Default)]
struct Times {
    ours: f64,
    theirs: f64,
}

/// The times of one round.
#[derive(Clone, Copy, Default)]
struct Round {
    seal: Times,
    open: Times,
}

/// Both ends of a connection: ours is the initiator.
struct Ends {
    seal: Seal,
    open: Open,
    theirs: CipherSession,
    contents: Vec<u8>,
    packets: usize,
    to_them: Vec<u8>,
    to_us: Vec<u8>,
}

impl Ends {
    /// Ends that exchange batches of this many packets with this many bytes of contents.
    fn meet(len: usize, packets: usize) -> Self {
        let magic = Chain::named(CHAIN).expect("it is in the table").params.magic;
        let ours = Keys::new([1; 32], [2; 32]).expect("it is below the order of the curve").encode();
        let peer = Handshake::new(magic.0, bip324::Role::Responder).expect("random numbers");
        let mut key = [0; 64];
        let peer = peer.send_key(None, &mut key).expect("long enough");
        let peer = peer.receive_key(*ours.encoding()).expect("a key");
        let mut heard = [0; TERMINATOR_LEN + OVERHEAD];
        let peer = peer.send_version(&mut heard, None).expect("long enough");

        let mut session = ours.agree(Role::Initiator, &key, magic);
        let mut version_packet = Vec::new();
        session.seal.seal(&[], false, &mut version_packet, |_| {});
        session.open.read(&mut Rx::new(&mut heard[TERMINATOR_LEN..])).expect("authentic");
        session.open.wait_for(u32::try_from(len).expect("24 bits"));

        let Ok(GarbageResult::FoundGarbage { mut handshake, .. }) = peer.receive_garbage(&session.our_terminator)
        else {
            unreachable!("there is no garbage before our terminator")
        };
        let (length, body) = version_packet.split_first_chunk_mut().expect("a length");
        handshake.decrypt_packet_len(*length).expect("it is one");
        let Ok(VersionResult::Complete { cipher: theirs }) = handshake.receive_version(body) else {
            unreachable!("it is authentic, and no decoy")
        };
        let batch = packets * (OVERHEAD + len);
        Self {
            seal: session.seal,
            open: session.open,
            theirs,
            contents: vec![0x5a; len],
            packets,
            to_them: Vec::with_capacity(batch),
            to_us: vec![0; batch],
        }
    }

    fn round(&mut self) -> Round {
        let mut sum = Round::default();
        for _ in 0..BATCHES {
            sum.seal.ours += self.we_seal();
            sum.seal.theirs += self.they_seal();
            sum.open.ours += self.we_open();
            sum.open.theirs += self.they_open();
        }
        #[expect(clippy::cast_precision_loss, reason = "there are less than 2^53")]
        let mean = |sum: Times| Times { ours: sum.ours / BATCHES as f64, theirs: sum.theirs / BATCHES as f64 };
        Round { seal: mean(sum.seal), open: mean(sum.open) }
    }

    fn we_seal(&mut self) -> f64 {
        self.to_them.clear();
        cpu_of(self.packets, |_| {
            self.seal.seal(&[], false, &mut self.to_them, |tx| tx.extend_from_slice(&self.contents));
        })
    }

    fn they_seal(&mut self) -> f64 {
        let mut places = self.to_us.chunks_exact_mut(OVERHEAD + self.contents.len());
        let cipher = self.theirs.outbound();
        cpu_of(self.packets, |_| {
            let place = places.next().expect("there is one for each");
            cipher.encrypt(&self.contents, place, PacketType::Genuine, None).expect("long enough");
        })
    }

    fn we_open(&mut self) -> f64 {
        let mut rx = Rx::new(&mut self.to_us);
        cpu_of(self.packets, |_| {
            let packet = self.open.read(&mut rx).expect("authentic");
            assert_eq!(packet, Packet::Whole { ignore: false, contents: &self.contents });
        })
    }

    fn they_open(&mut self) -> f64 {
        let mut packets = self.to_them.chunks_exact_mut(OVERHEAD + self.contents.len());
        let cipher = self.theirs.inbound();
        cpu_of(self.packets, |_| {
            let (length, body) =
                packets.next().expect("there is one for each").split_first_chunk_mut().expect("3 bytes");
            assert_eq!(cipher.decrypt_packet_len(*length), body.len());
            let (kind, opened) = cipher.decrypt_in_place(body, None).expect("authentic");
            assert_eq!((kind, &opened[1..]), (PacketType::Genuine, &*self.contents));
        })
    }
}
