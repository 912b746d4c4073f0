//! What a scripted peer does: acts that know no protocol, and those of its own protocol between them.
//!
//! ```text
//!   [Keys, Introduce(hello), Say(bytes), Close]
//!    ╰─────── own ───────╯  ╰──── plain ────╯
//! ```

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::iter;
use std::net::SocketAddr;
use std::slice;
use std::time::Duration;

use async_trait::async_trait;
use handshake::Role;

use crate::line::Line;
use crate::rhythm::Rhythm;

/// An act that knows no protocol. Data is sent before the peer waits for anything. After its last act a peer reads until
/// the other side leaves.
#[derive(Clone, Debug)]
pub(crate) enum Plain {
    /// Waits for a byte. A caller does not wait: the other side sends nothing before it does.
    HearAnything,
    /// Sends in this rhythm from here on.
    Pace(Rhythm),
    /// Sends this.
    Say(Vec<u8>),
    /// Sends each of these in its own write, with a pause after it.
    SayApart(Vec<Vec<u8>>),
    /// Sends this in two writes, split one byte further on in each conversation.
    SayCut(Vec<u8>),
    /// Sends this byte by byte, with this pause.
    Drip(Vec<u8>, Duration),
    /// Sends all received bytes back.
    Echo,
    /// Sends this again and again.
    Flood(Vec<u8>),
    /// Does nothing for this long.
    Wait(Duration),
    /// Closes.
    Close,
    /// Closes with an RST, even with unread input.
    Reset,
}

/// The script of a peer that does nothing.
pub(crate) const NOTHING: [Plain; 0] = [];

/// An act of a protocol's own.
pub(crate) trait Act: fmt::Debug + Send + Sync + 'static {
    /// What a peer remembers in a conversation, such as its keys.
    type Memory: Send;

    /// The memory at the start of a conversation.
    fn remember(line: &Line) -> Self::Memory;

    /// Performs it.
    ///
    /// # Errors
    /// If the other side leaves, or sends data that ends the script.
    fn perform(&self, line: &mut Line, memory: &mut Self::Memory) -> impl Future<Output = io::Result<()>> + Send;

    /// A peer at this address, as a user names it: with its own key, or with another.
    fn target(address: SocketAddr, _rightly_named: bool) -> String {
        address.to_string()
    }
}

/// For a protocol whose peers need no acts of their own.
impl Act for Infallible {
    type Memory = ();

    fn remember(_: &Line) {}

    async fn perform(&self, _: &mut Line, (): &mut ()) -> io::Result<()> {
        match *self {}
    }
}

/// An act of a script.
#[derive(Clone, Debug)]
pub(crate) enum Step<A> {
    Plain(Plain),
    Own(A),
}

impl<A> From<Plain> for Step<A> {
    fn from(act: Plain) -> Self {
        Self::Plain(act)
    }
}

impl<A: Act> From<A> for Step<A> {
    fn from(act: A) -> Self {
        Self::Own(act)
    }
}

/// An act, and those after it.
pub(crate) fn then<A: Act>(
    first: impl Into<Step<A>>,
    acts: impl IntoIterator<Item: Into<Step<A>>>,
) -> impl Iterator<Item = Step<A>> {
    iter::once(first.into()).chain(acts.into_iter().map(Into::into))
}

/// The acts of a script, of both kinds.
macro_rules! acts {
    ($($act:expr),* $(,)?) => {
        [$($crate::script::Step::from($act)),*]
    };
}

pub(crate) use acts;

/// A script of any protocol.
#[async_trait]
pub(crate) trait Script: fmt::Debug + Send + Sync {
    /// Acts until the script is over and the other side has left.
    ///
    /// # Errors
    /// If the other side leaves first, or sends data that ends the script.
    async fn play(&self, line: Line) -> io::Result<()>;

    /// A peer at this address, as a user names it: with its own key, or with another.
    fn target(&self, address: SocketAddr, rightly_named: bool) -> String;
}

/// The script of a peer of one protocol.
#[derive(Debug)]
pub(crate) struct Steps<A>(pub(crate) Box<[Step<A>]>);

#[async_trait]
impl<A: Act> Script for Steps<A> {
    async fn play(&self, mut line: Line) -> io::Result<()> {
        let mut memory = A::remember(&line);
        for step in &self.0 {
            match step {
                Step::Own(act) => act.perform(&mut line, &mut memory).await?,
                Step::Plain(act) => match act {
                    Plain::HearAnything if line.role == Role::Initiator => {}
                    Plain::HearAnything => line.read().await?,
                    Plain::Pace(rhythm) => line.rhythm = *rhythm,
                    Plain::Say(bytes) => line.say(bytes.clone()),
                    Plain::SayApart(pieces) => line.say_in(Rhythm::Apart, pieces).await?,
                    Plain::SayCut(bytes) => line.say_in(Rhythm::Cut, slice::from_ref(bytes)).await?,
                    Plain::Drip(bytes, pause) => line.drip(bytes, *pause).await?,
                    Plain::Echo => return line.echo().await,
                    Plain::Flood(bytes) => return line.flood(|words| words.extend_from_slice(bytes)).await,
                    Plain::Wait(time) => line.wait(*time).await?,
                    Plain::Close => return line.send().await,
                    Plain::Reset => return line.reset().await,
                },
            }
        }
        line.listen().await
    }

    fn target(&self, address: SocketAddr, rightly_named: bool) -> String {
        A::target(address, rightly_named)
    }
}
