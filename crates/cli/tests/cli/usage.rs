//! Wrong usage: an impossible argument is rejected, in one sentence that names it.

use std::fs;

use crate::common::{CHAIN, run, text};

/// Maximum number of words in a sentence.
const MOST_WORDS: usize = 25;

const ENODE: &str = "enode://24653eac434488002cc06bbfb7f10fe18991e35f9fe4302dbea6d2353dc0ab1c119fc5009a032aa9fe47f5e149bb8442f71f884ccb516590686d8ff6ab91c613@127.0.0.1:1";
const LIGHTNING: &str = "0324653eac434488002cc06bbfb7f10fe18991e35f9fe4302dbea6d2353dc0ab1c@127.0.0.1:1";
const LIBP2P: &str = "/ip4/127.0.0.1/tcp/1";
const BITCOIN: &str = "127.0.0.1:1";

/// The sentence of a rejection, without the lines after it.
fn refusal(words: &[&str]) -> String {
    let output = run(words.iter().copied());
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
    assert_eq!(text(&output.stdout), "", "{words:?}");
    let first = said.lines().next().unwrap_or_default();
    first.strip_prefix("error: ").unwrap_or_else(|| panic!("{words:?}: {said}")).to_owned()
}

#[test]
fn an_option_that_means_nothing_to_any_protocol_of_the_run_is_refused() {
    for (words, option, spoken, known) in [
        (&["-c", "monero", "--require-services", "NETWORK", BITCOIN][..], "--require-services", "monero", "bitcoin"),
        (&["-c", "monero", "-s", "1", BITCOIN], "--services", "monero", "bitcoin"),
        (&["-c", "monero", "-r", "1", BITCOIN], "--receiving-services", "monero", "bitcoin"),
        (&["-c", "monero", "--user-agent", "x", BITCOIN], "--user-agent", "monero", "bitcoin, ethereum and libp2p"),
        (&["-c", "monero", "--key", "x", BITCOIN], "--key", "monero", "ethereum, lightning and libp2p"),
        (&["-c", CHAIN, "--feature-bits", "none", BITCOIN], "--feature-bits", "bitcoin", "lightning"),
        (&["-c", CHAIN, "--key", "x", BITCOIN], "--key", "bitcoin", "ethereum, lightning and libp2p"),
        (&["-c", CHAIN, "--my-port", "1", BITCOIN], "--my-port", "bitcoin", "monero"),
        (&["--garbage", "1", ENODE], "--garbage", "ethereum", "bitcoin"),
        (&["--transport", "v1", ENODE], "--transport", "ethereum", "bitcoin"),
        (&["--transport", "v1", LIGHTNING], "--transport", "lightning", "bitcoin"),
        (&["--magic", "01020304", LIBP2P], "--magic", "libp2p", "bitcoin"),
        (&["--status", "own", LIGHTNING], "--status", "lightning", "ethereum"),
        (&["--relay", ENODE, LIBP2P], "--relay", "ethereum and libp2p", "bitcoin"),
        (
            &["--start-height", "1", LIGHTNING, LIBP2P],
            "--start-height",
            "lightning and libp2p",
            "bitcoin, ethereum and monero",
        ),
        (&["listen", "--protocol", "lightning", "--status", "echo"], "--status", "lightning", "ethereum"),
        (&["listen", "--protocol", "libp2p", "--decoy", "1"], "--decoy", "libp2p", "bitcoin"),
        (&["listen", "-c", "monero", "--transport", "v2"], "--transport", "monero", "bitcoin"),
        (&["crawl", "-c", "monero", "--relay"], "--relay", "monero", "bitcoin"),
        (&["addrs", "-c", "monero", "--feature", "abcd", BITCOIN], "--feature", "monero", "bitcoin"),
        (&["whoami", "-c", CHAIN, "--difficulty", "7", BITCOIN], "--difficulty", "bitcoin", "monero"),
    ] {
        let said = refusal(words);
        assert_eq!(said, format!("'{option}' means nothing in {spoken}; it is an option of {known}"));
        assert!(said.split_whitespace().count() <= MOST_WORDS, "{said}");
    }
}

#[test]
fn a_run_of_several_protocols_takes_the_options_of_each() {
    let options =
        ["--garbage", "7", "--status", "none", "--feature-bits", "none", "--user-agent", "/x/", "-q", "-t", "5s"];
    let all = [&options[..], &["-c", CHAIN, BITCOIN, ENODE, LIGHTNING, LIBP2P]].concat();
    // Nothing listens there, which is not wrong usage.
    assert_eq!(run(all).status.code(), Some(1));
    assert_eq!(run(["-c", "monero", "--my-port", "1", "-q", BITCOIN]).status.code(), Some(1));
}

