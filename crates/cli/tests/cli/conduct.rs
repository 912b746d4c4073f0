//! Anomalies of Bitcoin peers that are OK nevertheless.

use std::io::Write;

use bitcoin::message::Reject;
use bitcoin::{Command, Message, NetAddress, Services, Version};
use handshake::Role;
use serde_json::{Value, json};

use crate::common::{CHAIN, json_lines, run, text};
use crate::listen::{listen, output};
use crate::scripted::{Said, Scripted, Wire, sealed, unix_time};

/// The record of one handshake with a peer that answers our version like this, as JSON.
fn met(answer: impl Fn(&Wire) -> Vec<Said> + Send + Sync + 'static) -> Value {
    let node = Scripted::on(CHAIN, move |_, wire| {
        if wire.await_message(Command::VERSION) {
            let answer = answer(wire);
            wire.say(&answer);
            wire.hang();
        }
    });
    let output = run(["-c", CHAIN, "--transport", "v1", "--json", "--timeout", "10s", &node.address.to_string()]);
    json_lines(&output).remove(0)
}

/// The codes and sentences of a report's remarks.
fn remarks(report: &Value) -> Vec<(&str, &str)> {
    let remarks = report["remarks"].as_array().unwrap().iter();
    remarks.map(|remark| (remark["code"].as_str().unwrap(), remark["detail"].as_str().unwrap())).collect()
}

fn message(message: Message) -> Said {
    Said::Message(message)
}

fn payload_of(version: &Version) -> Vec<u8> {
    let mut payload = Vec::new();
    version.write(&bitcoin::version::Tail::None, &mut payload);
    payload
}

#[test]
fn an_ok_that_is_odd_says_what_is_odd() {
    type Answer = fn(&Wire) -> Vec<Said>;
    let rows: [(&str, &str, Answer); 8] = [
        ("bitcoin.trailing-bytes", "sent 33 bytes behind the last field of its version", |wire| {
            let payload = [payload_of(&wire.version()), vec![7; 33]].concat();
            vec![Said::Payload("version", payload), message(Message::Verack)]
        }),
        ("bitcoin.version-again", "introduced itself 2 times, of which the first counts", |wire| {
            let version = || message(Message::Version(wire.version()));
            vec![version(), version(), message(Message::Verack)]
        }),
        ("bitcoin.early-verack", "sent its verack before its version", |wire| {
            vec![message(Message::Verack), message(Message::Version(wire.version()))]
        }),
        ("bitcoin.payload", "sent 5 bytes in its verack, which has no fields", |wire| {
            vec![message(Message::Version(wire.version())), Said::Payload("verack", vec![1; 5])]
        }),
        ("bitcoin.late-extension", "sent sendaddrv2 after its verack", |wire| {
            let ping = message(Message::Ping(Some(1)));
            let late = message(Message::Sendaddrv2);
            vec![message(Message::Version(wire.version())), message(Message::Verack), ping, late]
        }),
        (
            "bitcoin.unreadable",
            "sent a sendcmpct message that cannot be read: its announce has a value that is not allowed",
            |wire| {
                let odd = Said::Payload("sendcmpct", vec![2; 9]);
                vec![message(Message::Version(wire.version())), odd, message(Message::Verack)]
            },
        ),
        ("bitcoin.clock", "has a clock that is 56years 1month behind ours", |wire| {
            let version = Version { time: unix_time() - 1_770_000_000, ..wire.version() };
            vec![message(Message::Version(version)), message(Message::Verack)]
        }),
        ("bitcoin.clock", "has a clock that is 1h 15m ahead of ours", |wire| {
            let version = Version { time: unix_time() + 75 * 60 + 20, ..wire.version() };
            vec![message(Message::Version(version)), message(Message::Verack)]
        }),
    ];
    for (code, detail, answer) in rows {
        let report = met(answer);
        assert_eq!((&report["outcome"], &report["reason"]), (&json!("ok"), &json!("ok")), "{code}: {report}");
        let found = remarks(&report);
        assert_eq!(found, [(code, detail)], "{report}");
    }
}

/// A version and a verack with anomalies, for either role and transport.
fn odd(wire: &Wire) -> [Said; 2] {
    let version = [payload_of(&wire.version()), vec![7; 33]].concat();
    [Said::Payload("version", version), Said::Payload("verack", vec![1; 5])]
}

const ODD: [(&str, &str); 2] = [
    ("bitcoin.trailing-bytes", "sent 33 bytes behind the last field of its version"),
    ("bitcoin.payload", "sent 5 bytes in its verack, which has no fields"),
];

#[test]
fn an_ok_over_v2_says_what_is_odd() {
    let node = Scripted::on(CHAIN, |_, wire| {
        let mut session = wire.exchange_keys(Role::Responder);
        let bytes = sealed(&mut session, &odd(wire));
        wire.stream.write_all(&bytes).unwrap();
        wire.hang();
    });
    let address = node.address.to_string();
    let report = &json_lines(&run(["-c", CHAIN, "--transport", "v2", "--json", "--timeout", "60s", &address]))[0];
    assert_eq!((&report["outcome"], &report["transport"]), (&json!("ok"), &json!("v2")), "{report}");
    assert_eq!(remarks(report), ODD, "{report}");
}

#[test]
fn an_ok_of_a_peer_that_dialled_us_says_what_is_odd() {
    for transport in ["v1", "v2"] {
        let (child, _log, address) = listen(&["--once"]);
        let stream = std::net::TcpStream::connect(&address).unwrap();
        let mut wire = Wire { params: bitcoin::Chain::named(CHAIN).unwrap().params, stream };
        let odd = odd(&wire);
        if transport == "v2" {
            let mut session = wire.exchange_keys(Role::Initiator);
            wire.stream.write_all(&sealed(&mut session, &odd)).unwrap();
        } else {
            wire.say(&odd);
        }
        let (lines, _) = output(child);
        let report = &lines[0];
        let found = (&report["outcome"], &report["role"], &report["transport"]);
        assert_eq!(found, (&json!("ok"), &json!("responder"), &json!(transport)), "{report}");
        assert_eq!(remarks(report), ODD, "{report}");
    }
}

