//! The files that `cargo xtask real-nodes` installs and builds.

use std::env;
use std::path::{Path, PathBuf};

use crate::missing::leave_out;

/// This file of a node, if the node is installed; otherwise its test is left out.
pub(crate) fn find(node: &str, file: &str) -> Option<PathBuf> {
    let found = Some(folder(node).join(file)).filter(|path| path.exists());
    if found.is_none() {
        leave_out(&format!("{node} is not installed (cargo xtask real-nodes installs or builds it)"));
    }
    found
}

/// The folder of a node.
pub(crate) fn folder(node: &str) -> PathBuf {
    let real_nodes = env::var_os("VERACK_REAL_NODES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/real-nodes"), PathBuf::from);
    real_nodes.join(node)
}
