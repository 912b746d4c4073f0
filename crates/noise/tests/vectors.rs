//! The published vectors of `Noise_XX_25519_ChaChaPoly_SHA256`: see `data/README.md`.
//!
//! ```text
//! -> e
//! <- e, ee, s, es
//! -> s, se
//! ```

#![expect(clippy::unwrap_used, reason = "vectors are as they are published")]

use serde_json::Value;
use verack_noise::{CipherState, Forged, SymmetricState};
use x25519_dalek::{PublicKey, SharedSecret, StaticSecret};

#[test]
fn both_sides_say_what_is_published() {
    for vector in &vectors() {
        let [mut initiator, mut responder] = Side::both(vector);
        let messages = vector["messages"].as_array().unwrap();
        let (handshake, transport) = messages.split_at(3);
        for (n, message) in handshake.iter().enumerate() {
            let (sender, receiver) =
                if n % 2 == 0 { (&mut initiator, &mut responder) } else { (&mut responder, &mut initiator) };
            let mut said = sender.say(n, &hex(&message["payload"]));
            assert_eq!(said, hex(&message["ciphertext"]), "message {n}");
            assert_eq!(receiver.hear(n, &mut said), Ok(hex(&message["payload"])), "message {n}");
        }
        for side in [&initiator, &responder] {
            if let hash @ Value::String(_) = &vector["handshake_hash"] {
                assert_eq!(side.symmetric.handshake_hash().to_vec(), hex(hash));
            }
        }
        let (mut ours, mut theirs) = (initiator.symmetric.split(), responder.symmetric.split());
        for (n, message) in transport.iter().enumerate() {
            // The responder speaks first, after the initiator's last message.
            let direction = (n + 1) % 2;
            passes(&mut ours[direction], &mut theirs[direction], message);
        }
    }
}

#[test]
fn a_changed_byte_of_a_handshake_is_noticed_by_the_end_of_it() {
    let vector = &vectors()[0];
    for n in 0..3 {
        let message = &vector["messages"][n];
        // Positions in every part of every message; testing each byte would take long.
        for at in (0..hex(&message["ciphertext"]).len()).step_by(7) {
            assert!(!concludes(vector, n, at), "message {n}, byte {at}");
        }
    }
}

/// Whether both sides still conclude when a byte of a message is changed.
fn concludes(vector: &Value, changed: usize, at: usize) -> bool {
    let [mut initiator, mut responder] = Side::both(vector);
    for n in 0..3 {
        let (sender, receiver) =
            if n % 2 == 0 { (&mut initiator, &mut responder) } else { (&mut responder, &mut initiator) };
        let mut said = sender.say(n, &hex(&vector["messages"][n]["payload"]));
        if n == changed {
            said[at] ^= 1;
        }
        if receiver.hear(n, &mut said).is_err() {
            return false;
        }
    }
    true
}

fn passes(from: &mut CipherState, to: &mut CipherState, message: &Value) {
    let mut said = hex(&message["payload"]);
    let tag = from.encrypt_with_ad(&[], &mut said);
    said.extend_from_slice(&tag);
    assert_eq!(said, hex(&message["ciphertext"]));
    assert_eq!(to.decrypt_with_ad(&[], &mut said).unwrap(), hex(&message["payload"]));
}

/// One side of XX, as the specification writes it.
struct Side {
    symmetric: SymmetricState,
    ours: Keys<StaticSecret>,
    theirs: Keys<Option<PublicKey>>,
}

struct Keys<K> {
    e: K,
    s: K,
}

impl Side {
    fn both(vector: &Value) -> [Self; 2] {
        ["init", "resp"].map(|role| {
            let field = |name: &str| hex(&vector[format!("{role}_{name}")]);
            let key = |name| StaticSecret::from(<[u8; 32]>::try_from(field(name)).unwrap());
            let mut symmetric = SymmetricState::new(vector["protocol_name"].as_str().unwrap().as_bytes());
            symmetric.mix_hash(&field("prologue"));
            Self { symmetric, ours: Keys { e: key("ephemeral"), s: key("static") }, theirs: Keys { e: None, s: None } }
        })
    }

    fn say(&mut self, n: usize, payload: &[u8]) -> Vec<u8> {
        let mut said = Vec::new();
        if n < 2 {
            let e = PublicKey::from(&self.ours.e);
            said.extend_from_slice(e.as_bytes());
            self.symmetric.mix_hash(e.as_bytes());
        }
        if n == 1 {
            self.ee();
        }
        if n > 0 {
            self.symmetric.encrypt_and_hash(PublicKey::from(&self.ours.s).as_bytes(), &mut said);
            self.ours_s_theirs_e();
        }
        self.symmetric.encrypt_and_hash(payload, &mut said);
        said
    }

    fn hear(&mut self, n: usize, mut said: &mut [u8]) -> Result<Vec<u8>, Forged> {
        if n < 2 {
            let (e, rest) = said.split_first_chunk_mut::<32>().ok_or(Forged)?;
            self.symmetric.mix_hash(e);
            self.theirs.e = Some(PublicKey::from(*e));
            said = rest;
        }
        if n == 1 {
            self.ee();
        }
        if n > 0 {
            let (s, rest) = said.split_first_chunk_mut::<48>().ok_or(Forged)?;
            let s: [u8; 32] = self.symmetric.decrypt_and_hash(s)?.try_into().expect("48 without the tag");
            self.theirs.s = Some(PublicKey::from(s));
            self.ours_e_theirs_s();
            said = rest;
        }
        self.symmetric.decrypt_and_hash(said).map(|payload| payload.to_vec())
    }

    fn ee(&mut self) {
        self.mix(&self.ours.e.diffie_hellman(&self.theirs.e.expect("it was heard")));
    }

    fn ours_s_theirs_e(&mut self) {
        self.mix(&self.ours.s.diffie_hellman(&self.theirs.e.expect("it was heard")));
    }

    fn ours_e_theirs_s(&mut self) {
        self.mix(&self.ours.e.diffie_hellman(&self.theirs.s.expect("it was heard")));
    }

    fn mix(&mut self, secret: &SharedSecret) {
        self.symmetric.mix_key(secret.as_bytes());
    }
}

fn vectors() -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("data/noise_xx_25519_chachapoly_sha256.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap().clone();
    assert_eq!(vectors.len(), 2);
    vectors
}

fn hex(digits: &Value) -> Vec<u8> {
    testing::hex(digits.as_str().expect("text"))
}
