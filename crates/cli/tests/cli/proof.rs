//! A handshake is OK once the peer has shown that it accepted us; these peers leave earlier, stay silent, or do not
//! fit.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use ethereum::eth::OurChain;
use ethereum::{ForkId, Fresh, Goal, Network, OurStatus, Reason, Rlpx};
use handshake::{Conversation, Handshake, Rx, Step};
use lightning::{Features, Hello};
use serde_json::{Value, json};

use crate::common::{TO_END, json_lines, run, start, tell, text};
use crate::keyed::Listening;

/// The report on the only target of a run.
fn report(args: &[&str]) -> Value {
    json_lines(&run(["--json"].into_iter().chain(args.iter().copied()))).remove(0)
}

/// What a scripted peer does at a certain event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    Close,
    Silence,
}

/// Performs the handshake until an event, and then does this.
fn converse<H: Handshake>(mut side: H, mut stream: TcpStream, until: impl Fn(&H::Event) -> bool, then: Then) {
    let (mut arrived, mut said) = (Vec::new(), Vec::new());
    'over: loop {
        let mut taken = 0;
        loop {
            let mut rx = Rx::new(&mut arrived[taken..]);
            let step = side.step(&mut rx, &mut said);
            taken += rx.taken();
            match step {
                Ok(Step::Event(event)) if until(&event) => break 'over,
                Ok(Step::Event(_)) => {}
                Ok(Step::Need(_)) => break,
                Ok(Step::Done(_)) | Err(_) => break 'over,
            }
        }
        arrived.drain(..taken);
        stream.write_all(&said).unwrap();
        said.clear();
        let mut piece = [0; 4096];
        match stream.read(&mut piece) {
            Ok(len @ 1..) => arrived.extend_from_slice(&piece[..len]),
            Ok(0) | Err(_) => return,
        }
    }
    stream.write_all(&said).unwrap();
    if then == Then::Silence {
        // Wait until the other side leaves.
        let _ = stream.read_to_end(&mut Vec::new());
    }
}

/// A peer that accepts one connection.
pub fn answering<H: Handshake + Send + 'static>(
    side: H,
    until: impl Fn(&H::Event) -> bool + Send + 'static,
    then: Then,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || converse(side, listener.accept().unwrap().0, until, then));
    address
}

pub fn lightning_local(byte: u8, features: &[u16]) -> lightning::Local {
    let key = |byte| lightning::SecretKey::new([byte; 32]).unwrap();
    let mut local = lightning::Local::new(key(byte), key(byte + 1), Vec::new());
    local.init.features = Features::of(features);
    local
}

/// Both sides have introduced themselves, and the peer has read nothing further.
fn has_met(event: &lightning::Event) -> bool {
    matches!(event, lightning::Event::Said(lightning::Message::Ping(_)))
}

fn lightning_node(then: Then) -> String {
    let local = lightning_local(0x42, &[0, 7, 9, 14]);
    let node_id = local.static_key.node_id();
    format!("{node_id}@{}", answering(Hello::responder(local), has_met, then))
}

fn remarks(report: &Value) -> Vec<&str> {
    report["remarks"].as_array().unwrap().iter().map(|remark| remark["code"].as_str().unwrap()).collect()
}

#[test]
fn a_lightning_node_that_closes_behind_both_inits_has_not_accepted_us() {
    let dialled = report(&["--feature-bits", "7,1001", &lightning_node(Then::Close)]);
    let [outcome, stage, reason, detail] = ["outcome", "stage", "reason", "detail"].map(|key| &dialled[key]);
    assert_eq!((outcome, stage, reason), (&"partial".into(), &"ack".into(), &"closed".into()), "{dialled}");
    // The peer may reject the features that we offered.
    assert!(detail.as_str().unwrap().contains("gossip_queries, feature 1001"), "{detail}");
    assert!(detail.as_str().unwrap().starts_with("closed the connection before its pong"), "{detail}");
    assert_eq!(dialled["peer"]["required_bits"], json!([0, 14]));
}

