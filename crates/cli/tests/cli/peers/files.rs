//! Files of peers: exports for other programs, and imports from them.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Output, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::{Map, NOW};
use crate::common::{CHAIN, json_lines, run, text};
use crate::evidence::{POINT, POINT_Y};
use crate::neighbours::{Neighbours, Peer, knows};

#[path = "../../../../store/tests/common/bitnodes.rs"]
mod bitnodes;

/// Parses a row of `dnsseed.dump` as Core's contrib/seeds/makeseeds.py does: a copy of its `parseline`, line by line.
fn makeseeds(line: &str) -> Option<(String, u16, i64, f64, i64, u64, String)> {
    let sline: Vec<_> = line.split_whitespace().collect();
    if sline.len() < 11 {
        return None;
    }
    // PATTERN_IPV4, PATTERN_IPV6, PATTERN_ONION: an address of any kind and a port.
    let (address, port) = sline[0].rsplit_once(':')?;
    let host = match address.strip_prefix('[') {
        Some(ipv6) => ipv6.strip_suffix(']')?.parse::<std::net::Ipv6Addr>().ok()?.to_string(),
        None if address.strip_suffix(".onion").is_some_and(|key| key.len() == 56) => address.to_owned(),
        None => address.parse::<std::net::Ipv4Addr>().ok()?.to_string(),
    };
    // Skip bad results.
    if sline[1] == "0" {
        return None;
    }
    let uptime = sline[7].strip_suffix('%')?.parse().ok()?;
    let last_success = sline[2].parse().ok()?;
    let version: i64 = sline[10].parse().ok()?;
    let quoted = sline.get(11)?;
    let agent = quoted.get(1..quoted.len() - 1)?.to_owned();
    let services = u64::from_str_radix(sline[9], 16).ok()?;
    let _blocks: i64 = sline[8].parse().ok()?;
    Some((host, port.parse().ok()?, last_success, uptime, version, services, agent))
}

#[test]
fn makeseeds_reads_the_dump_of_a_crawl() {
    let map = Map::of_a_crawl();
    let output = map.peers("export --as dnsseed -c bitcoin");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), "3 peers written\n"));
    let mut read: Vec<_> = text(&output.stdout).lines().filter_map(makeseeds).collect();
    read.sort_by(|one, other| one.0.cmp(&other.0));
    let [first, second, third] = &read[..] else { panic!("{read:?}") };
    let agents = [first, second, third].map(|(host, port, at, _, version, services, agent)| {
        (host.as_str(), *port, *at, *version, *services, agent.as_str())
    });
    assert_eq!(agents[0], ("1.2.3.4", 8333, NOW, 70016, 0xc09, "/Satoshi:27.0.0/"));
    assert_eq!(agents[1], ("2a00::1", 8333, NOW - 60, 70016, 0x409, "/Satoshi:28.0.0/"));
    assert_eq!(agents[2].0, "5.6.7.8");
    // exp(-age / 30 d) of the first attempt's value, plus that of the second.
    assert!((first.3 - 3.45).abs() < 0.006, "{}", first.3);
}

#[test]
fn the_bitnodes_rows_of_a_crawl_have_its_schema() {
    let map = Map::of_a_crawl();
    let output = map.peers("export --as bitnodes --chain bitcoin --sort address");
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(bitnodes::fault_of(&rows), None);
    let rows = rows.as_array().unwrap();
    let addresses: Vec<_> = rows.iter().map(|row| (row[0].as_str().unwrap(), row[1].as_u64().unwrap())).collect();
    assert_eq!(addresses, [("1.2.3.4", 8333), ("5.6.7.8", 8333), ("2a00::1", 8333)]);
}

