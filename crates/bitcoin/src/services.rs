//! The services that a node offers: one bit each. (Core: protocol.h ServiceFlags)

use core::fmt;
use core::iter;

use crate::chain::Params;

/// The services that a node offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Services(pub u64);

/// Service bits with the same meaning on most networks, with the names of the BIPs and of Core.
const SERVICE_NAMES: &[(u32, &str)] = &[
    (0, "NETWORK"),
    (1, "GETUTXO"),
    (2, "BLOOM"),
    (3, "WITNESS"),
    (4, "XTHIN"),
    (5, "BITCOIN_CASH"),
    (6, "COMPACT_FILTERS"),
    (10, "NETWORK_LIMITED"),
    (11, "P2P_V2"),
    (12, "UTREEXO"),
];

impl Services {
    /// No services.
    pub const NONE: Self = Self(0);

    /// Serves blocks and transactions with their witnesses. (BIP144: NODE_WITNESS)
    pub const WITNESS: Self = Self(1 << 3);

    /// Speaks the encrypted transport. (BIP324: NODE_P2P_V2)
    pub const P2P_V2: Self = Self(1 << 11);

    /// The services of `self` that `other` lacks.
    #[must_use]
    pub const fn missing_from(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// One name for each bit that is set, lowest first; an unknown bit is named by its number.
    pub fn names(self, params: &Params) -> impl Iterator<Item = ServiceName> {
        let own = params.service_names;
        let mut left = self.0;
        iter::from_fn(move || {
            let bit = left.trailing_zeros();
            left &= left.checked_sub(1)?;
            let known = own.iter().chain(SERVICE_NAMES).find(|(known, _)| *known == bit);
            Some(known.map_or(ServiceName::Unknown(bit), |(_, name)| ServiceName::Known(name)))
        })
    }

    /// The service bit of this name, in any case.
    #[must_use]
    pub fn named(name: &str, params: &Params) -> Option<Self> {
        let is = |(_, known): &&(u32, &str)| known.eq_ignore_ascii_case(name);
        params.service_names.iter().chain(SERVICE_NAMES).find(is).map(|(bit, _)| Self(1 << bit))
    }
}

/// In hex, as nodes' logs show it.
impl fmt::Display for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// The name of a service bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceName {
    /// The name of a known bit.
    Known(&'static str),
    /// The number of an unknown bit.
    Unknown(u32),
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(name) => f.write_str(name),
            Self::Unknown(bit) => write!(f, "UNKNOWN[2^{bit}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    use super::Services;
    use crate::chain::Chain;

    #[test]
    fn service_bits_are_named_as_their_network_names_them() {
        let names = |chain: &str, bits: u64| -> String {
            let params = Chain::named(chain).unwrap().params;
            Services(bits).names(&params).map(|name| name.to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names("bitcoin", 0xc09), "NETWORK WITNESS NETWORK_LIMITED P2P_V2");
        assert_eq!(names("litecoin", 1 << 24), "MWEB");
        assert_eq!(names("ecash", 1 << 24), "AVALANCHE");
        assert_eq!(names("bitcoin", 1 << 24 | 1 << 63), "UNKNOWN[2^24] UNKNOWN[2^63]");
        let params = Chain::named("bitcoin").unwrap().params;
        assert_eq!(Services::named("p2p_v2", &params), Some(Services(1 << 11)));
    }
}
