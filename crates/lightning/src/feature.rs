//! The features that nodes offer and require. (BOLT 9)
//!
//! Features come in pairs of bits: the even bit requires a feature, the odd one offers it. A node that does not know a
//! feature may ignore its odd bit, and must disconnect for its even bit.

use alloc::boxed::Box;
use alloc::vec;
use core::fmt;

use crate::error::Malformed;

/// Bytes of a set: the limit of its two-byte length. (BOLT 1)
pub const MAX_FEATURES_LEN: usize = 65_535;

/// A set of feature bits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Features(
    /// Big-endian: bit 0 is the lowest of the last byte. No leading zero bytes.
    Box<[u8]>,
);

impl Features {
    /// The set of these bits.
    #[must_use]
    pub fn of(bits: &[u16]) -> Self {
        let len = bits.iter().max().map_or(0, |&highest| usize::from(highest) / 8 + 1);
        let mut bytes = vec![0; len];
        for &bit in bits {
            bytes[len - 1 - usize::from(bit / 8)] |= 1 << (bit % 8);
        }
        Self(bytes.into())
    }

    /// The features that every current node has, as offers; nothing is required. Used for a plain introduction.
    #[must_use]
    pub fn assumed() -> Self {
        Self::of(&[1, 9, 13, 15, 45])
    }

    /// Parses the set from its form in messages.
    ///
    /// # Errors
    /// If it has more than [`MAX_FEATURES_LEN`] bytes without leading zeros.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        let bytes = &bytes[zeros..];
        if bytes.len() > MAX_FEATURES_LEN {
            return Err(Malformed::TooLong("features"));
        }
        Ok(Self(bytes.into()))
    }

    /// Its shortest form in messages.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether no bit is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this bit is set.
    #[must_use]
    pub fn has(&self, Feature(bit): Feature) -> bool {
        let byte = usize::try_from(bit / 8).ok().and_then(|nth| self.0.iter().nth_back(nth));
        byte.is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
    }

    /// The bits that are set, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = Feature> {
        let bytes = (0..).step_by(8).zip(self.0.iter().rev());
        bytes.flat_map(|(low, byte)| (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| Feature(low + bit)))
    }

    /// The union of both sets.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let (long, short) = if self.0.len() < other.0.len() { (other, self) } else { (self, other) };
        let mut bytes = long.0.clone();
        for (byte, more) in bytes.iter_mut().rev().zip(short.0.iter().rev()) {
            *byte |= more;
        }
        Self(bytes)
    }

    /// The required features without a name here that `ours` lacks, too.
    pub fn unknown_required(&self, ours: &Self) -> impl Iterator<Item = Feature> {
        self.iter().filter(|feature| {
            let pair = [*feature, Feature(feature.0 ^ 1)];
            feature.is_required() && feature.name().is_none() && !pair.into_iter().any(|bit| ours.has(bit))
        })
    }
}

/// A feature bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Feature(pub u32);

impl Feature {
    /// Whether the bit is even.
    #[must_use]
    pub fn is_required(self) -> bool {
        self.0.is_multiple_of(2)
    }

    /// Its name: `option_anchors`.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        // Peers may set half a million bits, so a linear search would be too slow.
        let row = NAMES.binary_search_by_key(&(self.0 & !1), |(bit, _)| *bit).ok()?;
        Some(NAMES[row].1)
    }
}

/// Its name, or its bit.
impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "feature {}", self.0),
        }
    }
}

