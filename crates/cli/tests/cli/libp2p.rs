//! libp2p nodes that behave like real ones: requests that do not wait, introductions in parts, lists without end.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use libp2p::handshake::Rx;
use libp2p::multistream::{self, HEADER, NOISE};
use libp2p::xx::Responder;
use libp2p::yamux::{self, ACK, FIN, Frame, Kind, SYN};
use libp2p::{Channel, Identify, Identity, Local, Payload, SecretKey, channel, varint};
use serde_json::{Value, json};

use crate::common::{json_lines, run, text};

fn local() -> Local {
    let [s, e] = [0x41, 0x42].map(|byte| SecretKey::new([byte; 32]));
    Local::new(Identity::new([0x40; 32]), s, e, "their/1")
}

fn names(names: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    names.iter().for_each(|name| multistream::write(name, &mut bytes));
    bytes
}

fn frame(kind: Kind, flags: u16, stream: u32, length: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    Frame { kind, flags, stream, length }.write(&mut bytes);
    bytes
}

fn data(flags: u16, stream: u32, data: &[u8]) -> Vec<u8> {
    [&frame(Kind::Data, flags, stream, data.len().try_into().unwrap()), data].concat()
}

/// The answer to identify; its stream stays open.
fn answer(messages: &[Identify]) -> Vec<u8> {
    let mut text = names(&[HEADER, "/ipfs/id/1.0.0"]);
    for identify in messages {
        let mut message = Vec::new();
        identify.write(&mut message);
        varint::write(message.len() as u64, &mut text);
        text.append(&mut message);
    }
    data(ACK, 1, &text)
}

fn end() -> Vec<u8> {
    frame(Kind::Window, FIN, 1, 0)
}

/// A node, the number of its connections, and all bytes that it received under encryption.
struct Node {
    address: SocketAddr,
    dialled: Arc<AtomicUsize>,
    /// Connections that it has finished.
    over: Arc<AtomicUsize>,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Node {
    /// A node that runs `act` on each connection.
    fn start(act: impl Fn(&mut TcpStream, &Mutex<Vec<u8>>) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (dialled, heard) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<u8>>>::default());
        let over = Arc::<AtomicUsize>::default();
        let (count, done, ears) = (dialled.clone(), over.clone(), heard.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                act(&mut stream.unwrap(), &ears);
                done.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { address, dialled, over, heard }
    }

    /// A node that proves its identity, offers these muxers, sends `says` in Noise frames, and reads until we leave.
    fn sealed(muxers: &'static [&'static str], says: Vec<Vec<u8>>) -> Self {
        Self::start(move |stream, heard| {
            let mut channel = noise(stream, muxers);
            for text in &says {
                let mut sealed = Vec::new();
                channel.seal.frame(&mut sealed, |tx| tx.extend_from_slice(text));
                // A peer that has left receives no more.
                if stream.write_all(&sealed).is_err() {
                    return;
                }
            }
            let mut arrived = Vec::new();
            let _ = stream.read_to_end(&mut arrived);
            let mut rx = Rx::new(&mut arrived);
            while let Ok(text) = channel.open.frame(&mut rx) {
                heard.lock().unwrap().extend_from_slice(text);
            }
        })
    }

    fn report(&self, options: &[&str]) -> Value {
        let target = format!("/ip4/127.0.0.1/tcp/{}", self.address.port());
        let options =
            if options.contains(&"--timeout") { options.to_vec() } else { [options, &["--timeout", "20s"]].concat() };
        let output = run(["--json"].into_iter().chain(options).chain([&*target]));
        assert!(!output.stdout.is_empty(), "{}", text(&output.stderr));
        let mut reports: Vec<_> = json_lines(&output).into_iter().filter(|line| line["type"] == "handshake").collect();
        assert_eq!(reports.len(), 1);
        reports.remove(0)
    }
}

