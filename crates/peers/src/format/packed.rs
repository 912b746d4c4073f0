//! Compressed files, and files of kinds that are not supported.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

/// Bytes of an unpacked file, at most: about 200 for each of 20 million peers. A few compressed kilobytes can unpack to
/// the size of a disk.
pub const MAX_UNPACKED_LEN: u64 = 4 << 30;

/// A file for reading; a gzip file is unpacked while it is read.
///
/// # Errors
/// If the start of the file cannot be read, or its kind is known but not supported; the error names the kind.
pub fn unpack<'r>(mut input: Box<dyn BufRead + 'r>) -> io::Result<Box<dyn BufRead + 'r>> {
    let start = input.fill_buf()?;
    if start.starts_with(b"\x1f\x8b") {
        let unpacked = Bounded { input: MultiGzDecoder::new(input), left: MAX_UNPACKED_LEN };
        return unpack_none(Box::new(BufReader::new(unpacked)));
    }
    unpack_none(input)
}

/// The file, unless its kind is known but not supported.
fn unpack_none<'r>(mut input: Box<dyn BufRead + 'r>) -> io::Result<Box<dyn BufRead + 'r>> {
    /// The first bytes of kinds that are not supported, and their names.
    const OTHERS: [(&[u8], &str); 8] = [
        (b"\x1f\x8b", "packed twice with gzip: unpack it once with 'gzip -d'"),
        (b"BZh", "packed with bzip2: unpack it with 'bzip2 -d'"),
        (b"\xfd7zXZ\0", "packed with xz: unpack it with 'xz -d'"),
        (b"\x28\xb5\x2f\xfd", "packed with zstd: unpack it with 'zstd -d'"),
        (b"PK\x03\x04", "an archive of zip: unpack it with 'unzip'"),
        (b"SQLite format 3\0", "a database of SQLite: name it with --db"),
        (b"PAR1", "a table of Parquet, which is not read"),
        (b"<", "a page of HTML or XML, which is not read"),
    ];
    let start = input.fill_buf()?;
    match OTHERS.iter().find(|(begins, _)| start.starts_with(begins)) {
        Some((_, what)) => Err(io::Error::new(io::ErrorKind::InvalidData, format!("it is {what}"))),
        None => Ok(input),
    }
}

/// A reader that fails after a number of bytes.
struct Bounded<R> {
    input: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            let gigabytes = MAX_UNPACKED_LEN >> 30;
            io::Error::new(io::ErrorKind::FileTooLarge, format!("unpacked, it is larger than {gigabytes} GiB"))
        })?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, ErrorKind, Read, Write};

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::{Bounded, unpack};

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> std::io::Result<String> {
        let mut text = String::new();
        unpack(Box::new(bytes) as Box<dyn BufRead>)?.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn what_gzip_packed_is_unpacked_in_all_its_members() {
        assert_eq!(read(b"1.2.3.4\n").unwrap(), "1.2.3.4\n");
        let twice = [packed(b"1.2.3.4\n"), packed(b"5.6.7.8\n")].concat();
        assert_eq!(read(&twice).unwrap(), "1.2.3.4\n5.6.7.8\n");
        assert!(read(&packed(b"1.2.3.4\n")[..15]).is_err(), "it was cut");
    }

    #[test]
    fn what_is_not_read_is_named() {
        for (file, expected) in [
            (&b"BZh91AY"[..], "it is packed with bzip2: unpack it with 'bzip2 -d'"),
            (b"SQLite format 3\0", "it is a database of SQLite: name it with --db"),
            (&packed(&packed(b"x")), "it is packed twice with gzip: unpack it once with 'gzip -d'"),
            (b"<!doctype html>", "it is a page of HTML or XML, which is not read"),
        ] {
            assert_eq!(read(file).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn what_is_unpacked_has_a_bound() {
        let mut bounded = Bounded { input: std::io::repeat(0), left: 100_000 };
        let error = bounded.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string()),
            (ErrorKind::FileTooLarge, "unpacked, it is larger than 4 GiB".into())
        );
    }
}
