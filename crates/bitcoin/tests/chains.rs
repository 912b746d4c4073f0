//! The table of networks is the one of `data/chains.toml`, which says where each value was read.

use std::collections::BTreeMap;

use toml::Table;
use verack_bitcoin::chain::{CHAINS, Chain, Checksum, Kind, Magic};

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

/// What a row of the file says, and what the table must say.
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
