//! What the fuzzer kept.

use std::fs;
use std::path::Path;

/// Gives `run` every input that the fuzzer kept for this target.
///
/// # Panics
/// If there are none, or `run` does.
pub fn replay(target: &str, run: fn(&[u8])) {
    /// Each target started with more.
    const FEWEST: usize = 50;
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut replayed = 0;
    for entry in fs::read_dir(&corpus).expect("the corpus is there") {
        let path = entry.expect("readable").path();
        // Shown if it fails: which input it was.
        println!("{}", path.display());
        run(&fs::read(path).expect("readable"));
        replayed += 1;
    }
    assert!(replayed > FEWEST, "{replayed} inputs are no corpus");
}
