//! The table of networks equals `data/chains.toml`, which says where each value was read. The bytes on the wire equal
//! those in the file's remarks on each family.

mod common;

use std::collections::BTreeMap;

use common::{Flight, local, said, version};
use testing::feed;
use toml::Table;
use verack_bitcoin::chain::{CHAINS, Chain, Checksum, Kind, Magic};
use verack_bitcoin::frame::HEADER_LEN;
use verack_bitcoin::{Feature, Local, Services, V1, Version};

#[test]
fn every_row_is_the_one_of_the_table_that_names_its_sources() {
    let file = file();
    let rows = rows(&file, "chain");
    for (row, chain) in rows.iter().zip(CHAINS) {
        assert_eq!(Row::of(row), Row::from(chain));
    }
    assert_eq!(rows.len(), CHAINS.len());
}

#[test]
fn the_networks_that_share_a_magic_are_those_that_the_table_says_share_it() {
    let file = file();
    let said: BTreeMap<_, _> =
        rows(&file, "shared_magic").iter().map(|row| (text(row, "magic"), texts(row, "chains"))).collect();
    let mut found = BTreeMap::new();
    for chain in CHAINS {
        let names: Vec<_> = Chain::with_magic(chain.params.magic).map(|chain| chain.name.to_owned()).collect();
        if names.len() > 1 {
            found.insert(chain.params.magic.to_string(), names);
        }
    }
    assert_eq!(found, said);
}

/// A key uses up a connection, and some nodes ban for it. So a client counts as v2 only if its source was read.
#[test]
fn each_network_is_spoken_to_as_the_client_that_its_nodes_run_does_it() {
    let file = file();
    let clients: BTreeMap<_, _> =
        rows(&file, "client").into_iter().map(|client| (text(client, "family"), client)).collect();
    let mut families = BTreeMap::new();
    for row in rows(&file, "chain") {
        let (name, family) = (text(row, "name"), text(row, "family"));
        let client = *clients.get(&family).expect("a client for each family");
        assert_eq!(row["bip324"].as_bool(), Some(text(client, "v2") == "default"), "{name}");
        assert_eq!(number::<i32>(row, "announce_version"), number::<i32>(client, "announces"), "{name}");
        families.insert(family, ());
    }
    assert!(clients.keys().eq(families.keys()));
    for (family, client) in clients {
        let known = |field: &str, values: &[&str]| values.contains(&text(client, field).as_str());
        assert!(known("v2", &["default", "option", "no"]), "{family}");
        let bytes = ["key", "closes", "closes or waits", "discourages", "bans"];
        assert!(known("to_a_foreign_byte", &bytes), "{family}");
        assert_eq!(text(client, "to_a_foreign_byte") == "key", text(client, "v2") == "default", "{family}");
        assert!(!text(client, "source").is_empty() && !text(client, "name").is_empty(), "{family}");
    }
}

#[test]
fn a_name_or_alias_selects_one_network_only() {
    let mut names = BTreeMap::new();
    for chain in CHAINS {
        for name in chain.aliases.iter().chain([&chain.name]) {
            assert_eq!(names.insert(name, chain.name), None, "{name} is taken");
            assert_eq!(Chain::named(name).map(|named| named.name), Some(chain.name));
        }
    }
}

/// What the networks of a family send: the family's name in the file; the bytes after the relay byte of our `version`
/// if our random bytes are 0, 1, 2 and so on; the lowest common versions for `wtxidrelay`, `sendaddrv2` and `feature`;
/// and the service bits with a name on this family alone.
///
/// From the remarks in the file, and Bitcoin's from Core (net_processing.cpp, protocol.h). Where the remarks say
/// nothing (Bitcoin Cash, Firo, Peercoin, Ravencoin), we announce nothing to their nodes.
const WIRE: [(&str, &[u8], Thresholds, ServiceBits); 16] = [
    ("bitcoin", b"", [Some(70016), Some(70016), Some(70017)], &[]),
    ("bitcoin-cash", b"", [None, None, None], &[]),
    ("bitcoin-sv", b"\0", [None, None, None], &[]),
    ("dash", DASH_TAIL, [None, Some(70223), None], &[]),
    ("digibyte", b"", [Some(70018), None, None], &[]),
    ("dogecoin", b"", [None, None, None], &[]),
    ("ecash", b"\x00\x01\x02\x03\x04\x05\x06\x07", [None, None, None], &[(24, "AVALANCHE")]),
    ("firo", CHALLENGE, [None, None, None], &[]),
    ("groestlcoin", b"", [Some(70016), Some(70016), Some(70017)], &[]),
    ("litecoin", b"", [Some(70016), Some(70016), None], &[(23, "MWEB_LIGHT_CLIENT"), (24, "MWEB")]),
    ("namecoin", b"", [Some(110_016), Some(110_016), Some(110_017)], &[]),
    ("peercoin", b"", [None, None, None], &[]),
    ("qtum", b"", [Some(70019), Some(70016), None], &[]),
    ("ravencoin", b"", [None, None, None], &[]),
    ("vertcoin", b"", [Some(70016), Some(70016), None], &[]),
    ("zcash", b"", [None, None, None], &[]),
];

type Thresholds = [Option<i32>; 3];
type ServiceBits = &'static [(u32, &'static str)];

/// The challenge of `mnauth`.
const CHALLENGE: &[u8] = b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\
    \x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f";

/// The challenge, and no masternode.
const DASH_TAIL: &[u8] = b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\
    \x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x00";

/// Service bits with the same meaning everywhere, from 0 on; some have no name.
const SERVICES: &str =
    "NETWORK GETUTXO BLOOM WITNESS XTHIN BITCOIN_CASH COMPACT_FILTERS - - - NETWORK_LIMITED P2P_V2 UTREEXO";

