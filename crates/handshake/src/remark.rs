//! What is unusual about a peer whose handshake concluded.

use alloc::string::String;

/// One unusual act of the peer, or one doubt about the result. It does not change the outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// A stable code, `<protocol>.<what>`: `bitcoin.trailing-bytes`.
    pub code: &'static str,
    /// One plain sentence without its subject, the peer: `sent 33 bytes behind its version`. Safe to print.
    pub detail: String,
}
