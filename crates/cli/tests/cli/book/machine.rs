//! A machine of its own, with simulated networks, names that lead to them, and the files that documents name.

use std::fs::{self, File, Permissions};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use bitcoin::{Chain, Params};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use simnet::{Ground, Network, Plan, Population, Topology};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::names::machine::{Etc, ip, on_machine};
use crate::names::scripted::{A, Reply, TXT, scripted, texts};
use crate::peers::Map;

/// A node of each network of [`INTERNET`].
pub const NODE: Ipv4Addr = Ipv4Addr::new(80, 75, 4, 193);

/// Networks with nodes that are globally routable, and their ports.
const INTERNET: [(&str, u16); 3] = [("bitcoin", 8333), ("litecoin", 9333), ("litecoin-regtest", 19444)];
/// The secret key of the simulated nodes that are named by one.
const KEY: &str = "4242424242424242424242424242424242424242424242424242424242424242";
/// Far longer than any command takes.
const LONG: Duration = Duration::from_secs(60);

pub struct Machine {
    /// The working directory, which is the home directory, too.
    folder: TempDir,
    pub networks: Networks,
}

/// Runs a test on such a machine, with the scripted peers and the nodes to be crawled of the demo on these ports. Without the permission for it, prints a line and skips the test.
pub fn on_a_machine_with_nodes(ports: [u16; 2], test: impl FnOnce(&Machine) + Send) {
    let etc = Etc { resolv_conf: Some("nameserver 127.0.0.1\n"), nsswitch: "hosts: files dns\n", hosts: "" };
    on_machine(etc, move || {
        assert!(Ground::ROUTES.iter().all(|words| ip(words)));
        let networks = Networks::start(ports);
        let names = networks.addresses.clone();
        scripted((Ipv4Addr::LOCALHOST, 53).into(), move |name, kind| match kind {
            _ if name == "chainz" => Reply::NoName,
            A => Reply::Records(names.iter().map(|ip| (A, ip.octets().to_vec())).collect()),
            TXT => Reply::Records(vec![(TXT, texts(&format!("dnsaddr=/ip4/{NODE}/tcp/4001")))]),
            _ => Reply::Records(vec![]),
        });
        let folder = tempfile::tempdir().unwrap();
        put_files(folder.path());
        fs::write(folder.path().join("keyed.txt"), networks.keyed.join("\n")).unwrap();
        test(&Machine { folder, networks });
    });
}

/// The files that documents name, and a database.
fn put_files(folder: &Path) {
    let data = folder.join(".local/share/verack");
    fs::create_dir_all(&data).unwrap();
    fs::copy(Map::of_the_book(NODE).path, data.join("peers.sqlite")).unwrap();
    fs::copy(Map::of_a_simulated_network().path, folder.join("crawl.sqlite")).unwrap();
    let node = format!("{NODE}:8333\n");
    for (name, content) in
        [("nodes.txt", &*node), ("nodes.json", &*format!("[\"{NODE}:8333\"]")), ("seeds.txt", &*node)]
    {
        fs::write(folder.join(name), content).unwrap();
    }
    let key = folder.join("theirs.key");
    fs::write(&key, KEY).unwrap();
    fs::set_permissions(key, Permissions::from_mode(0o600)).unwrap();
}

impl Machine {
    /// Starts a command line in a shell.
    pub fn start(&self, line: &str) -> Job {
        let program = Path::new(env!("CARGO_BIN_EXE_verack")).parent().unwrap().display();
        let log = tempfile::NamedTempFile::new_in(self.folder.path()).unwrap();
        let output = |file: &File| Stdio::from(file.try_clone().unwrap());
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(self.folder.path()).process_group(0).stdin(Stdio::null());
        command.stdout(output(log.as_file())).stderr(output(log.as_file()));
        command.env("PATH", format!("{program}:{}", std::env::var("PATH").unwrap())).env("HOME", self.folder.path());
        command.env_remove("XDG_DATA_HOME").env_remove("NO_COLOR").env_remove("RUST_LOG");
        Job { line: line.to_owned(), child: command.spawn().unwrap(), log }
    }
}

/// A command that runs.
pub struct Job {
    pub line: String,
    child: Child,
    /// What it prints on standard output and standard error.
    log: tempfile::NamedTempFile,
}

