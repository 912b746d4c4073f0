//! lnd: a Lightning node in Go, on btcd's simulation network. `cargo xtask real-nodes` builds both.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::node::{Dialect, Node, Places, eventually};
use crate::rpc::{PASSWORD, USER};
use crate::{btcd, installed};

/// A node with its own chain. Dropping it stops both.
#[derive(Debug)]
pub struct Lnd {
    node: Node,
    cli: PathBuf,
    _chain: Node,
}

impl Lnd {
    /// Starts both, if they are installed.
    pub async fn start() -> Option<Self> {
        let btcd = installed::find("btcd", "bin/btcd")?;
        let lnd = installed::find("lnd", "bin/lnd")?;
        let cli = installed::find("lnd", "bin/lncli")?;
        let chain = chain(&btcd).await;
        let certificate = chain.directory().join("rpc.cert");
        let rpc = chain.rpc();
        let node = Node::start_in("lnd", (Ipv4Addr::LOCALHOST, 0).into(), Dialect::NONE, |directory, places| {
            let mut command = command(&lnd, directory, places);
            command
                .arg(format!("--btcd.rpchost={rpc}"))
                .arg(format!("--btcd.rpcuser={USER}"))
                .arg(format!("--btcd.rpcpass={PASSWORD}"))
                .arg(format!("--btcd.rpccert={}", certificate.display()));
            command
        });
        let lnd = Self { node: node.await, cli, _chain: chain };
        eventually("lnd to answer", || lnd.call(&["getinfo"]).ok()).await;
        Some(lnd)
    }

    /// Its name: `ID@HOST:PORT`.
    ///
    /// # Panics
    /// If it gives none.
    #[must_use]
    pub fn target(&self) -> String {
        let info = self.call(&["getinfo"]).expect("it answers");
        format!("{}@{}", info["identity_pubkey"].as_str().expect("it says"), self.node.address())
    }

    /// Makes it dial a node, `ID@HOST:PORT`, and waits until the connection succeeds or fails.
    ///
    /// # Errors
    /// Its error, if the connection fails.
    pub fn dial(&self, target: &str) -> Result<Value, String> {
        self.call(&["connect", target])
    }

    /// Its information on a connected peer with this id.
    ///
    /// # Panics
    /// If it gives no list of peers.
    #[must_use]
    pub fn peer(&self, id: &str) -> Option<Value> {
        let peers = self.call(&["listpeers"]).expect("it answers");
        peers["peers"].as_array().expect("peers are a list").iter().find(|peer| peer["pub_key"] == id).cloned()
    }

    fn call(&self, args: &[&str]) -> Result<Value, String> {
        let directory = self.node.directory();
        let output = Command::new(&self.cli)
            .arg(format!("--lnddir={}", directory.display()))
            .arg(format!("--rpcserver={}", self.node.rpc()))
            .args(["--network=simnet", "--no-macaroons"])
            .args(args)
            .output()
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
    }
}

/// btcd with three recent blocks. lnd needs an encrypted RPC, and we need a plain one: so btcd makes the blocks, and is
/// then restarted.
async fn chain(program: &Path) -> Node {
    /// An address on that network with an unknown key.
    const NOWHERE: &str = "SMJ12qn9jNCCXJnTYRz5Yu9ZenERqvYwfg";
    let command = |program: &Path, directory: &Path, places| {
        let mut command = btcd::command(program, directory, places);
        command.args(["--simnet", "--txindex"]).arg(format!("--miningaddr={NOWHERE}"));
        command
    };
    let plain = Node::start("btcd", |directory, places| {
        let mut command = command(program, directory, places);
        command.arg("--notls");
        command
    });
    let plain = plain.await;
    let _: Value = plain.call("generate", &json!([3]));
    let _: Value = plain.call("stop", &json!([]));
    let data = plain.ended().await;
    let encrypted = Node::start_in("btcd", (Ipv4Addr::LOCALHOST, 0).into(), Dialect::NONE, |directory, places| {
        std::fs::rename(data.path().join("data"), directory.join("data")).expect("both are ours");
        let mut command = command(program, directory, places);
        command
            .arg(format!("--rpccert={}", directory.join("rpc.cert").display()))
            .arg(format!("--rpckey={}", directory.join("rpc.key").display()));
        command
    });
    encrypted.await
}

/// It resolves and maps nothing, and dials only on our request.
fn command(program: &Path, directory: &Path, Places { peers, rpc }: Places) -> Command {
    let mut command = Command::new(program);
    command
        .args(["--bitcoin.active", "--bitcoin.simnet", "--bitcoin.node=btcd", "--noseedbackup", "--norest"])
        .args(["--no-macaroons", "--nobootstrap", "--debuglevel=debug"])
        .arg(format!("--lnddir={}", directory.display()))
        .arg("--configfile=/dev/null")
        .arg(format!("--listen={peers}"))
        .arg(format!("--rpclisten={rpc}"));
    command
}