#[test]
fn a_lightning_node_that_dials_us_and_closes_behind_both_inits_has_not_accepted_us() {
    let listening = Listening::start(&["--protocol", "lightning", "--once"]);
    let (node_id, address) = listening.target.split_once('@').unwrap();
    let side = Hello::initiator(lightning_local(0x42, &[9]), node_id.parse().unwrap());
    converse(side, TcpStream::connect(address).unwrap(), has_met, Then::Close);
    let accepted = listening.end_with(1).remove(0);
    let found = ["outcome", "stage", "reason"].map(|key| accepted[key].as_str().unwrap());
    assert_eq!(found, ["partial", "ack", "closed"], "{accepted}");
    assert!(!accepted["detail"].as_str().unwrap().contains("full"), "{accepted}");
}

/// Sends act two and closes after it has read act three, as a node does that has banned our key; or after our init,
/// too.
fn closes_before_its_init(reads_ours: bool) -> String {
    const ACT_THREE: usize = 66;
    let local = lightning_local(0x42, &[9]);
    let node_id = local.static_key.node_id();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut side = Hello::responder(local);
        let (mut stream, mut said) = (listener.accept().unwrap().0, Vec::new());
        let mut act = [0; 50];
        stream.read_exact(&mut act).unwrap();
        let mut rx = Rx::new(&mut act);
        while let Ok(Step::Event(_)) = side.step(&mut rx, &mut said) {}
        stream.write_all(&said).unwrap();
        stream.read_exact(&mut [0; ACT_THREE]).unwrap();
        // Our init arrives together with act three.
        stream.peek(&mut [0]).unwrap();
        if reads_ours {
            assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        }
    });
    format!("{node_id}@{address}")
}

#[test]
fn features_are_no_reason_for_a_lightning_node_that_closes_before_it_reads_them() {
    for reads_ours in [false, true] {
        let dialled = report(&[&closes_before_its_init(reads_ours)]);
        let found = ["outcome", "stage", "reason"].map(|key| dialled[key].as_str().unwrap());
        assert_eq!(found, ["failed", "hello", "closed"], "{dialled}");
        let detail = dialled["detail"].as_str().unwrap();
        assert!(detail.contains("it has banned the key"), "{detail}");
        assert_eq!(detail.contains("other features"), reads_ours, "{detail}");
    }
}

#[test]
fn a_lightning_node_that_answers_no_ping_is_ok_with_a_remark() {
    let dialled = report(&["--timeout", "2s", &lightning_node(Then::Silence)]);
    assert_eq!((&dialled["outcome"], remarks(&dialled)), (&"ok".into(), vec!["unconfirmed"]), "{dialled}");
    let listening = Listening::start(&["--protocol", "lightning", "--once", "--timeout", "2s"]);
    let (node_id, address) = listening.target.split_once('@').unwrap();
    let side = Hello::initiator(lightning_local(0x42, &[9]), node_id.parse().unwrap());
    converse(side, TcpStream::connect(address).unwrap(), has_met, Then::Silence);
    let accepted = listening.end().remove(0);
    assert_eq!((&accepted["outcome"], remarks(&accepted)), (&"ok".into(), vec!["unconfirmed"]), "{accepted}");
}

#[test]
fn a_lightning_node_that_names_no_chain_is_on_an_unknown_one() {
    let listening = Listening::start(&["--protocol", "lightning", "--count", "2"]);
    let dialled = report(&["-c", "regtest", &listening.target]);
    assert_eq!((&dialled["outcome"], &dialled["chain"]), (&"ok".into(), &Value::Null), "{dialled}");
    assert_eq!(remarks(&dialled), ["lightning.network-unknown"]);
    let dialled = report(&[&listening.target]);
    assert_eq!((&dialled["chain"], remarks(&dialled)), (&"any".into(), vec![]), "{dialled}");
    let accepted = listening.end();
    assert_eq!(accepted.iter().filter(|line| line["outcome"] == "ok").count(), 2, "{accepted:?}");
}

fn sepolia() -> OurChain {
    let network = Network::named("sepolia").unwrap();
    OurChain {
        network_id: network.network_id,
        genesis: network.genesis,
        fork_id: ForkId { hash: [0x6c, 0x1d, 0x94, 0x23], next: 0 },
        total_difficulty: 0.into(),
        earliest: 0,
        latest: 9_000_000,
        latest_hash: network.genesis,
    }
}

