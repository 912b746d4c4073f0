//! A scripted libp2p node's side of Noise: valid except for its payload.

use std::io;

use handshake::Role;
use libp2p::channel::{Channel, with_length};
use libp2p::multistream::{self, HEADER, NOISE};
use libp2p::xx::{Initiator, Responder};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::connection::Wire;
use crate::protocol::libp2p::catalogue::local;

/// Runs Noise with this payload.
///
/// # Errors
/// If the other side leaves, or breaks the protocol.
pub(crate) async fn shake(stream: &mut Wire, role: Role, payload: &[u8]) -> io::Result<Channel> {
    let mut names = Vec::new();
    [HEADER, NOISE].iter().for_each(|name| multistream::write(name, &mut names));
    let (s, e) = (local().static_key, local().ephemeral_key);
    let mut said = names.clone();
    let transport = match role {
        Role::Initiator => {
            let awaits = with_length(&mut said, |tx| Initiator::new(&[], s, e).one(&[], tx));
            stream.write_all(&said).await?;
            hear_names(stream, &names).await?;
            let mut two = hear_message(stream).await?;
            let (says, _) = awaits.two(&mut two).map_err(io::Error::other)?;
            let mut three = Vec::new();
            let transport = with_length(&mut three, |tx| says.three(payload, tx)).map_err(io::Error::other)?;
            stream.write_all(&three).await?;
            transport
        }
        Role::Responder => {
            hear_names(stream, &names).await?;
            let mut one = hear_message(stream).await?;
            let (says, _) = Responder::new(&[], s, e).one(&mut one).map_err(io::Error::other)?;
            let awaits = with_length(&mut said, |tx| says.two(payload, tx)).map_err(io::Error::other)?;
            stream.write_all(&said).await?;
            let mut three = hear_message(stream).await?;
            let (transport, _) = awaits.three(&mut three).map_err(io::Error::other)?;
            transport
        }
    };
    Ok(Channel::new(transport.seal, transport.open))
}

async fn hear_names(stream: &mut Wire, names: &[u8]) -> io::Result<()> {
    let mut heard = vec![0; names.len()];
    stream.read_exact(&mut heard).await?;
    if heard == names { Ok(()) } else { Err(io::Error::other("it does not speak Noise")) }
}

async fn hear_message(stream: &mut Wire) -> io::Result<Vec<u8>> {
    let len = stream.read_u16().await?;
    let mut message = vec![0; len.into()];
    stream.read_exact(&mut message).await?;
    Ok(message)
}
