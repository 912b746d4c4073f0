//! Why a reader returns nothing.

use crate::Step;
use crate::fault::Fault;
use crate::rx::Short;

/// Why nothing was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError<E> {
    /// Too few bytes.
    Short(Short),
    /// The stream cannot be read on.
    Error(E),
}

impl<E> ReadError<E> {
    /// Converts it for the [`Handshake`](crate::Handshake) that reads: too few bytes become [`Step::Need`], not an
    /// error.
    ///
    /// # Errors
    /// If the stream cannot be read on.
    pub fn into_step<V, T>(self) -> Result<Step<V, T>, E> {
        match self {
            Self::Short(Short(missing)) => Ok(Step::Need(missing)),
            Self::Error(error) => Err(error),
        }
    }
}

impl<E> From<Short> for ReadError<E> {
    fn from(short: Short) -> Self {
        Self::Short(short)
    }
}

impl<E: Fault> From<E> for ReadError<E> {
    fn from(error: E) -> Self {
        Self::Error(error)
    }
}
