//! The fuzzer's corpora.

use std::fs;
use std::path::Path;

/// Calls `run` with every input of this target's corpus.
///
/// # Panics
/// If the corpus is too small, or `run` panics.
pub fn replay(target: &str, run: fn(&[u8])) {
    /// Each target has more from the start.
    const FEWEST: usize = 50;
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut replayed = 0;
    for entry in fs::read_dir(&corpus).expect("the corpus is there") {
        let path = entry.expect("readable").path();
        // Shown on failure, to name the input.
        println!("{}", path.display());
        run(&fs::read(path).expect("readable"));
        replayed += 1;
    }
    assert!(replayed > FEWEST, "{replayed} inputs are no corpus");
}
