//! What was heard of an address, in the two bytes that a crawl has for it.
//!
//! ```text
//!   15            14            13 ────────────────────────── 0
//!   a service     P2P_V2        the last day on which somebody
//!   is known      is among them was seen there
//! ```
//! A crawl hears of each address thousands of times. What it has noted tells, without a look into the database, whether
//! that is news there, and over which transport it is dialled.

use bitcoin::Services;
use discover::Note;
use peers::{Outcome, Peer, Time};

use probe::protocol::Knowledge;

const SERVICES: u16 = 1 << 15;

const P2P_V2: u16 = 1 << 14;

const DAYS: u16 = P2P_V2 - 1;

/// In seconds: what is known of an address is written once for each day on which it was seen, and not each time that
/// somebody tells of it.
const DAY: i64 = 24 * 60 * 60;

/// Days are counted from 2009-01-01, in Unix seconds: nobody was seen before.
const FIRST_DAY: i64 = 1_230_768_000;

/// What the database has heard. Who spoke v2 once can do so, whatever it says.
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

/// It offers these services, somebody says. No services are no word: seeds do not know them. What one has said, another
/// adds to. (Core: addrman.cpp AddSingle)
pub fn offers(note: &mut Note, services: u64) {
    if services != 0 {
        note.0 |= SERVICES;
    }
    if services & Services::P2P_V2.0 != 0 {
        note.0 |= P2P_V2;
    }
}

/// What that says of the encrypted transport.
pub fn knowledge(note: Note) -> Knowledge {
    match (note.0 & SERVICES != 0, note.0 & P2P_V2 != 0) {
        (_, true) => Knowledge::OffersEncryption,
        (true, false) => Knowledge::LacksEncryption,
        (false, false) => Knowledge::Nothing,
    }
}

/// Somebody was seen there then. Whether that is a later day than the last one.
pub fn saw(note: &mut Note, Time(seen): Time) -> bool {
    // There is room until 2053.
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
    fn the_encrypted_transport_is_lacking_if_somebody_told_services_and_nobody_told_it() {
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
