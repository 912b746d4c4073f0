//! The contents of a packet: a message's name, in one byte or thirteen, and its payload. (BIP324: application layer)
//!
//! ```text
//! id 1, from the table | payload
//! 00 | name 12, NUL-padded | payload
//! ```

use alloc::vec::Vec;

use crate::message::Command;

/// Bytes of a name in its long form.
pub const LONG_NAME_LEN: u32 = 13;

/// The messages with a one-byte id; the first has id 1. An empty name is an unassigned id. (BIP324, BIP434; Core:
/// net.cpp V2_MESSAGE_IDS)
const SHORT: [&[u8]; 37] = [
    b"addr",
    b"block",
    b"blocktxn",
    b"cmpctblock",
    b"feefilter",
    b"filteradd",
    b"filterclear",
    b"filterload",
    b"getblocks",
    b"getblocktxn",
    b"getdata",
    b"getheaders",
    b"headers",
    b"inv",
    b"mempool",
    b"merkleblock",
    b"notfound",
    b"ping",
    b"pong",
    b"sendcmpct",
    b"tx",
    b"getcfilters",
    b"cfilter",
    b"getcfheaders",
    b"cfheaders",
    b"getcfcheckpt",
    b"cfcheckpt",
    b"addrv2",
    // 29 to 36 are proposed for Utreexo.
    b"",
    b"",
    b"",
    b"",
    b"",
    b"",
    b"",
    b"",
    b"feature",
];

/// Appends a name, as a one-byte id if it has one.
pub fn write_name(command: Command, tx: &mut Vec<u8>) {
    let id = |at: usize| u8::try_from(at + 1).expect("37 of them");
    match SHORT.iter().position(|name| !name.is_empty() && Command::new(name) == Some(command)) {
        Some(at) => tx.push(id(at)),
        None => {
            tx.push(0);
            tx.extend_from_slice(&command.0);
        }
    }
}

/// The name and the payload. `None` if there is no name, an unassigned id, or an invalid name: such contents are
/// dropped, and the connection continues. (Core: net.cpp V2Transport::GetMessageType)
#[must_use]
pub fn read(contents: &[u8]) -> Option<(Command, &[u8])> {
    let (&id, rest) = contents.split_first()?;
    let Some(at) = usize::from(id).checked_sub(1) else {
        let (name, payload) = rest.split_first_chunk()?;
        let command = Command(*name);
        return command.is_name().then_some((command, payload));
    };
    let name = SHORT.get(at).filter(|name| !name.is_empty())?;
    Some((Command::new(name)?, rest))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::{read, write_name};
    use crate::message::Command;

    #[test]
    fn written_names_are_read_back_in_both_forms() {
        for (name, len) in [("ping", 1), ("feature", 1), ("addrv2", 1), ("version", 13), ("", 13), ("twelve bytes", 13)]
        {
            let command = Command::new(name.as_bytes()).unwrap();
            let mut contents = Vec::new();
            write_name(command, &mut contents);
            assert_eq!(contents.len(), len, "{name}");
            contents.extend_from_slice(b"payload");
            assert_eq!(read(&contents), Some((command, &b"payload"[..])), "{name}");
            let long = [&[0], &command.0[..], b"payload"].concat();
            assert_eq!(read(&long), Some((command, &b"payload"[..])), "{name}");
        }
    }

    #[test]
    fn each_id_means_what_bip324_says() {
        let named = |id: u8| read(&[id]).map(|(command, _)| command);
        for (id, name) in [(1, "addr"), (5, "feefilter"), (14, "inv"), (18, "ping"), (20, "sendcmpct"), (21, "tx")] {
            assert_eq!(named(id), Command::new(name.as_bytes()), "{name}");
        }
        assert_eq!(named(28), Command::new(b"addrv2"));
        assert_eq!(named(37), Some(Command::FEATURE));
        assert!((29..=36).chain(38..=255).all(|id| named(id).is_none()));
    }

    #[test]
    fn what_is_no_name_is_dropped() {
        assert_eq!(read(b""), None);
        assert_eq!(read(b"\0ping\0\0\0\0\0\0\0"), None);
        assert_eq!(read(b"\0ping\0\0\0\0\0\0\0x"), None);
        assert_eq!(read(b"\0pi\xffng\0\0\0\0\0\0\0"), None);
        assert_eq!(read(b"\0pi\x1fng\0\0\0\0\0\0\0"), None);
        assert!(read(b"\0pi\x7fng\0\0\0\0\0\0\0").is_some());
    }
}
