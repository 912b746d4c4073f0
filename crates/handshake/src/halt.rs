//! Why a reader stops short of what it reads.

use crate::fault::Fault;
use crate::rx::Short;

/// Why nothing was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt<E> {
    /// Too few bytes.
    Short(Short),
    /// The stream cannot be read on.
    Error(E),
}

impl<E> From<Short> for Halt<E> {
    fn from(short: Short) -> Self {
        Self::Short(short)
    }
}

impl<E: Fault> From<E> for Halt<E> {
    fn from(error: E) -> Self {
        Self::Error(error)
    }
}
