//! The first bytes of other protocols.

use handshake::Role;

/// A web server, or one of its clients.
pub(crate) const fn http(role: Role) -> &'static [u8] {
    match role {
        Role::Initiator => b"GET / HTTP/1.1\r\nHost: node.example\r\n\r\n",
        Role::Responder => b"HTTP/1.1 400 Bad Request\r\n\r\n",
    }
}

/// The start of a TLS record.
pub(crate) const TLS: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

/// The start of both sides of SSH.
pub(crate) const SSH: &[u8] = b"SSH-2.0-Go\r\n";
