//! The time of a handshake with a peer that writes its messages one by one and uses Nagle's algorithm, as the light
//! client of the crate bip157 does; and the cost of acknowledging them at once.
//!
//! ```text
//!  peer                        kernels                       verack
//!  version, wtxidrelay, … ──▶  the first is sent
//!                              the others wait for its ACK,
//!                              delayed by 40 ms or more ◀──  unless TCP_QUICKACK says otherwise
//! ```

use std::fs;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use bitcoin::v2::{Garbage, Keys, Start};
use bitcoin::{Chain, Local, V1, V2};
use handshake::{Handshake, Role, Rx, Step};
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::Result;
use crate::compare::{Findings, Runs};
use crate::flights::CHAIN;
use crate::program::{print_machine, verack};

/// Milliseconds of a handshake, at most. A delayed acknowledgement alone takes 40 ms.
const MOST_TIME: f64 = 5.0;

/// System calls per handshake for immediate acknowledgements, at most: none with a peer that sends whole flights. With
/// a peer that writes in parts, one for each flight whose rest is awaited, and one to spare.
const MOST_CALLS_WHOLE: f64 = 0.1;
const MOST_CALLS_IN_PARTS: f64 = 3.0;

/// Measures the time in both roles over both transports, and counts system calls.
pub fn measure(rounds: usize) -> Result<Findings> {
    let verack = verack()?;
    print_machine()?;
    let mut findings = Findings::default();
    for transport in ["v1", "v2"] {
        let dialled = we_dial(&verack, transport, rounds)?;
        findings.at_most(
            MOST_TIME,
            &format!("ms as initiator over {transport} with a peer that writes in parts"),
            &dialled,
        );
        let heard = dials_us(Command::new(&verack), transport, rounds, Manner::InParts)?;
        findings.at_most(
            MOST_TIME,
            &format!("ms as responder over {transport} with a peer that writes in parts"),
            &heard,
        );
    }
    for transport in ["v1", "v2"] {
        for (manner, most) in [(Manner::Whole, MOST_CALLS_WHOLE), (Manner::InParts, MOST_CALLS_IN_PARTS)] {
            let (all, quick) = calls(&verack, transport, manner)?;
            println!("system calls as responder over {transport}, flights {}: {all:.2}", manner.name());
            let what = format!("of them TCP_QUICKACK over {transport}, flights {}", manner.name());
            findings.at_most(most, &what, &[quick].into_iter().collect());
        }
    }
    Ok(findings)
}

/// How a peer writes its flights.
#[derive(Clone, Copy)]
enum Manner {
    /// Each flight in one write.
    Whole,
    /// Each message in its own write.
    InParts,
}

impl Manner {
    fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::InParts => "in parts",
        }
    }
}

/// Milliseconds of handshakes that `verack` initiates.
fn we_dial(verack: &Path, transport: &'static str, rounds: usize) -> Result<Runs> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let target = listener.local_addr()?.to_string();
    // It runs until this process ends.
    thread::spawn(move || {
        listener.incoming().flatten().for_each(|stream| shake(stream, transport, Role::Responder, Manner::InParts));
    });
    let mut took = Vec::new();
    for _ in 0..rounds {
        let mut command = Command::new(verack);
        command.args(["--json", "--chain", CHAIN, "--transport", transport, &target]).stderr(Stdio::inherit());
        let output = String::from_utf8(command.stdin(Stdio::null()).output()?.stdout)?;
        took.push(milliseconds(output.lines().next().unwrap_or_default(), transport)?);
    }
    Ok(took.into_iter().collect())
}

/// Milliseconds of handshakes that `verack listen` answers; `program` starts it, perhaps indirectly.
fn dials_us(mut program: Command, transport: &str, rounds: usize, manner: Manner) -> Result<Runs> {
    program.args(["listen", "127.0.0.1:0", "--json", "--chain", CHAIN, "--count", &rounds.to_string()]);
    let mut process = program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut line = String::new();
    // Its first line has its address.
    BufReader::new(process.stderr.take().expect("it is piped")).read_line(&mut line)?;
    let address = line.split(' ').nth(2).ok_or("it does not listen")?;
    for _ in 0..rounds {
        shake(TcpStream::connect(address)?, transport, Role::Initiator, manner);
    }
    let reports = BufReader::new(process.stdout.take().expect("it is piped")).lines().take(rounds);
    let took = reports.map(|report| milliseconds(&report?, transport)).collect();
    process.wait()?;
    took
}

fn milliseconds(report: &str, transport: &str) -> Result<f64> {
    let parsed: Value = serde_json::from_str(report)?;
    match parsed["timing_ms"]["handshake"].as_f64() {
        Some(took) if parsed["outcome"] == "ok" && parsed["transport"] == transport => Ok(took),
        _ => Err(format!("not OK over {transport}: {report}").into()),
    }
}

/// System calls of `verack listen` per handshake: all of them, and those for immediate acknowledgements. Two runs of
/// different length separate them from those of its start.
fn calls(verack: &Path, transport: &str, manner: Manner) -> Result<(f64, f64)> {
    const FEW: usize = 10;
    const MANY: usize = 60;
    let count = |rounds| {
        let log = NamedTempFile::new()?;
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-o"]).arg(log.path()).arg(verack);
        dials_us(strace, transport, rounds, manner).map_err(|error| format!("{error}; is strace installed?"))?;
        let log = fs::read_to_string(log.path())?;
        let quick = log.lines().filter(|line| line.contains("TCP_QUICKACK")).count();
        let all = log.lines().filter(|line| !line.contains("resumed>")).count();
        Ok::<_, Box<dyn std::error::Error>>([all, quick])
    };
    let (few, many) = (count(FEW)?, count(MANY)?);
    #[expect(clippy::cast_precision_loss, reason = "they are less than 2^53")]
    let each = |nth: usize| many[nth].saturating_sub(few[nth]) as f64 / (MANY - FEW) as f64;
    Ok((each(0), each(1)))
}

/// The handshake of such a peer. `verack` reports failures.
fn shake(stream: TcpStream, transport: &str, role: Role, manner: Manner) {
    let local = Local::new(Chain::named(CHAIN).expect("in the table").params, 1_700_000_000, 77, [0; 32]);
    if transport == "v1" {
        return converse(stream, V1::new(role, local), manner);
    }
    let keys = Keys::new([3; 32], [4; 32]).expect("in the curve's order");
    converse(stream, V2::new(role, local, Start::new(keys, Garbage::default())), manner);
}

/// It stays until the other side closes, since its own close would send held-back data at once.
fn converse(mut stream: TcpStream, mut side: impl Handshake, manner: Manner) {
    let (mut kept, mut tx, mut buffer) = (Vec::new(), Vec::new(), [0; 4096]);
    let mut is_over = false;
    loop {
        let mut is_waiting = false;
        while !is_over && !is_waiting {
            let mut rx = Rx::new(&mut kept);
            let Ok(step) = side.step(&mut rx, &mut tx) else { return };
            let taken = rx.taken();
            kept.drain(..taken);
            is_over = matches!(step, Step::Done(_));
            is_waiting = matches!(step, Step::Need(_));
            let is_due = matches!(manner, Manner::InParts) || is_over || is_waiting;
            if is_due && !tx.is_empty() {
                if stream.write_all(&tx).is_err() {
                    return;
                }
                tx.clear();
            }
        }
        match stream.read(&mut buffer) {
            Ok(len @ 1..) => kept.extend_from_slice(&buffer[..len]),
            _ => return,
        }
    }
}
