//! `cargo xtask arrows`: the allowed dependencies between crates.
//!
//! ```text
//!  cli ──▶ crawl ──▶ probe ──▶ net, discover, protocols ──▶ noise, address ──▶ handshake
//!   │        └─────▶ peers ──────────────────────────────────────▲
//!   ├────▶ store ────▲
//!   └────▶ simnet ──▶ net, protocols
//! ```
//! Protocols do not depend on each other, a socket or a clock, and neither does the choice of the next address. The
//! driver depends on no protocol, the probe and the crawl on no database, and no library on the command line or a terminal. No crate
//! uses a foreign crate for a whole handshake. Only dependencies of the program count, on any system: tests may depend
//! on anything, and need independent code.

use std::fs;

use crate::run::{Outcome, cargo, output, root};

/// The layer of a crate, which decides what it must not depend on, directly or indirectly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    /// The contract. It depends on nothing.
    Contract,
    /// A protocol, or a part that several protocols share.
    Protocol,
    /// Runs any protocol over sockets.
    Driver,
    /// Makes decisions from its input alone, including the time.
    Planner,
    /// Data about peers, without a database.
    Peers,
    /// Uses contract and driver, and no other service.
    Service,
    /// One attempt, and the registry of protocols.
    Probe,
    /// A crawl: attempts, and their stored results.
    Crawl,
    /// The program, which uses all of them.
    Program,
}

/// Every directory of `crates/`, and its layer.
const CRATES: &[(&str, Layer)] = &[
    ("handshake", Layer::Contract),
    ("address", Layer::Protocol),
    ("noise", Layer::Protocol),
    ("proxy", Layer::Protocol),
    ("bitcoin", Layer::Protocol),
    ("lightning", Layer::Protocol),
    ("ethereum", Layer::Protocol),
    ("libp2p", Layer::Protocol),
    ("monero", Layer::Protocol),
    ("net", Layer::Driver),
    ("discover", Layer::Planner),
    ("simnet", Layer::Service),
    ("peers", Layer::Peers),
    ("store", Layer::Service),
    ("probe", Layer::Probe),
    ("crawl", Layer::Crawl),
    ("cli", Layer::Program),
];

/// Crates with a socket, a clock or a random source. `rand` alone is not one: without `getrandom` it has only
/// algorithms.
const IMPURE: &[&str] = &["getrandom", "mio", "rustix", "socket2", "tokio"];

/// Crates for a command line or a terminal: only the program may use them.
const INTERFACES: &[&str] = &["anstyle", "clap", "indicatif"];

/// Crates that are or reach a database.
const DATABASES: &[&str] = &["libsqlite3-sys", "sqlx"];

/// Foreign crates with a whole handshake. Ours are the product.
const WHOLE_HANDSHAKES: &[&str] = &["bip324", "bitcoin", "libp2p-noise", "lightning", "snow"];

pub(crate) fn arrows() -> Outcome {
    let crates = root().join("crates");
    let entries = fs::read_dir(&crates).map_err(|error| format!("cannot read {}: {error}", crates.display()))?;
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    for name in &names {
        check(name)?;
    }
    println!("   {} crates keep to their arrows", names.len());
    Ok(())
}

fn check(name: &str) -> Outcome {
    let layer =
        layer(name).ok_or_else(|| format!("crates/{name} has no layer yet: give it one in xtask/src/arrows.rs"))?;
    let mut tree = cargo();
    tree.args(["tree", "--edges", "normal", "--target", "all", "--all-features"]).args([
        "--prefix",
        "depth",
        "--package",
        &package(name),
    ]);
    let tree = output(&mut tree)?;
    if let Some(path) = forbidden_path(&tree, |dependency| is_forbidden(name, layer, dependency)) {
        return Err(format!("crates/{name} must not depend on the last of these: {path}"));
    }
    if matches!(layer, Layer::Contract | Layer::Protocol) {
        let lib = root().join("crates").join(name).join("src/lib.rs");
        let source = fs::read_to_string(&lib).map_err(|error| format!("cannot read {}: {error}", lib.display()))?;
        if !is_no_std(&source) {
            return Err(format!("crates/{name} must be #![no_std]"));
        }
    }
    Ok(())
}

fn layer(name: &str) -> Option<Layer> {
    CRATES.iter().find(|(known, _)| *known == name).map(|(_, layer)| *layer)
}

/// The name of the package in a directory of `crates/`.
fn package(name: &str) -> String {
    match name {
        "cli" => "verack".to_owned(),
        _ => format!("verack-{name}"),
    }
}

