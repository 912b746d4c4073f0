//! Our side of Bitcoin's handshake, over either transport.

use bitcoin::attempt::MAX_RANDOM_GARBAGE;
use bitcoin::hello::Hello;
use bitcoin::v2::{Garbage, SessionId, Start};
use bitcoin::{Accept, Concluded, Error, Event, Transport, TransportAttempt, V1, V2};
use handshake::Handshake;
use rand::RngExt;

/// What the transports share besides the handshake itself.
pub trait Handshaking: Handshake<Output = Concluded, Event = Event, Error = Error> {
    /// The introductions so far.
    fn hello(&self) -> &Hello;

    /// The transport, once it is known.
    fn transport(&self) -> Option<Transport>;

    /// The session id, if the connection is encrypted and both keys are known.
    fn session_id(&self) -> Option<SessionId> {
        None
    }
}

impl Handshaking for V1 {
    fn hello(&self) -> &Hello {
        self.hello()
    }

    fn transport(&self) -> Option<Transport> {
        Some(Transport::V1)
    }
}

impl Handshaking for V2 {
    fn hello(&self) -> &Hello {
        self.hello()
    }

    fn transport(&self) -> Option<Transport> {
        Some(Transport::V2)
    }

    fn session_id(&self) -> Option<SessionId> {
        self.session_id()
    }
}

impl Handshaking for Accept {
    fn hello(&self) -> &Hello {
        self.hello()
    }

    fn transport(&self) -> Option<Transport> {
        self.transport()
    }

    fn session_id(&self) -> Option<SessionId> {
        self.session_id()
    }
}

/// The start of an encrypted connection: fresh keys, garbage of this length, and decoys of these lengths. Without a
/// length, the garbage is as long as the plan allows.
pub fn start(garbage: Option<usize>, plan: Option<TransportAttempt>, decoys: &[usize]) -> Start {
    let mut fill = |bytes: &mut [u8]| rand::rng().fill(bytes);
    let longest = plan.map_or(MAX_RANDOM_GARBAGE, TransportAttempt::max_garbage);
    let mut start = Start::random(garbage.map_or(longest, |_| 0), &mut fill);
    let random = |len: usize| {
        let mut bytes = vec![0; len];
        fill(&mut bytes);
        bytes
    };
    if let Some(len) = garbage {
        start.garbage = Garbage::new(random(len)).expect("its length is checked where it is given");
    }
    start.decoys = decoys.iter().map(|&len| random(len).into()).collect();
    start
}
