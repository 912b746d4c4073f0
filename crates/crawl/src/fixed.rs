//! Fixed seeds, in any form that programs store or export.

use std::io::{BufRead, Read};
use std::sync::Arc;

use bitcoin::gossip::seeds as built_in;
use discover::{Policy, Source};
use peers::{EscapedText, Format, Importer, Origin, Time, Unread};

use super::seeds::Yield;
use probe::protocol::{AddressRecord, Network};

/// Maximum bytes of a built-in list: Core's have some 50,000, and five times as many as text.
const MAX_BUILT_IN_LEN: u64 = 16 << 20;

/// Bad lines of a file to report singly. A file of another kind may have a million.
const NAMED: u64 = 20;

/// Lines that could not be parsed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Bad {
    /// The first of them, each with its number and its error.
    pub named: Vec<String>,
    /// The number of further ones.
    pub more: u64,
}

/// Reads fixed seeds of a network: Core's `chainparamsseeds.h`, the bytes in it, or any format that an [`Importer`]
/// reads. Returns bad lines with their numbers, and accepts the others. `port` is for addresses without one; `name` is
/// the source in error messages and records.
///
/// # Errors
/// The input cannot be read, or is of another kind, which the error names.
pub fn read(input: Box<dyn BufRead + '_>, name: &str, chain: Network, port: u16) -> Result<(Yield, Bad), String> {
    let (told, bad) = addresses(input, name, chain, port)?;
    Ok((Yield { name: name.into(), source: Source::Seed, told }, bad))
}

fn addresses(
    mut input: Box<dyn BufRead + '_>,
    name: &str,
    chain: Network,
    port: u16,
) -> Result<(Vec<AddressRecord>, Bad), String> {
    let start = input.fill_buf().map_err(|error| error.to_string())?;
    let is_bytes = start.first().is_some_and(|first| *first < b'\t');
    if is_bytes || contains(start, ARRAY) {
        let mut bytes = Vec::new();
        input.take(MAX_BUILT_IN_LEN).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        // Raw bytes begin with the number of a network type, which is lower than any letter.
        let bytes = if is_bytes { bytes } else { array(&String::from_utf8_lossy(&bytes), chain)? };
        let seeds = built_in::read(&bytes).map_err(|error| error.to_string())?;
        return Ok((seeds.into_iter().map(AddressRecord::from).collect(), Bad::default()));
    }
    import(input, name, chain, port)
}

/// Reads the export formats of other programs.
fn import(
    mut input: Box<dyn BufRead + '_>,
    name: &str,
    chain: Network,
    port: u16,
) -> Result<(Vec<AddressRecord>, Bad), String> {
    let name: Arc<str> = name.into();
    let format = Format::guess(input.fill_buf().map_err(|error| error.to_string())?);
    let (now, source) = (Time::now(), EscapedText::from(&*name));
    let origin = Origin { name, chain: chain.name.into(), port, now, source };
    let (mut told, mut bad) = (Vec::new(), Bad::default());
    for peer in Importer::new(format, origin, input) {
        let peer = match peer {
            Ok(peer) => peer,
            Err(Unread::Line(_)) if bad.named.len() as u64 == NAMED => {
                bad.more += 1;
                continue;
            }
            Err(Unread::Line(line)) => {
                bad.named.push(line.to_string());
                continue;
            }
            Err(Unread::Io { error, .. }) => return Err(error.to_string()),
        };
        if told.len() == Policy::MAX_KNOWN {
            return Err(format!("more than {} addresses; 'verack peers import' takes them", Policy::MAX_KNOWN));
        }
        if peer.chain.as_str() == chain.name {
            let seen = peer.last_seen.map(|seen| seen.0);
            told.push(AddressRecord { seen, services: peer.services, endpoint: peer.endpoint });
        }
    }
    Ok((told, bad))
}

/// The common prefix of Core's array names.
const ARRAY: &str = "chainparams_seed_";

/// The bytes of a network's array.
fn array(text: &str, chain: Network) -> Result<Vec<u8>, String> {
    let names = names_of_array(chain.name);
    let found: Vec<_> = text.split(ARRAY).skip(1).filter_map(|rest| Some(rest.split_once("[]")?.0)).collect();
    let Some(name) = names.iter().find(|name| found.contains(name)) else {
        let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
        return Err(format!("there is no list of {} in it: expected {ARRAY}{}[], found {found}", chain.name, names[0]));
    };
    built_in::bytes_of_array(text, Some(name)).map_err(|error| error.to_string())
}