/// The responder's side of Noise.
fn noise(stream: &mut TcpStream, muxers: &[&str]) -> Channel {
    let names = names(&[HEADER, NOISE]);
    let mut heard = vec![0; names.len()];
    stream.read_exact(&mut heard).unwrap();
    assert_eq!(heard, names);
    let local = local();
    let mut payload = Vec::new();
    let muxers = muxers.iter().map(|&muxer| muxer.into()).collect();
    Payload::new(&local.identity, local.static_key.public(), muxers).write(&mut payload);
    let (mut one, mut said) = (message(stream), names);
    let (says, _) = Responder::new(&[], local.static_key, local.ephemeral_key).one(&mut one).unwrap();
    let awaits = channel::with_length(&mut said, |tx| says.two(&payload, tx)).unwrap();
    stream.write_all(&said).unwrap();
    let mut three = message(stream);
    let (transport, _) = awaits.three(&mut three).unwrap();
    Channel::new(transport.seal, transport.open)
}

fn message(stream: &mut TcpStream) -> Vec<u8> {
    let mut len = [0; 2];
    stream.read_exact(&mut len).unwrap();
    let mut message = vec![0; u16::from_be_bytes(len).into()];
    stream.read_exact(&mut message).unwrap();
    message
}

fn outcome(report: &Value) -> [&str; 3] {
    ["outcome", "stage", "reason"].map(|field| report[field].as_str().unwrap())
}

const OK: [&str; 3] = ["ok", "done", "ok"];

#[test]
fn a_request_that_does_not_wait_for_our_answer_fails_its_stream_alone() {
    let request = [names(&[HEADER, "/ipfs/kad/1.0.0"]), vec![0xee; 3000]].concat();
    let whole = [answer(&[local().identify()]), end()].concat();
    let report = Node::sealed(&[yamux::NAME], vec![data(SYN, 2, &request), whole]).report(&[]);
    assert_eq!(outcome(&report), OK, "{report}");
    assert_eq!(report["peer"]["agent"], "their/1");
}

#[test]
fn a_visited_node_learns_from_us_who_we_are_though_it_never_asks() {
    let node = Node::sealed(&[yamux::NAME], vec![[answer(&[local().identify()]), end()].concat()]);
    assert_eq!(outcome(&node.report(&["--user-agent", "visitor/7"])), OK);
    // The node's thread reads until we leave.
    for _ in 0..600 {
        if !node.heard.lock().unwrap().is_empty() {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    let heard = node.heard.lock().unwrap().clone();
    for word in ["/ipfs/id/push/1.0.0", "visitor/7"] {
        assert!(heard.windows(word.len()).any(|bytes| bytes == word.as_bytes()), "{word}");
    }
}

/// go-libp2p may answer our request before it sends its own. A request on a closed connection is an error to it.
#[test]
fn a_node_that_asks_who_we_are_after_it_has_told_is_answered() {
    /// We wait only briefly for the request, so a busy machine may miss it.
    const TRIES: usize = 10;
    let node = Node::start(|stream, heard| {
        let mut channel = noise(stream, &[yamux::NAME]);
        let mut say = |stream: &mut TcpStream, text: &[u8]| {
            let mut sealed = Vec::new();
            channel.seal.frame(&mut sealed, |tx| tx.extend_from_slice(text));
            let _ = stream.write_all(&sealed);
        };
        say(stream, &[answer(&[local().identify()]), end()].concat());
        // When the other side closes the stream of its request, it has read all of that.
        let (mut arrived, mut texts) = (Vec::new(), Vec::new());
        let mut hear = |stream: &mut TcpStream, is_enough: &dyn Fn(&[u8]) -> bool| {
            let mut piece = [0; 4096];
            while !is_enough(&texts) {
                let len = stream.read(&mut piece).unwrap_or(0);
                if len == 0 {
                    break;
                }
                arrived.extend_from_slice(&piece[..len]);
                let mut rx = Rx::new(&mut arrived);
                while let Ok(text) = channel.open.frame(&mut rx) {
                    texts.extend_from_slice(text);
                }
                let taken = rx.taken();
                arrived.drain(..taken);
            }
            std::mem::take(&mut texts)
        };
        let closed = frame(Kind::Window, FIN, 1, 0);
        hear(stream, &|texts| texts.windows(closed.len()).any(|bytes| bytes == closed));
        say(stream, &data(SYN, 2, &names(&[HEADER, "/ipfs/id/1.0.0"])));
        let answered = hear(stream, &|_| false);
        heard.lock().unwrap().extend_from_slice(&answered);
    });
    let is_told = || {
        let heard = node.heard.lock().unwrap();
        heard.windows(b"visitor/7".len()).any(|bytes| bytes == b"visitor/7")
    };
    for _ in 0..TRIES {
        assert_eq!(outcome(&node.report(&["--user-agent", "visitor/7"])), OK);
        // It serves one connection after the other.
        while node.dialled.load(Ordering::SeqCst) > node.over.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(10));
        }
        if is_told() {
            return;
        }
    }
    panic!("its question was never answered");
}

