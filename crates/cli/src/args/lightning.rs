//! What can be said in Lightning's handshake, and how it is written on the command line.

use clap::Args;
use lightning::Feature;

/// How we introduce ourselves to Lightning's nodes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Lightning")]
pub struct LightningOptions {
    /// Features that we announce: names, which are offered, or bits, of which the even ones are required; 'none' for none
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = feature, default_value = "1,9,13,15,45")]
    pub feature_bits: Vec<FeatureArg>,
}

/// A feature bit, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeatureArg(pub Option<u16>);

/// `9`, `option_anchors`, `none`
fn feature(text: &str) -> Result<FeatureArg, String> {
    if text == "none" {
        return Ok(FeatureArg(None));
    }
    let named = || {
        let offered = (1..=u16::MAX).step_by(2);
        offered.into_iter().find(|&bit| Feature(bit.into()).name() == Some(text))
    };
    let bit = text.parse().ok().or_else(named);
    bit.map(|bit| FeatureArg(Some(bit)))
        .ok_or_else(|| "expected a bit below 65536, or a feature's name in BOLT 9".into())
}

#[cfg(test)]
mod tests {
    use super::{FeatureArg, feature};

    #[test]
    fn a_feature_is_a_bit_or_a_name() {
        assert_eq!(feature("22"), Ok(FeatureArg(Some(22))));
        assert_eq!(feature("option_anchors"), Ok(FeatureArg(Some(23))));
        assert_eq!(feature("none"), Ok(FeatureArg(None)));
        assert!(feature("65536").is_err() && feature("").is_err() && feature("option_none").is_err());
    }
}
