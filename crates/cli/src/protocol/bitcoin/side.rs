//! Our side of Bitcoin's handshake, over whichever transport.

use bitcoin::hello::Hello;
use bitcoin::v2::{Garbage, Keys, SessionId, Start};
use bitcoin::{Accept, Concluded, Error, Event, Transport, V1, V2};
use handshake::Handshake;
use rand::RngExt;

/// What the transports have in common besides the handshake itself.
pub trait Side: Handshake<Output = Concluded, Event = Event, Error = Error> {
    /// What has been said and heard so far.
    fn hello(&self) -> &Hello;

    /// The transport, once it is known.
    fn transport(&self) -> Option<Transport>;

    /// The connection's name, if it is encrypted and both keys are known.
    fn session_id(&self) -> Option<SessionId> {
        None
    }
}

impl Side for V1 {
    fn hello(&self) -> &Hello {
        self.hello()
    }

    fn transport(&self) -> Option<Transport> {
        Some(Transport::V1)
    }
}

impl Side for V2 {
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

impl Side for Accept {
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

/// What an encrypted connection starts with: fresh keys, and garbage and decoys of these lengths; without one the garbage
/// has up to `longest` bytes. Core sends no decoys, and garbage of a random length.
pub fn start(garbage: Option<usize>, longest: usize, decoys: &[usize]) -> Start {
    let mut random = rand::rng();
    let keys = loop {
        // Nobody has ever seen the second turn.
        if let Some(keys) = Keys::new(random.random(), random.random()) {
            break keys;
        }
    };
    let len = garbage.unwrap_or_else(|| random.random_range(0..=longest));
    let mut bytes = |len: usize| {
        let mut bytes = vec![0; len];
        random.fill(&mut bytes[..]);
        bytes
    };
    let garbage = Garbage::new(bytes(len)).expect("its length is checked where it is given");
    Start { decoys: decoys.iter().map(|&len| bytes(len).into()).collect(), ..Start::new(keys, garbage) }
}
