//! Runs the program against a simulated network, as a user would.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Output, Stdio};

use bitcoin::Chain;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use simnet::Network;
use tokio::runtime::Runtime;

/// The network of the simulated peers.
pub const CHAIN: &str = "bitcoin-regtest";

/// The program with these arguments, and without environment variables that change its output.
pub fn verack<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_verack"));
    command.args(args).env_remove("NO_COLOR").env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// Runs it to the end.
pub fn run<'a>(args: impl IntoIterator<Item = &'a str>) -> Output {
    verack(args).output().unwrap()
}

/// Starts it with pipes.
pub fn start<'a>(args: impl IntoIterator<Item = &'a str>) -> Child {
    verack(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The signals that interrupt it: those of Ctrl-C, and of a service manager.
pub const TO_END: [Signal; 2] = [Signal::SIGINT, Signal::SIGTERM];

/// Sends it a signal.
pub fn tell(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
}

/// A loopback address with all ports free: other test programs that run at the same time do not use it.
pub fn own_ip(nth: u8) -> Ipv4Addr {
    let [.., high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 130 + high % 100, low, nth)
}

/// Its output as text.
pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Each line of its output, as JSON.
pub fn json_lines(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A running network.
pub struct Simulated {
    pub network: Network,
    _runtime: Runtime,
}

impl Simulated {
    /// One of each scripted peer.
    pub fn network() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let plan = simnet::bitcoin::plan(&Chain::named(CHAIN).unwrap().params);
        let network = runtime.block_on(Network::start(plan)).unwrap();
        Self { network, _runtime: runtime }
    }

    /// The address of the peer with this name.
    pub fn peer(&self, name: &str) -> SocketAddr {
        let is = |address: &SocketAddr| self.network.truth(*address).is_some_and(|(found, _)| found == name);
        self.network.addresses().find(is).unwrap_or_else(|| panic!("there is no peer {name}"))
    }
}