/// Wrong arguments, each with a text that the error must contain.
fn bad_inputs(folder: &str) -> Vec<(Vec<String>, String)> {
    let long_agent = "x".repeat(257);
    let binary = format!("{folder}/binary");
    fs::write(&binary, [0xff; 100]).unwrap();
    let short_key = format!("{folder}/short.key");
    fs::write(&short_key, "00ff").unwrap();
    let empty = format!("{folder}/empty");
    fs::write(&empty, "").unwrap();
    let (missing, db) = (format!("{folder}/missing"), format!("{folder}/peers.sqlite"));
    let table: &[(&[&str], &str)] = &[
        (&["no such target"], "'no such target'"),
        (&[""], "''"),
        (&["host:0"], "'host:0'"),
        (&["host:65536"], "'host:65536'"),
        (&["1.2.3.4:x"], "'1.2.3.4:x'"),
        (&["1.2.3.999"], "'1.2.3.999'"),
        (&["enode://1@host"], "'enode://1@host'"),
        (&["enr:x"], "'enr:x'"),
        (&["02@host"], "'02@host'"),
        (&["/ip4/1.2.3.4/tcp/0"], "'/ip4/1.2.3.4/tcp/0'"),
        (&["host", "65536"], "'65536'"),
        (&["host", "1", "x"], "'1'"),
        (&["host", "1", "0"], "'0'"),
        (&["--no-such-option"], "'--no-such-option'"),
        (&["-t", "0", "host"], "'--timeout <TIME>'"),
        (&["-t", "1y", "host"], "'1y'"),
        (&["-j", "0", "host"], "'--concurrency <N>'"),
        (&["--rate", "0", "host"], "'--rate <N>'"),
        (&["-c", "no-such-chain", "host"], "'no-such-chain'"),
        (&["-s", "NOT_A_SERVICE", "host"], "'NOT_A_SERVICE'"),
        (&["-s", "0xg", "host"], "'0xg'"),
        (&["-r", "99999999999999999999", "host"], "'99999999999999999999'"),
        (&["--require-services", "NOPE", "-c", "litecoin", "host"], "'NOPE'"),
        (&["--magic", "0102", "host"], "'--magic <HEX>'"),
        (&["--signet-challenge", "5", "host"], "'--signet-challenge <HEX>'"),
        (&["--signet-challenge", "", "host"], "'--signet-challenge <HEX>'"),
        (&["--user-agent", &long_agent, "host"], "257 bytes"),
        (&["--feature", "abc", "host"], "'abc'"),
        (&["--nonce", "xyz", "host"], "'xyz'"),
        (&["--garbage", "4096", "host"], "'4096'"),
        (&["--decoy", "99999999", "host"], "'99999999'"),
        (&["--resolver", "dns.example", "host"], "'dns.example'"),
        (&["--capabilities", "snap/1", ENODE], "'snap/1'"),
        (&["--genesis", "00", ENODE], "'00'"),
        (&["--network-id", "7", ENODE], "--genesis"),
        (&["--status", "own", ENODE], "--status own"),
        (&["--fork-id", "1", ENODE], "'1'"),
        (&["--feature-bits", "no_such_bit", LIGHTNING], "'no_such_bit'"),
        (&["-c", "hoodi", "host"], "'host'"),
        (&["-c", "monero", "--peer-id", "x", "host"], "'x'"),
        (&["-c", "monero", "--top-block", "00", "host"], "'00'"),
        (&["--key", &missing, ENODE], "missing"),
        (&["--key", &short_key, LIGHTNING], "short.key"),
        (&["listen", "host"], "'host'"),
        (&["listen", "--once", "--count", "2"], "'--once'"),
        (&["listen", "-c", "hoodi", "--protocol", "monero"], "hoodi"),
        (&["listen", "-c", "bitcoin", "--protocol", "libp2p"], "bitcoin"),
        (&["-c", "litecoin", "peers"], "'--chain <NAME>'"),
        (&["crawl", "--db", &db, "-c", "hoodi"], "hoodi"),
        (&["crawl", "--db", &db, ENODE], ENODE),
        (&["crawl", "--db", &db, "--magic", "01020304"], "magic-01020304"),
        (&["crawl", "--db", &db, "--seed-nodes", &missing], "missing"),
        (&["@"], "'@' names no file"),
        (&["/ip4/1.2.3.4"], "'/ip4/1.2.3.4'"),
        (&["addrs", "not a target"], "'not a target'"),
        (&["addrs", LIGHTNING], LIGHTNING),
        (&["whoami", "-c", "monero", "host"], "monero"),
        (&["whoami", "-c", "hoodi"], "hoodi"),
        (&["--dns-seeds", "-c", "regtest"], "regtest"),
        (&["peers", "--db", &empty, "--sort", "nothing"], "'nothing'"),
        (&["peers", "--db", &empty, "--since", "yesterday"], "'yesterday'"),
        (&["peers", "--db", &empty, "--network", "carrier-pigeon"], "'carrier-pigeon'"),
        (&["peers", "--db", &empty, "-s", "NOPE"], "'NOPE'"),
        (&["peers", "--db", &empty, "show", "not an address"], "'not an address'"),
        (&["peers", "--db", &empty, "export", "--as", "xml"], "'xml'"),
        (&["demo", "--port", "x"], "'x'"),
        (&["completions", "tcsh"], "'tcsh'"),
    ];
    let owned =
        |(words, named): &(&[&str], &str)| (words.iter().map(ToString::to_string).collect(), (*named).to_owned());
    table.iter().map(owned).collect()
}

#[test]
fn what_cannot_be_used_is_named_in_a_sentence_of_at_most_25_words() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (words, named) in bad_inputs(&folder.path().display().to_string()) {
        let output = run(words.iter().map(String::as_str));
        let said = text(&output.stderr);
        let sentence = said.lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or_default();
        let count = sentence.split_whitespace().count();
        let code = output.status.code();
        // A fault of the machine, such as a missing file, is a failure of our own side.
        let refused = code == Some(2) || code == Some(3) && sentence.contains(&*folder.path().display().to_string());
        if !refused || count == 0 || count > MOST_WORDS || !said.contains(&named) {
            wrong.push(format!("{words:?} ends with {code:?} and {count} words, {named}: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
