//! The addresses built into Core, for nodes that know no other node and find no DNS. (Core: chainparamsseeds.h)
//!
//! ```text
//! network u8 | length CompactSize | address | port u16 BE | network ...
//! ```
//! Core keeps them as C arrays, one for each network: `static const uint8_t chainparams_seed_main[] = {0x01,0x04,...};`.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use address::Endpoint;
use handshake::Fields;

use super::addrv2::read_address;
use crate::error::Malformed;

/// Reads the bytes of a list. Unusable seeds are skipped.
///
/// # Errors
/// If a seed is incomplete, or its address has a wrong length for its network.
pub fn read(bytes: &[u8]) -> Result<Vec<Endpoint>, Malformed> {
    let mut fields = Fields::new(bytes);
    let mut seeds = Vec::new();
    while !fields.is_empty() {
        let address = read_address(&mut fields)?;
        let port = u16::from_be_bytes(fields.array("port")?);
        seeds.extend(address.ok().map(|address| Endpoint { address, port }));
    }
    Ok(seeds)
}

/// The bytes of an array in C source text. `network` is the end of its name (`main`, `test`, `signet`, `testnet4`);
/// `None` takes the first array of the text.
///
/// # Errors
/// [`BadArray`] says what was expected.
pub fn bytes_of_array(text: &str, network: Option<&str>) -> Result<Vec<u8>, BadArray> {
    let named = network.map_or_else(|| "[]".to_string(), |network| alloc::format!("chainparams_seed_{network}[]"));
    let (_, behind) = text.split_once(named.as_str()).ok_or(BadArray::NotFound)?;
    let (between, behind) = behind.split_once('{').ok_or(BadArray::NotFound)?;
    if between.trim() != "=" {
        return Err(BadArray::NotFound);
    }
    let (inside, _) = behind.split_once('}').ok_or(BadArray::NoEnd)?;
    let items = inside.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| byte(item).ok_or_else(|| BadArray::Item(item.chars().take(SHOWN_LEN).collect()))).collect()
}

/// `0x1f`, or `31`.
fn byte(item: &str) -> Option<u8> {
    match item.strip_prefix("0x").or_else(|| item.strip_prefix("0X")) {
        Some(digits) => u8::from_str_radix(digits, 16).ok(),
        None => item.parse().ok(),
    }
}

/// Characters of an invalid item to show: enough to find it.
const SHOWN_LEN: usize = 40;

/// Not an array of bytes in C source text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadArray {
    /// There is no array, or none of that network.
    #[error("expected `chainparams_seed_<network>[] = {{0x01, ...}};`")]
    NotFound,
    /// The array does not end.
    #[error("the array has no end: expected `}}`")]
    NoEnd,
    /// An item is not a byte.
    #[error("expected a byte, such as 0x01, not {0:?}")]
    Item(String),
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    use super::{BadArray, bytes_of_array, read};
    use crate::error::Malformed;
    use crate::gossip::Endpoint;

    /// In Core's own layout: one seed a line.
    const TEXT: &str = "\
#ifndef BITCOIN_CHAINPARAMSSEEDS_H
static const uint8_t chainparams_seed_main[] = {
    0x01,0x04,0x01,0x02,0x03,0x04,0x20,0x8d,
    0x02,0x10,0x2a,0x01,0x00,0x00,0x00,0x00,0x00,0x00,0x00,0x00,0x00,0x00,0x00,0x00,0x00,0x01,0x20,0x8d,
    0xaa,0x01,0xff,0x00,0x01,
};

static const uint8_t chainparams_seed_test[] = {
    0x01,0x04,0x05,0x06,0x07,0x08,0x47,0x9d,
};
";

    #[test]
    fn the_seeds_of_a_network_are_read_from_cores_text() {
        let seeds = |network| read(&bytes_of_array(TEXT, network).unwrap()).unwrap();
        let seed = |text: &str| text.parse::<Endpoint>().unwrap();
        assert_eq!(seeds(Some("main")), [seed("1.2.3.4:8333"), seed("[2a01::1]:8333")]);
        assert_eq!(seeds(Some("test")), [seed("5.6.7.8:18333")]);
        assert_eq!(seeds(None), seeds(Some("main")));
    }

    #[test]
    fn what_is_no_list_of_seeds_is_told() {
        assert_eq!(bytes_of_array(TEXT, Some("signet")), Err(BadArray::NotFound));
        assert_eq!(bytes_of_array("x[] = {1, 2", None), Err(BadArray::NoEnd));
        assert_eq!(bytes_of_array("x[] = {256}", None), Err(BadArray::Item("256".to_string())));
        assert_eq!(bytes_of_array("int x[] ; {1}", None), Err(BadArray::NotFound));
        let long: String = core::iter::repeat_n('\u{1b}', 10_000).collect();
        assert!(bytes_of_array(&alloc::format!("x[]={{{long}}}"), None).unwrap_err().to_string().len() < 1000);
    }

    #[test]
    fn a_seed_that_is_cut_spoils_the_list() {
        let bytes = bytes_of_array(TEXT, Some("test")).unwrap();
        let faults: Vec<_> = (1..8).map(|len| read(&bytes[..len]).unwrap_err()).collect();
        assert_eq!(faults[..2], [Malformed::EndsIn("address"), Malformed::EndsIn("address")]);
        assert_eq!(faults[6], Malformed::EndsIn("port"));
        assert_eq!(read(&[1, 3, 1, 2, 3, 0, 1]), Err(Malformed::Value("address length")));
    }
}
