//! GetBlockHeaders and BlockHeaders, as a handshake needs them: one request, and an answer without headers.
//!
//! ```text
//! eth/66 and later:  [request id, [block, limit, skip, reverse]]   [request id, [header, ...]]
//! before:            [block, limit, skip, reverse]                 [header, ...]
//! ```
//! A node answers this only to a peer whose Status it accepted; geth answers a Ping of the base protocol to other
//! peers, too.
//! (`caps/eth.md`; geth, eth/handler.go: runEthPeer)

use alloc::vec::Vec;

use crate::error::Malformed;
use crate::hash::Hash;
use crate::rlp::{Items, write_bytes, write_list, write_uint};

/// The id of GetBlockHeaders within `eth`.
pub const GET_BLOCK_HEADERS: u64 = 3;

/// The id of BlockHeaders within `eth`.
pub const BLOCK_HEADERS: u64 = 4;

/// The first version of `eth` with request ids. (EIP-2481)
pub const FIRST_WITH_REQUEST_ID: u64 = 66;

/// The id of a request; none before eth/66.
pub type RequestId = Option<u64>;

/// The id of our request in this version of `eth`. There is only one request, so any id would do.
#[must_use]
pub fn our_request_id(version: u64) -> RequestId {
    (version >= FIRST_WITH_REQUEST_ID).then_some(1)
}

/// Appends GetBlockHeaders for one block, before compression.
pub fn write_question(id: RequestId, block: Hash, tx: &mut Vec<u8>) {
    with_id(id, tx, |tx| {
        write_list(tx, |tx| {
            write_bytes(&block.0, tx);
            write_uint(1, tx); // limit
            write_uint(0, tx); // skip
            write_uint(0, tx); // reverse
        });
    });
}

/// Appends BlockHeaders without a header, before compression.
pub fn write_empty_answer(id: RequestId, tx: &mut Vec<u8>) {
    with_id(id, tx, |tx| write_list(tx, |_| {}));
}

fn with_id(id: RequestId, tx: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    match id {
        None => write(tx),
        Some(id) => write_list(tx, |tx| {
            write_uint(id, tx);
            write(tx);
        }),
    }
}

/// Reads the request id of a request or an answer in this version of `eth`, and nothing else of it.
///
/// # Errors
/// If it is not a list, or has no id although it needs one.
pub fn read_request_id(version: u64, payload: &[u8]) -> Result<RequestId, Malformed> {
    let mut items = Items::of(payload, "list")?;
    if version < FIRST_WITH_REQUEST_ID {
        return Ok(None);
    }
    items.uint("request id").map(Some)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::{our_request_id, read_request_id, write_empty_answer, write_question};
    use crate::hash::Hash;

    /// The forms of EIP-2481, appendix: the request id precedes the older form.
    #[test]
    fn questions_and_answers_are_written_as_the_specification_says() {
        let written = |write: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = Vec::new();
            write(&mut bytes);
            bytes
        };
        let block = [&[0xe4, 0xa0][..], &[7; 32], &[1, 0x80, 0x80]].concat();
        assert_eq!(written(&|tx| write_question(None, Hash([7; 32]), tx)), block);
        assert_eq!(written(&|tx| write_question(Some(1), Hash([7; 32]), tx)), [&[0xe6, 1][..], &block].concat());
        assert_eq!(written(&|tx| write_empty_answer(None, tx)), [0xc0]);
        assert_eq!(written(&|tx| write_empty_answer(Some(0x457), tx)), [0xc4, 0x82, 0x04, 0x57, 0xc0]);
    }

    #[test]
    fn the_number_of_a_question_is_read_where_the_version_has_one() {
        let mut bytes = Vec::new();
        write_empty_answer(our_request_id(68), &mut bytes);
        assert_eq!(read_request_id(68, &bytes), Ok(Some(1)));
        assert_eq!((our_request_id(65), read_request_id(65, b"\xc0")), (None, Ok(None)));
        assert!(read_request_id(66, b"\xc0").is_err() && read_request_id(66, b"\x80").is_err());
        assert!(read_request_id(65, b"").is_err());
    }
}
