//! Where a crawl begins: whom the user names, then what DNS says, then fixed seeds.
//!
//! Whom to ask when is [`discover::seeds::Start`]'s to say; here they are asked.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bitcoin::gossip::{Address, seeds as fixed};
use discover::Source;
use discover::seeds::{Kind as SeedKind, PEERS_ENOUGH, Start, read_lines};
use store::{Shown, Time};
use tokio::task::JoinSet;

use crate::exit::Error;
use crate::lookup::{Found, Lookup, is_localhost};
use crate::protocol::{Chain, Place, Told};
use crate::resolve::{Options, ResolveError};
use crate::target::{Kind, Target};

/// All seeds of a crawl.
pub struct Seeds {
    start: Start,
    /// The port of targets that name none.
    port: u16,
    /// How a resolver is asked, once there is a name to ask it for.
    resolver: Options,
    lookup: Option<Lookup>,
    /// Whom the user named by address, until they are taken.
    named: Vec<Yield>,
    /// The network's own, until they are asked.
    dns: Vec<Target>,
    /// Those of files, until they are taken.
    fixed: Vec<Yield>,
    /// Names that are to be looked up.
    waiting: VecDeque<Target>,
    lookups: JoinSet<Answer>,
}

/// Names that are looked up at once.
const LOOKUPS: usize = 64;

/// Addresses, and who told them.
#[derive(Debug)]
pub struct Yield {
    /// Who, as the database has it.
    pub name: Shown,
    /// Who, as far as the frontier cares.
    pub source: Source,
    /// The addresses.
    pub told: Vec<Told>,
}

/// A seed, and what came of looking up its name.
type Answer = (Target, Result<Vec<Found>, ResolveError>);

impl Seeds {
    /// Seeds of a crawl that knows so many addresses already: those that the user named, or else the network's own.
    pub fn new(
        known: usize,
        targets: Vec<Target>,
        dns: Vec<Target>,
        fixed: Vec<Yield>,
        port: u16,
        resolver: Options,
    ) -> Self {
        let mut waiting = VecDeque::new();
        let mut told = Vec::new();
        for target in targets {
            match target.kind {
                Kind::Address(ip, own_port) => told.push(news(SocketAddr::new(ip, own_port.unwrap_or(port)))),
                _ => waiting.push_back(target),
            }
        }
        let named = vec![Yield { name: "command line".into(), source: Source::Remembered, told }];
        let start = Start::new(known, !dns.is_empty());
        Self { start, port, resolver, lookup: None, named, dns, fixed, waiting, lookups: JoinSet::new() }
    }

    /// Whether a seed has been asked and has not answered yet.
    pub fn is_asking(&self) -> bool {
        !self.lookups.is_empty()
    }

    /// Whether there may be others to ask in a while.
    pub fn may_ask(&self, reached: usize) -> bool {
        reached < PEERS_ENOUGH && !(self.dns.is_empty() && self.fixed.is_empty())
    }

    /// Asks whom it is time to ask, given what the frontier says. Addresses that need no asking come at once.
    ///
    /// # Errors
    /// Names cannot be looked up at all. The other seeds are asked all the same.
    pub fn ask(&mut self, reached: usize, known: usize, exhausted: bool, now: Duration) -> Result<Vec<Yield>, Error> {
        let mut found = std::mem::take(&mut self.named);
        found.retain(|found| !found.told.is_empty());
        if !found.is_empty() {
            return Ok(found);
        }
        if self.waiting.is_empty() {
            match self.start.ask(reached, known, exhausted, now) {
                Some(SeedKind::Dns) => self.waiting.extend(std::mem::take(&mut self.dns)),
                Some(SeedKind::Fixed) => return Ok(std::mem::take(&mut self.fixed)),
                Some(SeedKind::Remembered) | None => {}
            }
        }
        self.look_up().map(|()| Vec::new())
    }

    /// Looks up names, as many as may be at once.
    fn look_up(&mut self) -> Result<(), Error> {
        let lookup = match &self.lookup {
            Some(lookup) => lookup,
            None if self.waiting.is_empty() => return Ok(()),
            // Whether an address may be dialled is the frontier's to say, whoever told it.
            None => match Lookup::new(self.resolver, true, &self.waiting) {
                Ok(lookup) => self.lookup.insert(lookup),
                Err(error) => {
                    self.waiting.clear();
                    return Err(error);
                }
            },
        };
        let room = self.waiting.len().min(LOOKUPS - self.lookups.len());
        for target in self.waiting.drain(..room) {
            let found = lookup.addresses(&target, self.port);
            self.lookups.spawn(async move { (target, found.await) });
        }
        Ok(())
    }

    /// The next answer.
    pub async fn found(&mut self) -> Result<Yield, ResolveError> {
        let Some(Ok((target, found))) = self.lookups.join_next().await else {
            return std::future::pending().await;
        };
        let is_ours = target.kind.name().is_some_and(is_localhost);
        let source = if is_ours { Source::Remembered } else { Source::Seed };
        let told = found?.into_iter().flatten().map(|(address, _)| news(address)).collect();
        Ok(Yield { name: Shown::from(&*target.text), source, told })
    }
}

/// An address that somebody has named just now.
fn news(address: SocketAddr) -> Told {
    Told { seen: Time::now().0, services: 0, place: Place::Ip(address) }
}

