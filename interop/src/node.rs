//! A real node, from its start to its end.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::rpc;

/// A running node. Dropping it stops it; if the test failed, the end of its log is shown.
#[derive(Debug)]
pub struct Node {
    name: &'static str,
    process: Child,
    directory: TempDir,
    places: Places,
    dialect: Dialect,
}

/// A node's form of JSON-RPC.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    /// The path of its URL.
    pub(crate) path: &'static str,
    /// A method without parameters that it answers once it is up; empty if it has no JSON-RPC.
    pub(crate) probe: &'static str,
}

impl Dialect {
    /// For every descendant of Bitcoin's node.
    pub(crate) const BITCOIN: Self = Self { path: "/", probe: "getconnectioncount" };

    /// For a node that is ready once it accepts peers.
    pub(crate) const NONE: Self = Self { path: "/", probe: "" };
}

/// The addresses on which a node should listen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    pub(crate) peers: SocketAddr,
    pub(crate) rpc: SocketAddr,
}

/// The file for a node's standard output and error, in its directory.
const LOG: &str = "log";

impl Node {
    /// Starts a node and waits until it accepts peers and RPC calls. `command` gets an empty directory and the
    /// addresses on which to listen.
    pub(crate) async fn start(name: &'static str, command: impl FnOnce(&Path, Places) -> Command) -> Self {
        Self::start_at(name, Ipv4Addr::LOCALHOST, command).await
    }

    /// The same, listening for peers on this address.
    pub(crate) async fn start_at(
        name: &'static str,
        ip: Ipv4Addr,
        command: impl FnOnce(&Path, Places) -> Command,
    ) -> Self {
        Self::start_in(name, (ip, 0).into(), Dialect::BITCOIN, command).await
    }

    /// The same for a node with this form of JSON-RPC, listening for peers on `at`; port 0 is any.
    pub(crate) async fn start_in(
        name: &'static str,
        at: SocketAddr,
        dialect: Dialect,
        command: impl FnOnce(&Path, Places) -> Command,
    ) -> Self {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let log = File::create(directory.path().join(LOG)).expect("the directory is ours");
        let places = free_places(at).expect("there are free ports");
        let process = command(directory.path(), places)
            .stdout(log.try_clone().expect("one more open file"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let mut node = Self { name, process, directory, places, dialect };
        eventually(&format!("{name} to be ready"), || node.is_ready().then_some(())).await;
        node
    }

    fn is_ready(&mut self) -> bool {
        if let Ok(Some(status)) = self.process.try_wait() {
            panic!("{} ended before it was ready: {status}", self.name);
        }
        let Dialect { path, probe } = self.dialect;
        let answers = probe.is_empty() || rpc::call(self.places.rpc, path, probe, &json!([])).is_ok();
        answers && self.takes_peers()
    }

    /// Whether it listens for peers, by the kernel's table: some nodes limit connections, so this opens none.
    fn takes_peers(&self) -> bool {
        let port = format!(":{:04X}", self.places.peers.port());
        ["tcp", "tcp6"].iter().any(|table| {
            let sockets = fs::read_to_string(format!("/proc/thread-self/net/{table}")).unwrap_or_default();
            sockets.lines().any(|line| {
                let mut fields = line.split_whitespace().skip(1);
                let local = fields.next().is_some_and(|local| local.ends_with(&port));
                // 0A: a listener.
                local && fields.nth(1) == Some("0A")
            })
        })
    }

    /// Its directory.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The address of its RPC.
    pub(crate) fn rpc(&self) -> SocketAddr {
        self.places.rpc
    }

    /// Waits until it has stopped by itself, after it was told to.
    pub(crate) async fn ended(mut self) -> TempDir {
        eventually(&format!("{} to end", self.name), || self.process.try_wait().ok().flatten()).await;
        std::mem::replace(&mut self.directory, tempfile::tempdir().expect("a directory can be made"))
    }

    /// The address on which it listens for peers.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.places.peers
    }

    /// Calls a method of its RPC.
    ///
    /// # Panics
    /// If it answers with an error.
    #[must_use]
    pub fn call(&self, method: &str, params: &Value) -> Value {
        rpc::call(self.places.rpc, self.dialect.path, method, params)
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// Makes it dial this address, once.
    ///
    /// # Panics
    /// If it refuses.
    pub fn dial(&self, address: SocketAddr) {
        let _: Value = self.call("addnode", &json!([address.to_string(), "onetry"]));
    }

    /// Its information on the only peer with this user agent, if that is connected.
    ///
    /// # Panics
    /// If there are several.
    #[must_use]
    pub fn peer(&self, user_agent: &str) -> Option<Value> {
        let peers = self.call("getpeerinfo", &json!([]));
        let mut ours = peers.as_array().expect("peers are a list").iter().filter(|peer| peer["subver"] == user_agent);
        let peer = ours.next().cloned();
        assert_eq!(ours.next(), None, "there are two of us");
        peer
    }

    fn log_tail(&self) -> String {
        const LINES: usize = 60;
        let log = fs::read(self.directory.path().join(LOG)).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Both fail only if it has stopped already. It needs no orderly end.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if thread::panicking() {
            println!("--- the end of the log of {} ---\n{}", self.name, self.log_tail());
        }
    }
}

/// Two free ports. They are found together, so that they differ.
fn free_places(at: SocketAddr) -> io::Result<Places> {
    let [peers, rpc] = [at, (Ipv4Addr::LOCALHOST, 0).into()].map(TcpListener::bind);
    Ok(Places { peers: peers?.local_addr()?, rpc: rpc?.local_addr()? })
}

/// Calls `look` again and again, until it returns a result.
///
/// # Panics
/// If there is none after five minutes, more than the slowest machine needs.
pub async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(300);
    loop {
        match look() {
            Some(seen) => return seen,
            None if Instant::now() > end => panic!("waited five minutes in vain for {what}"),
            None => sleep(Duration::from_millis(20)).await,
        }
    }
}
