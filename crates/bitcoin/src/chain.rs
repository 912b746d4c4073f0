//! The networks: how the descendants of Bitcoin differ before and during the handshake.

mod table;

use alloc::format;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use groestl::Groestl512;
use handshake::{Hex, read_hex};
use sha2::{Digest, Sha256};
pub use table::CHAINS;

/// A network that can be selected by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Its name, in lower case.
    pub name: &'static str,
    /// Other names that people use for it.
    pub aliases: &'static [&'static str],
    /// Its purpose.
    pub kind: Kind,
    /// The TCP port of its nodes by default.
    pub port: u16,
    /// Host names that resolve to addresses of its nodes.
    pub dns_seeds: &'static [&'static str],
    /// The prefix that a client adds to a seed's name to get only nodes with the services that it needs: `x9.`.
    pub seed_filter: Option<&'static str>,
    /// Whether its nodes are known to speak the encrypted transport (BIP324).
    pub bip324: bool,
    /// The parameters that change bytes on the wire.
    pub params: Params,
}

impl Chain {
    /// The network of this name or alias, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        let is = |candidate: &&str| candidate.eq_ignore_ascii_case(name);
        CHAINS.iter().find(|chain| is(&chain.name) || chain.aliases.iter().any(&is))
    }

    /// The names to resolve for addresses of its nodes, as its clients write them: `x9.seed.example.org` where they
    /// filter by services.
    pub fn seed_names(&self) -> impl Iterator<Item = String> {
        let filter = self.seed_filter.unwrap_or_default();
        self.dns_seeds.iter().map(move |seed| format!("{filter}{seed}"))
    }

    /// The networks that use this magic. There is often more than one: never identify a network by its magic alone.
    pub fn with_magic(magic: Magic) -> impl Iterator<Item = &'static Self> + Clone {
        CHAINS.iter().filter(move |chain| chain.params.magic == magic)
    }

    /// The network of a `peers.dat` with this start: the file in which Core keeps addresses.
    pub fn of_peers_dat(start: &[u8]) -> Option<&'static Self> {
        /// Upper bound of the address manager's format numbers. (Core: addrman_impl.h Format)
        const FORMATS: u8 = 8;
        let (magic, [format, ..]) = start.split_first_chunk::<4>()? else { return None };
        let chain = CHAINS.iter().find(|chain| chain.params.magic.0 == *magic)?;
        (*format < FORMATS).then_some(chain)
    }
}

/// The purpose of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The network that carries value.
    Main,
    /// A public network for tests.
    Test,
    /// A private network that each developer makes.
    Regtest,
}

/// Differences between networks on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// The first four bytes of every message.
    pub magic: Magic,
    /// The hash behind the message header's checksum.
    pub checksum: Checksum,
    /// The protocol version that a current node announces.
    pub announce_version: i32,
    /// Its nodes refuse peers that announce a lower version.
    pub min_peer_version: i32,
    /// The lowest common version for which `wtxidrelay` (BIP339) may be sent; `None`: never.
    pub wtxidrelay_from: Option<i32>,
    /// The lowest common version for which `sendaddrv2` (BIP155) may be sent; `None`: never.
    pub sendaddrv2_from: Option<i32>,
    /// The lowest common version for which `feature` (BIP434) may be sent. `None`: never; on most networks the same
    /// number means something else.
    pub feature_from: Option<i32>,
    /// Service bits (bit number, name) with a meaning on this network only.
    pub service_names: &'static [(u32, &'static str)],
    /// The fields of its `version` message after the relay byte.
    pub tail: TailKind,
}

/// The four bytes that start every message of a network, in the order of the wire.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Magic(pub [u8; 4]);

impl Magic {
    /// The magic of the signet with this challenge script: the first four bytes of
    /// `SHA256(SHA256(CompactSize(length) || challenge))`. (BIP325)
    ///
    /// # Errors
    /// [`ChallengeTooLong`] over [`MAX_CHALLENGE_LEN`] bytes.
    pub fn of_signet(challenge: &[u8]) -> Result<Self, ChallengeTooLong> {
        let mut hasher = Sha256::new();
        match u16::try_from(challenge.len()) {
            Ok(len @ 0..=252) => hasher.update([len.to_le_bytes()[0]]),
            Ok(len) if challenge.len() <= MAX_CHALLENGE_LEN => {
                hasher.update([0xfd]);
                hasher.update(len.to_le_bytes());
            }
            _ => return Err(ChallengeTooLong(challenge.len())),
        }
        hasher.update(challenge);
        let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(hasher.finalize()));
        Ok(Self([a, b, c, d]))
    }
}