#[test]
fn an_introduction_in_two_messages_is_read_as_one() {
    let whole = local().identify();
    let first = Identify { agent: None, ..whole.clone() };
    let second = Identify { agent: whole.agent, protocols: vec!["/last".into()], ..Identify::default() };
    let report = Node::sealed(&[yamux::NAME], vec![answer(&[first, second]), end()]).report(&[]);
    assert_eq!((outcome(&report), &report["peer"]["agent"]), (OK, &json!("their/1")), "{report}");
    assert_eq!(report["peer"]["protocols"], json!(["/ipfs/id/1.0.0", "/ipfs/ping/1.0.0", "/last"]));
    assert_eq!(report["remarks"], json!([]));
}

#[test]
fn a_list_that_is_cut_says_so_in_text_and_in_json() {
    let protocols = (0..124).map(|nth| (&*format!("/x/{nth}")).into()).collect();
    let listen_addrs = (1..=70).map(|port| format!("/ip4/192.0.2.1/tcp/{port}").parse().unwrap()).collect();
    let identify = Identify { protocols, listen_addrs, ..local().identify() };
    let node = Node::sealed(&[yamux::NAME], vec![[answer(&[identify]), end()].concat()]);
    let report = node.report(&[]);
    assert_eq!(outcome(&report), OK, "{report}");
    let peer = &report["peer"];
    assert_eq!((&peer["protocols_total"], &peer["listen_addrs_total"]), (&json!(124), &json!(70)));
    assert_eq!(peer["protocols"].as_array().unwrap().len(), 64);
    let target = format!("/ip4/127.0.0.1/tcp/{}", node.address.port());
    assert!(text(&run([&*target]).stdout).contains("124 protocols"));
}

#[test]
fn an_introduction_beyond_what_is_kept_is_ok_with_a_remark_and_one_beyond_all_use_is_partial() {
    let identify = |protocols: usize| Identify {
        protocols: (0..protocols).map(|nth| (&*format!("/lab/protocol/{nth:040}/1.0.0")).into()).collect(),
        ..local().identify()
    };
    let says = |protocols| {
        let text = [answer(&[identify(protocols)]), end()].concat();
        text.chunks(16_000).map(<[u8]>::to_vec).collect()
    };
    let report = Node::sealed(&[yamux::NAME], says(300)).report(&[]);
    assert_eq!((outcome(&report), &report["peer"]["agent"]), (OK, &Value::Null), "{report}");
    assert_eq!(report["remarks"][0]["code"], "libp2p.long-identify");
    let report = Node::sealed(&[yamux::NAME], says(3000)).report(&[]);
    assert_eq!(outcome(&report), ["partial", "hello", "libp2p.oversized"], "{report}");
    assert_eq!((&report["blame"], &report["peer"]["key_type"]), (&json!("local"), &json!("Ed25519")));
}

