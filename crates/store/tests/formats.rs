//! Exported data equals the stored data, by our own reader and by independent ones.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

#[path = "common/bitnodes.rs"]
mod bitnodes;
mod common;

use std::fmt::Write as _;
use std::net::{Ipv6Addr, SocketAddr};
use std::time::Duration;

use address::{Address, Endpoint};
use common::{CHAIN, KNOWN, all, failed, good, store};
use handshake::Stage;
use peers::{
    Average, Ending, EscapedText, Exporter, Filter, Format, Importer, Introduction, Origin, Outcome, Peer, Reliability,
    Standard, Time, Transports,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::select;
use serde_json::{Value, json};

const STANDARD: Standard = Standard { port: 8333, version: 70001, height: 350_000, routable: |_| true };

const NOW: Time = Time(2_000_000_000);

fn origin() -> Origin {
    Origin { name: "peers.txt".into(), chain: CHAIN.into(), port: 8333, now: NOW, source: "file".into() }
}

fn written(format: Format, peers: &[Peer]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut exporter = Exporter::new(format, STANDARD, &mut bytes);
    for peer in peers {
        exporter.write(peer).unwrap();
    }
    assert_eq!(exporter.finish().unwrap(), peers.len() as u64);
    bytes
}

/// The peers of a file, and the errors on its other lines.
fn read(format: Format, bytes: &[u8]) -> (Vec<Peer>, Vec<String>) {
    let (mut peers, mut errors) = (Vec::new(), Vec::new());
    for peer in Importer::new(format, origin(), bytes) {
        match peer {
            Ok(peer) => peers.push(peer),
            Err(unread) => errors.push(unread.to_string()),
        }
    }
    (peers, errors)
}

fn text() -> impl Strategy<Value = EscapedText> {
    let hostile = vec(select(b"=+-@\"',;\\\\ \t\r\n\0\x1b\xff\xc3\xa9x41#[]{}%".as_slice()), 0..40);
    prop_oneof![vec(any::<u8>(), 0..40), hostile, Just(vec![0; 256])].prop_map(|bytes| EscapedText::of(&bytes))
}

fn address() -> impl Strategy<Value = Endpoint> {
    let v4 = (any::<[u8; 4]>(), any::<u16>()).prop_map(|(ip, port)| SocketAddr::from((ip, port)).into());
    let v6 = (any::<u128>(), any::<u16>()).prop_map(|(ip, port)| {
        let ip = Ipv6Addr::from_bits(ip);
        SocketAddr::new(ip.into(), port).into()
    });
    let key = any::<[u8; 32]>;
    let onion = (key(), any::<u16>()).prop_map(|(key, port)| Endpoint { address: Address::Onion(key), port });
    let i2p = key().prop_map(|hash| Endpoint { address: Address::I2p(hash), port: 0 });
    prop_oneof![v4, v6, onion, i2p]
}

/// All outcomes of an attempt.
const OUTCOMES: [Outcome; 3] = [Outcome::Ok, Outcome::Partial, Outcome::Failed];

fn ending() -> impl Strategy<Value = Ending> {
    let stage =
        select([Stage::Resolve, Stage::Connect, Stage::Transport, Stage::Hello, Stage::Ack, Stage::Done].as_slice());
    // An empty reason counts as none.
    let reason = text().prop_filter("a reason has a name", |reason| !reason.as_str().is_empty());
    (select(OUTCOMES.as_slice()), stage, reason).prop_map(|(outcome, stage, reason)| Ending { outcome, stage, reason })
}

fn reliability() -> impl Strategy<Value = Reliability> {
    [(); 5].map(|()| (0.0..=1.0_f32, 0.0..=1.0_f32, 0.0..1e6_f32)).prop_map(|averages| {
        Reliability(averages.map(|(reliability, weight, count)| Average { reliability, weight, count }))
    })
}

fn peer() -> impl Strategy<Value = Peer> {
    let time = || (1..=NOW.0).prop_map(Time);
    let chain_and_source = (text(), text()).prop_filter("names are not empty", |(chain, source)| {
        !chain.as_str().is_empty() && !source.as_str().is_empty()
    });
    let outcome = || option::of(select(OUTCOMES.as_slice()));
    let identity = option::of(text().prop_filter("an identity is not empty", |text| !text.as_str().is_empty()));
    let seen = (address(), identity, time(), option::of(time()), any::<u64>());
    let tried = (any::<u32>(), any::<u32>(), option::of(time()), option::of(time()), option::of(ending()));
    let said = option::of((any::<i64>(), text()));
    let told = (outcome(), outcome(), said, option::of(any::<i64>()), option::of(any::<u32>()), reliability());
    (chain_and_source, seen, tried, told).prop_map(|((chain, source), seen, tried, told)| {
        let (endpoint, identity, first_seen, last_seen, services) = seen;
        let (tried, good, last_tried, last_good, ending) = tried;
        let (v1, v2, said, height, latency, reliability) = told;
        Peer {
            chain,
            endpoint,
            identity,
            first_seen,
            last_seen,
            source: Some(source),
            services,
            tried: tried.max(good),
            good,
            last_tried,
            last_good,
            ending,
            transports: Transports { v1, v2 },
            version: said.as_ref().map(|(version, _)| *version),
            user_agent: said.map(|(_, user_agent)| user_agent),
            height,
            introduction: None,
            latency: latency.map(|micros| Duration::from_micros(micros.into())),
            reliability,
        }
    })
}

/// A line of dnsseed.dump as Core's contrib/seeds/makeseeds.py parses it: split at white space, by position.
#[derive(Debug, PartialEq)]
struct MakeSeeds {
    address: String,
    good: bool,
    last_success: i64,
    uptime_30d: f64,
    blocks: i64,
    services: u64,
    version: i64,
    agent: String,
}

fn makeseeds(line: &str) -> Option<MakeSeeds> {
    let fields: Vec<_> = line.split_whitespace().collect();
    if fields.len() < 12 || fields[0].starts_with('#') {
        return None;
    }
    Some(MakeSeeds {
        address: fields[0].to_owned(),
        good: fields[1].parse::<u8>().unwrap() != 0,
        last_success: fields[2].parse().unwrap(),
        uptime_30d: fields[7].strip_suffix('%').unwrap().parse().unwrap(),
        blocks: fields[8].parse().unwrap(),
        services: u64::from_str_radix(fields[9], 16).unwrap(),
        version: fields[10].parse().unwrap(),
        agent: fields[11].trim_matches('"').to_owned(),
    })
}

proptest! {
    #[test]
    fn json_lines_and_csv_hold_all_that_is_known(peers in vec(peer(), 0..4)) {
        for format in [Format::JsonLines, Format::Csv] {
            let bytes = written(format, &peers);
            prop_assert_eq!(read(format, &bytes), (peers.clone(), vec![]));
        }
    }

    #[test]
    fn each_line_of_json_is_an_object_and_each_row_of_csv_has_every_column(peers in vec(peer(), 1..4)) {
        let json = String::from_utf8(written(Format::JsonLines, &peers)).unwrap();
        prop_assert_eq!(json.lines().count(), peers.len());
        for (line, peer) in json.lines().zip(&peers) {
            let object: Value = serde_json::from_str(line).unwrap();
            prop_assert_eq!(object["address"].as_str(), Some(&*peer.endpoint.to_string()));
            prop_assert_eq!(object["services"].as_u64(), Some(peer.services));
            prop_assert_eq!(object["services_hex"].as_str(), Some(&*format!("{:#x}", peer.services)));
        }
        let table = written(Format::Csv, &peers);
        let mut rows = csv::Reader::from_reader(table.as_slice());
        let header = rows.headers().unwrap().clone();
        for row in rows.records() {
            let row = row.unwrap();
            for (name, value) in header.iter().zip(&row) {
                let is_text = ["chain", "reason", "user_agent", "source"].contains(&name);
                let is_formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
                prop_assert!(!(is_text && is_formula), "{name} is a formula: {value}");
            }
        }
    }

    #[test]
    fn makeseeds_finds_each_field_where_it_looks_for_it(mut peers in vec(peer(), 0..4)) {
        let bytes = written(Format::Dnsseed, &peers);
        let dump = String::from_utf8(bytes.clone()).unwrap();
        let seen: Vec<_> = dump.lines().filter_map(makeseeds).collect();
        prop_assert_eq!(seen.len(), peers.len());
        let (back, errors) = read(Format::Dnsseed, &bytes);
        prop_assert_eq!(errors, Vec::<String>::new());
        for ((seen, back), peer) in seen.into_iter().zip(back).zip(&mut peers) {
            let agent = peer.user_agent.as_ref().map_or("", EscapedText::as_str);
            let uptime = f64::from(peer.reliability.0[4].reliability) * 100.0;
            assert!((seen.uptime_30d - uptime).abs() < 0.006);
            prop_assert_eq!(seen, MakeSeeds {
                address: peer.endpoint.to_string(),
                good: STANDARD.is_met_by(peer),
                last_success: peer.last_good.unwrap_or_default().0,
                uptime_30d: format!("{uptime:.2}").parse().unwrap(),
                blocks: peer.height.unwrap_or_default(),
                services: peer.services,
                version: peer.version.unwrap_or_default(),
                // makeseeds.py takes the user agent as one word.
                agent: format!("\"{agent}\"").split_whitespace().next().unwrap_or_default().trim_matches('"').to_owned(),
            });
            prop_assert_eq!((&back.endpoint, back.last_good, back.services), (&peer.endpoint, peer.last_good, peer.services));
            prop_assert_eq!(back.version, peer.version.filter(|version| *version != 0));
            prop_assert_eq!(back.height, peer.height.filter(|height| *height != 0));
            if back.version.is_some() {
                prop_assert_eq!(&back.user_agent, &peer.user_agent);
            }
            for (back, average) in back.reliability.0.iter().zip(peer.reliability.0) {
                prop_assert!((back.reliability - average.reliability).abs() < 6e-5);
            }
        }
    }

    #[test]
    fn bitnodes_rows_are_what_its_schema_says(peers in vec(peer(), 0..4)) {
        let bytes = written(Format::Bitnodes, &peers);
        let rows: Vec<Value> = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(rows.len(), peers.len());
        prop_assert_eq!(bitnodes::fault_of(&rows.into()), None);
        let (back, errors) = read(Format::Bitnodes, &bytes);
        prop_assert_eq!(errors, Vec::<String>::new());
        prop_assert_eq!(back.len(), peers.len());
        for (back, peer) in back.iter().zip(&peers) {
            prop_assert_eq!((&back.endpoint, back.last_good, back.services), (&peer.endpoint, peer.last_good, peer.services));
            prop_assert_eq!(back.version, peer.version.filter(|version| *version != 0));
            if back.version.is_some() {
                prop_assert_eq!(&back.user_agent, &peer.user_agent);
            }
        }
    }

    #[test]
    fn a_list_has_every_address(peers in vec(peer(), 0..4)) {
        let (back, errors) = read(Format::List, &written(Format::List, &peers));
        prop_assert_eq!(errors, Vec::<String>::new());
        prop_assert_eq!(
            back.into_iter().map(|peer| peer.endpoint).collect::<Vec<_>>(),
            peers.into_iter().map(|peer| peer.endpoint).collect::<Vec<_>>()
        );
    }

    #[test]
    fn no_file_makes_a_reader_panic(bytes in prop_oneof![
        vec(any::<u8>(), 0..300),
        vec(select(b"[]{},\":.0123456789\nabcdef\\-% #".as_slice()), 0..300),
        Just(vec![b'['; 5000]),
    ]) {
        for (_, format) in Format::ALL {
            let (peers, errors) = read(format, &bytes);
            prop_assert!(peers.len() + errors.len() <= bytes.len() + 1);
            for error in errors {
                prop_assert!(error.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{error:?}");
            }
        }
    }
}

#[test]
fn a_dump_is_printed_as_the_seeder_prints_it() {
    let mut peer = Peer::new(CHAIN.into(), "1.2.3.4:8333".parse().unwrap(), Time(1));
    (peer.version, peer.height, peer.services) = (Some(70016), Some(900_000), 0x409);
    (peer.last_good, peer.tried, peer.good) = (Some(Time(1_700_000_000)), 9, 9);
    peer.user_agent = Some("/Satoshi:27.0.0/".into());
    for (average, reliability) in peer.reliability.0.iter_mut().zip([1.0, 0.98765, 0.5, 0.25, 0.0]) {
        *average = Average { reliability, weight: 1.0, count: 30.0 };
    }
    // printf("%-47s  %4d  %11lld  %6.2f%% %6.2f%% %6.2f%% %6.2f%% %6.2f%%  %6i  %08llx  %5i \"%s\"\n", …)
    let expected = "\
# address                                        good  lastSuccess    %(2h)   %(8h)   %(1d)   %(7d)  %(30d)  blocks      svcs  version
1.2.3.4:8333                                        1   1700000000  100.00%  98.76%  50.00%  25.00%   0.00%  900000  00000409  70016 \"/Satoshi:27.0.0/\"
";
    assert_eq!(String::from_utf8(written(Format::Dnsseed, &[peer])).unwrap(), expected);
}

#[test]
fn the_schema_of_bitnodes_refuses_what_is_no_row_of_it() {
    let whole = || json!(["1.2.3.4", 8333, 70016, "/a/", 1, 9, 9, null, null, null, 0.0, 0.0, null, null, null]);
    assert_eq!(bitnodes::fault_of(&json!([whole()])), None);
    let wrong = [
        (0, json!("1.2.3.4:8333/")),
        (1, json!(65_536)),
        (2, json!("70016")),
        (3, Value::Null),
        (4, json!(-1)),
        (5, json!(1.5)),
        (9, json!("de")),
        (10, Value::Null),
        (11, json!(181.0)),
        (13, json!("TOR")),
    ];
    for (nth, value) in wrong {
        let mut row = whole();
        row[nth] = value;
        let fault = bitnodes::fault_of(&json!([whole(), row])).unwrap_or_else(|| panic!("{row} passes"));
        assert!(fault.contains(&format!("/1/{nth}'")), "{fault}");
    }
    let mut tor = whole();
    tor[0] = json!(format!("{}d.onion", "a".repeat(55)));
    assert!(bitnodes::fault_of(&json!([tor])).is_some(), "a node of Tor has TOR for an AS");
    for len in [4, 14] {
        let short = whole().as_array().unwrap()[..len].to_vec();
        assert!(bitnodes::fault_of(&json!([short])).is_some(), "{len} values are too few");
    }
}

#[test]
fn an_empty_export_is_a_whole_file() {
    for (name, format) in Format::ALL {
        let bytes = written(format, &[]);
        assert_eq!(read(format, &bytes), (vec![], vec![]), "{name}");
    }
    assert_eq!(written(Format::Bitnodes, &[]), b"[]\n");
    assert!(written(Format::Csv, &[]).starts_with(b"address,chain,network,outcome,"));
}

#[test]
fn a_quote_that_is_never_closed_costs_one_row_of_csv() {
    let table = "\u{feff}services,address,source\r\n1,1.2.3.4:1,a\r\n1,\"1.2.3.5:1,a\r\n\r\n1,1.2.3.6:1,\"a,b\"\r\n";
    let (peers, errors) = read(Format::Csv, table.as_bytes());
    let found: Vec<_> =
        peers.iter().map(|peer| (peer.endpoint.to_string(), peer.source.as_ref().unwrap().as_str())).collect();
    assert_eq!(found, [("1.2.3.4:1".to_owned(), "a"), ("1.2.3.6:1".to_owned(), "a,b")]);
    assert_eq!(errors, ["peers.txt:3: expected 3 fields as in the header, not 2"]);
}

/// Files as other programs write them, each with two wrong lines and two right ones.
const WRONG: [(Format, &str, &[&str]); 5] = [
    (
        Format::List,
        "1.2.3.4 # AS1\nseed.example\n\n# nothing\n[2a00::1]:8334 x\n1.2.3.4:99999\n",
        &["peers.txt:2: expected an address: ip, ip:port", "peers.txt:6: expected an address: ip, ip:port"],
    ),
    (
        Format::Dnsseed,
        "# address good\n\
         1.2.3.4:8333 1 1700000000 99.00% 98.00% 97.00% 90.00% 80.00% 900000 00000409 70016 \"/a b \"c\" \\ d/\"\n\
         1.2.3.5:8333 1 1700000000 99.00% 98.00% 97.00% 90.00% 80.00 900000 00000409 70016 \"/a/\"\n\
         1.2.3.6:8333 2 1700000000\n\
         [2a00::1]:8333 0 0 0.00% 0.00% 0.00% 0.00% 0.00% 0 00000000 0 \"\"\r\n",
        &["peers.txt:3: expected five percentages, in: ", "peers.txt:4: expected good as 0 or 1, in: "],
    ),
    (
        Format::JsonLines,
        "{\"address\":\"1.2.3.4\"}\n{\"address\":7}\n\n{\"address\":\"1.2.3.4\",\"v1\":\"\\u001b[2J\"}\n\
         {\"address\":\"[2a00::1]:1\",\"more\":1}",
        &[
            "peers.txt:2: expected a peer as a JSON object: invalid type: integer `7`, expected a string",
            "peers.txt:4: expected another value in `v1`",
        ],
    ),
    (
        Format::Csv,
        "services,address\n1,1.2.3.4\n1,2,3\nx,1.2.3.5\n2,[2a00::1]:1\n",
        &["peers.txt:3: expected 2 fields as in the header, not 3", "peers.txt:4: expected another value: "],
    ),
    (
        Format::Bitnodes,
        "[[\"1.2.3.4\",8333,1033,900000],\n[\"1.2.3.4\",8333],\n[\"1.2.3.4\" 5,\n[\"2a00::1\",8333,70016,\"/a/\",1,9,9,\
         null,null,null,0.0,0.0,null,\"AS1\",\"x\"]]",
        &["peers.txt:2: expected a row of 15 values, or of 4", "peers.txt:3: expected a row of JSON"],
    ),
];

#[test]
fn services_that_a_program_rounded_are_read_from_their_hex() {
    let hex = format!("{:#x}", u64::MAX - 1);
    let (services, other) = (u64::MAX - 1, (1 << 60) + 1);
    for (format, file) in [
        (
            Format::JsonLines,
            format!(
                "{{\"address\":\"1.2.3.4\",\"services\":18446744073709552000,\"services_hex\":\"{hex}\"}}\n\
                 {{\"address\":\"1.2.3.5\",\"services\":1.8446744073709552e19,\"services_hex\":\"{hex}\"}}\n\
                 {{\"address\":\"1.2.3.6\",\"services\":1152921504606847000,\"services_hex\":\"0x1000000000000001\"}}\n\
                 {{\"address\":\"1.2.3.7\",\"services\":1033}}\n{{\"address\":\"1.2.3.8\"}}\n"
            ),
        ),
        (
            Format::Csv,
            format!(
                "address,services,services_hex\n1.2.3.4,1.84467440737096E+19,{hex}\n1.2.3.5,0,{hex}\n\
                 1.2.3.6,1152921504606847000,0x1000000000000001\n1.2.3.7,1033,\n1.2.3.8,0,\n"
            ),
        ),
    ] {
        let (peers, errors) = read(format, file.as_bytes());
        assert_eq!(errors, Vec::<String>::new(), "{format:?}");
        let found: Vec<_> = peers.iter().map(|peer| peer.services).collect();
        assert_eq!(found, [services, services, other, 1033, 0], "{format:?}");
    }
    for wrong in ["\"services\":-1", "\"services\":1e20", "\"services_hex\":\"0xg\"", "\"services_hex\":\"+1\""] {
        let (peers, errors) = read(Format::JsonLines, format!("{{\"address\":\"1.2.3.4\",{wrong}}}\n").as_bytes());
        assert_eq!((peers.len(), errors.len()), (0, 1), "{wrong}");
    }
}

#[test]
fn a_line_that_is_wrong_is_named_and_the_others_are_taken() {
    for (format, file, expected) in WRONG {
        let (peers, errors) = read(format, file.as_bytes());
        let hosts: Vec<_> = peers.iter().map(|peer| peer.endpoint.address.to_string()).collect();
        assert_eq!(hosts, ["1.2.3.4", "2a00::1"], "{format:?}: {errors:?}");
        assert_eq!(errors.len(), expected.len(), "{format:?}: {errors:?}");
        for (error, expected) in errors.iter().zip(expected) {
            assert!(error.starts_with(expected), "{error}");
        }
    }
}

#[test]
fn a_seeders_user_agent_is_taken_as_it_stands() {
    let (peers, _) = read(Format::Dnsseed, WRONG[1].1.as_bytes());
    assert_eq!(peers[0].user_agent.as_ref().unwrap().to_bytes(), br#"/a b "c" \ d/"#);
    assert_eq!((peers[1].version, peers[1].user_agent.as_ref(), peers[1].last_tried), (None, None, None));
}

#[test]
fn what_was_seen_in_times_to_come_was_seen_by_now_and_what_was_tried_then_was_not() {
    let row = br#"{"address":"1.2.3.4","last_tried":9000000000,"last_good":9000000000,"last_seen":9000000000,"first_seen":-5}"#;
    let (peers, _) = read(Format::JsonLines, row);
    let peer = &peers[0];
    assert_eq!((peer.last_tried, peer.last_good), (None, Some(NOW)));
    assert_eq!((peer.last_seen, peer.first_seen), (Some(NOW), Time(0)));
}

#[tokio::test]
async fn a_database_that_is_exported_and_imported_is_the_same() {
    let (from, _directory) = store().await;
    let writer = from.writer().await.unwrap();
    for nth in 0..300 {
        for at in [1000, 5000] {
            let agent = format!("=cmd|'/c calc'!{nth},\"\n\0/");
            let attempt = if nth % 3 == 0 { failed(nth, at) } else { good(nth, at, agent.as_bytes()) };
            writer.record(attempt).await.unwrap();
        }
    }
    writer.flush().await.unwrap();
    let everything = all(from.peers(&Filter::default(), KNOWN, None)).await;
    for format in [Format::JsonLines, Format::Csv] {
        let mut file = String::new().into_bytes();
        let count = peers::export(&from, format, (&Filter::default(), KNOWN, None), STANDARD, &mut file).await.unwrap();
        assert_eq!(count, 300);
        let (to, _directory) = store().await;
        let writer = to.writer().await.unwrap();
        for peer in Importer::new(format, origin(), file.as_slice()) {
            writer.import(peer.unwrap()).await.unwrap();
        }
        writer.flush().await.unwrap();
        assert_eq!(all(to.peers(&Filter::default(), KNOWN, None)).await, everything);
    }
}

#[tokio::test]
async fn a_dump_holds_who_was_ever_good_the_most_reliable_first() {
    let (store, _directory) = store().await;
    let writer = store.writer().await.unwrap();
    for nth in 0..10 {
        for at in 0..3 {
            let is_good = nth != 0 && at < i64::from(nth);
            let at = 1000 + 1000 * at;
            writer.record(if is_good { good(nth, at, b"/a/") } else { failed(nth, at) }).await.unwrap();
        }
    }
    writer.flush().await.unwrap();
    let mut dump = Vec::new();
    let count =
        peers::export(&store, Format::Dnsseed, (&Filter::default(), KNOWN, None), STANDARD, &mut dump).await.unwrap();
    assert_eq!(count, 9);
    let dump = String::from_utf8(dump).unwrap();
    let uptimes: Vec<_> = dump.lines().filter_map(makeseeds).map(|line| line.uptime_30d).collect();
    assert!(uptimes.len() == 9 && uptimes.is_sorted_by(|a, b| a >= b), "{uptimes:?}");
    let mut goods = String::new();
    dump.lines().filter_map(makeseeds).for_each(|line| write!(goods, "{}", u8::from(line.good)).unwrap());
    assert_eq!(goods, "111111110", "one success in three attempts is not good");
}

#[test]
fn json_lines_have_identity_and_introduction_and_read_both_back_whole() {
    let json = r#"{"user_agent":"/a\\x1b/","height":18446744073709551615,"list":[1,{"b":null}]}"#;
    let mut peer = Peer::new(CHAIN.into(), "192.0.2.1:8333".parse().unwrap(), Time(1));
    (peer.identity, peer.introduction) = (Some("02aa".into()), Introduction::read(json));
    peer.source = Some("list".into());
    let bytes = written(Format::JsonLines, std::slice::from_ref(&peer));
    let line = String::from_utf8(bytes.clone()).unwrap();
    assert!(line.ends_with(&format!("\"identity\":\"02aa\",\"introduction\":{json}}}\n")), "{line}");
    let (back, errors) = read(Format::JsonLines, &bytes);
    assert_eq!((back, errors), (vec![peer.clone()], vec![]));
    // A cell of CSV is no place for an object.
    let (back, _) = read(Format::Csv, &written(Format::Csv, std::slice::from_ref(&peer)));
    assert_eq!(back, [Peer { introduction: None, ..peer }]);

    for wrong in ["7", r#""text""#, "[]", "\"\\u001b\""] {
        let line = format!("{{\"address\":\"1.2.3.4:5\",\"introduction\":{wrong}}}\n");
        let (peers, errors) = read(Format::JsonLines, line.as_bytes());
        assert!(peers.is_empty() && errors[0].contains("a JSON object in `introduction`"), "{wrong}: {errors:?}");
    }
}