pub fn ethereum_local() -> ethereum::Local {
    let mut local = ethereum::Local::new(ethereum::SecretKey::new([0x42; 32]).unwrap());
    local.goal = Goal::Status(OurStatus::Of(sepolia()));
    local
}

pub fn fresh() -> Fresh {
    Fresh::new(&[0x33; Fresh::RANDOM_LEN]).unwrap()
}

/// Both sides have sent their Status, and the peer has read nothing further.
fn has_exchanged(event: &ethereum::Event) -> bool {
    matches!(event, ethereum::Event::Said(ethereum::Message::GetBlockHeaders(_)))
}

fn ethereum_node(then: Then) -> String {
    let local = ethereum_local();
    let id = local.node_id();
    format!("enode://{id}@{}", answering(Rlpx::responder(local, fresh()), has_exchanged, then))
}

#[test]
fn an_ethereum_node_that_closes_behind_both_statuses_has_not_accepted_us() {
    for status in ["echo", "own"] {
        let dialled = report(&["-c", "sepolia", "--status", status, &ethereum_node(Then::Close)]);
        let found = ["outcome", "stage", "reason"].map(|key| dialled[key].as_str().unwrap());
        assert_eq!(found, ["partial", "ack", "closed"], "{dialled}");
        let detail = dialled["detail"].as_str().unwrap();
        assert!(detail.starts_with("closed the connection before its BlockHeaders"), "{detail}");
        assert!(detail.contains("6c1d9423"), "what it may not like is our fork id: {detail}");
    }
}

#[test]
fn an_ethereum_node_that_answers_no_question_is_ok_with_a_remark() {
    let dialled = report(&["-c", "sepolia", "--timeout", "2s", &ethereum_node(Then::Silence)]);
    assert_eq!((&dialled["outcome"], remarks(&dialled)), (&"ok".into(), vec!["unconfirmed"]), "{dialled}");
    let listening = Listening::start(&["--protocol", "ethereum", "-c", "sepolia", "--once", "--timeout", "2s"]);
    let enode: ethereum::Enode = listening.target.parse().unwrap();
    let side = Rlpx::initiator(ethereum_local(), fresh(), enode.id);
    converse(side, TcpStream::connect((&*enode.host, enode.port)).unwrap(), has_exchanged, Then::Silence);
    let accepted = listening.end().remove(0);
    assert_eq!((&accepted["outcome"], remarks(&accepted)), (&"ok".into(), vec!["unconfirmed"]), "{accepted}");
}

/// Dials a listener with these options, and returns both reports. Either both are OK, or neither is.
fn met(listener: &[&str], dialler: &[&str]) -> [Value; 2] {
    let listening = Listening::start(&[&["--protocol", "ethereum", "--once"], listener].concat());
    let dialled = report(&[dialler, &[&*listening.target]].concat());
    let status = i32::from(dialled["outcome"] != "ok");
    [dialled, listening.end_with(status).remove(0)]
}

#[test]
fn a_node_of_ethereum_classic_is_no_node_of_ethereum() {
    for (listener, dialler, judge) in [
        (&["-c", "ethereum-classic"][..], &["-c", "ethereum"][..], 0),
        (&["-c", "ethereum", "--status", "echo"], &["-c", "ethereum-classic", "--status", "own"], 1),
        (&["-c", "ethereum"], &["-c", "ethereum-classic"], 0),
    ] {
        let reports = met(listener, dialler);
        let found = ["outcome", "reason", "blame"].map(|key| reports[judge][key].as_str().unwrap());
        assert_eq!(found, ["failed", "ethereum.fork-id", "mismatch"], "{:?}", reports[judge]);
        let detail = reports[judge]["detail"].as_str().unwrap();
        assert!(detail.contains("it is on ethereum"), "{detail}");
        // The other side learns that its Status does not suit.
        assert_eq!(reports[1 - judge]["reason"], "ethereum.disconnect.subprotocol");
    }
}

