//! Our own static key: 32 secret bytes, kept in a file as 64 hex digits or made for this run alone.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use handshake::read_hex;
use rand::RngExt;
use zeroize::Zeroizing;

use crate::exit::Error;

/// The secret bytes. They are erased when dropped.
pub type Secret = Zeroizing<[u8; 32]>;

/// Bytes; a key and the end of its line have 65. What is longer is another file.
const MAX_FILE_LEN: usize = 4096;

/// The key that `make` makes of the file's bytes, or of fresh ones if there is no file.
///
/// # Errors
/// If the file cannot be read, or there is no key in it.
pub fn ours<K>(file: Option<&Path>, make: impl Fn([u8; 32]) -> Option<K>) -> Result<K, Error> {
    match file {
        Some(path) => make(*read(path)?).ok_or_else(|| no_key(path)),
        None => Ok(fresh(make)),
    }
}

/// A key of random bytes. Nearly all make one.
pub fn fresh<K>(make: impl Fn([u8; 32]) -> Option<K>) -> K {
    loop {
        // Nobody has ever seen the second turn.
        if let Some(key) = make(*random()) {
            return key;
        }
    }
}

/// 32 random bytes.
pub fn random() -> Secret {
    Zeroizing::new(rand::rng().random())
}

/// The bytes of a file.
///
/// # Errors
/// If it cannot be read, or is no such file.
pub fn read(path: &Path) -> Result<Secret, Error> {
    let cannot = |error| Error::Usage(format!("cannot read the key in {}: {error}", path.display()));
    let metadata = fs::metadata(path).map_err(cannot)?;
    // To open a pipe would wait for whoever writes into it, and a device has no end.
    if !metadata.is_file() {
        return Err(Error::Usage(format!("cannot read the key in {}: it is not a regular file", path.display())));
    }
    if metadata.len() > MAX_FILE_LEN as u64 {
        return Err(no_key(path));
    }
    warn_if_others_can_read(path, &metadata);
    // With room for all of it from the start: what is moved is not erased.
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_FILE_LEN + 1));
    File::open(path).map_err(cannot)?.take(MAX_FILE_LEN as u64).read_to_end(&mut text).map_err(cannot)?;
    read_hex(text.trim_ascii()).map(Secret::new).ok_or_else(|| no_key(path))
}

fn warn_if_others_can_read(path: &Path, metadata: &fs::Metadata) {
    const GROUP_AND_OTHERS: u32 = 0o077;
    if metadata.permissions().mode() & GROUP_AND_OTHERS != 0 {
        say!("warning: others than you may read {} (chmod 600 keeps it yours)", path.display());
    }
}

fn no_key(path: &Path) -> Error {
    Error::Usage(format!("there is no key in {}: expected 64 hex digits ('verack key FILE' makes one)", path.display()))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_key_is_64_hex_digits_and_nothing_else() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let read = |text: &str| {
            std::fs::write(file.path(), text).unwrap();
            read(file.path())
        };
        assert_eq!(*read(&format!(" {}\n", "0F".repeat(32))).unwrap(), [0x0f; 32]);
        for wrong in ["", "0f", &"0f".repeat(33), &"0g".repeat(32), &"0f".repeat(31), &"+f".repeat(32)] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
