//! geth: Ethereum's node in Go, and devp2p, its developer tool. `cargo xtask real-nodes` builds both.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};

use ethereum::PublicKey;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use crate::installed;
use crate::node::{Dialect, Node, Places};

/// The network of [`start`].
pub const CHAIN: &str = "hoodi";

/// The start of its client id.
pub const CLIENT_ID: &str = "Geth/v1.17.10-";

const DIALECT: Dialect = Dialect { path: "/", probe: "net_version" };

/// Starts it on a public test network, at the first block, if it is installed.
pub async fn start() -> Option<Node> {
    let program = installed::find("geth", "bin/geth")?;
    Some(
        Node::start_in("geth", (Ipv4Addr::LOCALHOST, 0).into(), DIALECT, |at, places| command(&program, at, places))
            .await,
    )
}

/// It resolves, maps and discovers nothing, and dials only on our request.
fn command(program: &Path, directory: &Path, Places { peers, rpc }: Places) -> Command {
    let mut command = Command::new(program);
    command
        .args(["--hoodi", "--nat=none", "--nodiscover", "--bootnodes=", "--discovery.dns=", "--syncmode=full"])
        .args(["--ipcdisable", "--maxpeers=1000", "--maxpendpeers=1000", "--verbosity=4"])
        // Its chain has one block.
        .args(["--cache=64", "--http", "--http.api=admin,net,eth"])
        .arg(format!("--datadir={}", directory.join("data").display()))
        .arg(format!("--port={}", peers.port()))
        .arg(format!("--http.addr={}", rpc.ip()))
        .arg(format!("--http.port={}", rpc.port()))
        .arg("--authrpc.port=0");
    command
}

/// Its name: `enode://ID@HOST:PORT`.
///
/// # Panics
/// If it gives none.
#[must_use]
pub fn enode(node: &Node) -> String {
    let info = node.call("admin_nodeInfo", &json!([]));
    let enode = info["enode"].as_str().expect("it says");
    // It does not know its address, and names a discovery port that it does not use.
    let (id, _) = enode.split_once('@').expect("an enode has an address");
    format!("{id}@{}", node.address())
}

/// Makes it dial the node of this name, until [`forget`].
pub fn dial(node: &Node, enode: &str) {
    let _: Value = node.call("admin_addPeer", &json!([enode]));
}

/// Makes it stop dialling this node.
pub fn forget(node: &Node, enode: &str) {
    let _: Value = node.call("admin_removePeer", &json!([enode]));
}

/// Its information on a connected peer with this id.
///
/// # Panics
/// If it gives no list of peers.
#[must_use]
pub fn peer(node: &Node, id: PublicKey) -> Option<Value> {
    let peers = node.call("admin_peers", &json!([]));
    let is = |peer: &&Value| peer["enode"].as_str().is_some_and(|enode| enode.contains(&id.to_string()));
    peers.as_array().expect("peers are a list").iter().find(is).cloned()
}

/// `devp2p`, if it is installed.
#[must_use]
pub fn devp2p() -> Option<tokio::process::Command> {
    let program = installed::find("geth", "bin/devp2p")?;
    let mut command = tokio::process::Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    Some(command)
}

/// The chain of its conformance tests.
#[derive(Debug)]
pub struct TestChain;

impl TestChain {
    /// Its network.
    pub const NETWORK_ID: &str = "3503995874084926";
    /// Its first block, the parent of the first in `chain.rlp`.
    pub const GENESIS: &str = "1518c33dab6ed4dbb2d0c48239ac2f00acc0e28dc43660bb745a0f127552024c";
    /// After its forks at 60, 120, 180, 240, 300 and 360 s, by EIP-2124.
    pub const FORK_ID: &str = "5942bfc2";
    /// Its last block, by `headfcu.json`.
    pub const HEAD: &str = "9d78f73579811aa17b112188ce020cda4362b0d57a4a339a0c3911c4ace7220c";
    /// The number of that.
    pub const HEIGHT: &str = "600";
}

/// Runs these conformance tests against a node, if they are installed. Returns whether all pass, and their output.
///
/// # Panics
/// If they cannot be run.
pub async fn conformance(tests: &str, enode: &str) -> Option<(bool, String)> {
    let mut devp2p = devp2p()?;
    let engine = engine().await;
    devp2p.args(["rlpx", "eth-test", "--run", tests, "--node", enode]).arg("--chain");
    devp2p.arg(installed::folder("geth").join("testdata"));
    devp2p.args(["--engineapi", &format!("http://{engine}"), "--jwtsecret", &format!("0x{}", "11".repeat(32))]);
    let output = devp2p.output().await.expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
}

/// The consensus side of the tested node, to which the conformance tests send their chain. It accepts everything.
async fn engine() -> SocketAddr {
    const ANSWER: &[u8] =
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 36\r\nConnection: close\r\n\r\n\
        {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}";
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            let (mut line, mut len) = (String::new(), 0);
            while stream.read_line(&mut line).await.is_ok_and(|read| read > 2) {
                let header = line.to_ascii_lowercase();
                let value = header.strip_prefix("content-length:").and_then(|value| value.trim().parse().ok());
                len = value.unwrap_or(len);
                line.clear();
            }
            let mut body = vec![0; len];
            // The tests report errors here.
            let _ = stream.read_exact(&mut body).await;
            let _ = stream.write_all(ANSWER).await;
        }
    });
    address
}