#[test]
fn a_node_with_old_software_is_stale_and_one_with_newer_than_ours_is_ahead() {
    let network = Network::named("sepolia").unwrap();
    let (id, genesis) = (network.network_id.to_string(), network.genesis.to_string());
    let peer = |fork_id: &str| {
        met(&["--network-id", &id, "--genesis", &genesis, "--fork-id", fork_id], &["-c", "sepolia"])
            .into_iter()
            .next()
            .unwrap()
    };
    let stale = peer("268956b6");
    assert_eq!((&stale["outcome"], &stale["reason"]), (&"failed".into(), &"ethereum.fork-id".into()), "{stale}");
    assert!(stale["detail"].as_str().unwrap().contains("does not know amsterdam"), "{stale}");
    let ahead = peer("6c1d9423:1893456000");
    assert_eq!((&ahead["outcome"], remarks(&ahead)), (&"ok".into(), vec!["ethereum.fork-ahead"]), "{ahead}");
    assert!(ahead["remarks"][0]["detail"].as_str().unwrap().contains("1893456000"), "{ahead}");
    // A node that is still syncing sends an old fork id, with the next fork.
    let syncs = peer("88cf81d9:1741159776");
    assert_eq!((&syncs["outcome"], remarks(&syncs)), (&"ok".into(), vec![]), "{syncs}");
}

#[test]
fn two_sides_that_repeat_each_others_status_meet_after_half_the_time() {
    let echo = ["-c", "sepolia", "--status", "echo", "--timeout", "4s"];
    for report in met(&echo, &echo) {
        assert_eq!(report["outcome"], "ok", "{report}");
    }
}

#[test]
fn the_head_of_our_status_is_the_one_that_was_said() {
    let head = "ab".repeat(32);
    let ours = ["-c", "sepolia", "--head", &head, "--start-height", "77", "--capabilities", "eth/69"];
    let [dialled, _] = met(&ours, &["-c", "sepolia"]);
    assert_eq!((&dialled["peer"]["head"], &dialled["peer"]["latest"]), (&head.into(), &77.into()), "{dialled}");
}

/// The peer has read our Hello, and nothing further.
fn has_greeted(event: &ethereum::Event) -> bool {
    matches!(event, ethereum::Event::Heard(ethereum::Message::Hello(_)))
}

/// The report of a side that echoes the Status, on a peer that waits for ours.
const WAITED: [(Then, &str, &str); 2] = [
    (Then::Close, "closed", "our Status was not sent yet, as we waited for its own; it may have waited for ours"),
    (Then::Silence, "timeout", "we said no Status either: each side waited for the other's"),
];

#[test]
fn a_client_that_waits_for_our_status_is_not_said_to_have_judged_it() {
    for (then, reason, expected) in WAITED {
        let listening = Listening::start(&["--protocol", "ethereum", "--status", "echo", "--once", "--timeout", "2s"]);
        let enode: ethereum::Enode = listening.target.parse().unwrap();
        let side = Rlpx::initiator(ethereum_local(), fresh(), enode.id);
        converse(side, TcpStream::connect((&*enode.host, enode.port)).unwrap(), has_greeted, then);
        let accepted = listening.end_with(1).remove(0);
        let found = ["outcome", "stage", "reason"].map(|key| accepted[key].as_str().unwrap());
        assert_eq!(found, ["partial", "ack", reason], "{accepted}");
        assert!(accepted["detail"].as_str().unwrap().ends_with(expected), "{accepted}");
    }
}

#[test]
fn a_node_without_a_name_is_shown_without_one() {
    let node = |client_id: &str, until: fn(&ethereum::Event) -> bool, then| {
        let mut local = ethereum_local();
        local.client_id = client_id.into();
        let id = local.node_id();
        format!("enode://{id}@{}", answering(Rlpx::responder(local, fresh()), until, then))
    };
    let said = |target: &str| text(&run(["--status", "echo", "--timeout", "2s", target]).stdout).to_owned();
    for (then, _, expected) in WAITED {
        for (client_id, shown) in [("", String::new()), ("their/1", " [their/1]".to_owned())] {
            let said = said(&node(client_id, has_greeted, then));
            let line = said.lines().next().unwrap();
            assert!(line.starts_with("PARTIAL ") && line.ends_with(&format!("{expected}{shown}")), "{line}");
        }
    }
    let target = node("", |_| false, Then::Silence);
    let said = said(&target);
    assert!(said.starts_with("OK ") && said.contains(" rlpx no name, sepolia at "), "{said}");
}

