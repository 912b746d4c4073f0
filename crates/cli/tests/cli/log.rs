//! The log (`RUST_LOG`): one line for each step of an attempt, whatever peers send.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use bitcoin::message::Reject;
use bitcoin::{Message, UserAgent, Version};
use ethereum::Rlpx;
use lightning::acts::Responder;
use lightning::message::Notice;

use crate::common::{CHAIN, text, verack};
use crate::proof::{Then, answering, ethereum_local, fresh, lightning_local};
use crate::scripted::{Said, Scripted};

/// Text that begins lines, clears a screen and reverses the reading order.
const EVIL: &str = "a\r\nFORGED INFO line\u{1b}[2J\u{202e}z";

/// The log at the highest level.
fn logged(args: &[&str]) -> (String, String) {
    let output = verack(args.iter().copied()).env("RUST_LOG", "trace").output().unwrap();
    (text(&output.stdout).to_owned(), text(&output.stderr).to_owned())
}

#[test]
fn each_dial_each_lookup_each_second_dial_and_each_end_has_its_line() {
    let node = Scripted::on(CHAIN, |number, wire| match number {
        0 => wire.close_on_key(),
        _ => {
            let version = wire.version();
            wire.shake(version);
        }
    });
    let target = format!("localhost:{}", node.address.port());
    let (_, log) = logged(&["-c", CHAIN, "--allow-private", "-4", &target]);
    let address = node.address;
    for expected in [
        "looks up name=\"localhost\"".to_owned(),
        format!("dials address={address} transport=\"v2\""),
        format!("dials again address={address} transport=\"v1\""),
        format!("ended target=\"{target}\" address={address}"),
    ] {
        assert!(log.contains(&expected), "{expected}: {log}");
    }
}

/// A Lightning node that sends an error with this text instead of its init.
fn refusing(says: &'static str) -> String {
    let local = lightning_local(0x42, &[9]);
    let node_id = local.static_key.node_id();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let local = lightning_local(0x42, &[9]);
            refuse(&mut stream.unwrap(), Responder::new(local.static_key, local.ephemeral_key), says);
        }
    });
    format!("{node_id}@{address}")
}

fn refuse(stream: &mut TcpStream, responder: Responder, says: &str) {
    let (mut one, mut two, mut three) = ([0; 50], Vec::new(), [0; 66]);
    stream.read_exact(&mut one).unwrap();
    let awaits = responder.act_one(&mut one).unwrap().act_two(&mut two);
    stream.write_all(&two).unwrap();
    stream.read_exact(&mut three).unwrap();
    let mut channel = awaits.act_three(&mut three).unwrap().channel;
    let (error, mut said) = (Notice::on_all_channels(says.as_bytes()).unwrap(), Vec::new());
    channel.seal.seal(&mut said, |tx| lightning::Message::Error(error).write(tx));
    stream.write_all(&said).unwrap();
    let _ = stream.read_to_end(&mut Vec::new());
}

fn libp2p_node(agent: &str) -> String {
    let [s, e] = [0x41, 0x42].map(|byte| libp2p::SecretKey::new([byte; 32]));
    let local = libp2p::Local::new(libp2p::Identity::new([0x40; 32]), s, e, agent);
    let address = answering(libp2p::Hello::responder(local), |_| false, Then::Silence);
    format!("/ip4/127.0.0.1/tcp/{}", address.rsplit(':').next().unwrap())
}

#[test]
fn what_peers_say_starts_no_line_of_the_log_and_is_escaped_there() {
    let named = Scripted::on(CHAIN, |_, wire| {
        let user_agent = UserAgent::new(EVIL.as_bytes()).unwrap();
        let version = Version { user_agent, ..wire.version() };
        wire.shake(version);
    });
    let rejecting = Scripted::on(CHAIN, |_, wire| {
        let reject = Reject { message: (*b"version").into(), code: 0x40, reason: EVIL.as_bytes().into() };
        wire.hear();
        wire.say(&[Said::Message(Message::Reject(reject))]);
        wire.hang();
    });
    let ethereum_node = || {
        let mut local = ethereum_local();
        local.client_id = EVIL.into();
        let id = local.node_id();
        format!("enode://{id}@{}", answering(Rlpx::responder(local, fresh()), |_| false, Then::Silence))
    };
    let bitcoin = ["-c", CHAIN, "--transport", "v1"];
    let targets: [(&[&str], &dyn Fn() -> String); 5] = [
        (&bitcoin, &|| named.address.to_string()),
        (&bitcoin, &|| rejecting.address.to_string()),
        (&[], &|| refusing(EVIL)),
        (&[], &ethereum_node),
        (&[], &|| libp2p_node(EVIL)),
    ];
    for (options, target) in targets {
        for form in ["--trace", "--json", "--format=csv"] {
            let (out, log) = logged(&[options, &["--timeout", "20s", form, &*target()]].concat());
            for said in [&out, &log] {
                assert!(said.contains("FORGED"), "{form}: {out} {log}");
                assert!(!said.lines().any(|line| line.starts_with("FORGED")), "{form}: {said}");
                let strange: Vec<_> = said.chars().filter(|c| !matches!(c, ' '..='~' | '\n')).collect();
                assert!(strange.is_empty(), "{form}: {strange:?}");
            }
        }
    }
}