#[test]
fn a_node_that_leaves_its_introduction_open_has_accepted_us_all_the_same() {
    for (says, word) in [
        (vec![answer(&[local().identify()])], "did not close the stream"),
        // It closes the connection with this frame.
        (vec![answer(&[local().identify()]), frame(Kind::GoAway, 0, 0, 0)], ""),
    ] {
        let report = Node::sealed(&[yamux::NAME], says).report(&["--timeout", "5s"]);
        assert_eq!((outcome(&report), &report["peer"]["agent"]), (OK, &json!("their/1")), "{report}");
        let remark = report["remarks"][0]["detail"].as_str().unwrap_or_default();
        assert!(remark.contains(word), "{report}");
    }
}

#[test]
fn a_node_that_speaks_tls_alone_is_dialled_once() {
    let node = Node::start(|stream, _| {
        let _ = stream.read(&mut [0; 512]);
        let _ = stream.write_all(&names(&[HEADER, "na"]));
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let report = node.report(&[]);
    assert_eq!(outcome(&report), ["failed", "transport", "libp2p.no-noise"]);
    assert_eq!(report["fallback_from"], Value::Null, "{report}");
    assert_eq!(node.dialled.load(Ordering::SeqCst), 1);
}

#[test]
fn a_node_without_our_muxer_ends_in_one_stage_however_muxers_are_agreed_on() {
    let early = Node::sealed(&["/mplex/6.7.0"], Vec::new()).report(&[]);
    let by_names = Node::sealed(&[], vec![names(&[HEADER, "na"])]).report(&[]);
    for report in [early, by_names] {
        assert_eq!(outcome(&report), ["failed", "hello", "libp2p.no-muxer"], "{report}");
    }
}

#[test]
fn a_dialler_without_our_muxer_ends_in_the_same_stage() {
    let mut child = crate::common::start(["listen", "127.0.0.1:0", "--json", "--protocol", "libp2p", "--once"]);
    let mut log = String::new();
    let mut lines = std::io::BufReader::new(child.stderr.take().unwrap());
    std::io::BufRead::read_line(&mut lines, &mut log).unwrap();
    let address: SocketAddr = log.split(' ').nth(2).unwrap().parse().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let local = local();
    let mut payload = Vec::new();
    Payload::new(&local.identity, local.static_key.public(), vec!["/mplex/6.7.0".into()]).write(&mut payload);
    let mut said = names(&[HEADER, NOISE]);
    let initiator = libp2p::xx::Initiator::new(&[], local.static_key, local.ephemeral_key);
    let awaits = channel::with_length(&mut said, |tx| initiator.one(&[], tx));
    stream.write_all(&said).unwrap();
    stream.read_exact(&mut vec![0; names(&[HEADER, NOISE]).len()]).unwrap();
    let mut two = message(&mut stream);
    let (says, _) = awaits.two(&mut two).unwrap();
    let mut three = Vec::new();
    let _ = channel::with_length(&mut three, |tx| says.three(&payload, tx)).unwrap();
    stream.write_all(&three).unwrap();
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    child.wait().unwrap();
    let report: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!(outcome(&report), ["failed", "hello", "libp2p.no-muxer"], "{report}");
}

#[test]
fn a_node_of_a_private_network_is_not_said_to_be_none() {
    // It sends its nonce, and then bytes that only its network can read.
    let node = Node::start(|stream, _| {
        let _ = stream.write_all(&[0xa7; 24 + 20]);
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let report = node.report(&[]);
    assert_eq!(outcome(&report), ["failed", "transport", "libp2p.not-libp2p"]);
    assert!(report["detail"].as_str().unwrap().ends_with("or one of a private network"), "{report}");
    // Or it cannot read our bytes, and closes.
    let node = Node::start(|stream, _| {
        let _ = stream.read(&mut [0; 512]);
    });
    let report = node.report(&[]);
    assert_eq!(report["reason"], "closed");
    assert!(report["detail"].as_str().unwrap().contains("a node of a private network"), "{report}");
}