/// Reads fixed seeds from a file, in any of three forms: a list with one address a line, Core's `chainparamsseeds.h`, and
/// the bytes that it holds. A line that is none is reported with its number, and the others are taken.
pub fn read_file(path: &Path, chain: Chain, port: u16) -> Result<Yield, Error> {
    /// Who was good when a list was made is said to have been there so long ago, in seconds. (Core: net.cpp
    /// ConvertSeeds, one to two weeks)
    const AGE: i64 = 7 * 24 * 60 * 60;
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| Error::Usage(format!("cannot read {shown}: {error}")))?;
    let places = places(&bytes, chain, port, |bad| say!("warning: {shown}, {bad}"))
        .map_err(|error| Error::Usage(format!("{shown}: {error}")))?;
    if places.is_empty() {
        return Err(Error::Usage(format!("there is no address in {shown}")));
    }
    let seen = Time::now().0 - AGE;
    let told = places.into_iter().map(|place| Told { seen, services: 0, place }).collect();
    Ok(Yield { name: Shown::from(&*path.to_string_lossy()), source: Source::Seed, told })
}

fn places(bytes: &[u8], chain: Chain, port: u16, mut warn: impl FnMut(String)) -> Result<Vec<Place>, String> {
    let place = |(address, port): (Address, u16)| match address.ip() {
        Some(ip) => Place::Ip(SocketAddr::new(ip, port)),
        None => Place::Overlay(address, port),
    };
    // The bytes begin with a network's number, below every letter.
    if bytes.first().is_some_and(|&first| first < b'\t') {
        let seeds = fixed::read(bytes).map_err(|error| error.to_string())?;
        return Ok(seeds.into_iter().map(place).collect());
    }
    let text = String::from_utf8_lossy(bytes);
    if text.contains("chainparams_seed") {
        let array = fixed::bytes_of_array(&text, array_of(chain)).map_err(|error| error.to_string())?;
        let seeds = fixed::read(&array).map_err(|error| error.to_string())?;
        return Ok(seeds.into_iter().map(place).collect());
    }
    let mut places = Vec::new();
    for line in read_lines(&text, |line| read_place(line, port)) {
        match line {
            Ok(found) => places.push(place(found)),
            Err(bad) => warn(bad.to_string()),
        }
    }
    Ok(places)
}

/// An address of any network, with this port unless it has its own.
fn read_place(text: &str, port: u16) -> Option<(Address, u16)> {
    let bare = |host: &str| host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).parse().ok();
    if let Some(address) = bare(text) {
        return Some((address, port));
    }
    let (host, port) = text.rsplit_once(':')?;
    bare(host).zip(port.parse().ok())
}

/// How Core calls a network's array; of another program's file, the first is taken.
fn array_of(chain: Chain) -> Option<&'static str> {
    match chain.name() {
        "bitcoin" => Some("main"),
        "bitcoin-testnet3" => Some("test"),
        "bitcoin-testnet4" => Some("testnet4"),
        "bitcoin-signet" => Some("signet"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::places;
    use crate::protocol::Chain;

    fn read(bytes: &[u8]) -> (Result<Vec<String>, String>, Vec<String>) {
        let mut warnings = Vec::new();
        let read = places(bytes, Chain::named("bitcoin").unwrap(), 8333, |bad| warnings.push(bad));
        (read.map(|places| places.iter().map(ToString::to_string).collect()), warnings)
    }

    #[test]
    fn fixed_seeds_are_read_in_each_of_their_forms() {
        let expected = || Ok(vec!["1.2.3.4:8333".to_owned(), "[fc00::1]:1".to_owned()]);
        let cjdns = [&[6, 16, 0xfc][..], &[0; 14], &[1, 0, 1]].concat();
        let bytes = [&[1, 4, 1, 2, 3, 4, 0x20, 0x8d][..], &cjdns].concat();
        assert_eq!(read(&bytes), (expected(), vec![]));
        let digits: Vec<_> = bytes.iter().map(|byte| format!("0x{byte:02x}")).collect();
        let array =
            |name: &str, digits: &str| format!("static const uint8_t chainparams_seed_{name}[] = {{{digits}}};\n");
        let header = array("test", "0x01,0x04,0x05,0x05,0x05,0x05,0x00,0x01") + &array("main", &digits.join(","));
        assert_eq!(read(header.as_bytes()), (expected(), vec![]));
    }

    #[test]
    fn a_list_has_addresses_of_every_network_with_and_without_a_port() {
        const ONION: &str = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
        const I2P: &str = "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p";
        let good =
            format!("1.2.3.4:18333 # AS1\n[2a00::1]:1\r\n5.6.7.8\n2a00::2\n[2a00::3]\n[fc00::1]:9\n{ONION}\n{I2P}:0\n");
        let (listed, warnings) = read(good.as_bytes());
        let expected =
            ["1.2.3.4:18333", "[2a00::1]:1", "5.6.7.8:8333", "[2a00::2]:8333", "[2a00::3]:8333", "[fc00::1]:9"];
        let names = [format!("{ONION}:8333"), format!("{I2P}:0")];
        assert_eq!(listed.unwrap(), [&expected.map(str::to_owned)[..], &names].concat());
        assert_eq!(warnings, [""; 0]);

        let misspelt = ONION.replace("pg6", "pg7");
        for bad in ["1.2.3.4:99999", "example.org:8333", "short.onion:1", "[::1]x", "::1:", &misspelt] {
            let (listed, warnings) = read(format!("9.9.9.9:1\n{bad}\n").as_bytes());
            assert_eq!(listed.unwrap(), ["9.9.9.9:1"]);
            assert_eq!(warnings, [format!("line 2: expected an address, with or without a port, not {bad:?}")]);
        }
    }

    #[test]
    fn a_file_that_is_cut_is_told() {
        assert!(read(&[1, 4, 1, 2]).0.unwrap_err().contains("address"));
        assert!(read(b"chainparams_seed_main[] = {1,").0.is_err());
    }
}
