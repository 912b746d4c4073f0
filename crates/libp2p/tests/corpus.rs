//! Replays what the fuzzer kept, with what the fuzzer runs: see `fuzz/README.md`.

#[path = "../../../fuzz/src/libp2p.rs"]
pub mod fuzz;

use std::fs;
use std::path::Path;

#[test]
fn the_initiator_survives_what_the_fuzzer_kept() {
    replay("libp2p_initiator", fuzz::initiator);
}

#[test]
fn the_responder_survives_what_the_fuzzer_kept() {
    replay("libp2p_responder", fuzz::responder);
}

#[test]
fn messages_and_texts_survive_what_the_fuzzer_kept() {
    replay("libp2p_wire", fuzz::wire);
}

fn replay(target: &str, run: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut replayed = 0;
    for entry in fs::read_dir(&corpus).expect("the corpus is there") {
        let path = entry.expect("readable").path();
        // Shown if it fails: which input it was.
        println!("{}", path.display());
        run(&fs::read(path).expect("readable"));
        replayed += 1;
    }
    assert!(replayed > 50, "{replayed} inputs are no corpus");
}