/// The even bit of each named pair, in ascending order. (BOLT 9; other sources are given at the row)
const NAMES: &[(u32, &str)] = &[
    (0, "option_data_loss_protect"),
    // BOLT 9 before 2023.
    (2, "initial_routing_sync"),
    (4, "option_upfront_shutdown_script"),
    (6, "gossip_queries"),
    (8, "var_onion_optin"),
    (10, "gossip_queries_ex"),
    (12, "option_static_remotekey"),
    (14, "payment_secret"),
    (16, "basic_mpp"),
    (18, "option_support_large_channel"),
    // BOLT 9 before 2024.
    (20, "option_anchor_outputs"),
    (22, "option_anchors"),
    (24, "option_route_blinding"),
    (26, "option_shutdown_anysegwit"),
    (28, "option_dual_fund"),
    // lnd, lnwire/features.go.
    (30, "amp"),
    (34, "option_quiesce"),
    (36, "option_attribution_data"),
    (38, "option_onion_messages"),
    // bolts, pull request 1228.
    (40, "zero_fee_commitments"),
    (42, "option_provide_storage"),
    (44, "option_channel_type"),
    (46, "option_scid_alias"),
    (48, "option_payment_metadata"),
    (50, "option_zeroconf"),
    // bLIP 2.
    (54, "keysend"),
    (60, "option_simple_close"),
    (62, "option_splice"),
    // bolts, pull request 995.
    (80, "option_simple_taproot"),
    // bLIP 2.
    (256, "hosted_channels"),
    (258, "dns_resolver"),
    (260, "htlc_endorsement"),
    (262, "bolt11_blinded_path"),
    // Bit 729 alone is assigned. (bLIP 50)
    (728, "option_supports_lsps"),
    // lnd, lnwire/features.go.
    (2022, "script_enforced_lease"),
];

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;
    use alloc::vec::Vec;

    use proptest::collection::vec;
    use proptest::prelude::{any, proptest};

    use super::{Feature, Features, MAX_FEATURES_LEN, NAMES};
    use crate::error::Malformed;

    #[test]
    fn bits_are_counted_from_the_end() {
        let features = Features::of(&[0, 9, 17]);
        assert_eq!(features.as_bytes(), [0x02, 0x02, 0x01]);
        assert!(features.has(Feature(9)) && !features.has(Feature(8)) && !features.has(Feature(u32::MAX)));
        assert_eq!(Features::from_bytes(b"\0\0\x02\x02\x01"), Ok(features));
        assert_eq!(Features::from_bytes(b"\0\0"), Ok(Features::default()));
    }

    #[test]
    fn a_set_is_as_long_as_two_bytes_can_number() {
        let longest = Features::of(&[u16::MAX]);
        assert_eq!(longest.as_bytes().len(), 8192);
        assert_eq!(Features::from_bytes(longest.as_bytes()), Ok(longest));
        let longest = Features::from_bytes(&[1; MAX_FEATURES_LEN]).unwrap();
        assert_eq!(longest.iter().last(), Some(Feature(8 * 65_534)));
        assert_eq!(Features::from_bytes(&[1; MAX_FEATURES_LEN + 1]), Err(Malformed::TooLong("features")));
    }

    #[test]
    fn only_an_unknown_even_bit_is_an_obstacle() {
        let ours = Features::of(&[1001]);
        let theirs = Features::of(&[0, 14, 15, 99, 998, 1000, 1003]);
        assert_eq!(theirs.unknown_required(&ours).collect::<Vec<_>>(), [Feature(998)]);
        assert_eq!(Feature(998).to_string(), "feature 998");
        assert_eq!(Feature(23).to_string(), "option_anchors");
    }

    #[test]
    fn features_from_outside_the_specification_have_their_names() {
        let names = [31, 41, 81, 257, 259, 261, 263, 729, 2023].map(|bit| Feature(bit).name().unwrap_or_default());
        assert_eq!(
            names,
            [
                "amp",
                "zero_fee_commitments",
                "option_simple_taproot",
                "hosted_channels",
                "dns_resolver",
                "htlc_endorsement",
                "bolt11_blinded_path",
                "option_supports_lsps",
                "script_enforced_lease",
            ]
        );
        assert_eq!(Feature(64).name(), None);
    }

    #[test]
    fn names_belong_to_even_bits_in_ascending_order() {
        assert!(NAMES.iter().all(|(bit, _)| bit.is_multiple_of(2)));
        assert!(NAMES.is_sorted_by(|(a, _), (b, _)| a < b));
    }

    proptest! {
        #[test]
        fn a_set_has_the_bits_it_was_made_of(bits in vec(any::<u16>(), 0..20), more in vec(any::<u16>(), 0..20)) {
            let features = Features::of(&bits);
            let mut sorted: Vec<_> = bits.iter().copied().map(u32::from).map(Feature).collect();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(features.iter().collect::<Vec<_>>(), sorted);
            assert_eq!(Features::from_bytes(features.as_bytes()), Ok(features.clone()));
            let all = [bits, more.clone()].concat();
            assert_eq!(features.union(&Features::of(&more)), Features::of(&all));
        }
    }
}
