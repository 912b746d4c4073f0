//! The private key of a session.
//!
//! ```text
//! destination | private encryption key | private signing key        in I2P's base 64
//! ```

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use zeroize::Zeroizing;

use super::destination::{BadDestination, Destination, decode};

/// The private key of a session, which has the destination in it. Only the destination is shown. Clones share one place in
/// memory, which is erased with the last of them.
#[derive(Clone)]
pub struct PrivateKey {
    text: Arc<Zeroizing<Box<str>>>,
    destination: Destination,
}

impl PrivateKey {
    /// Reads I2P's base 64. The parts behind the destination are known to the router alone.
    ///
    /// # Errors
    /// [`BadDestination`] if it is another text, or does not start with a destination.
    pub fn parse(text: &[u8]) -> Result<Self, BadDestination> {
        let destination = Destination::of_private_key(&decode(text)?)?;
        let text = str::from_utf8(text).map_err(|_| BadDestination::Base64)?;
        Ok(Self { text: Arc::new(Zeroizing::new(text.into())), destination })
    }

    /// The destination that it stands for.
    #[must_use]
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// The secret, in I2P's base 64: for a file that only we can read.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey(.., {})", self.destination.hash())
    }
}
