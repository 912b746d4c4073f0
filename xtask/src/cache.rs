//! What is built once for this machine: each thing in a folder of its own, named by what it is built from.
//!
//! ```text
//!  ~/.cache/verack/btcd-1f0c…/bin/btcd      kept from run to run, and shared by all clones
//!  target/real-nodes/btcd ──────▶ there     where this clone's tests look
//! ```

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use crate::run::{Outcome, target};

/// The cache of this machine. Everything in it can be deleted at any time: it is built again.
pub(crate) fn directory() -> PathBuf {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    base.map_or_else(|| target().join("cache"), |base| base.join("verack"))
}

/// The folder of `name` as it is built from these inputs by this tool; `build` fills an empty folder, unless an earlier
/// run did. Only a whole folder gets its name, so a build that was interrupted is started again.
///
/// # Errors
/// If an input cannot be read, the cache cannot be written, or `build` fails.
pub(crate) fn built(
    name: &str,
    inputs: &[PathBuf],
    tool: &str,
    build: impl FnOnce(&Path) -> Outcome,
) -> Outcome<PathBuf> {
    let cannot = |what: &str, path: &Path, error: io::Error| format!("cannot {what} {}: {error}", path.display());
    let mut key = DefaultHasher::new();
    key.write(tool.as_bytes());
    for input in inputs {
        let bytes = fs::read(input).map_err(|error| cannot("read", input, error))?;
        key.write_usize(bytes.len());
        key.write(&bytes);
    }
    let whole = directory().join(format!("{name}-{:016x}", key.finish()));
    if whole.is_dir() {
        return Ok(whole);
    }
    let part = directory().join(format!(".{name}-{}", process::id()));
    let _ = fs::remove_dir_all(&part);
    fs::create_dir_all(&part).map_err(|error| cannot("make", &part, error))?;
    let outcome = build(&part).and_then(|()| {
        fs::rename(&part, &whole).or_else(|error| {
            // Another run was faster, and its folder is as good.
            if whole.is_dir() { Ok(()) } else { Err(cannot("make", &whole, error)) }
        })
    });
    // What is left is half a folder, or one more than is needed.
    let _ = fs::remove_dir_all(&part);
    outcome.map(|()| whole)
}

/// Makes `link` lead to `folder`, whatever it led to before.
///
/// # Errors
/// If the file system refuses.
pub(crate) fn link(folder: &Path, link: &Path) -> Outcome {
    if fs::read_link(link).is_ok_and(|to| to == folder) {
        return Ok(());
    }
    // A link that is there is a file to the file system; a folder there comes from before there were links.
    let _ = fs::remove_file(link);
    let _ = fs::remove_dir_all(link);
    let make = || {
        fs::create_dir_all(link.parent().unwrap_or(link))?;
        std::os::unix::fs::symlink(folder, link)
    };
    make().map_err(|error| format!("cannot link {}: {error}", link.display()))
}
