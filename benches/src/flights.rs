//! The bytes of a handshake between verack and a peer that behaves like a real node.

use std::time::{SystemTime, UNIX_EPOCH};

use bitcoin::{Chain, Local, Services, UserAgent, V1};
use handshake::{Conversation, Rx, Step};

/// The network of all measurements here.
pub const CHAIN: &str = "bitcoin-regtest";

/// The bytes of one handshake: each flight is one write.
pub struct Flights {
    /// The initiator's `version`.
    pub version: Vec<u8>,
    /// The responder's `version`, `wtxidrelay`, `sendaddrv2` and `verack`.
    pub answer: Vec<u8>,
    /// The initiator's `wtxidrelay`, `sendaddrv2` and `verack`.
    pub reply: Vec<u8>,
}

impl Flights {
    /// Runs both sides in memory.
    pub fn new() -> Self {
        let (mut ours, mut theirs) = (V1::initiator(ours()), V1::responder(theirs()));
        let mut version = say(&mut ours, &mut []);
        let mut answer = say(&mut theirs, &mut version);
        let reply = say(&mut ours, &mut answer);
        Self { version, answer, reply }
    }
}

/// Our side, with the default introduction of `verack`.
pub fn ours() -> Local {
    let mut local = local(1);
    local.version.user_agent = user_agent(concat!("/verack:", env!("CARGO_PKG_VERSION"), "/"));
    local
}

/// The peer's side: a node with the whole chain.
pub fn theirs() -> Local {
    let mut local = local(2);
    local.version.services = Services(0xc09);
    local.version.user_agent = user_agent("/Satoshi:29.0.0/");
    local.version.start_height = Some(900_000);
    local
}

fn local(nonce: u64) -> Local {
    let chain = Chain::named(CHAIN).expect("it is in the table");
    // A wrong clock would give a remark.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    Local::new(chain.params, now.as_secs().cast_signed(), nonce, [0; 32])
}

fn user_agent(text: &str) -> UserAgent {
    UserAgent::new(text.as_bytes()).expect("it is short")
}

/// The bytes that a side sends after it has received these.
fn say(side: &mut V1, heard: &mut [u8]) -> Vec<u8> {
    let mut said = Vec::new();
    let mut rx = Rx::new(heard);
    while let Step::Event(_) = side.step(&mut rx, &mut said).expect("both sides keep to the protocol") {}
    said
}
