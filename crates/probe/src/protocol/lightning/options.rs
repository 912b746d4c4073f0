//! The options of our side of Lightning's handshake.

use lightning::Feature;

use crate::protocol::common::KEY;
use crate::protocol::option::{AnyOption, Opt};

/// The options, in the order of the help.
pub static OPTIONS: [&dyn AnyOption; 2] = [&KEY, &FEATURE_BITS];

/// The features that we announce.
pub static FEATURE_BITS: Opt<Option<u16>> = Opt::value(
    "feature-bits",
    "LIST",
    feature,
    "Lightning",
    "Features that we announce: names, which are offered, or bits, of which the even ones are required; 'none' for none",
)
.list()
.default("1,9,13,15,45");

/// `9`, `option_anchors`, `none`
fn feature(text: &str) -> Result<Option<u16>, String> {
    if text == "none" {
        return Ok(None);
    }
    let named = || {
        let offered = (1..=u16::MAX).step_by(2);
        offered.into_iter().find(|&bit| Feature(bit.into()).name() == Some(text))
    };
    let bit = text.parse().ok().or_else(named);
    bit.map(Some).ok_or_else(|| "expected a bit below 65536, or a feature's name in BOLT 9".into())
}

#[cfg(test)]
mod tests {
    use super::feature;

    #[test]
    fn a_feature_is_a_bit_or_a_name() {
        assert_eq!(feature("22"), Ok(Some(22)));
        assert_eq!(feature("option_anchors"), Ok(Some(23)));
        assert_eq!(feature("none"), Ok(None));
        assert!(feature("65536").is_err() && feature("").is_err() && feature("option_none").is_err());
    }
}
