//! Nodes behind a proxy: a scripted SOCKS5 server leads to a node of ours, or says why not.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::common::{json_lines, run, text, verack};
use crate::listen::listen;

const ONION: &str = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";

/// What a scripted proxy does.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// It connects to this address, whatever it was asked for.
    Lead(SocketAddr),
    /// It answers the request with this code.
    Refuse(u8),
    /// It answers the greeting with these bytes and closes.
    Say(&'static [u8]),
    /// It accepts, and says nothing.
    Silence,
}

/// A request of ours: the user and password, and the destination as the proxy was told it.
type Asked = Arc<Mutex<Vec<(String, String)>>>;

/// A SOCKS5 server.
fn proxy(act: Act) -> (SocketAddr, Asked) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), Asked::default());
    let heard = asked.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, heard) = (stream.unwrap(), heard.clone());
            // A client that leaves early ends it.
            thread::spawn(move || serve(stream, act, &heard).unwrap_or_default());
        }
    });
    (address, asked)
}

fn serve(mut stream: TcpStream, act: Act, asked: &Asked) -> std::io::Result<()> {
    let methods = counted(&mut stream, 1)?;
    match act {
        Act::Silence => {
            thread::sleep(Duration::from_secs(60));
            return Ok(());
        }
        Act::Say(bytes) => return stream.write_all(bytes),
        Act::Lead(_) | Act::Refuse(_) => {}
    }
    let mut user = String::new();
    if methods.contains(&2) {
        stream.write_all(&[5, 2])?;
        let name = counted(&mut stream, 1)?;
        let password = counted(&mut stream, 0)?;
        user = format!("{}:{}", text(&name), text(&password));
        stream.write_all(&[1, 0])?;
    } else {
        stream.write_all(&[5, 0])?;
    }
    let [_, _, _, kind] = exactly::<4>(&mut stream)?;
    let host = match kind {
        1 => Ipv4Addr::from(exactly::<4>(&mut stream)?).to_string(),
        3 => text(&counted(&mut stream, 0)?).to_owned(),
        _ => std::net::Ipv6Addr::from(exactly::<16>(&mut stream)?).to_string(),
    };
    let port = u16::from_be_bytes(exactly(&mut stream)?);
    asked.lock().unwrap().push((user, format!("{host}:{port}")));
    match act {
        Act::Lead(to) => {
            let node = TcpStream::connect(to)?;
            stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
            let (mut back, mut forth) = (node.try_clone()?, stream.try_clone()?);
            thread::spawn(move || std::io::copy(&mut back, &mut forth));
            std::io::copy(&mut stream, &mut &node).map(drop)
        }
        Act::Refuse(code) => stream.write_all(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0]),
        Act::Say(_) | Act::Silence => Ok(()),
    }
}

fn exactly<const LEN: usize>(stream: &mut TcpStream) -> std::io::Result<[u8; LEN]> {
    let mut bytes = [0; LEN];
    stream.read_exact(&mut bytes).map(|()| bytes)
}

/// Bytes after their count, which follows `before` others.
fn counted(stream: &mut TcpStream, before: usize) -> std::io::Result<Vec<u8>> {
    let mut head = vec![0; before + 1];
    stream.read_exact(&mut head)?;
    let mut bytes = vec![0; head[before].into()];
    stream.read_exact(&mut bytes).map(|()| bytes)
}

/// The reports of a run.
fn reports<'a>(args: impl IntoIterator<Item = &'a str>) -> Vec<Value> {
    let output = run(args);
    json_lines(&output).into_iter().filter(|line| line["type"] == "handshake").collect()
}

fn asked_for(asked: &Asked) -> Vec<String> {
    asked.lock().unwrap().iter().map(|(_, destination)| destination.clone()).collect()
}

