//! What peers and seeds have said about an address, in two bytes for each address of a crawl.
//!
//! ```text
//!   15            14            13 ────────────────────────── 0
//!   a service     P2P_V2        the last day on which a node
//!   is known      is among them was seen there
//! ```
//! A crawl hears of each address thousands of times. The note shows, without a database query, whether a message is
//! news for the database, and over which transport to dial.

use bitcoin::Services;
use discover::Note;
use peers::{Outcome, Peer, Time};

use probe::protocol::Knowledge;

const SERVICES: u16 = 1 << 15;

const P2P_V2: u16 = 1 << 14;

const DAYS: u16 = P2P_V2 - 1;

/// In seconds. The database records an address once for each day on which it was seen, not once for each message about
/// it.
const DAY: i64 = 24 * 60 * 60;

/// Days count from 2009-01-01, in Unix seconds: no node was seen before.
const FIRST_DAY: i64 = 1_230_768_000;

/// What the database knows. A node that once spoke v2 still does, whatever services it announces.
pub fn of_peer(peer: &Peer) -> Note {
    let mut note = Note::default();
    if let Some(seen) = peer.last_seen {
        saw(&mut note, seen);
    }
    offers(&mut note, peer.services);
    if peer.transports.v2 == Some(Outcome::Ok) {
        offers(&mut note, Services::P2P_V2.0);
    }
    note
}

/// Notes that a peer claims these services for the address. 0 means no claim: seeds do not know services. Claims add
/// up. (Core: addrman.cpp AddSingle)
pub fn offers(note: &mut Note, services: u64) {
    if services != 0 {
        note.0 |= SERVICES;
    }
    if services & Services::P2P_V2.0 != 0 {
        note.0 |= P2P_V2;
    }
}

/// What the note says about the encrypted transport.
pub fn knowledge(note: Note) -> Knowledge {
    match (note.0 & SERVICES != 0, note.0 & P2P_V2 != 0) {
        (_, true) => Knowledge::OffersEncryption,
        (true, false) => Knowledge::LacksEncryption,
        (false, false) => Knowledge::Nothing,
    }
}

/// Notes when a node was seen at the address. Returns whether that is a later day than the last one.
pub fn saw(note: &mut Note, Time(seen): Time) -> bool {
    // The field has room until 2053.
    let day = u16::try_from(seen.saturating_sub(FIRST_DAY) / DAY).unwrap_or(0).min(DAYS);
    let is_later = day > note.0 & DAYS;
    if is_later {
        note.0 = note.0 & !DAYS | day;
    }
    is_later
}

#[cfg(test)]
mod tests {
    use peers::Time;

    use super::{DAY, FIRST_DAY, Knowledge, Note, knowledge, offers, saw};

    #[test]
    fn the_encrypted_transport_is_lacking_if_services_were_told_without_it() {
        for (told, heard) in [
            (&[][..], Knowledge::Nothing),
            (&[0], Knowledge::Nothing),
            (&[0x409], Knowledge::LacksEncryption),
            (&[0xc09], Knowledge::OffersEncryption),
            (&[0x409, 0], Knowledge::LacksEncryption),
            (&[0x409, 0xc09], Knowledge::OffersEncryption),
            (&[0xc09, 0x409], Knowledge::OffersEncryption),
        ] {
            let mut note = Note::default();
            saw(&mut note, Time(1_800_000_000));
            told.iter().for_each(|services| offers(&mut note, *services));
            assert_eq!(knowledge(note), heard, "{told:x?}");
            assert!(!saw(&mut note, Time(1_800_000_000)), "the day is still noted");
        }
    }

    #[test]
    fn each_day_is_later_than_the_one_before_and_nothing_else_is() {
        let mut note = Note::default();
        offers(&mut note, 0x409);
        for day in [1, 2, 6000, (1 << 14) - 1] {
            let first = FIRST_DAY + day * DAY;
            assert!(saw(&mut note, Time(first)));
            assert!(!saw(&mut note, Time(first + DAY - 1)) && !saw(&mut note, Time(first - 1)));
        }
        [0, i64::MIN, i64::MAX].into_iter().for_each(|seen| assert!(!saw(&mut note, Time(seen))));
        assert_eq!(knowledge(note), Knowledge::LacksEncryption);
    }
}