#[test]
fn a_peer_that_does_as_the_others_do_gets_no_remark() {
    let report = met(|wire| {
        let late = Version { time: unix_time() - 69 * 60, ..wire.version() };
        vec![message(Message::Version(late)), message(Message::Sendaddrv2), message(Message::Verack)]
    });
    assert_eq!((&report["outcome"], remarks(&report)), (&json!("ok"), vec![]));
    // Nor is the common behaviour of a network's nodes an anomaly: eCash nodes announce addrv2 after their verack,
    let node = Scripted::on("ecash-regtest", |_, wire| {
        if wire.await_message(Command::VERSION) {
            let version = message(Message::Version(wire.version()));
            wire.say(&[version, message(Message::Verack), message(Message::Sendaddrv2)]);
            wire.hang();
        }
    });
    let report = json_lines(&run(["-c", "ecash-regtest", "--json", &node.address.to_string()])).remove(0);
    assert_eq!((&report["outcome"], remarks(&report)), (&json!("ok"), vec![]), "{report}");
    // and Dash nodes append to their version.
    let node = Scripted::on("dash-regtest", |_, wire| {
        if wire.await_message(Command::VERSION) {
            let version = [payload_of(&wire.version()), vec![1; 33]].concat();
            wire.say(&[Said::Payload("version", version), message(Message::Verack)]);
            wire.hang();
        }
    });
    let words = ["-c", "dash-regtest", "--transport", "v1", "--json", &node.address.to_string()];
    let report = json_lines(&run(words)).remove(0);
    assert_eq!((&report["outcome"], remarks(&report)), (&json!("ok"), vec![]), "{report}");
}

/// Zebra does this if the version is below that of the network upgrade at its tip.
#[test]
fn a_newer_peer_that_leaves_before_its_verack_is_told_with_both_versions() {
    for (theirs, is_told) in [(70_018, true), (70_017, false)] {
        let node = Scripted::on(CHAIN, move |_, wire| {
            if wire.await_message(Command::VERSION) {
                let version = Version { version: theirs, ..wire.version() };
                wire.say(&[message(Message::Version(version))]);
                wire.stream.shutdown(std::net::Shutdown::Write).unwrap();
                wire.hang();
            }
        });
        let words = ["-c", CHAIN, "--transport", "v1", "--json", "--timeout", "10s", &node.address.to_string()];
        let report = json_lines(&run(words)).remove(0);
        assert_eq!((&report["outcome"], &report["stage"]), (&json!("partial"), &json!("ack")), "{report}");
        let told =
            "; it announces protocol version 70018 and we 70017, which may be too old for it (--protocol-version)";
        assert_eq!(report["detail"].as_str().unwrap().ends_with(told), is_told, "{report}");
    }
}

#[test]
fn people_see_a_remark_behind_the_result() {
    let node = Scripted::on(CHAIN, |_, wire| {
        if wire.await_message(Command::VERSION) {
            let version = message(Message::Version(wire.version()));
            wire.say(&[version, Said::Payload("verack", vec![1; 5])]);
            wire.hang();
        }
    });
    let output = run(["-c", CHAIN, "--transport", "v1", "--timeout", "10s", &node.address.to_string()]);
    let line = text(&output.stdout).lines().next().unwrap();
    assert!(line.starts_with("OK "), "{line}");
    assert!(line.contains("(remark: it sent 5 bytes in its verack, which has no fields)"), "{line}");
}

#[test]
fn an_address_of_ours_that_is_none_is_null() {
    for (ip, port) in [("::ffff:0.0.0.0", 0), ("::ffff:0.0.0.0", 8333), ("::ffff:8.8.8.8", 0), ("::", 8333)] {
        let report = met(move |wire| {
            let receiver = NetAddress { services: Services::NONE, ip: ip.parse().unwrap(), port };
            let version = Version { receiver, ..wire.version() };
            vec![message(Message::Version(version)), message(Message::Verack)]
        });
        assert_eq!((&report["outcome"], &report["peer"]["our_address"]), (&json!("ok"), &Value::Null), "{ip} {port}");
    }
}

/// btcd requires NETWORK of the nodes that it dials.
#[test]
fn a_reject_is_called_by_its_name_with_a_hint_at_what_is_asked_for() {
    let (child, _log, address) = listen(&["--once"]);
    let mut wire = Wire {
        params: bitcoin::Chain::named(CHAIN).unwrap().params,
        stream: std::net::TcpStream::connect(&address).unwrap(),
    };
    let version = wire.version();
    wire.say(&[message(Message::Version(version))]);
    assert!(wire.await_message(Command::VERACK));
    let reason = b"required services 0x1 not offered";
    let reject = Reject { message: (*b"version").into(), code: 0x40, reason: (*reason).into() };
    wire.say(&[message(Message::Reject(reject))]);
    let (lines, _) = output(child);
    assert_eq!((&lines[0]["reason"], &lines[0]["blame"]), (&json!("bitcoin.rejected"), &json!("refused")));
    assert_eq!(lines[0]["reason_number"], 0x40);
    let detail = "it rejected our version: nonstandard (0x40), \"required services 0x1 not offered\": it asks for NETWORK of \
                  a node that it dials (-s NETWORK,WITNESS offers that)";
    assert_eq!(lines[0]["detail"], detail);
}