/// Whether a crate of a layer must not depend on this package.
fn is_forbidden(name: &str, of: Layer, dependency: &str) -> bool {
    if WHOLE_HANDSHAKES.contains(&dependency) {
        return true;
    }
    let ours = CRATES.iter().find(|(known, _)| package(known) == dependency);
    match (of, ours) {
        (Layer::Contract, _) => true,
        (Layer::Protocol | Layer::Planner, None) => IMPURE.contains(&dependency),
        // Protocols share Noise and addresses, which do not know each other.
        (Layer::Protocol, Some(("handshake", _))) => name == "address",
        (Layer::Protocol, Some(("noise" | "address", _))) => matches!(name, "noise" | "address"),
        (Layer::Protocol, Some(_)) => true,
        (Layer::Driver | Layer::Planner, Some((_, to))) => *to != Layer::Contract,
        (Layer::Service, Some(("address", _))) => false,
        (Layer::Service, Some((other, to))) => {
            // The only service that may use protocols.
            let protocols = *to == Layer::Protocol && name != "simnet";
            // The database gets its data from callers.
            let driver = *to == Layer::Driver && name == "store";
            let book = *to == Layer::Peers && name != "store";
            let upwards = matches!(to, Layer::Program | Layer::Crawl | Layer::Probe | Layer::Planner);
            protocols || driver || book || upwards || (*to == Layer::Service && *other != name)
        }
        (Layer::Probe | Layer::Crawl, None) => INTERFACES.contains(&dependency),
        // It uses no database and no simulated network.
        (Layer::Probe, Some((_, to))) => {
            !matches!(to, Layer::Contract | Layer::Protocol | Layer::Driver | Layer::Planner)
        }
        // It takes any book, and knows none.
        (Layer::Crawl, Some((_, to))) => matches!(to, Layer::Program | Layer::Crawl | Layer::Service),
        (Layer::Peers, None) => DATABASES.contains(&dependency),
        (Layer::Peers, Some((other, to))) => *to != Layer::Contract && *other != "address",
        (Layer::Driver | Layer::Service, None) | (Layer::Program, _) => false,
    }
}

/// The path from the root of a tree to the first forbidden package. Each line has a package's depth, its name, and
/// more.
fn forbidden_path(tree: &str, is_forbidden: impl Fn(&str) -> bool) -> Option<String> {
    let mut path: Vec<&str> = Vec::new();
    for line in tree.lines() {
        let name_at = line.find(|c: char| !c.is_ascii_digit())?;
        let (depth, package) = line.split_at(name_at);
        path.truncate(depth.parse().ok()?);
        let name = package.split(' ').next()?;
        path.push(name);
        if path.len() > 1 && is_forbidden(name) {
            return Some(path.join(" -> "));
        }
    }
    None
}

fn is_no_std(source: &str) -> bool {
    source.lines().any(|line| line == "#![no_std]")
}

#[cfg(test)]
mod tests {
    use super::{Layer, forbidden_path, is_forbidden, is_no_std};

    const TREE: &str = "\
0verack-bitcoin v0.1.0 (/verack/crates/bitcoin)
1groestl v0.11.0
2digest v0.11.3
1sha2 v0.11.1
2digest v0.11.3 (*)
2cpufeatures v0.3.1
3tokio v1.54.1
1verack-handshake v0.1.0 (/verack/crates/handshake)
";

    #[test]
    fn the_way_to_a_forbidden_package_is_shown() {
        let protocol = |name: &str| is_forbidden("bitcoin", Layer::Protocol, name);
        let path = forbidden_path(TREE, protocol).unwrap();
        assert_eq!(path, "verack-bitcoin -> sha2 -> cpufeatures -> tokio");
        assert_eq!(forbidden_path(&TREE.replace("tokio", "libc"), protocol), None);
    }

    #[test]
    fn a_package_may_be_what_it_is() {
        assert_eq!(forbidden_path("0verack-handshake v0.1.0\n", |_| true), None);
        assert!(forbidden_path("0verack-handshake v0.1.0\n1libc v0.2.1\n", |_| true).is_some());
    }

    #[test]
    fn arrows_point_downwards_only() {
        let allowed = |name, dependency: &str| !is_forbidden(name, super::layer(name).unwrap(), dependency);
        assert!(allowed("bitcoin", "verack-handshake") && allowed("lightning", "verack-noise"));
        assert!(!allowed("bitcoin", "verack-lightning") && !allowed("bitcoin", "verack-net"));
        assert!(allowed("bitcoin", "verack-address") && !allowed("address", "verack-bitcoin"));
        assert!(
            allowed("proxy", "verack-address")
                && !allowed("proxy", "verack-net")
                && !allowed("bitcoin", "verack-proxy")
        );
        assert!(allowed("peers", "verack-address") && allowed("store", "verack-address"));
        assert!(!allowed("noise", "tokio") && allowed("net", "tokio"));
        assert!(allowed("net", "verack-handshake") && !allowed("net", "verack-bitcoin"));
        assert!(!allowed("store", "verack-bitcoin") && !allowed("store", "verack-discover"));
        assert!(!allowed("store", "verack-net") && allowed("simnet", "verack-net"));
        assert!(!allowed("discover", "verack-net") && !allowed("discover", "tokio") && !allowed("discover", "rustix"));
        assert!(allowed("simnet", "verack-bitcoin") && !allowed("simnet", "verack"));
        assert!(!allowed("cli", "bitcoin") && allowed("cli", "verack-bitcoin"));
        assert!(allowed("cli", "verack-simnet") && !allowed("handshake", "libc"));
        assert!(allowed("probe", "verack-bitcoin") && allowed("probe", "verack-net") && allowed("probe", "tokio"));
        assert!(!allowed("probe", "verack-store") && !allowed("probe", "verack-crawl") && !allowed("probe", "clap"));
        assert!(allowed("crawl", "verack-probe") && allowed("crawl", "verack-peers") && !allowed("crawl", "indicatif"));
        assert!(!allowed("crawl", "verack-store") && allowed("store", "verack-peers") && !allowed("peers", "sqlx"));
        assert!(!allowed("store", "verack-probe") && !allowed("simnet", "verack-probe"));
    }

    #[test]
    fn only_an_unconditional_attribute_makes_a_crate_no_std() {
        assert!(is_no_std("//! A crate.\n#![no_std]\nextern crate alloc;\n"));
        assert!(!is_no_std("//! #![no_std]\n#![cfg_attr(not(test), no_std)]\n"));
    }
}
