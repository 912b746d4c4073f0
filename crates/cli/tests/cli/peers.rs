//! Querying the peer database, and importing from other programs.

mod ask;
mod files;
mod trouble;

use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use handshake::{Blame, Stage};
use peers::{Attempt, Ending, Endpoint, EscapedText, Introduced, Learned, Outcome, Time, Transports};
use store::Store;
use tempfile::TempDir;

use crate::common::{json_lines, text, verack};

/// 2023-11-14 22:13:20
const NOW: i64 = 1_700_000_000;

const ONION: &str = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333";

/// A database after a crawl, and its folder.
pub struct Map {
    folder: TempDir,
    pub path: PathBuf,
}

impl Map {
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peers.sqlite");
        Self { folder, path }
    }

    /// Four nodes that answered (one of them on Litecoin, and one with a formula as its name), one that is full, one
    /// that is silent, and one that was never tried.
    fn of_a_crawl() -> Self {
        let map = Self::empty();
        let satoshi = || introduced("/Satoshi:27.0.0/", 70016, 0xc09);
        map.store([
            attempt("1.2.3.4:8333", NOW - 90_000, satoshi(), OK),
            attempt("1.2.3.4:8333", NOW, satoshi(), OK),
            attempt("[2a00::1]:8333", NOW - 60, introduced("/Satoshi:28.0.0/", 70016, 0x409), OK),
            attempt("5.6.7.8:8333", NOW - 50, introduced("=cmd|' /C calc'!A0", 70015, 1), OK),
            Attempt {
                chain: "litecoin".into(),
                ..attempt("1.2.3.4:9333", NOW - 40, introduced("/LitecoinCore:0.21.2/", 70017, 1), OK)
            },
            attempt("9.9.9.9:8333", NOW - 30, satoshi(), (Outcome::Partial, Stage::Ack, "closed")),
            attempt("8.8.8.8:8333", NOW - 20, None, (Outcome::Failed, Stage::Connect, "connect.timeout")),
        ]);
        map
    }

    /// The peer that the book shows, and this node.
    pub fn of_the_book(node: Ipv4Addr) -> Self {
        let map = Self::empty();
        let satoshi = || introduced("/Satoshi:27.0.0/", 70016, 0xc09);
        let shown = |at| Attempt {
            source: Some("seed.bitcoin.sipa.be".into()),
            ..attempt("192.0.2.4:8333", at, satoshi(), OK)
        };
        map.store([shown(NOW - 90_000), shown(NOW), attempt(&format!("{node}:8333"), NOW, satoshi(), OK)]);
        map
    }

    /// Three nodes of a simulated network.
    pub fn of_a_simulated_network() -> Self {
        let map = Self::empty();
        let node = |address| Attempt {
            chain: "bitcoin-regtest".into(),
            ..attempt(address, NOW, introduced("/Satoshi:27.0.0(node in the attic)/", 70016, 0x409), OK)
        };
        map.store(["127.66.92.193:43849", "127.145.120.126:43849", "127.189.40.200:43849"].map(node));
        map
    }

    fn store(&self, attempts: impl IntoIterator<Item = Attempt>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::open(&self.path).await.unwrap();
            let writer = store.writer().await.unwrap();
            for attempt in attempts {
                writer.record(attempt).await.unwrap();
            }
            let learned = Learned {
                chain: "bitcoin".into(),
                endpoint: ONION.parse().unwrap(),
                identity: None,
                at: Time(NOW),
                seen: Some(Time(NOW - 3600)),
                services: 9,
                source: "1.2.3.4:8333".into(),
            };
            writer.learned(learned).await.unwrap();
            writer.close().await.unwrap();
            store.close().await;
        });
    }

    /// Runs `verack peers` on the database.
    fn peers(&self, args: &str) -> Output {
        self.command(args).output().unwrap()
    }

    fn command(&self, args: &str) -> Command {
        let mut command = verack(["peers", "--db", self.path.to_str().unwrap()]);
        command.args(args.split_whitespace());
        command
    }

    /// The addresses of the listed peers.
    fn addresses(&self, args: &str) -> Vec<String> {
        let output = self.peers(&format!("--json {args}"));
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""), "{args}");
        json_lines(&output).iter().map(|peer| peer["address"].as_str().unwrap().to_owned()).collect()
    }

    /// Writes a file beside the database.
    fn file(&self, name: &str, contents: &[u8]) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, contents).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

const OK: (Outcome, Stage, &str) = (Outcome::Ok, Stage::Done, "ok");

fn introduced(user_agent: &str, version: i64, services: u64) -> Option<Introduced> {
    Some(Introduced { version, services, user_agent: user_agent.into(), height: Some(820_000), introduction: None })
}

fn attempt(
    address: &str,
    at: i64,
    introduced: Option<Introduced>,
    (outcome, stage, reason): (Outcome, Stage, &str),
) -> Attempt {
    Attempt {
        chain: "bitcoin".into(),
        endpoint: address.parse::<Endpoint>().unwrap(),
        identity: None,
        at: Time(at),
        ending: Ending { outcome, stage, reason: reason.into() },
        blame: (outcome != Outcome::Ok).then_some(Blame::Network),
        transports: Transports { v1: None, v2: Some(outcome) },
        latency: introduced.as_ref().map(|_| Duration::from_micros(41_300)),
        introduced,
        source: Some(EscapedText::from("seed.example")),
    }
}
