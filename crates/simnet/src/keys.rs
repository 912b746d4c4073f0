//! The secret keys of peers that are named by their public ones, in any protocol.

/// The key of the side that callers call: they know its public key, and have a recording of another caller's handshake
/// with it.
pub const CALLED_KEY: [u8; 32] = [0x11; 32];

/// The key of a peer, or another one.
pub(crate) fn key(its_own: bool) -> [u8; 32] {
    [if its_own { 0x42 } else { 0x24 }; 32]
}

/// The key of the called side, or another one.
pub(crate) fn called_key(its_own: bool) -> [u8; 32] {
    if its_own { CALLED_KEY } else { key(false) }
}