/// Scripts over 10 000 bytes cannot be spent. (Core: MAX_SCRIPT_SIZE)
pub const MAX_CHALLENGE_LEN: usize = 10_000;

/// A signet challenge over [`MAX_CHALLENGE_LEN`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signet challenge has {0} bytes; a script has at most 10000")]
pub struct ChallengeTooLong(pub usize);

impl fmt::Display for Magic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

impl fmt::Debug for Magic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Magic({self})")
    }
}

impl FromStr for Magic {
    type Err = BadMagic;

    fn from_str(text: &str) -> Result<Self, BadMagic> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        read_hex(digits.as_bytes()).map(Self).ok_or(BadMagic)
    }
}

/// Not a network magic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a magic is 8 hex digits in the order of the wire, such as f9beb4d9")]
pub struct BadMagic;

/// The hash behind a message header's checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Checksum {
    /// SHA-256, twice.
    Sha256d,
    /// Groestl-512, twice: Groestlcoin.
    Groestl512d,
}

impl Checksum {
    /// The checksum of a payload: the first four bytes of the digest.
    #[must_use]
    pub fn of(self, payload: &[u8]) -> [u8; 4] {
        /// SHA256d of nothing: `verack` and most feature messages are empty.
        const OF_EMPTY: [u8; 4] = [0x5d, 0xf6, 0xe0, 0xe2];
        match self {
            Self::Sha256d if payload.is_empty() => OF_EMPTY,
            Self::Sha256d => {
                let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(Sha256::digest(payload)));
                [a, b, c, d]
            }
            Self::Groestl512d => {
                let [a, b, c, d, ..] = <[u8; 64]>::from(Groestl512::digest(Groestl512::digest(payload)));
                [a, b, c, d]
            }
        }
    }

    /// Its name in messages for users.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256d => "sha256d",
            Self::Groestl512d => "groestl512d",
        }
    }
}

/// The fields of a network's `version` message after the relay byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TailKind {
    /// Nothing.
    None,
    /// u64 extra entropy: eCash.
    ExtraEntropy,
    /// 32-byte challenge for `mnauth`: Firo.
    Mnauth,
    /// 32-byte challenge for `mnauth`, then a bool "from a masternode": Dash.
    MnauthAndMasternode,
    /// A CompactSize length and an association id of at most 129 bytes: Bitcoin SV.
    AssociationId,
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use hex_literal::hex;

    use super::{Chain, Checksum, Magic};

    #[test]
    fn names_and_aliases_are_found_in_any_case() {
        assert_eq!(Chain::named("BTC").unwrap().name, "bitcoin");
        assert_eq!(Chain::named("signet").unwrap().name, "bitcoin-signet");
        assert_eq!(Chain::named("no such chain"), None);
    }

    #[test]
    fn seeds_are_asked_for_services_where_the_networks_clients_do() {
        let first = |chain: &str| Chain::named(chain).unwrap().seed_names().next();
        assert_eq!(first("bitcoin").as_deref(), Some("x9.dnsseed.bluematt.me"));
        assert_eq!(first("zcash").as_deref(), Some("dnsseed.z.cash"));
        assert_eq!(first("regtest"), None);
    }

    #[test]
    fn a_shared_magic_names_every_network_that_uses_it() {
        let names: Vec<_> = Chain::with_magic(Magic([0xe3, 0xe1, 0xf3, 0xe8])).map(|chain| chain.name).collect();
        assert_eq!(names, ["bitcoin-cash", "ecash", "bitcoin-sv"]);
    }

    #[test]
    fn the_default_signet_challenge_gives_the_default_magic() {
        let challenge = hex!(
            "512103ad5e0edad18cb1f0fc0d28a3d4f1f3e445640337489abb10404f2d1e086be430"
            "210359ef5021964fe22d6f8e05b2463c9540ce96883fe3b278760f048f5189f2e6c452ae"
        );
        assert_eq!(Magic::of_signet(&challenge), Ok(Chain::named("signet").unwrap().params.magic));
        assert!(Magic::of_signet(&[0; 10_001]).is_err());
    }

    #[test]
    fn a_magic_is_eight_hex_digits() {
        assert_eq!("f9beb4d9".parse(), Ok(Magic([0xf9, 0xbe, 0xb4, 0xd9])));
        for bad in ["", "f9beb4", "f9beb4d9d9", "+9beb4d9", "é9beb4d", "zzzzzzzz"] {
            assert!(bad.parse::<Magic>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_checksum_of_nothing_is_the_known_one() {
        use sha2::{Digest, Sha256};
        let digest = Sha256::digest(Sha256::digest(b""));
        assert_eq!(Checksum::Sha256d.of(b""), digest[..4]);
    }
}