#[test]
fn every_export_is_taken_in_again() {
    let map = Map::of_a_crawl();
    for (format, all) in [("jsonl", true), ("csv", true), ("bitnodes", false), ("dnsseed", false), ("list", false)] {
        let output = map.peers(&format!("export --as {format} -q{}", if all { "" } else { " -c bitcoin" }));
        assert_eq!(text(&output.stderr), "", "{format}");
        let other = Map::empty();
        let file = other.file("exported", &output.stdout);
        let imported = other.peers(&format!("import {file}"));
        assert_eq!((imported.status.code(), text(&imported.stderr)), (Some(0), ""), "{format}");
        let count = match format {
            "bitnodes" | "dnsseed" => 3,
            "list" => 6,
            _ => 7,
        };
        assert_eq!(text(&imported.stdout), format!("{file}: {count} peers as {format}\n"));
        assert_eq!(other.addresses("").len(), count, "{format}");
        if all {
            let known = |map: &Map| {
                let peers = json_lines(&map.peers("export"));
                peers.into_iter().map(|peer| (peer["address"].to_string(), peer)).collect::<BTreeMap<_, _>>()
            };
            assert_eq!(known(&other), known(&map), "{format} holds all that is known");
        }
    }
}

#[test]
fn a_format_without_networks_is_not_given_two() {
    let map = Map::of_a_crawl();
    for format in ["bitnodes", "dnsseed", "list"] {
        let output = map.peers(&format!("export --as {format}"));
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{format}");
        assert!(text(&output.stderr).contains("name one with --chain: there are 6 of bitcoin, 1 of litecoin"));
    }
    assert_eq!(text(&map.peers("export --as list --user-agent Litecoin").stdout), "1.2.3.4:9333\n");
}

#[test]
fn the_table_is_exported_as_it_is_listed() {
    let map = Map::of_a_crawl();
    assert_eq!(map.peers("export --as table --chain bitcoin").stdout, map.peers("--chain bitcoin").stdout);
    assert_eq!(map.peers("export --format csv").stdout, map.peers("--format csv").stdout);
    // An export contains no time of its own, so that one database always makes the same file.
    let mut listed = json_lines(&map.peers("--json"));
    assert!(listed.iter_mut().all(|peer| peer.as_object_mut().unwrap().remove("started").is_some()));
    assert_eq!(json_lines(&map.peers("export")), listed);
}

#[test]
fn a_table_is_not_taken_for_a_list() {
    let map = Map::of_a_crawl();
    let table = map.file("peers.txt", &map.peers("export --as table").stdout);
    let output = map.peers(&format!("import {table}"));
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
    assert!(text(&output.stderr).contains("is a table, which is for people"), "{}", text(&output.stderr));
}

#[test]
fn a_broken_line_is_named_and_the_rest_is_taken() {
    let map = Map::empty();
    let list = map.file("nodes.txt", b"1.2.3.4\nseed.example\n[2a00::1]:8334 # AS1\n1.2.3.4:99999\n");
    let rows = map.file("nodes.json", b"[[\"9.9.9.9\",8333,1033,900000],\n[\"9.9.9.9\"],\n[\"8.8.8.8\",8333,1,1]]");
    let output = map.peers(&format!("import {list} {rows}"));
    assert_eq!(output.status.code(), Some(1));
    let expected = format!("{list}: 2 peers as list, 2 bad lines\n{rows}: 2 peers as bitnodes, 1 bad line\n");
    assert_eq!(text(&output.stdout), expected);
    let lines: Vec<_> = text(&output.stderr).lines().collect();
    let [second, fourth, row] = lines[..] else { panic!("{lines:?}") };
    assert!(second.starts_with(&format!("{list}:2: expected an address: ip, ip:port")), "{second}");
    assert!(fourth.starts_with(&format!("{list}:4: expected an address")), "{fourth}");
    assert!(row.starts_with(&format!("{rows}:2: expected a row of 15 values, or of 4")), "{row}");
    let mut addresses = map.addresses("");
    addresses.sort();
    assert_eq!(addresses, ["1.2.3.4:8333", "8.8.8.8:8333", "9.9.9.9:8333", "[2a00::1]:8334"]);

    let json = map.peers(&format!("--json import {list} --chain litecoin"));
    let [report] = &json_lines(&json)[..] else { panic!("one file") };
    assert_eq!((&report["type"], &report["peers"], &report["bad_lines"]), (&"import".into(), &2.into(), &2.into()));
    assert!(map.addresses("-c litecoin").contains(&"1.2.3.4:9333".to_owned()), "with its network's port");
}

