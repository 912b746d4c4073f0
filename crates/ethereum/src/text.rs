//! Text that a peer chose: a client's name, a capability's.

pub use handshake::Text;
