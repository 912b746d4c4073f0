//! The results of earlier runs.

use std::time::Duration;

use discover::Source;
use peers::{Book, EscapedText, Peer, Time};

use super::heard;
use super::map::{Map, dialled};
use super::tally::Facts;

/// Adds to the map what the database knows about a network: peers that were good come first.
///
/// A peer whose last attempt is some time ago is due, and dialled again. The others keep their last result: so a crawl
/// continues where it was cut short, and no peer is dialled twice within a quarter of an hour. (See [`Peer::due`].)
/// With `again`, all are due.
///
/// # Errors
/// The database cannot be read.
pub async fn remember(map: &mut Map, book: &dyn Book, chain: &EscapedText, again: bool) -> Result<(), peers::Error> {
    let now = Time::now();
    let mut peers = book.remembered(chain, None);
    while let Some(peer) = peers.next().await? {
        recall(map, &peer, now, again);
    }
    Ok(())
}

fn recall(map: &mut Map, peer: &Peer, Time(now): Time, again: bool) {
    let source = if peer.last_good.is_some() { Source::Remembered } else { Source::Seed };
    let Some(address) = dialled(&peer.endpoint) else {
        return map.plant_one(peer.endpoint, Source::Seed, heard::of_peer(peer));
    };
    let due = peer.due().map_or(0, |Time(due)| due - now);
    match u64::try_from(due) {
        Ok(due @ 1..) if !again => {
            let due = map.watches.then(|| Duration::from_secs(due));
            if map.recall_one(address, peer.is_reachable(), due, heard::of_peer(peer)) {
                map.tally.add(address, &Facts::of_peer(peer));
            }
        }
        _ => map.plant_one(peer.endpoint, source, heard::of_peer(peer)),
    }
}
