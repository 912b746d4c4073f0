//! A simulated topology, and a real crawl through it.

use std::iter;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bitcoin::Params;
use clap::Parser;
use peers::{Filter, Peer, Sort, SortBy};
use simnet::{Census, Faults, Ground, Population, Topology};

use super::{CHAIN, beside, command_line, times};
use crate::args::{Cli, Command, Global};
use crate::command::{crawl, runtime};
use crate::database::Database;
use crate::exit::{Error, Exit};

/// Some hundred nodes among twice as many addresses without a node; few enough for a new user's patience.
const TOPOLOGY: Topology =
    Topology { ground: Ground::Loopback, steady: 300, fleeting: 40, refusing: 500, silent: 60, seed: 1 };

/// How much more time a node has here than a peer of the other networks: all are dialled at once, and those that never
/// answer refuse or ignore the connection.
const IN_CRAWL: u32 = 5;

/// Starts the topology.
pub async fn start(chain: Params) -> std::io::Result<Population> {
    Population::start(TOPOLOGY, simnet::bitcoin::nodes(chain), 0).await
}

/// The command line of its crawl into this database.
pub fn words(population: &Population, db: &str, patience: Duration) -> Vec<String> {
    words_from(population.seeds(), db, patience)
}

fn words_from(seeds: impl Iterator<Item = SocketAddr>, db: &str, patience: Duration) -> Vec<String> {
    let options = format!("crawl --chain {CHAIN} --allow-private {}", times(patience / 2, patience * IN_CRAWL));
    let options = options.split(' ').map(str::to_owned).chain(["--db".to_owned(), db.to_owned()]);
    options.chain(seeds.map(|seed| seed.to_string())).collect()
}

/// Runs the crawl, and compares the database with the truth.
pub fn run(chain: Params, patience: Duration, global: &Global) -> Result<Exit, Error> {
    let facts = |population: &Population| Ok((population.census(), population.seeds().collect::<Vec<_>>()));
    beside(start(chain), facts, |(census, seeds)| {
        let folder = tempfile::tempdir().map_err(|error| Error::local("there is no room for a database", error))?;
        let db = folder.path().join("peers.sqlite");
        let words = words_from(seeds.into_iter(), &db.display().to_string(), patience);
        if !global.quiet {
            say!("\n{} addresses are told of by {} nodes that are up.", TOPOLOGY.known(), census.up());
            say!("$ {}\n", command_line(&words));
        }
        let cli = Cli::try_parse_from(iter::once("verack").chain(words.iter().map(String::as_str)))
            .map_err(|error| Error::Usage(error.to_string()))?;
        let Some(Command::Crawl(args)) = cli.command else {
            return Err(Error::Usage(format!("not a crawl: {}", command_line(&words))));
        };
        match crawl::run(&args, global)? {
            Exit::Interrupted => Ok(Exit::Interrupted),
            _ => conclude(&db, census, global),
        }
    })
}

/// Reports whether the map is correct.
fn conclude(db: &Path, census: Census, global: &Global) -> Result<Exit, Error> {
    let up = census.up();
    let faults = runtime()?.block_on(compare(db, census))?;
    if faults.are_none() {
        if !global.quiet {
            say!("\nThe crawl reached each of these {up} nodes, and no others.");
        }
        return Ok(Exit::Success);
    }
    say!("\nerror: the map is not the truth: {faults}");
    Ok(Exit::NotReached)
}

async fn compare(db: &Path, mut census: Census) -> Result<Faults, Error> {
    let book = Database { db: Some(db.to_owned()) }.open_existing().await?;
    let known = Sort { by: SortBy::Known, descending: false };
    let note = |peer: Peer| {
        if let Some(address) = peer.endpoint.socket() {
            census.note(address, peer.reason());
        }
    };
    book.peers(&Filter::default(), known, None).for_each(note).await?;
    book.close().await;
    Ok(census.conclude())
}