#[test]
fn a_file_of_another_kind_is_not_printed_as_errors() {
    let map = Map::empty();
    let file = map.file("book.txt", &b"it was the best of times\n".repeat(1000));
    let output = map.peers(&format!("import {file}"));
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<_> = text(&output.stderr).lines().collect();
    assert_eq!(lines.len(), 21);
    assert_eq!(lines[20], format!("{file}: and 980 more lines"));
}

#[test]
fn peers_are_taken_from_standard_input() {
    let map = Map::empty();
    let mut child = map.command("import -").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"{\"address\":\"1.2.3.4:1\",\"chain\":\"litecoin\"}\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stdout), "-: 1 peer as jsonl\n");
    assert_eq!(map.addresses("--chain litecoin"), ["1.2.3.4:1"]);
}

#[test]
fn what_cannot_be_read_is_named_before_anything_is_stored() {
    let map = Map::empty();
    let list = map.file("nodes.txt", b"1.2.3.4\n");
    let folder = map.folder.path().to_str().unwrap();
    for missing in ["/nowhere/nodes.txt", folder] {
        let output = map.peers(&format!("import {list} {missing}"));
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(3), ""));
        assert!(text(&output.stderr).starts_with(&format!("error: cannot read {missing}: ")));
        assert!(!map.path.exists());
    }
}

/// Packs a text with gzip.
fn packed(contents: &str) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(contents.as_bytes()).unwrap();
    packer.finish().unwrap()
}

/// With and without a byte order mark, and also packed with gzip.
#[test]
fn files_are_read_as_others_keep_them() {
    let row =
        "\"1.2.3.4:8333\":[70016,\"/Satoshi:27.0.0/\",1700000000,1033,820000,null,null,null,0.0,0.0,null,null,null]";
    let api = format!("{{\"timestamp\":1700000000,\"total_nodes\":1,\"latest_height\":9,\"nodes\":{{{row}}}}}");
    let dump = "# address good lastSuccess %(2h) %(8h) %(1d) %(7d) %(30d) blocks svcs version\n\
                1.2.3.4:8333 1 1700000000 99% 98% 97% 90% 80% 900000 00000409 70016 \"/Satoshi:27.0.0/\"\n";
    let rpc = "[\n  {\n    \"time\": 1700000000,\n    \"services\": 1033,\n    \"address\": \"1.2.3.4\",\n    \
               \"port\": 8333,\n    \"network\": \"ipv4\"\n  }\n]\n";
    for (name, contents, format) in [
        ("snapshot.json", api.as_str(), "bitnodes"),
        ("nodes.json", rpc, "rpc"),
        ("nodes.txt", "1.2.3.4\n", "list"),
        ("nodes.csv", "address\n1.2.3.4:8333\n", "csv"),
        ("nodes.jsonl", "{\"address\":\"1.2.3.4:8333\"}\n", "jsonl"),
        ("dnsseed.dump", dump, "dnsseed"),
        ("nodes.yaml", "- \"1.2.3.4:8333\"\n", "list"),
        ("array.json", "[\n  \"1.2.3.4:8333\"\n]\n", "bitnodes"),
    ] {
        let marked = format!("\u{feff}{contents}");
        for bytes in [contents.as_bytes(), marked.as_bytes(), &packed(&marked)] {
            let map = Map::empty();
            let file = map.file(name, bytes);
            let output = map.peers(&format!("import {file}"));
            assert_eq!(text(&output.stdout), format!("{file}: 1 peer as {format}\n"), "{}", text(&output.stderr));
            assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""), "{name}");
            assert_eq!(map.addresses(""), ["1.2.3.4:8333"], "{name}");
        }
    }
}

