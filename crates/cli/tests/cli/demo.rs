//! Simulated networks for experiments, from the command line.

use std::io::{BufRead, BufReader};

use crate::common::{TO_END, start, tell};

#[test]
fn what_it_serves_is_up_until_it_is_told_to_end() {
    for signal in TO_END {
        let mut child = start(["demo", "--serve"]);
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        assert!(log.any(|line| line == "Ctrl-C ends it."), "it did not come up");
        assert!(child.try_wait().unwrap().is_none());
        tell(&child, signal);
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal}");
    }
}
