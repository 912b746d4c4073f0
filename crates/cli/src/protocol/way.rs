//! The ways in which a handshake can be had: a protocol, over one of its transports.

use std::net::SocketAddr;
use std::slice;
use std::time::Duration;

use tokio::net::TcpStream;

use super::bitcoin::{Bitcoin, Carrier, Known};
use super::ethereum::Ethereum;
use super::libp2p::Libp2p;
use super::lightning::Lightning;
use super::monero::Monero;
use super::{Part, Shaken, Times, Tracer, Transport, Whom};

/// Our side in a protocol, and what is to carry it.
#[derive(Clone, Copy, Debug)]
pub enum Way<'p> {
    /// Bitcoin, over one of its transports.
    Bitcoin(&'p Bitcoin, Carrier),
    /// Ethereum.
    Ethereum(&'p Ethereum),
    /// Lightning.
    Lightning(&'p Lightning),
    /// libp2p.
    Libp2p(&'p Libp2p),
    /// Monero.
    Monero(&'p Monero),
}

impl<'p> Way<'p> {
    /// What carries it.
    pub fn transport(self) -> Transport {
        match self {
            Self::Bitcoin(_, carrier) => Transport::Bitcoin(carrier.transport()),
            Self::Ethereum(_) => Transport::Rlpx,
            Self::Lightning(_) => Transport::Bolt8,
            Self::Libp2p(_) => Transport::Noise,
            Self::Monero(_) => Transport::Levin,
        }
    }

    /// Whether it begins with a key of Bitcoin's encrypted transport, which nodes limit.
    pub fn begins_with_key(self) -> bool {
        self.transport() == Transport::Bitcoin(Some(bitcoin::Transport::V2))
    }

    /// Has the handshake over a connection.
    pub async fn shake(
        self,
        part: Part<'_>,
        stream: TcpStream,
        peer: SocketAddr,
        times: Times<'_>,
        tracer: Option<Tracer<'_>>,
    ) -> Shaken<'p> {
        // What many connections wait in is as large as the largest of these, so those that are rarer have their own
        // place.
        match (self, part) {
            (Self::Bitcoin(bitcoin, carrier), _) => {
                bitcoin.shake(carrier, part.role(), stream, peer, times, tracer).await
            }
            (Self::Ethereum(ethereum), Part::Dialling(Whom::Ethereum(id))) => {
                Box::pin(ethereum.shake(Some(**id), stream, times, tracer)).await
            }
            (Self::Ethereum(ethereum), _) => Box::pin(ethereum.shake(None, stream, times, tracer)).await,
            (Self::Lightning(lightning), Part::Dialling(Whom::Lightning(id))) => {
                Box::pin(lightning.shake(Some(**id), stream, peer, times, tracer)).await
            }
            (Self::Lightning(lightning), _) => Box::pin(lightning.shake(None, stream, peer, times, tracer)).await,
            (Self::Libp2p(libp2p), _) => {
                let whom = match part {
                    Part::Dialling(Whom::Libp2p(peer_id)) => Some(peer_id.as_deref().cloned()),
                    Part::Dialling(_) => Some(None),
                    Part::Accepting => None,
                };
                Box::pin(libp2p.shake(whom, stream, peer, times, tracer)).await
            }
            (Self::Monero(monero), _) => Box::pin(monero.shake(part, stream, times, tracer)).await,
        }
    }
}

/// Another dial, after one that failed.
#[derive(Clone, Copy, Debug)]
pub struct Again<'p> {
    /// In this way.
    pub way: Way<'p>,
    /// So long after the end of the first, at the earliest.
    pub pause: Duration,
}

/// The ways in which an address is dialled, each on a connection of its own. There is at least one.
#[derive(Clone, Debug)]
pub struct Ways<'p>(Left<'p>);

#[derive(Clone, Debug)]
enum Left<'p> {
    OfBitcoin(&'p Bitcoin, slice::Iter<'static, bitcoin::Transport>, Known),
    One(Option<Way<'p>>),
}

impl<'p> Ways<'p> {
    /// Bitcoin, over each of these, with a peer of which this is known.
    pub fn of_bitcoin(bitcoin: &'p Bitcoin, transports: &'static [bitcoin::Transport], known: Known) -> Self {
        Self(Left::OfBitcoin(bitcoin, transports.iter(), known))
    }
}

impl<'p> From<Way<'p>> for Ways<'p> {
    fn from(way: Way<'p>) -> Self {
        Self(Left::One(Some(way)))
    }
}

impl<'p> Iterator for Ways<'p> {
    type Item = Way<'p>;

    fn next(&mut self) -> Option<Way<'p>> {
        match &mut self.0 {
            Left::OfBitcoin(bitcoin, transports, known) => {
                transports.next().map(|transport| Way::Bitcoin(bitcoin, Carrier::over(*transport, *known)))
            }
            Left::One(way) => way.take(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Left::OfBitcoin(_, transports, _) => transports.size_hint(),
            Left::One(way) => (usize::from(way.is_some()), Some(usize::from(way.is_some()))),
        }
    }
}

impl ExactSizeIterator for Ways<'_> {}
