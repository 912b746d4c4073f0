//! The lines of SAM: words, of which most are `KEY=value`.
//!
//! ```text
//! SESSION STATUS RESULT=I2P_ERROR MESSAGE="not\"ready" UNKNOWN
//! ```

use core::ops::Range;

use handshake::{ReadError, Rx};

use super::error::{Error, Malformed};

/// Bytes of a line, without its end. i2pd has as much room for one (SAM.h: SAM_SOCKET_BUFFER_SIZE); the longest in use,
/// with a private key, has about a thousand.
pub const MAX_LINE: usize = 8192;

/// Takes the next line, and returns it without its end.
pub(super) fn take<'b>(rx: &mut Rx<'b>) -> Result<&'b mut [u8], ReadError<Error>> {
    let searched = &rx.rest()[..rx.len().min(MAX_LINE + 1)];
    let Some(len) = searched.iter().position(|byte| *byte == b'\n') else {
        if searched.len() > MAX_LINE {
            return Err(Malformed::TooLong.into());
        }
        // The end of the line, at least.
        return Err(ReadError::Short(handshake::Short(1)));
    };
    let line = &mut rx.take(len + 1)?[..len];
    let len = line.strip_suffix(b"\r").map_or(len, <[u8]>::len);
    Ok(&mut line[..len])
}

/// The result of this reply, and the words behind its name.
pub(super) fn result<'l>(line: &'l [u8], reply: &'static str) -> Result<(&'l [u8], &'l [u8]), Error> {
    let words = words_of(line, reply).ok_or(Malformed::Reply(reply))?;
    let result = value(words, "RESULT").ok_or(Malformed::NoResult(reply))?;
    Ok((result, words))
}

/// The words behind this name of a reply.
pub(super) fn words_of<'l>(line: &'l [u8], reply: &str) -> Option<&'l [u8]> {
    let words = line.strip_prefix(reply.as_bytes())?;
    (words.is_empty() || words.starts_with(b" ")).then_some(words)
}

/// The value of this key. The first counts, if there are several.
pub(super) fn value<'l>(words: &'l [u8], key: &str) -> Option<&'l [u8]> {
    find(words, key).map(|range| &words[range])
}

/// Where the value of this key is, without the quotes around it. Escapes within quotes stay.
pub(super) fn find(words: &[u8], key: &str) -> Option<Range<usize>> {
    let mut at = 0;
    while at < words.len() {
        let word = &words[at..];
        let key_len = word.iter().position(|byte| matches!(byte, b' ' | b'=')).unwrap_or(word.len());
        let is_pair = word.get(key_len) == Some(&b'=');
        let start = at + key_len + usize::from(is_pair);
        let (value, end) = if is_pair { value_at(words, start) } else { (start..start, start) };
        if is_pair && word[..key_len] == *key.as_bytes() {
            return Some(value);
        }
        // The space behind the word.
        at = end + 1;
    }
    None
}

/// The value that starts here, and where its word ends. What is in quotes ends at the next quote that is not escaped, or
/// with the line.
fn value_at(words: &[u8], start: usize) -> (Range<usize>, usize) {
    let end_of_word =
        |from: usize| words[from..].iter().position(|byte| *byte == b' ').map_or(words.len(), |n| from + n);
    if words.get(start) != Some(&b'"') {
        let end = end_of_word(start);
        return (start..end, end);
    }
    let first = start + 1;
    let mut at = first;
    while at < words.len() && words[at] != b'"' {
        at += if words[at] == b'\\' { 2 } else { 1 };
    }
    let end = at.min(words.len());
    (first..end, end_of_word(end))
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use handshake::{ReadError, Rx, Short};
    use proptest::prelude::{any, proptest};

    use super::{Error, MAX_LINE, Malformed, find, result, take, value};

    #[test]
    fn a_line_ends_with_its_end_and_not_before() {
        let mut bytes = *b"one\r\n\ntwo";
        let mut rx = Rx::new(&mut bytes);
        assert_eq!(take(&mut rx), Ok(&mut b"one"[..].to_vec()[..]));
        assert_eq!(take(&mut rx), Ok(&mut [][..]));
        assert_eq!(take(&mut rx), Err(ReadError::Short(Short(1))));
        assert_eq!(rx.rest(), b"two");
    }

    #[test]
    fn a_line_is_as_long_as_it_may_be() {
        let read = |len: usize, end: &[u8]| {
            let mut bytes = [&vec![b'x'; len], end].concat();
            take(&mut Rx::new(&mut bytes)).map(|line| line.len())
        };
        assert_eq!(read(MAX_LINE, b"\n"), Ok(MAX_LINE));
        assert_eq!(read(MAX_LINE, b""), Err(ReadError::Short(Short(1))));
        let too_long = || Err(ReadError::Error(Error::Malformed(Malformed::TooLong)));
        assert_eq!((read(MAX_LINE + 1, b"\n"), read(MAX_LINE + 1, b"")), (too_long(), too_long()));
    }

    #[test]
    fn a_value_is_found_by_its_key() {
        let words = b" A=1 junk AA=2 M=\"a b\\\" X=0 \\\\\" X=3 = E= B=4==  A=5 Q=\"open";
        for (key, expected) in [
            ("A", Some(&b"1"[..])),
            ("AA", Some(b"2")),
            ("M", Some(b"a b\\\" X=0 \\\\")),
            ("X", Some(b"3")),
            ("E", Some(b"")),
            ("B", Some(b"4==")),
            ("Q", Some(b"open")),
            ("junk", None),
            ("a", None),
        ] {
            assert_eq!(value(words, key), expected, "{key}");
        }
        assert_eq!(value(b"M=\"\\", "M"), Some(&b"\\"[..]));
        assert_eq!(value(b"", "M"), None);
    }

    #[test]
    fn a_reply_has_its_name_and_a_result() {
        let of = |line: &'static [u8]| result(line, "STREAM STATUS").map(|(result, _)| result);
        assert_eq!(of(b"STREAM STATUS RESULT=OK"), Ok(&b"OK"[..]));
        assert_eq!(of(b"STREAM STATUS FOO RESULT=\"OK\""), Ok(&b"OK"[..]));
        for line in [&b"STREAM STATUSRESULT=OK"[..], b"SESSION STATUS RESULT=OK", b""] {
            assert_eq!(of(line), Err(Malformed::Reply("STREAM STATUS").into()));
        }
        for line in [&b"STREAM STATUS"[..], b"STREAM STATUS result=OK"] {
            assert_eq!(of(line), Err(Malformed::NoResult("STREAM STATUS").into()));
        }
    }

    proptest! {
        #[test]
        fn any_words_are_survived(words in any::<Vec<u8>>(), quoted in "[A\\\\\" =]{0,40}") {
            for words in [&words[..], quoted.as_bytes()] {
                if let Some(range) = find(words, "A") {
                    assert!(range.end <= words.len() && range.start <= range.end);
                }
            }
        }
    }
}
