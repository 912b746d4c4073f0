//! User and password: those of a proxy, and those by which Tor keeps connections apart. (RFC 1929)
//!
//! ```text
//! 01 | length 1 | user | length 1 | password
//! ```

use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use handshake::{Hex, Printable};
use zeroize::Zeroizing;

/// Bytes of a user or a password; at least 1. (RFC 1929, 2)
pub const MAX_WORD: usize = 255;

/// The version of this part of SOCKS, which is another than that of SOCKS itself.
pub(super) const VERSION: u8 = 1;

/// User and password of a proxy. Clones share one place in memory, which is erased with the last of them.
#[derive(Clone)]
pub struct Credentials(Arc<Pair>);

struct Pair {
    user: Box<[u8]>,
    password: Zeroizing<Box<[u8]>>,
}

/// A user and a password.
#[derive(Clone, Copy)]
pub struct UserPassword<'a> {
    /// The user.
    pub user: &'a [u8],
    /// The password.
    pub password: &'a [u8],
}

impl Credentials {
    /// User and password, each of 1 to [`MAX_WORD`] bytes.
    ///
    /// # Errors
    /// [`BadLength`] if one of them is empty or longer.
    pub fn new(pair: UserPassword<'_>) -> Result<Self, BadLength> {
        check("user", pair.user)?;
        check("password", pair.password)?;
        Ok(Self(Arc::new(Pair { user: pair.user.into(), password: Zeroizing::new(pair.password.into()) })))
    }

    pub(super) fn write(&self, tx: &mut Vec<u8>) {
        write(UserPassword { user: &self.0.user, password: &self.0.password }, tx);
    }
}

/// The user alone.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials(\"{}\", ..)", Printable(&self.0.user))
    }
}

/// The password is left out.
impl fmt::Debug for UserPassword<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserPassword(\"{}\", ..)", Printable(self.user))
    }
}

/// Keeps connections through Tor apart: connections of different words share no circuit.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Isolation(Box<[u8]>);

impl Isolation {
    /// The user by which Tor knows that the password is a word of isolation. Before 0.4.9.1 it takes both as any user and
    /// password, with the same effect. (socks-extensions: `<torS0X>`, format `0`)
    const USER: &'static [u8] = b"<torS0X>0";

    /// The word of one connection, unlike all others: random bytes of this run, and a number within it.
    #[must_use]
    pub fn numbered(run: [u8; 8], number: u64) -> Self {
        Self(format!("{}-{number}", Hex(&run)).into_bytes().into())
    }

    /// A word of 1 to [`MAX_WORD`] bytes.
    ///
    /// # Errors
    /// [`BadLength`] if it is empty or longer.
    pub fn new(word: &[u8]) -> Result<Self, BadLength> {
        check("word of isolation", word)?;
        Ok(Self(word.into()))
    }

    pub(super) fn write(&self, tx: &mut Vec<u8>) {
        write(UserPassword { user: Self::USER, password: &self.0 }, tx);
    }
}

impl fmt::Debug for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Isolation(\"{}\")", Printable(&self.0))
    }
}

/// A word of credentials that is empty or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {what} of {len} bytes; SOCKS5 has room for 1 to {MAX_WORD}")]
pub struct BadLength {
    /// The word's name: `user`, `password`.
    pub what: &'static str,
    /// Its length in bytes.
    pub len: usize,
}

fn check(what: &'static str, word: &[u8]) -> Result<(), BadLength> {
    match word.len() {
        1..=MAX_WORD => Ok(()),
        len => Err(BadLength { what, len }),
    }
}

fn write(pair: UserPassword<'_>, tx: &mut Vec<u8>) {
    tx.push(VERSION);
    for word in [pair.user, pair.password] {
        tx.push(u8::try_from(word.len()).expect("at most 255 bytes, by its constructor"));
        tx.extend_from_slice(word);
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec::Vec;

    use super::{BadLength, Credentials, Isolation, UserPassword};

    #[test]
    fn words_have_1_to_255_bytes() {
        let long = [b'x'; 256];
        let new = |user, password| Credentials::new(UserPassword { user, password }).map(|_| ());
        assert_eq!(new(b"u", b"p"), Ok(()));
        assert_eq!(new(&long[..255], &long[..255]), Ok(()));
        for len in [0, 256] {
            assert_eq!(new(&long[..len], b"p"), Err(BadLength { what: "user", len }));
            assert_eq!(new(b"u", &long[..len]), Err(BadLength { what: "password", len }));
            assert_eq!(Isolation::new(&long[..len]), Err(BadLength { what: "word of isolation", len }));
        }
        assert!(Isolation::new(&long[..255]).is_ok());
    }

    #[test]
    fn a_password_is_written_and_never_shown() {
        let pair = UserPassword { user: b"al\x1bice", password: b"secret" };
        let credentials = Credentials::new(pair).unwrap();
        let mut tx = Vec::new();
        credentials.write(&mut tx);
        assert_eq!(tx, b"\x01\x06al\x1bice\x06secret");
        assert_eq!(format!("{credentials:?}"), "Credentials(\"al\\x1bice\", ..)");
        assert_eq!(format!("{pair:?}"), "UserPassword(\"al\\x1bice\", ..)");
    }

    #[test]
    fn a_numbered_word_is_another_for_each_number_and_run() {
        let mut tx = Vec::new();
        Isolation::numbered([0xab; 8], u64::MAX).write(&mut tx);
        assert_eq!(tx, b"\x01\x09<torS0X>0\x25abababababababab-18446744073709551615");
        assert_ne!(Isolation::numbered([0; 8], 1), Isolation::numbered([0; 8], 2));
        assert_ne!(Isolation::numbered([0; 8], 1), Isolation::numbered([1; 8], 1));
    }
}