#[test]
fn a_proxy_leads_to_names_and_addresses_and_the_dns_is_not_asked() {
    let (mut child, _log, node) = listen(&["-c", "bitcoin-regtest"]);
    let (address, asked) = proxy(Act::Lead(node.parse().unwrap()));
    let (server, dns) = (address.to_string(), "127.0.0.1:1");
    for transport in ["v1", "v2"] {
        let options = ["-c", "bitcoin-regtest", "--transport", transport, "--json", "--proxy", &server];
        let targets = ["--resolver", dns, "node.example:18444", "127.0.0.99:18444", "[2001:db8::1]:7"];
        let found = reports(options.into_iter().chain(targets));
        assert!(found.iter().all(|report| report["outcome"] == "ok"), "{found:?}");
        let mut addresses: Vec<_> = found.iter().map(|report| report["address"].as_str().unwrap()).collect();
        addresses.sort_unstable();
        assert_eq!(addresses, ["127.0.0.99:18444", "[2001:db8::1]:7", "node.example:18444"]);
        let mut wanted = asked_for(&asked);
        wanted.sort_unstable();
        wanted.dedup();
        assert_eq!(wanted, ["127.0.0.99:18444", "2001:db8::1:7", "node.example:18444"]);
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn onion_services_are_dialled_through_tor_each_over_a_circuit_of_its_own() {
    let (mut child, _log, node) = listen(&["-c", "bitcoin-regtest"]);
    let (address, asked) = proxy(Act::Lead(node.parse().unwrap()));
    let (tor, upper) = (address.to_string(), ONION.to_uppercase());
    let (onion, again) = (format!("{upper}:18444"), format!("{ONION}:18555"));
    let found = reports(["-c", "bitcoin-regtest", "--json", "--transport", "v2", "--tor", &tor, &onion, &again]);
    assert!(found.iter().all(|report| report["outcome"] == "ok"), "{found:?}");
    assert_eq!(found.len(), 2);
    assert!(found.iter().any(|report| report["address"] == format!("{ONION}:18444")), "{found:?}");
    let asked = asked.lock().unwrap();
    let words: std::collections::HashSet<_> = asked.iter().map(|(user, _)| user.clone()).collect();
    assert_eq!(words.len(), 2, "two peers share a circuit: {asked:?}");
    assert!(words.iter().all(|user| user.starts_with("<torS0X>0:")), "{words:?}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn several_tors_take_turns() {
    let proxies = [(); 2].map(|()| proxy(Act::Refuse(0xf0)));
    let [first, second] = [0, 1].map(|nth: usize| proxies[nth].0.to_string());
    let targets: Vec<_> = (1..=4).map(|port| format!("{ONION}:{port}")).collect();
    let options = ["--json", "--tor", &first, "--tor", &second];
    assert_eq!(reports(options.into_iter().chain(targets.iter().map(String::as_str))).len(), 4);
    assert_eq!(proxies.map(|(_, asked)| asked_for(&asked).len()), [2, 2]);
}

#[test]
fn what_tor_and_a_proxy_report_is_no_fault_of_ours_and_what_they_do_wrong_is_no_fault_of_the_peer() {
    let onion = format!("{ONION}:8333");
    for (act, option, target, reason, blame) in [
        (Act::Refuse(0xf0), "--tor", &*onion, "tor.not-found", "network"),
        (Act::Refuse(0xf2), "--tor", &onion, "tor.introduction-failed", "network"),
        (Act::Refuse(0xf4), "--tor", &onion, "tor.needs-authorization", "refused"),
        (Act::Refuse(0x05), "--tor", &onion, "tor.port-closed", "network"),
        (Act::Refuse(0x01), "--tor", &onion, "tor.failed", "network"),
        (Act::Refuse(0x06), "--tor", &onion, "tor.timeout", "network"),
        (Act::Refuse(0x05), "--proxy", "node.example:1", "proxy.refused", "network"),
        (Act::Refuse(0x04), "--proxy", "node.example:1", "proxy.unreachable", "network"),
        (Act::Say(b"HTTP/1.1 400\r\n"), "--proxy", "node.example:1", "local.proxy-not-socks", "local"),
        (Act::Say(&[5, 0xff]), "--proxy", "node.example:1", "local.proxy-no-method", "local"),
        (Act::Say(&[5]), "--proxy", "node.example:1", "local.proxy-closed", "local"),
        (Act::Silence, "--proxy", "node.example:1", "local.proxy-silent", "local"),
    ] {
        let (address, _) = proxy(act);
        let found = reports(["--json", "-t", "1500ms", option, &address.to_string(), target]);
        let seen = (found[0]["reason"].as_str(), found[0]["blame"].as_str(), found[0]["stage"].as_str());
        assert_eq!(seen, (Some(reason), Some(blame), Some("connect")), "{act:?}: {found:?}");
    }
    // Nothing listens there any more.
    let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().to_string();
    let found = reports(["--json", "--tor", &gone, &onion]);
    assert_eq!((&found[0]["reason"], &found[0]["blame"]), (&"local.proxy".into(), &"local".into()));
}

#[test]
fn names_that_no_proxy_of_the_run_leads_to_are_refused_at_once() {
    let (address, asked) = proxy(Act::Refuse(1));
    let server = address.to_string();
    let mistyped = format!("{}:8333", ONION.replace("pg6", "pg7"));
    for (option, target, reason) in [
        ("--tor", &*mistyped, "tor.bad-address"),
        ("--tor", "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p", "local.no-proxy"),
        ("--proxy", "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p:0", "local.no-proxy"),
        ("--proxy", "/dnsaddr/node.example", "local.no-dns"),
    ] {
        let found = reports(["--json", option, &server, target]);
        assert_eq!(found[0]["reason"], reason, "{target}: {found:?}");
    }
    assert_eq!(asked_for(&asked), [""; 0]);
}

#[test]
fn a_proxy_that_is_none_is_named_and_its_password_is_not_shown() {
    for (args, said) in [
        (["--proxy", "127.0.0.1"], "--proxy '127.0.0.1': expected HOST:PORT, such as 127.0.0.1:9050"),
        (["--tor", "127.0.0.1:0"], "--tor '127.0.0.1:0': expected HOST:PORT, such as 127.0.0.1:9050"),
        (["--proxy", "http://127.0.0.1:1"], "--proxy: http:// is no SOCKS5 proxy; expected HOST:PORT or socks5://"),
        (["--proxy", "socks5://secret@127.0.0.1:1"], "--proxy: no password; expected HOST:PORT or socks5://"),
    ] {
        let output = run(args.into_iter().chain(["192.0.2.1"]));
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(said) && !error.contains("secret"), "{error}");
    }
}

#[test]
fn a_user_and_a_password_are_given_to_a_proxy_that_wants_them() {
    let (address, asked) = proxy(Act::Refuse(5));
    let server = format!("socks5://me:pass:word@{address}");
    let found = reports(["--json", "--proxy", &server, "node.example:1"]);
    assert_eq!(found[0]["reason"], "proxy.refused");
    assert_eq!(*asked.lock().unwrap(), [("me:pass:word".to_owned(), "node.example:1".to_owned())]);
}

#[test]
fn a_command_that_would_dial_directly_refuses_to_run_where_a_proxy_is_set() {
    let (address, asked) = proxy(Act::Refuse(5));
    let command = |args: &[&str]| {
        let mut command = verack(args.iter().copied());
        command.env("VERACK_PROXY", address.to_string()).output().unwrap()
    };
    for (name, target) in [("crawl", "192.0.2.1"), ("whoami", "192.0.2.1"), ("identify", "192.0.2.1:8333")] {
        let output = command(&[name, target]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(text(&output.stderr).contains(&format!("'verack {name}' cannot use a proxy")), "{name}");
    }
    // The others use it.
    let output = command(&["--json", "192.0.2.1:8333"]);
    assert_eq!(json_lines(&output)[0]["reason"], "proxy.refused");
    assert_eq!(asked_for(&asked), ["192.0.2.1:8333"]);
}
