//! The measurements of BENCHMARKS.md, each repeatable with one command.
//!
//! ```text
//!   handshakes ──┬── verack --json @targets ──┐
//!    (runner)    └── floor ───────────────────┴──▶ peers
//! ```
//!
//! A measurement runs the two sides that it compares alternately, so that both see the same machine, and takes the
//! median. The programs' peers, and those that they are compared with, are roles of this program in other processes.

mod beside;
mod compare;
mod cost;
mod crawl_kill;
mod crawl_map;
mod crawl_rate;
mod crawl_watch;
mod crawler;
mod ethereum_cpu;
mod ethereum_sides;
mod ethereum_trips;
mod flights;
mod floor;
mod handshakes;
mod import;
mod in_memory;
mod in_parts;
mod libp2p_cpu;
mod libp2p_sides;
mod libp2p_trips;
mod lightning_cpu;
mod lightning_trips;
mod link;
mod memory;
mod monero_trips;
mod peers;
mod place;
mod population;
mod program;
mod round_trips;
mod sides;
mod startup;
mod store;
mod v2_bare;
mod v2_cpu;
mod v2_packets;
mod v2_talk;

use std::env;
use std::process::ExitCode;

use compare::Findings;

const USAGE: &str = "\
usage: cargo run --release -p verack-benches -- <measurement>

  handshakes [PEERS [CONCURRENCY [ROUNDS]]]  per second, against a bare epoll client (default: 50000 128 9)
  round-trips [ROUNDS]                       until OK over v1 and v2, over a link of 100 ms; as root (default: 11)
  v2-cpu [HANDSHAKES [ROUNDS]]               of a v2 handshake, against its bare cryptography (default: 1000 11)
  v2-packets [ROUNDS]                        sealing and opening, against the crate bip324 (default: 11)
  lightning-cpu [HANDSHAKES [ROUNDS]]        of a Lightning handshake, against its bare curve operations (default: 1000 11)
  lightning-round-trips [ROUNDS]             until both inits, over a link of 100 ms; as root (default: 11)
  ethereum-cpu [HANDSHAKES [ROUNDS]]         of an Ethereum handshake, against its bare curve operations (default: 1000 11)
  ethereum-round-trips [ROUNDS]              until both Hellos and Statuses, over a link of 100 ms; as root (default: 11)
  libp2p-cpu [HANDSHAKES [ROUNDS]]           of a libp2p handshake, against its bare curve operations (default: 1000 11)
  libp2p-round-trips [ROUNDS]                until identify, over a link of 100 ms; as root (default: 11)
  monero-round-trips [ROUNDS]                until the answer, over a link of 100 ms; as root (default: 11)
  in-parts [ROUNDS]                          with peers that write in parts, and its system calls (default: 50)
  memory [CONNECTIONS]                       per silent connection (default: 10000)
  store [PEERS]                              size, writing and asking of the peer database (default: 1000000)
  import [MIB]                               memory and time of files of peers of any kind (default: 256)
  crawl-map [REACHABLE [KNOWN]]              of a network of Bitcoin's size, mostly silent; as root (default: 24000 544000)
  crawl-rate [NODES [ROUNDS]]                nodes a second, each telling 1000 addresses (default: 24000 5)
  crawl-watch [RESULTS]                      what a watch keeps of what it has forgotten; as root (default: 2000000)
  crawl-kill [ROUNDS]                        what is lost if a crawl is killed (default: 20)
  startup                                    until --version is printed, and the program's size";

/// The error says why a measurement failed.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let _ = net::raise_open_files();
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match dispatch(&args) {
        Ok(findings) if findings.all_hold() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::from(3)
        }
    }
}

fn dispatch(args: &[&str]) -> Result<Findings> {
    let number = |nth: usize, default: usize| args.get(nth).map_or(Ok(default), |arg| arg.parse());
    match args.first().copied() {
        Some("handshakes") => handshakes::measure(number(1, 50_000)?, number(2, 128)?, number(3, 9)?),
        Some("round-trips") => round_trips::measure(number(1, 11)?),
        Some("v2-cpu") => v2_cpu::measure(number(1, 1000)?, number(2, 11)?),
        Some("v2-packets") => v2_packets::measure(number(1, 11)?),
        Some("lightning-cpu") => lightning_cpu::measure(number(1, 1000)?, number(2, 11)?),
        Some("lightning-round-trips") => lightning_trips::measure(number(1, 11)?),
        Some("ethereum-cpu") => ethereum_cpu::measure(number(1, 1000)?, number(2, 11)?),
        Some("ethereum-round-trips") => ethereum_trips::measure(number(1, 11)?),
        Some("libp2p-cpu") => libp2p_cpu::measure(number(1, 1000)?, number(2, 11)?),
        Some("libp2p-round-trips") => libp2p_trips::measure(number(1, 11)?),
        Some("monero-round-trips") => monero_trips::measure(number(1, 11)?),
        Some("in-parts") => in_parts::measure(number(1, 50)?),
        Some("memory") => memory::measure(number(1, 10_000)?),
        Some("startup") => startup::measure(),
        Some("store") => store::measure(number(1, 1_000_000)?),
        Some("import") => import::measure(args.get(1).map_or(Ok(256), |mib| mib.parse())?),
        Some("crawl-map") => crawl_map::measure(number(1, 24_000)?, number(2, 544_000)?),
        Some("crawl-rate") => crawl_rate::measure(number(1, 24_000)?, number(2, 5)?),
        Some("crawl-watch") => crawl_watch::measure(number(1, 2_000_000)?),
        Some("crawl-kill") => crawl_kill::measure(number(1, 20)?),
        // The roles that the measurements start.
        Some(peers::ROLE) => peers::main(&args[1..]).map(|()| Findings::default()),
        Some(population::ROLE) => population::main(&args[1..]).map(|()| Findings::default()),
        Some(crawl_map::WITHIN) => crawl_map::within(&args[1..]),
        Some(crawl_watch::WITHIN) => crawl_watch::within(&args[1..]),
        Some(floor::ROLE) => floor::main(&args[1..]).map(|()| Findings::default()),
        Some(lightning_trips::PEER) => lightning_trips::peer(&args[1..]).map(|()| Findings::default()),
        Some(lightning_trips::DIAL) => lightning_trips::dial(&args[1..]).map(|()| Findings::default()),
        Some(ethereum_trips::PEER) => ethereum_trips::peer(&args[1..]).map(|()| Findings::default()),
        Some(ethereum_trips::DIAL) => ethereum_trips::dial(&args[1..]).map(|()| Findings::default()),
        Some(libp2p_trips::PEER) => libp2p_trips::peer(&args[1..]).map(|()| Findings::default()),
        Some(libp2p_trips::DIAL) => libp2p_trips::dial(&args[1..]).map(|()| Findings::default()),
        Some(monero_trips::PEER) => monero_trips::peer(&args[1..]).map(|()| Findings::default()),
        Some(monero_trips::DIAL) => monero_trips::dial(&args[1..]).map(|()| Findings::default()),
        Some(link::KNOCK) => link::knock(&args[1..]).map(|()| Findings::default()),
        _ => Err(USAGE.into()),
    }
}
