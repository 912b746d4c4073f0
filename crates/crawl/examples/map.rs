//! Maps a simulated network into a database, and prints how many nodes were reached.

use discover::Policy;
use probe::Config;
use simnet::{Ground, Population, Topology};
use verack_crawl::map;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ground = Ground::Loopback;
    let topology = Topology { ground, steady: 50, fleeting: 0, refusing: 50, silent: 0, seed: 1 };
    let chain = bitcoin::Chain::named("bitcoin-regtest").ok_or("it is in the table")?;
    let nodes = Population::start(topology, simnet::bitcoin::nodes(chain.params), 0).await?;
    let seeds: Result<Vec<_>, _> = nodes.seeds().map(|seed| probe::target::Target::any(&seed.to_string())).collect();
    let folder = tempfile::tempdir()?;
    let store = store::Store::open(folder.path().join("map.sqlite")).await?;
    let policy = Policy { allow_private: true, prefix_pace: None, ..Policy::default() };
    let summary = map(Config::on(chain.name)?, seeds?, policy, &store).await?;
    println!("{} of {} reached, {} known", summary.reachable, summary.tried, summary.known);
    Ok(())
}
