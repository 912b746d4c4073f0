//! What a proxy answers.
//!
//! ```text
//! 05 | method
//! 01 | status
//! 05 | reply | 00 | type | address | port 2         address: 4, 16, or 1 + length bytes
//! ```

use core::fmt;
use core::net::SocketAddr;

use handshake::{ReadError, Rx, Short, Text};

use super::destination::{IPV4, IPV6, NAME};
use super::error::{Awaited, Error, Malformed, Refusal};
use super::{RESERVED, VERSION, credentials};

/// How a connection is routed. It decides what the code of a reply means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// Through a proxy of which nothing else is known.
    Proxy,
    /// Through Tor and one of its exits, to a name or an IP address.
    Exit,
    /// Through Tor, to an onion service.
    Onion,
}

/// The proxy's end of the connection to the peer. Tor says `0.0.0.0:0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// An IP address.
    Ip(SocketAddr),
    /// A name of at most 255 bytes; it may be empty.
    Name {
        /// The name.
        name: Text,
        /// The port.
        port: u16,
    },
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(socket) => socket.fmt(f),
            Self::Name { name, port } => write!(f, "{name}:{port}"),
        }
    }
}

/// Bytes before the address.
const HEAD_LEN: usize = 4;

/// Bytes of a port.
const PORT_LEN: usize = 2;

/// The reply: the connection is there.
const SUCCEEDED: u8 = 0;

/// Reads the choice of a method. The first byte alone tells another protocol.
pub(super) fn method(rx: &mut Rx<'_>) -> Result<u8, ReadError<Error>> {
    if let Some(&found) = rx.rest().first()
        && found != VERSION
    {
        return Err(Error::NotSocks { found }.into());
    }
    Ok(rx.take(2)?[1])
}

/// Reads the answer to user and password.
pub(super) fn credentials_status(rx: &mut Rx<'_>) -> Result<(), ReadError<Error>> {
    match rx.rest() {
        [] | [credentials::VERSION | VERSION, ..] => {}
        [found, ..] => return Err(Malformed::CredentialsVersion(*found).into()),
    }
    match *rx.peek()? {
        [credentials::VERSION, 0] => {
            rx.take(2)?;
            Ok(())
        }
        [version, 0] => Err(Malformed::CredentialsVersion(version).into()),
        // In this place tor answers with the reply `05 01` to a user that begins with `<torS0X>` and goes on in an
        // unknown way.
        [_, status] => Err(Error::Credentials { status }.into()),
    }
}

/// Reads the reply to our request. One that reports a failure is known by its first four bytes; the address in it has no
/// meaning, and is not waited for.
pub(super) fn reply(rx: &mut Rx<'_>, route: Route) -> Result<Bound, ReadError<Error>> {
    if let Some(&found) = rx.rest().first()
        && found != VERSION
    {
        return Err(Malformed::Version(found).into());
    }
    let [_, code, reserved, kind] = *rx.peek::<HEAD_LEN>()?;
    if reserved != RESERVED {
        return Err(Malformed::Reserved(reserved).into());
    }
    if !matches!(kind, IPV4 | NAME | IPV6) {
        return Err(Malformed::AddressType(kind).into());
    }
    if code != SUCCEEDED {
        return Err(Error::Refused { code, why: Refusal::read(code, route) }.into());
    }
    let len = address_len(kind, rx.rest()).ok_or(Short(1))?;
    let message = rx.take(HEAD_LEN + len + PORT_LEN)?;
    let (address, port) = message[HEAD_LEN..].split_last_chunk().expect("taken with its port");
    let port = u16::from_be_bytes(*port);
    Ok(match kind {
        IPV4 => Bound::Ip((octets::<4>(address), port).into()),
        IPV6 => Bound::Ip((octets::<16>(address), port).into()),
        _ => Bound::Name { name: address[1..].into(), port },
    })
}

fn octets<const LEN: usize>(address: &[u8]) -> [u8; LEN] {
    address.try_into().expect("taken with the length of its type")
}

/// Bytes of the address in a reply, with the length of a name; `None` if that has not come yet.
fn address_len(kind: u8, reply: &[u8]) -> Option<usize> {
    match kind {
        IPV4 => Some(4),
        IPV6 => Some(16),
        _ => reply.get(HEAD_LEN).map(|len| 1 + usize::from(*len)),
    }
}

/// Bytes that a message has in all, if what has come of it tells.
pub(super) fn announced_len(awaited: Awaited, rest: &[u8]) -> Option<usize> {
    match awaited {
        Awaited::Method { .. } | Awaited::CredentialsStatus => Some(2),
        Awaited::Reply => {
            rest.get(HEAD_LEN - 1).and_then(|kind| address_len(*kind, rest)).map(|len| HEAD_LEN + len + PORT_LEN)
        }
    }
}