#[test]
fn what_decides_is_read_before_a_list_is_cut() {
    let mut local = lightning_local(0x42, &[9]);
    let regtest = lightning::Chain::named("bitcoin-regtest").unwrap().hash;
    local.init.networks = (1..100).map(|byte| lightning::ChainHash([byte; 32])).chain([regtest]).collect();
    let target =
        format!("{}@{}", local.static_key.node_id(), answering(Hello::responder(local), |_| false, Then::Silence));
    let dialled = report(&["-c", "regtest", &target]);
    let peer = &dialled["peer"];
    assert_eq!((&dialled["reason"], &dialled["chain"]), (&"ok".into(), &"bitcoin-regtest".into()), "{dialled}");
    assert_eq!((peer["networks"].as_array().unwrap().len(), &peer["networks_total"]), (64, &json!(100)));

    let mut local = ethereum_local();
    let others =
        (0..99).map(|version| ethereum::Protocol { capability: ethereum::Capability::new("a", version), messages: 0 });
    local.protocols.splice(0..0, others);
    let id = local.node_id();
    let target = format!("enode://{id}@{}", answering(Rlpx::responder(local, fresh()), |_| false, Then::Silence));
    let dialled = report(&["-c", "sepolia", &target]);
    let peer = &dialled["peer"];
    assert_eq!((&dialled["reason"], &peer["network"]), (&"ok".into(), &"sepolia".into()), "{dialled}");
    assert!(peer["capabilities"].as_array().unwrap().len() > 99, "none is left out: {peer}");
}

/// Sends Hello, then disconnects with this reason.
fn disconnecting(reason: Reason) -> String {
    let mut local = ethereum_local();
    (local.goal, local.parting) = (Goal::Hello, Some(reason));
    let id = local.node_id();
    format!("enode://{id}@{}", answering(Rlpx::responder(local, fresh()), |_| false, Then::Silence))
}

#[test]
fn a_disconnect_is_told_with_its_number_whether_that_has_a_name_or_not() {
    for (number, code, words) in [
        (4, "ethereum.disconnect.too-many-peers", "too many peers"),
        (0x55, "ethereum.disconnect.other", "for reason 0x55, which has no name"),
    ] {
        let reason = Reason::all().find(|reason| reason.number() == Some(number));
        let target = || disconnecting(reason.unwrap_or(Reason::Other(Some(number))));
        let dialled = report(&[&target()]);
        assert_eq!((&dialled["reason"], &dialled["reason_number"]), (&code.into(), &number.into()), "{dialled}");
        assert!(dialled["detail"].as_str().unwrap().contains(words), "{dialled}");
        let [human, csv] = ["human", "csv"].map(|format| run(["--format", format, &*target()]).stdout);
        let human = text(&human);
        assert!(human.contains(words), "{human}");
        let mut table = csv::Reader::from_reader(&*csv);
        let column = table.headers().unwrap().iter().position(|name| name == "reason_number").unwrap();
        assert_eq!(table.records().next().unwrap().unwrap()[column], number.to_string());
    }
}

#[test]
fn a_side_that_leaves_after_a_handshake_says_so() {
    let listening = Listening::start(&["--protocol", "ethereum", "-c", "sepolia", "--once"]);
    let output = run(["--json", "--trace", &listening.target]);
    assert_eq!(parting_reason(&json_lines(&output)), 8);
    listening.end();
}

/// The reason in our last Disconnect.
fn parting_reason(lines: &[Value]) -> &Value {
    let last = lines.iter().rfind(|line| line["direction"] == "sent").unwrap();
    assert_eq!(last["message"], "Disconnect", "{last}");
    &last["fields"]["reason"]
}

