//! Things built once for this machine: each in its own folder, named after its inputs.
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

/// The cache of this machine. Everything in it may be deleted at any time: it is rebuilt.
pub(crate) fn directory() -> PathBuf {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    base.map_or_else(|| target().join("cache"), |base| base.join("verack"))
}

/// The folder of `name`, built by this tool from these inputs; `build` fills an empty folder, unless an earlier run
/// did. Only a complete folder gets its name, so an interrupted build is repeated.
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
            // Another run finished first, and its folder is equal.
            if whole.is_dir() { Ok(()) } else { Err(cannot("make", &whole, error)) }
        })
    });
    // The rest is an incomplete or a redundant folder.
    let _ = fs::remove_dir_all(&part);
    outcome.map(|()| whole)
}

/// Makes `link` point to `folder`, whatever was there before.
///
/// # Errors
/// If the file system refuses.
pub(crate) fn link(folder: &Path, link: &Path) -> Outcome {
    if fs::read_link(link).is_ok_and(|to| to == folder) {
        return Ok(());
    }
    // An existing link is removed as a file; a folder comes from older versions of this tool.
    let _ = fs::remove_file(link);
    let _ = fs::remove_dir_all(link);
    let make = || {
        fs::create_dir_all(link.parent().unwrap_or(link))?;
        std::os::unix::fs::symlink(folder, link)
    };
    make().map_err(|error| format!("cannot link {}: {error}", link.display()))
}
