//! Endpoints as text in serde's formats.

use alloc::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::endpoint::Endpoint;
use crate::network::Network;

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use crate::{Endpoint, Network};

    #[test]
    fn an_endpoint_is_its_text() {
        let endpoint: Endpoint = serde_json::from_str(r#""[2A00::1]:7""#).unwrap();
        assert_eq!(serde_json::to_string(&endpoint).unwrap(), r#""[2a00::1]:7""#);
        assert_eq!(serde_json::to_string(&Network::Onion).unwrap(), r#""onion""#);
        assert!(serde_json::from_str::<Endpoint>("\"1.2.3.4\"").is_err());
    }
}
