//! The file with our own static key: 64 hex digits.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use handshake::read_hex;
use zeroize::Zeroizing;

use probe::key::Secret;
use probe::protocol::Misuse;

/// Maximum bytes; a key and its line end have 65. A longer file has another purpose.
const MAX_FILE_LEN: usize = 4096;

/// Reads the secret bytes of a file.
///
/// # Errors
/// If the file cannot be read, or is not a key file.
pub fn read(path: &Path) -> Result<Secret, Misuse> {
    let cannot = |error| Misuse(format!("cannot read the key in {}: {error}", path.display()));
    let metadata = fs::metadata(path).map_err(cannot)?;
    // Opening a pipe would wait for its writer, and a device has no end.
    if !metadata.is_file() {
        return Err(Misuse(format!("cannot read the key in {}: it is not a regular file", path.display())));
    }
    if metadata.len() > MAX_FILE_LEN as u64 {
        return Err(no_key(path));
    }
    warn_if_others_can_read(path, &metadata);
    // Allocate the full size at once: a growing buffer would leave copies that are not erased.
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

fn no_key(path: &Path) -> Misuse {
    Misuse(format!("there is no key in {}: expected 64 hex digits ('verack key FILE' makes one)", path.display()))
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
