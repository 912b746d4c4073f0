//! Other kinds of service, recognised by their first bytes.

use core::fmt;
use core::ops::RangeInclusive;

/// Another kind of service, known by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Banner {
    /// `HTTP/1.1 400 Bad Request`, or a client's `GET / HTTP/1.1`.
    Http,
    /// A TLS alert, or the first record of a handshake.
    Tls,
    /// `SSH-2.0-...`
    Ssh,
    /// `220 ...`: FTP or SMTP.
    Smtp,
    /// `-ERR ...`: Redis or POP3.
    Redis,
    /// `{"..`: JSON: a Stratum or Electrum server.
    Json,
}

/// What a peer that we dialled does: `answers with HTTP`.
impl fmt::Display for Banner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "answers with HTTP",
            Self::Tls => "answers with TLS",
            Self::Ssh => "answers with an SSH banner",
            Self::Smtp => "answers with the greeting of a mail or FTP server",
            Self::Redis => "answers with the error of a Redis or POP3 server",
            Self::Json => "answers with JSON, as a Stratum or Electrum server would",
        })
    }
}

/// Bytes that tell a banner from the start of a key, which may be any bytes. One key of 2^35 starts like JSON, and
/// fewer start like any other service.
pub const BANNER_LEN: usize = 16;

impl Banner {
    /// What a peer that dialled us does: `asks in HTTP`.
    #[must_use]
    pub const fn asked(self) -> &'static str {
        match self {
            Self::Http => "asks in HTTP",
            Self::Tls => "asks for TLS",
            Self::Ssh => "introduces itself as an SSH client",
            Self::Smtp => "greets as a mail or FTP server does",
            Self::Redis => "sends an error as a Redis or POP3 server does",
            Self::Json => "asks in JSON, as a Stratum or Electrum client does",
        }
    }

    /// The service that starts with these bytes, if it is known. `first` has the first [`BANNER_LEN`] bytes, or all
    /// that came if fewer came.
    #[must_use]
    pub fn of(first: &[u8]) -> Option<Self> {
        let first = &first[..first.len().min(BANNER_LEN)];
        if is_tls(first) {
            return Some(Self::Tls);
        }
        let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t');
        match first.first_chunk()? {
            _ if !first.iter().all(is_text) => None,
            b"HTTP" | b"GET " | b"POST" | b"HEAD" | b"<htm" | b"<!DO" => Some(Self::Http),
            b"SSH-" => Some(Self::Ssh),
            b"220 " | b"220-" => Some(Self::Smtp),
            b"-ERR" => Some(Self::Redis),
            [b'{', b'"', _, _] => Some(Self::Json),
            _ => None,
        }
    }
}

/// Whether these bytes start a TLS alert or hello, complete or cut. (RFC 8446: 4, 5.1, 6)
fn is_tls(first: &[u8]) -> bool {
    let all = |expected: &[(usize, RangeInclusive<u8>)]| {
        expected.iter().all(|(at, values)| first.get(*at).is_none_or(|byte| values.contains(byte)))
    };
    let [kind, 3, 0..=4, _, ..] = first else { return false };
    match kind {
        // Two bytes of an alert; the first is the level, warning or error.
        0x15 => all(&[(3, 0..=0), (4, 2..=2), (5, 1..=2)]),
        // A hello of a client or a server, shorter than 64 KiB, with a version after its length.
        0x16 => all(&[(5, 1..=2), (6, 0..=0), (9, 3..=3), (10, 0..=4)]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::Banner;

    #[test]
    fn a_banner_is_told_by_all_of_its_first_bytes() {
        let rows: [(&[u8], Option<Banner>); 14] = [
            (b"HTTP/1.1 400 Bad Request\r\n", Some(Banner::Http)),
            (b"HTTP/1.1 400 Bad\0\xff", Some(Banner::Http)),
            (b"HTTP/1.1 400 Ba\0", None),
            (b"SSH-2.0-Go\r\n", Some(Banner::Ssh)),
            (b"SSH", None),
            (b"{\"id\":1}\n", Some(Banner::Json)),
            (b"{\"\x80\x81", None),
            (b"{\"id\xf0\x9d\x11\x42", None),
            (b"\x15\x03\x03\x00\x02\x02\x46", Some(Banner::Tls)),
            (b"\x15\x03\x03\x00\x02\x03\x46", None),
            (b"\x15\x03\x03\x00", Some(Banner::Tls)),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x8a\x11\xd7\x55\x03", Some(Banner::Tls)),
            (b"\x16\x03\x01\x02\x00\x41\x00\x01\xfc\x03\x03\x8a\x11\xd7\x55\x03", None),
            (b"", None),
        ];
        for (first, expected) in rows {
            assert_eq!(Banner::of(first), expected, "{first:02x?}");
        }
    }
}
