//! A destination: the public keys by which a peer is reached in I2P.
//!
//! ```text
//! encryption key 256 | signing key 128 | certificate: type 1, length 2, length bytes        387 bytes or more
//! ```

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::name::Hash;

/// Bytes of a destination without what its certificate contains. That of an Ed25519 key has 4 bytes more.
pub const MIN_DESTINATION: usize = 387;

/// Where the length of the certificate is, in the last two bytes before its contents.
const LENGTH_AT: usize = MIN_DESTINATION - 2;

/// A destination.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Destination(Box<[u8]>);

impl Destination {
    /// Reads I2P's base 64.
    ///
    /// # Errors
    /// [`BadDestination`] if it is another text, or not as long as its certificate says.
    pub fn parse(text: &[u8]) -> Result<Self, BadDestination> {
        let bytes = decode(text)?;
        let (destination, rest) = split(&bytes)?;
        if rest.is_empty() { Ok(Self(destination.into())) } else { Err(BadDestination::Length) }
    }

    /// The destination at the start of a private key, which must have more.
    pub(super) fn of_private_key(bytes: &[u8]) -> Result<Self, BadDestination> {
        let (destination, rest) = split(bytes)?;
        if rest.is_empty() { Err(BadDestination::Length) } else { Ok(Self(destination.into())) }
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its hash, by which it is named: `….b32.i2p`.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash(Sha256::digest(&self.0).into())
    }
}

/// I2P's base 64.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: String = BASE64.encode(&self.0).chars().map(from_standard).collect();
        f.write_str(&text)
    }
}

/// Its name is short, and tells as much.
impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Destination({})", self.hash())
    }
}

/// Why a text is no destination, or no private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadDestination {
    /// It is not I2P's base 64, with `-` and `~`.
    #[error("it is not in I2P's base 64")]
    Base64,
    /// Its length is not the one that its certificate says.
    #[error("it has a wrong length")]
    Length,
}

/// The bytes of I2P's base 64, erased on drop: they may be a private key.
pub(super) fn decode(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, BadDestination> {
    let mut standard = Zeroizing::new(text.to_vec());
    for byte in standard.iter_mut() {
        *byte = match *byte {
            b'-' => b'+',
            b'~' => b'/',
            b'+' | b'/' => return Err(BadDestination::Base64),
            byte => byte,
        };
    }
    BASE64.decode(&standard).map(Zeroizing::new).map_err(|_| BadDestination::Base64)
}

/// A digit of the usual base 64 as I2P has it.
fn from_standard(digit: char) -> char {
    match digit {
        '+' => '-',
        '/' => '~',
        digit => digit,
    }
}

/// The destination at the start, and what is behind it.
fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), BadDestination> {
    let length = bytes.get(LENGTH_AT..MIN_DESTINATION).and_then(<[u8]>::first_chunk).ok_or(BadDestination::Length)?;
    bytes.split_at_checked(MIN_DESTINATION + usize::from(u16::from_be_bytes(*length))).ok_or(BadDestination::Length)
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString as _;
    use alloc::vec;
    use alloc::vec::Vec;

    use data_encoding::BASE64;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{BadDestination, Destination, MIN_DESTINATION};

    /// A destination with this certificate, and bytes behind it.
    fn bytes(certificate: &[u8], tail: &[u8]) -> Vec<u8> {
        let len = u16::try_from(certificate.len()).unwrap().to_be_bytes();
        [&[0xfb; MIN_DESTINATION - 2], &len[..], certificate, tail].concat()
    }

    fn parse(bytes: &[u8]) -> Result<Destination, BadDestination> {
        Destination::parse(BASE64.encode(bytes).replace('+', "-").replace('/', "~").as_bytes())
    }

    #[test]
    fn a_destination_is_as_long_as_its_certificate_says() {
        for certificate in [&[][..], &[0, 7, 0, 4], &[1; 2000]] {
            let whole = bytes(certificate, &[]);
            assert_eq!(parse(&whole).unwrap().as_bytes(), whole);
            for wrong in [&whole[1..], &whole[..whole.len() - 1], &bytes(certificate, &[0]), &[]] {
                assert_eq!(parse(wrong), Err(BadDestination::Length));
            }
        }
        assert_eq!(parse(&vec![0xff; 1000]), Err(BadDestination::Length));
    }

    #[test]
    fn only_base_64_as_i2p_has_it_is_read() {
        let text = parse(&bytes(&[5, 0, 7, 0], &[])).unwrap().to_string();
        assert!(text.starts_with("-~v7"), "{text}");
        for wrong in
            [text.replace('-', "+"), format!("{text}="), format!("{text} "), text[..text.len() - 1].to_string()]
        {
            assert_eq!(Destination::parse(wrong.as_bytes()), Err(BadDestination::Base64));
        }
    }

    #[test]
    fn a_name_is_the_hash_in_base_32() {
        let destination = parse(&bytes(&[], &[])).unwrap();
        let name = destination.hash().to_string();
        assert_eq!((name.len(), name.ends_with(".b32.i2p")), (60, true));
        assert_eq!(format!("{destination:?}"), format!("Destination({name})"));
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read(certificate in any::<Vec<u8>>()) {
            let destination = parse(&bytes(&certificate, &[])).unwrap();
            prop_assert_eq!(Destination::parse(destination.to_string().as_bytes()), Ok(destination));
        }

        #[test]
        fn any_text_is_survived(text in any::<Vec<u8>>()) {
            prop_assert_eq!(Destination::parse(&text).is_ok(), false);
        }
    }
}