/// Each network, with the wire format of its family.
fn on_the_wire() -> Vec<(&'static Chain, &'static [u8], Thresholds, ServiceBits)> {
    let file = file();
    let families: Vec<_> = rows(&file, "chain").iter().map(|row| text(row, "family")).collect();
    assert_eq!(families.len(), CHAINS.len());
    let row = |(chain, family): (&'static Chain, &String)| {
        let (_, tail, from, names) = WIRE.into_iter().find(|(name, ..)| name == family).expect("a row for each family");
        (chain, tail, from, names)
    };
    CHAINS.iter().zip(&families).map(row).collect()
}

#[test]
fn our_version_ends_on_each_network_as_its_nodes_expect() {
    /// Up to the relay byte, with no user agent.
    const WITHOUT_TAIL: usize = HEADER_LEN + 86;
    for (chain, tail, ..) in on_the_wire() {
        let random = std::array::from_fn(|at| u8::try_from(at).expect("32 of them"));
        let local = Local::new(chain.params, 1_700_000_000, 1, random);
        let sent = feed(&mut V1::initiator(local), [&[][..]]).sent;
        assert_eq!(&sent[WITHOUT_TAIL..], tail, "{}", chain.name);
    }
}

#[test]
fn each_extension_is_said_from_the_common_version_on_that_knows_it() {
    for (chain, _, from, _) in on_the_wire() {
        for common in
            [70016, 70017, 70018, 70019, 70223, 110_016, 110_017, 200_000].into_iter().flat_map(|n| [n - 1, n])
        {
            let mut ours = local(chain.name);
            ours.version.version = i32::MAX;
            ours.min_peer_version = 0;
            ours.features = vec![Feature::new(b"example.org/x", b"").expect("short")];
            let theirs = Flight::on(chain.name).version(&Version { version: common, ..version(chain.name) });
            let heard = said(&feed(&mut V1::initiator(ours), [&theirs.bytes[..]]).sent);
            let known = ["wtxidrelay", "sendaddrv2", "feature"].into_iter().zip(from);
            let known = known.filter(|(_, from)| from.is_some_and(|from| common >= from)).map(|(name, _)| name);
            let expected: Vec<_> = ["version"].into_iter().chain(known).chain(["verack"]).collect();
            assert_eq!(heard, expected, "{}, {common}", chain.name);
        }
    }
}

#[test]
fn each_service_bit_has_the_name_that_its_network_gives_it() {
    for (chain, _, _, own) in on_the_wire() {
        let common = (0..).zip(SERVICES.split(' ')).filter(|(_, name)| *name != "-");
        let named: BTreeMap<_, _> = common.chain(own.iter().copied()).collect();
        for bit in 0..64 {
            let expected = named.get(&bit).map_or(format!("UNKNOWN[2^{bit}]"), |name| (*name).to_owned());
            let names: Vec<_> = Services(1 << bit).names(&chain.params).map(|name| name.to_string()).collect();
            assert_eq!(names, [expected], "{}", chain.name);
        }
    }
}

/// A row of the file, and what the table must contain.
#[derive(Debug, PartialEq)]
struct Row {
    name: String,
    aliases: Vec<String>,
    kind: Kind,
    magic: Magic,
    port: u16,
    dns_seeds: Vec<String>,
    seed_filter: Option<String>,
    announce_version: i32,
    min_peer_version: i32,
    checksum: Checksum,
    bip324: bool,
}

impl Row {
    fn of(row: &Table) -> Self {
        Self {
            name: text(row, "name"),
            aliases: texts(row, "aliases"),
            kind: match text(row, "kind").as_str() {
                "main" => Kind::Main,
                "test" => Kind::Test,
                "regtest" => Kind::Regtest,
                other => unreachable!("no kind: {other}"),
            },
            magic: text(row, "magic").parse().expect("valid"),
            port: number(row, "port"),
            dns_seeds: texts(row, "dns_seeds"),
            seed_filter: row.contains_key("seed_service_filter").then(|| text(row, "seed_service_filter")),
            announce_version: number(row, "announce_version"),
            min_peer_version: number(row, "min_peer_version"),
            checksum: match text(row, "checksum").as_str() {
                "sha256d" => Checksum::Sha256d,
                "groestl512d" => Checksum::Groestl512d,
                other => unreachable!("no checksum: {other}"),
            },
            bip324: row["bip324"].as_bool().expect("a bool"),
        }
    }
}

impl From<&Chain> for Row {
    fn from(chain: &Chain) -> Self {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        Self {
            name: chain.name.to_owned(),
            aliases: owned(chain.aliases),
            kind: chain.kind,
            magic: chain.params.magic,
            port: chain.port,
            dns_seeds: owned(chain.dns_seeds),
            seed_filter: chain.seed_filter.map(str::to_owned),
            announce_version: chain.params.announce_version,
            min_peer_version: chain.params.min_peer_version,
            checksum: chain.params.checksum,
            bip324: chain.bip324,
        }
    }
}

fn file() -> Table {
    include_str!("data/chains.toml").parse().expect("valid")
}

fn rows<'f>(file: &'f Table, name: &str) -> Vec<&'f Table> {
    file[name].as_array().expect("a list").iter().map(|row| row.as_table().expect("a table")).collect()
}

fn text(row: &Table, field: &str) -> String {
    row[field].as_str().expect("text").to_owned()
}

fn texts(row: &Table, field: &str) -> Vec<String> {
    let texts = row[field].as_array().expect("a list").iter();
    texts.map(|text| text.as_str().expect("text").to_owned()).collect()
}

fn number<T: TryFrom<i64, Error: std::fmt::Debug>>(row: &Table, field: &str) -> T {
    row[field].as_integer().expect("a number").try_into().expect("in range")
}