impl Job {
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log.path()).unwrap()).into_owned()
    }

    /// Waits until this is in its output, or until it has ended.
    pub fn wait_for(&mut self, is_there: impl Fn(&str) -> bool) {
        self.wait_until(|job| is_there(&job.output()) || job.child.try_wait().unwrap().is_some());
    }

    /// Waits for its end.
    pub fn end(&mut self) -> ExitStatus {
        self.wait_until(|job| job.child.try_wait().unwrap().is_some());
        self.child.wait().unwrap()
    }

    /// Interrupts it, as Ctrl-C does. Returns whether that was its end. Of a pipeline the shell tells how its last program
    /// ended, which may have read all before the signal came.
    pub fn interrupt(&mut self) -> bool {
        if self.child.try_wait().unwrap().is_some() {
            return false;
        }
        let _ = killpg(self.group(), Signal::SIGINT);
        let status = self.end();
        let is_pipeline = self.line.contains(" | ");
        is_pipeline || status.code() == Some(130) || status.signal() == Some(Signal::SIGINT as i32)
    }

    fn wait_until(&mut self, mut done: impl FnMut(&mut Self) -> bool) {
        let started = Instant::now();
        while !done(self) {
            assert!(started.elapsed() < LONG, "{} does not end: {}", self.line, self.output());
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn group(&self) -> Pid {
        Pid::from_raw(self.child.id().try_into().unwrap())
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = killpg(self.group(), Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }
}

/// The simulated networks.
pub struct Networks {
    /// The addresses of three nodes that are in each network of [`INTERNET`].
    addresses: Vec<Ipv4Addr>,
    /// The DNS server of the scripted peers.
    pub dns: SocketAddr,
    /// Their targets with keys.
    keyed: Vec<String>,
    monero: Network,
    _scripted: Network,
    _populations: Vec<Population>,
    _runtime: Runtime,
}

impl Networks {
    /// Scripted peers, and nodes that know each other, on these ports of loopback; and the internet.
    fn start([scripted, population]: [u16; 2]) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let regtest = params("bitcoin-regtest");
        let plan = Plan {
            lists: vec![simnet::libp2p::list()],
            keyed: [simnet::ethereum::peers(), simnet::lightning::peers()].concat(),
            port: scripted,
            ..Plan::new([simnet::bitcoin::peers(&regtest), simnet::bitcoin::honest(&regtest, 60)].concat())
        };
        let stagenet = monero::Network::named("monero-stagenet").unwrap();
        let (scripted, monero, populations) = runtime.block_on(async {
            let scripted = Network::start(plan).await.unwrap();
            let monero = Network::start(Plan::only(simnet::monero::peers(stagenet))).await.unwrap();
            let topology =
                Topology { ground: Ground::Loopback, steady: 300, fleeting: 40, refusing: 500, silent: 60, seed: 1 };
            let mut all = vec![Population::start(topology, simnet::bitcoin::nodes(regtest), population).await.unwrap()];
            for (name, port) in INTERNET {
                let topology = Topology::of(Ground::Internet, 6);
                all.push(Population::start(topology, simnet::bitcoin::nodes(params(name)), port).await.unwrap());
            }
            (scripted, monero, all)
        });
        let seeds = populations.last().unwrap().seeds();
        let addresses: Vec<_> = seeds
            .filter_map(|seed| match seed.ip() {
                IpAddr::V4(ip) => Some(ip),
                IpAddr::V6(_) => None,
            })
            .collect();
        assert!(addresses.contains(&NODE), "{addresses:?}");
        let keyed = scripted.keyed().map(|(address, peer)| peer.target(address)).collect();
        Self {
            addresses,
            dns: scripted.dns(),
            keyed,
            monero,
            _scripted: scripted,
            _populations: populations,
            _runtime: runtime,
        }
    }
}

impl Networks {
    /// The client of the demo's nodes of Monero.
    pub fn client_of_monero(&self) -> String {
        let (port, dns) = (self.monero.port(), self.monero.dns());
        format!("verack -c monero-stagenet seed.verack.test --port {port} --resolver {dns} --allow-private")
    }
}

fn params(name: &str) -> Params {
    Chain::named(name).unwrap().params
}