#[test]
fn a_node_that_is_left_for_its_silence_is_told_so() {
    let target = |until: fn(&ethereum::Event) -> bool| {
        let local = ethereum_local();
        let id = local.node_id();
        format!("enode://{id}@{}", answering(Rlpx::responder(local, fresh()), until, Then::Silence))
    };
    // Reason 11 means a timeout, and 8 that we no longer need the connection.
    for (until, outcome, reason) in [(has_greeted as fn(&_) -> bool, "partial", 11), (has_exchanged, "ok", 8)] {
        let lines = json_lines(&run(["--json", "--trace", "-c", "sepolia", "--timeout", "2s", &target(until)]));
        let report = lines.iter().find(|line| line["type"] == "handshake").unwrap();
        assert_eq!((&report["outcome"], parting_reason(&lines)), (&outcome.into(), &reason.into()), "{report}");
    }
}

#[test]
fn a_kept_connection_ends_with_a_word_of_parting() {
    for is_interrupted in [false, true] {
        let listening = Listening::start(&["--protocol", "ethereum", "-c", "sepolia", "--once", "--hold", "10m"]);
        let time = if is_interrupted { "10m" } else { "500ms" };
        let mut child = start(["--json", "--trace", "--hold", time, &listening.target]);
        let mut lines = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            lines.push(serde_json::from_str::<Value>(&line.unwrap()).unwrap());
            if is_interrupted && lines.last().unwrap()["message"] == "Pong" {
                tell(&child, TO_END[0]);
            }
        }
        child.wait().unwrap();
        assert_eq!(parting_reason(&lines), 8);
        let heard = listening.end_with(1);
        let hold = heard.iter().find(|line| line["type"] == "hold").unwrap();
        assert_eq!((&hold["how"], &hold["reason"]), (&"goodbye".into(), &"ethereum.disconnect.quitting".into()));
    }
}

#[test]
fn what_a_record_says_that_its_node_speaks_decides_over_what_it_is_dialled() {
    for (record, protocol) in [(CONSENSUS_ENR, "libp2p"), (BOTH_LAYERS_ENR, "ethereum"), (EXECUTION_ENR, "ethereum")] {
        let line = report(&[record]);
        assert_eq!((&line["protocol"], &line["reason"]), (&protocol.into(), &"connect.refused".into()), "{line}");
        assert_eq!(line["address"], "127.0.0.1:1");
    }
    let id = ethereum::SecretKey::new([0x42; 32]).unwrap().public();
    let output = run([&*format!("enode://{id}@127.0.0.1:0?discport=30303")]);
    assert!(text(&output.stderr).contains("an enode without an RLPx port"), "{output:?}");
}

/// Records of the key of 0x42 bytes at 127.0.0.1, TCP port 1: one with eth2 of 16 bytes and without eth, one with both,
/// one with only eth (a fork id).
const CONSENSUS_ENR: &str = "enr:-Ji4QG7aRk5H7Cz5SvmHGk28atDWh26z8dHbkSVCuDK3quvBeaJRZ7B7i_2Mz_foZJBbTr-u-oOPkv4WPb54yW4W7OkBhGV0aDKQapWhqQAAAAAAAAAAAAAAAIJpZIJ2NIJpcIR_AAABiXNlY3AyNTZrMaEDJGU-rENEiAAswGu_t_EP4YmR41-f5DAtvqbSNT3AqxyDdGNwAQ";
const BOTH_LAYERS_ENR: &str = "enr:-KS4QPlzoLhwYsOJ0SXYGZ6AO4Mrasa_eGek9s2HUGBg_ExYNK0xe_ttR5iNt7OXE7pK8jlaTd1dxSbb-INxlbMUFRYBg2V0aMfGhGwdlCOAhGV0aDKQapWhqQAAAAAAAAAAAAAAAIJpZIJ2NIJpcIR_AAABiXNlY3AyNTZrMaEDJGU-rENEiAAswGu_t_EP4YmR41-f5DAtvqbSNT3AqxyDdGNwAQ";
const EXECUTION_ENR: &str = "enr:-I64QPlzoLhwYsOJ0SXYGZ6AO4Mrasa_eGek9s2HUGBg_ExYNBABDwLk-Ocj8Rri_DnoVSO3QLd1CekABfPJiMfTZNEBg2V0aMfGhGwdlCOAgmlkgnY0gmlwhH8AAAGJc2VjcDI1NmsxoQMkZT6sQ0SIACzAa7-38Q_hiZHjX5_kMC2-ptI1PcCrHIN0Y3AB";