#[test]
fn a_file_that_is_not_read_is_named_by_what_it_is() {
    let map = Map::empty();
    let peers_dat = [&[0xf9, 0xbe, 0xb4, 0xd9, 4, 36][..], &[7; 100]].concat();
    for (name, contents, expected) in [
        ("peers.dat", &peers_dat[..], "peers.dat of a bitcoin node; 'bitcoin-cli getnodeaddresses 0 > FILE' writes"),
        ("peers.xz", b"\xfd7zXZ\0\0", "it is packed with xz: unpack it with 'xz -d'"),
        ("other.sqlite", b"SQLite format 3\0\x10\0", "it is a database of SQLite: name it with --db"),
        (
            "static-nodes.json",
            b"[\n  \"enode://aa@1.2.3.4:30303\"\n]",
            "a node of Ethereum, which the database does not keep",
        ),
        (
            "enrs.yaml",
            b"- enr:-IS4QHCYrYZbAKWCBRlAy5zzaDZXJBGk\n",
            "a node of Ethereum, which the database does not keep",
        ),
    ] {
        let file = map.file(name, contents);
        let output = map.peers(&format!("import {file}"));
        assert!(text(&output.stderr).contains(expected), "{name}: {}", text(&output.stderr));
        assert_ne!(output.status.code(), Some(0), "{name}");
    }
}

#[test]
fn a_packed_list_is_taken_as_targets_and_as_seeds() {
    let neighbours = Neighbours::up(|_| vec![Peer::at([127, 77, 0, 1], knows([]))]);
    let address = neighbours.address([127, 77, 0, 1]);
    let map = Map::empty();
    let file = map.file("nodes.txt.gz", &packed(&format!("{address}\n")));
    let db = map.path.to_str().unwrap();
    let listed = format!("@{file}");
    let crawl = ["crawl", "--db", db, "--seed-nodes", &file, "--allow-private", "--answer-timeout", "1s"];
    for command in [&[&*listed][..], &crawl] {
        let output = run(command.iter().copied().chain(["-c", CHAIN, "--json", "--timeout", "60s"]));
        let lines = json_lines(&output);
        assert!(!lines.is_empty(), "{command:?}: {}", text(&output.stderr));
        assert_eq!((&lines[0]["address"], &lines[0]["outcome"]), (&(*address).into(), &"ok".into()), "{command:?}");
    }
}

/// Lists in which Ethereum programs store the nodes that they dial, packed and unpacked.
#[test]
fn lists_of_ethereum_nodes_are_taken_as_their_programs_keep_them() {
    // Signed with the key of 0x43 bytes; 127.0.0.1, TCP port 1.
    const ENR: &str = "enr:-IK4QNR2RFOazsPaXj7PX-iGPGKKnJfotx6eqRZ6b0-DwDwyId2Gj1K_1vej2_SIlU_f_epwiin1lvS_WzlxCVNkfqYBgmlkgnY0gmlwhH8AAAGJc2VjcDI1NmsxoQJ_MevFRiwf3OG3N-z_UtN9dd6kPOEcdNJaopcWX6ogB4N0Y3AB";
    let enode = format!("enode://{POINT}{POINT_Y}@127.0.0.1:1");
    let json = format!("[\n  \"{enode}\",\n  \"{enode}?discport=0\"\n]\n");
    let yaml = format!("# boot nodes\n- {ENR}\n- \"{enode}\"\n");
    let map = Map::empty();
    let told = |words: &[&str]| {
        let output = run(words.iter().copied().chain(["--json", "--timeout", "60s"]));
        assert_eq!(text(&output.stderr), "", "{words:?}");
        let mut lines = json_lines(&output);
        lines.retain(|line| line["type"] == "handshake");
        let told = |line: &Value| ["target", "protocol", "reason"].map(|key| line[key].to_string());
        let mut told: Vec<_> = lines.iter().map(told).collect();
        told.sort();
        told
    };
    for (name, contents, targets) in
        [("static-nodes.json", &json, &[&*enode][..]), ("enrs.yaml", &yaml, &[ENR, &enode])]
    {
        let expected = told(targets);
        assert_eq!(expected.len(), targets.len(), "{expected:?}");
        assert!(expected.iter().all(|[_, protocol, _]| protocol == "\"ethereum\""), "{expected:?}");
        for bytes in [contents.as_bytes(), &packed(contents)] {
            assert_eq!(told(&[&format!("@{}", map.file(name, bytes))]), expected, "{name}");
        }
    }
}

