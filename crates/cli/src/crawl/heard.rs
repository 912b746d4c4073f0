//! What was heard of an address, in the two bytes that a crawl has for it.
//!
//! A crawl hears of each address thousands of times. What it has noted tells, without a look into the database, whether
//! that is news there.

use discover::Note;
use store::{Peer, Time};

/// In seconds: what is known of an address is written once for each day on which it was seen, and not each time that
/// somebody tells of it.
const DAY: i64 = 24 * 60 * 60;

/// Days are counted from 2009-01-01, in Unix seconds: nobody was seen before.
const FIRST_DAY: i64 = 1_230_768_000;

/// What the database has heard.
pub fn of_peer(peer: &Peer) -> Note {
    let mut note = Note::default();
    saw(&mut note, peer.last_seen);
    note
}

/// Somebody was seen there then. Whether that is a later day than the last one.
pub fn saw(note: &mut Note, Time(seen): Time) -> bool {
    // There is room until 2188.
    let day = u16::try_from((seen - FIRST_DAY) / DAY).unwrap_or(0);
    let is_later = day > note.0;
    note.0 = note.0.max(day);
    is_later
}
