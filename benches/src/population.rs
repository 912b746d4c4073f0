//! A simulated population in its own process.

use std::fmt;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::str::FromStr;

use bitcoin::Chain;
use simnet::{Ground, Kind, Population, Ports, Topology};
use tokio::sync::oneshot;

use crate::Result;
use crate::flights::CHAIN;
use crate::program::{Served, role};

/// The word that starts this role: `population GROUND STEADY REFUSING SILENT`.
pub const ROLE: &str = "population";

/// Serves until standard input ends. Prints the ports.
pub fn main(args: &[&str]) -> Result<()> {
    let topology = args.join(" ").parse::<Numbers>()?.0;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let chain = Chain::named(CHAIN).expect("it is in the table");
        let population = Population::start(topology, simnet::bitcoin::nodes(chain.params), 0).await?;
        let Ports { steady, fleeting, refusing, silent } = population.ports();
        println!("{steady} {fleeting} {refusing} {silent}");
        io::stdout().flush()?;
        let (end, ended) = oneshot::channel::<()>();
        std::thread::spawn(move || {
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
            drop(end);
        });
        let _ = ended.await;
        Ok(())
    })
}

/// A running population. It ends when dropped, or when this process does.
pub struct Simulated {
    /// Its topology.
    pub topology: Topology,
    /// The ports of its nodes.
    pub ports: Ports,
    _process: Served,
}

impl Simulated {
    /// Starts it.
    pub fn start(topology: Topology) -> Result<Self> {
        let mut command = role(ROLE, None)?;
        command.args(Numbers(topology).to_string().split(' '));
        let (process, line) = Served::start(&mut command)?;
        let ports = line.split_whitespace().map(str::parse).collect::<std::result::Result<Vec<_>, _>>()?;
        let [steady, fleeting, refusing, silent] = ports[..] else { return Err("there is no population".into()) };
        Ok(Self { topology, ports: Ports { steady, fleeting, refusing, silent }, _process: process })
    }

    /// The seeds of a crawl: three of its nodes.
    pub fn seeds(&self) -> impl Iterator<Item = SocketAddr> {
        self.topology.nodes(Kind::Steady).take(3).map(|node| self.topology.address(node, &self.ports))
    }
}

/// A topology as arguments.
struct Numbers(Topology);

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Topology { ground, steady, refusing, silent, .. } = self.0;
        write!(f, "{ground:?} {steady} {refusing} {silent}")
    }
}

impl FromStr for Numbers {
    type Err = Box<dyn std::error::Error>;

    fn from_str(text: &str) -> Result<Self> {
        let words: Vec<_> = text.split(' ').collect();
        let [ground, steady, refusing, silent] = words[..] else {
            return Err("expected: GROUND STEADY REFUSING SILENT".into());
        };
        let ground = if ground == "Internet" { Ground::Internet } else { Ground::Loopback };
        let (refusing, silent) = (refusing.parse()?, silent.parse()?);
        Ok(Self(Topology { refusing, silent, ..Topology::of(ground, steady.parse()?) }))
    }
}