/// The output of this file's import, and its peak memory in bytes. Standard input delivers the file, so the import has
/// read all but the end when the test reads the process status.
fn import_watched(map: &Map, format: &str, file: &[u8]) -> (Output, u64) {
    let mut command = map.command(&format!("import - --as {format}"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(file).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    (output, most.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024)
}

/// Maximum memory of an import in bytes, for any input.
const MUCH: u64 = 64 << 20;

#[test]
fn no_file_makes_an_import_take_much_memory() {
    let repeated = |start: &str, part: &str, bytes: usize| format!("{start}{}", part.repeat(bytes / part.len()));
    for (format, file) in [
        ("bitnodes", repeated("[[", "{\"\":1},", 4 << 20)),
        ("bitnodes", repeated("", "[", 4 << 20)),
        ("bitnodes", repeated("[[\"", "a", 16 << 20)),
        ("bitnodes", repeated("[[", "0,", 16 << 20)),
        ("bitnodes", repeated("[", "[],", 4 << 20)),
        ("bitnodes", repeated("{\"nodes\":{\"", "\\u0000", 16 << 20)),
        ("rpc", repeated("[{", "\"a\":[1],", 4 << 20)),
        ("jsonl", repeated("{\"a\":[", "1,", 16 << 20)),
        ("csv", repeated("address,", "a,", 16 << 20)),
        ("list", repeated("", "1.2.3.4 ", 16 << 20)),
        ("dnsseed", repeated("1.2.3.4:8333 1 1 1% 1% 1% 1% 1% 1 1 1 \"", "a", 16 << 20)),
    ] {
        let (_, used) = import_watched(&Map::empty(), format, file.as_bytes());
        assert!(used < MUCH, "{used} bytes for {format}: {}", &file[..20]);
    }
}

#[test]
fn a_small_file_that_unpacks_into_a_large_one_makes_an_import_take_no_more_memory() {
    for (format, start, expected) in [
        ("list", "1.2.3.4\n", "-:2: expected a shorter line"),
        ("jsonl", "{\"address\":\"1.2.3.4:8333\"}\n{\"a\":\"", "-:2: expected a shorter line"),
        ("bitnodes", "[[\"1.2.3.4\",8333,1,1],\n[\"", "-:2: expected a row of JSON, of at most 64 KiB"),
    ] {
        // Some 400 kB; a pipe holds 64 kB of them.
        let bomb = packed(&format!("{start}{}", "a".repeat(96 << 20)));
        assert!((256 << 10..1 << 20).contains(&bomb.len()), "{} bytes", bomb.len());
        let map = Map::empty();
        let (output, used) = import_watched(&map, format, &bomb);
        assert!(used < MUCH, "{used} bytes for {format}");
        assert_eq!((text(&output.stderr).trim_end(), output.status.code()), (expected, Some(1)), "{format}");
        assert_eq!(map.addresses(""), ["1.2.3.4:8333"], "{format}: what came before it is there");
    }
}

#[test]
fn a_list_of_targets_of_another_kind_costs_a_few_warnings_or_a_sentence() {
    let map = Map::empty();
    let book =
        map.file("book.txt", ("127.0.0.1:1\n".to_owned() + &"it was the best of times\n".repeat(140_005)).as_bytes());
    let output = run([&*format!("@{book}"), "--timeout", "1s"]);
    let warnings: Vec<_> = text(&output.stderr).lines().filter(|line| line.starts_with("warning: ")).collect();
    assert_eq!(warnings.len(), 21);
    assert_eq!(warnings[20], format!("warning: {book}: and 139985 more lines that are no targets"));
    let packed = map.file("nodes.xz", b"\xfd7zXZ\0\0");
    let output = run([&*format!("@{packed}")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("it is packed with xz: unpack it with 'xz -d'"), "{}", text(&output.stderr));
}