/// The array names that Core and its descendants use for such a network, by the part of its name after the coin.
fn names_of_array(chain: &str) -> &'static [&'static str] {
    match chain.rsplit_once('-').map_or("", |(_, kind)| kind) {
        "testnet" | "testnet3" => &["test", "testnet", "testnet3"],
        "testnet4" => &["testnet4", "test4"],
        "signet" => &["signet"],
        "regtest" => &["regtest"],
        "devnet" => &["devnet", "dev"],
        "scalenet" => &["scalenet"],
        "stn" => &["stn"],
        _ => &["main", "mainnet"],
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[cfg(test)]
mod tests {

    use super::{Bad, NAMED, read};
    use probe::protocol::Network;

    fn read_of(chain: &str, bytes: &[u8]) -> (Result<Vec<String>, String>, Bad) {
        let chain = Network::named(chain).unwrap();
        match read(Box::new(bytes), "f", chain, 8333) {
            Ok((found, bad)) => (Ok(found.told.iter().map(|told| told.endpoint.to_string()).collect()), bad),
            Err(error) => (Err(error), Bad::default()),
        }
    }

    fn array(name: &str, bytes: &[u8]) -> String {
        let digits: Vec<_> = bytes.iter().map(|byte| format!("0x{byte:02x}")).collect();
        format!("static const uint8_t chainparams_seed_{name}[] = {{{}}};\n", digits.join(","))
    }

    #[test]
    fn built_in_seeds_are_read_as_bytes_and_as_text() {
        let expected = Ok(vec!["1.2.3.4:8333".to_owned(), "[fc00::1]:1".to_owned()]);
        let cjdns = [&[6, 16, 0xfc][..], &[0; 14], &[1, 0, 1]].concat();
        let bytes = [&[1, 4, 1, 2, 3, 4, 0x20, 0x8d][..], &cjdns].concat();
        assert_eq!(read_of("bitcoin", &bytes).0, expected);
        let header = array("test", &[1, 4, 5, 5, 5, 5, 0, 1]) + &array("main", &bytes);
        assert_eq!(read_of("bitcoin", header.as_bytes()).0, expected);
        assert!(read_of("bitcoin", &[1, 4, 1, 2]).0.unwrap_err().contains("address"));
        assert!(read_of("bitcoin", b"chainparams_seed_main[] = {1,").0.is_err());
    }

    #[test]
    fn each_network_takes_its_own_array_and_never_anothers() {
        let seed = |last| [1, 4, 1, 1, 1, last, 0, 9];
        let header =
            ["main", "test", "testnet4", "signet"].iter().zip(1..).map(|(name, last)| array(name, &seed(last)));
        let header: String = header.collect();
        for (chain, last) in [
            ("bitcoin", 1),
            ("litecoin", 1),
            ("bitcoin-cash", 1),
            ("bitcoin-testnet3", 2),
            ("litecoin-testnet", 2),
            ("bitcoin-testnet4", 3),
            ("namecoin-signet", 4),
        ] {
            assert_eq!(read_of(chain, header.as_bytes()).0, Ok(vec![format!("1.1.1.{last}:9")]), "{chain}");
        }
        let missing = read_of("litecoin-regtest", header.as_bytes()).0.unwrap_err();
        let expected = "there is no list of litecoin-regtest in it: expected chainparams_seed_regtest[], \
                        found main, test, testnet4, signet";
        assert_eq!(missing, expected);
    }

    #[test]
    fn a_list_has_addresses_of_every_network_with_and_without_a_port() {
        const ONION: &str = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
        const I2P: &str = "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p";
        let good = format!(
            "\u{feff}1.2.3.4:18333 # AS1\n[2a00::1]:1\r\n5.6.7.8\n- 2a00::2\n[2a00::3]\n[fc00::1]:9\n{ONION}\n{I2P}:0\n"
        );
        let (listed, bad) = read_of("bitcoin", good.as_bytes());
        let expected =
            ["1.2.3.4:18333", "[2a00::1]:1", "5.6.7.8:8333", "[2a00::2]:8333", "[2a00::3]:8333", "[fc00::1]:9"];
        let names = [format!("{ONION}:8333"), format!("{I2P}:0")];
        assert_eq!(listed.unwrap(), [&expected.map(str::to_owned)[..], &names].concat());
        assert_eq!(bad, Bad::default());
        for bad_line in ["1.2.3.4:99999", "example.org:8333", "short.onion:1", "[::1]x", "::1:"] {
            let (listed, bad) = read_of("bitcoin", format!("9.9.9.9:1\n{bad_line}\n").as_bytes());
            assert_eq!((listed.unwrap(), bad.more), (vec!["9.9.9.9:1".to_owned()], 0));
            assert!(bad.named[0].starts_with("f:2: expected an address"), "{bad:?}");
        }
    }

    #[test]
    fn whatever_import_reads_is_read() {
        let line = "1.2.3.4:8333 1 1700000000 99% 98% 97% 90% 80% 900000 00000409 70016 \"/Satoshi:27.0.0/\"\n";
        for file in [
            line,
            "[[\"1.2.3.4\", 8333, 9, 900000]]",
            "{\"timestamp\":1,\"nodes\":{\"1.2.3.4:8333\":[70016,\"/a/\",1,9,1,null,null,null,0,0,null,null,null]}}",
            "[{\"time\":1700000000,\"services\":9,\"address\":\"1.2.3.4\",\"port\":8333,\"network\":\"ipv4\"}]",
            "{\"address\":\"1.2.3.4:8333\",\"chain\":\"bitcoin\"}\n{\"address\":\"1.2.3.5:9333\",\"chain\":\"litecoin\"}\n",
            "address,services\n1.2.3.4:8333,9\n",
        ] {
            assert_eq!(
                read_of("bitcoin", file.as_bytes()),
                (Ok(vec!["1.2.3.4:8333".to_owned()]), Bad::default()),
                "{file}"
            );
        }
    }

    #[test]
    fn a_file_of_another_kind_costs_a_few_warnings() {
        let file = "no address\n".repeat(100_000);
        let (listed, bad) = read_of("bitcoin", file.as_bytes());
        assert_eq!((listed, bad.named.len() as u64, bad.more), (Ok(vec![]), NAMED, 100_000 - NAMED));
    }
}
