//! Stored data comes back, and is counted, filtered and sorted as requested.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod common;

use std::time::Duration;

use common::{CHAIN, KNOWN, address, all, failed, good, learned, shown, store};
use handshake::Blame;
use peers::{
    Column, Filter, Introduction, Learned, Network, Outcome, Peer, Reliability, Sort, SortBy, Time, Transports,
};
use verack_store::{KEPT_ATTEMPTS, Store};

#[tokio::test]
async fn an_attempt_is_shown_with_all_that_was_found() {
    let (store, _directory) = store().await;
    let writer = store.writer().await.unwrap();
    writer.record(good(1, 1000, b"/agent:\x1b\"\n\0\xff,1/")).await.unwrap();
    writer.record(failed(1, 2000)).await.unwrap();
    writer.flush().await.unwrap();
    let history = shown(&store, 1).await;
    let peer = &history.peer;
    assert_eq!((peer.chain.as_str(), &peer.endpoint), (CHAIN, &address(1)));
    assert_eq!((peer.first_seen, peer.last_seen), (Time(1000), Some(Time(1000))), "silence is no sight");
    assert_eq!((peer.last_tried, peer.last_good), (Some(Time(2000)), Some(Time(1000))));
    assert_eq!((peer.tried, peer.good), (2, 1));
    assert_eq!(peer.ending, Some(failed(1, 0).ending));
    assert_eq!(peer.transports, Transports { v1: Some(Outcome::Failed), v2: Some(Outcome::Ok) });
    assert_eq!((peer.version, peer.services, peer.height), (Some(70016), 0xc09, Some(900_000)));
    assert_eq!(peer.latency, Some(Duration::from_micros(12_345)));
    assert_eq!(peer.user_agent.as_ref().unwrap().to_bytes(), b"/agent:\x1b\"\n\0\xff,1/");
    assert_eq!(peer.source.as_ref().unwrap().as_str(), "command line");
    let past: Vec<_> = history.attempts.iter().map(|past| (past.at, past.ending.outcome, past.transports.v2)).collect();
    assert_eq!(past, [(Time(2000), Outcome::Failed, None), (Time(1000), Outcome::Ok, Some(Outcome::Ok))]);
}

#[tokio::test]
async fn reliabilities_are_the_same_however_attempts_were_cut_into_batches() {
    let (store, _directory) = store().await;
    let writer = store.writer().await.unwrap();
    let attempts = [(1000, true), (4600, true), (9000, false), (90_000, true), (91_000, true)];
    let mut expected = Reliability::default();
    let mut last = None;
    for (at, is_good) in attempts {
        let attempt = if is_good { good(1, at, b"") } else { failed(1, at) };
        writer.record(attempt.clone()).await.unwrap();
        writer.record(common::good(2, at, b"")).await.unwrap();
        if at == 9000 {
            writer.flush().await.unwrap();
        }
        expected.update(is_good, last.map(|last| at - last));
        last = Some(at);
    }
    writer.flush().await.unwrap();
    assert_eq!(shown(&store, 1).await.peer.reliability, expected);
    assert_ne!(shown(&store, 2).await.peer.reliability, expected);
}

#[tokio::test]
async fn the_last_attempts_are_kept_and_no_more() {
    let (store, _directory) = store().await;
    let writer = store.writer().await.unwrap();
    let attempts = i64::from(KEPT_ATTEMPTS) + 3;
    for at in 0..attempts {
        writer.record(failed(1, at)).await.unwrap();
        writer.record(good(2, at, b"")).await.unwrap();
    }
    writer.flush().await.unwrap();
    let past: Vec<_> = shown(&store, 1).await.attempts.iter().map(|past| past.at.0).collect();
    assert_eq!(past, (3..attempts).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn what_fails_through_our_own_fault_says_nothing_of_a_peer() {
    let (store, _directory) = store().await;
    let writer = store.writer().await.unwrap();
    writer.record(good(1, 1000, b"")).await.unwrap();
    writer.record(peers::Attempt { blame: Some(Blame::Local), ..failed(1, 2000) }).await.unwrap();
    writer.flush().await.unwrap();
    let history = shown(&store, 1).await;
    assert_eq!((history.peer.tried, history.attempts.len()), (1, 1));
}

#[tokio::test]
async fn who_told_first_is_kept_and_what_a_peer_says_itself_counts_more() {
    let (store, _directory) = store().await;
    let writer = store.writer().await.unwrap();
    for (seen, source) in [(500, "a"), (700, "b"), (600, "c")] {
        writer.learned(learned(1, seen, source)).await.unwrap();
        writer.flush().await.unwrap();
    }
    let peer = shown(&store, 1).await.peer;
    assert_eq!((peer.first_seen, peer.last_seen, peer.services, peer.tried), (Time(500), Some(Time(700)), 1, 0));
    assert_eq!(peer.source.unwrap().as_str(), "a");
    writer.record(good(1, 800, b"")).await.unwrap();
    writer.learned(learned(1, 900, "d")).await.unwrap();
    writer.flush().await.unwrap();
    writer.learned(learned(1, 950, "d")).await.unwrap();
    writer.flush().await.unwrap();
    let peer = shown(&store, 1).await.peer;
    assert_eq!((peer.last_seen, peer.services), (Some(Time(950)), 0xc09));
    assert_eq!(peer.source.unwrap().as_str(), "a");
}

#[tokio::test]
async fn when_a_peer_was_seen_is_unknown_until_it_is_told_and_is_never_unknown_again() {
    let (store, _directory) = store().await;
    let writer = store.writer().await.unwrap();
    let told = |seen: Option<i64>, services| peers::Learned {
        at: Time(2000),
        seen: seen.map(Time),
        services,
        ..learned(1, 0, "seed")
    };
    let imported = |last_seen: Option<i64>| Peer {
        last_seen: last_seen.map(Time),
        ..Peer::new(CHAIN.into(), address(1), Time(3000))
    };
    let is = async |seen: Option<i64>, services| {
        writer.flush().await.unwrap();
        let peer = shown(&store, 1).await.peer;
        assert_eq!((peer.first_seen, peer.last_seen, peer.services), (Time(2000), seen.map(Time), services));
    };
    writer.learned(told(None, 9)).await.unwrap();
    is(None, 9).await;
    writer.import(imported(None)).await.unwrap();
    writer.record(failed(1, 2500)).await.unwrap();
    is(None, 9).await;
    // A seed gives neither.
    writer.learned(told(Some(1000), 0)).await.unwrap();
    is(Some(1000), 9).await;
    writer.learned(told(None, 0)).await.unwrap();
    writer.import(imported(None)).await.unwrap();
    is(Some(1000), 9).await;
    writer.learned(told(Some(900), 1)).await.unwrap();
    is(Some(1000), 9).await;
    writer.learned(told(Some(1100), 1)).await.unwrap();
    is(Some(1100), 1).await;
    writer.import(imported(Some(1200))).await.unwrap();
    writer.record(failed(1, 2600)).await.unwrap();
    is(Some(1200), 1).await;
    writer.record(good(1, 2700, b"/a/")).await.unwrap();
    writer.learned(told(None, 1)).await.unwrap();
    is(Some(2700), 0xc09).await;
}

#[tokio::test]
async fn those_of_which_it_is_unknown_when_they_were_seen_come_last_and_were_not_seen_since() {
    let (store, _directory) = store().await;
    let writer = store.writer().await.unwrap();
    for (nth, seen) in [(1, None), (2, Some(Time(7))), (3, Some(Time(8)))] {
        writer.learned(peers::Learned { seen, ..learned(nth, 9, "seed") }).await.unwrap();
    }
    writer.close().await.unwrap();
    let order = async |peers| all(peers).await.into_iter().map(|peer| peer.endpoint).collect::<Vec<_>>();
    let by = |descending| Sort { by: SortBy::LastSeen, descending };
    assert_eq!(order(store.peers(&Filter::default(), by(true), None)).await, [3, 2, 1].map(address));
    assert_eq!(order(store.peers(&Filter::default(), by(false), None)).await, [2, 3, 1].map(address));
    assert_eq!(order(store.remembered(&CHAIN.into(), None)).await, [3, 2, 1].map(address));
    let since = Filter { since: Some(Time(0)), ..Filter::default() };
    assert_eq!(order(store.peers(&since, KNOWN, None)).await, [2, 3].map(address));
}

/// Three peers that answered, one that did not, one that was never tried, and one of another network.
async fn some() -> (Store, tempfile::TempDir) {
    let (store, directory) = store().await;
    let writer = store.writer().await.unwrap();
    writer.record(good(1, 1000, b"/Satoshi:27.0.0/")).await.unwrap();
    writer.record(good(2, 3000, b"/Satoshi:28.0.0/")).await.unwrap();
    writer.record(good(3, 2000, b"/Satoshi:27.0.0/")).await.unwrap();
    writer.record(failed(4, 4000)).await.unwrap();
    writer.learned(learned(5, 5000, "seed")).await.unwrap();
    let onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:9333".parse().unwrap();
    let other = peers::Attempt { chain: "litecoin".into(), endpoint: onion, ..good(6, 6000, b"/Litecoin_x%/") };
    writer.record(other).await.unwrap();
    writer.close().await.unwrap();
    (store, directory)
}

#[tokio::test]
async fn filters_let_through_what_passes_all_of_them() {
    let (store, _directory) = some().await;
    let bitcoin = Filter { chain: Some(CHAIN.into()), ..Filter::default() };
    let agent = |agent: &str| Filter { user_agent: Some(agent.to_owned()), ..Filter::default() };
    for (filter, expected) in [
        (Filter::default(), 6),
        (bitcoin.clone(), 5),
        (Filter { reachable: Some(true), ..bitcoin.clone() }, 3),
        (Filter { reachable: Some(false), ..bitcoin.clone() }, 1),
        (Filter { services: 0x408, ..bitcoin.clone() }, 3),
        (Filter { services: 1, ..bitcoin.clone() }, 4),
        (Filter { since: Some(Time(3000)), ..bitcoin.clone() }, 2),
        (Filter { network: Some(Network::Onion), ..Filter::default() }, 1),
        (Filter { network: Some(Network::Onion), ..bitcoin.clone() }, 0),
        (Filter { ever_good: true, ..Filter::default() }, 4),
        (Filter { chain: Some("dogecoin".into()), ..Filter::default() }, 0),
        (agent("satoshi:27"), 2),
        (agent("/Satoshi:2?.0.0/"), 3),
        (agent("Satoshi*"), 0),
        (agent("_x%"), 1),
        (agent("_i%"), 0),
        (agent("' OR 1=1 --"), 0),
    ] {
        assert_eq!(store.count(&filter).await.unwrap(), expected, "{filter:?}");
        assert_eq!(all(store.peers(&filter, KNOWN, None)).await.len() as u64, expected, "{filter:?}");
    }
}

#[tokio::test]
async fn every_column_is_counted_by_and_every_order_holds_all() {
    let (store, _directory) = some().await;
    for (name, column) in Column::ALL {
        let counts = store.count_by(column, &Filter::default()).await.unwrap();
        assert_eq!(counts.iter().map(|(_, peers)| peers).sum::<u64>(), 6, "{name}");
        assert!(counts.is_sorted_by(|(_, a), (_, b)| a >= b), "{name}");
    }
    for by in SortBy::ALL.map(|(_, by)| by) {
        for descending in [false, true] {
            let peers = all(store.peers(&Filter::default(), Sort { by, descending }, None)).await;
            assert_eq!(peers.len(), 6, "{by:?}");
        }
    }
    let counts = |column, filter| {
        let store = store.clone();
        async move {
            let counts = store.count_by(column, &filter).await.unwrap();
            counts.into_iter().map(|(name, peers)| (name.unwrap_or_default(), peers)).collect::<Vec<_>>()
        }
    };
    let is = |expected: &[(&str, u64)]| expected.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect::<Vec<_>>();
    let bitcoin = Filter { chain: Some(CHAIN.into()), ..Filter::default() };
    let agents = counts(Column::UserAgent, bitcoin.clone()).await;
    assert_eq!(agents, is(&[("", 2), ("/Satoshi:27.0.0/", 2), ("/Satoshi:28.0.0/", 1)]));
    assert_eq!(counts(Column::Reason, bitcoin.clone()).await, is(&[("ok", 3), ("", 1), ("connect.timeout", 1)]));
    assert_eq!(counts(Column::Network, Filter::default()).await, is(&[("ipv4", 5), ("onion", 1)]));
    assert_eq!(counts(Column::Stage, bitcoin.clone()).await, is(&[("done", 3), ("", 1), ("connect", 1)]));
    assert_eq!(counts(Column::Services, bitcoin).await, is(&[("3081", 3), ("0", 1), ("1", 1)]));
}

#[tokio::test]
async fn peers_come_in_the_order_that_is_asked_for() {
    let (store, _directory) = some().await;
    let bitcoin = Filter { chain: Some(CHAIN.into()), ..Filter::default() };
    let order = |peers: Vec<Peer>| peers.into_iter().map(|peer| peer.endpoint).collect::<Vec<_>>();
    let by = |by, descending| store.peers(&bitcoin, Sort { by, descending }, Some(3));
    assert_eq!(order(all(by(SortBy::LastGood, true)).await), [2, 3, 1].map(address));
    assert_eq!(order(all(by(SortBy::LastGood, false)).await), [1, 3, 2].map(address));
    assert_eq!(order(all(by(SortBy::Address, true)).await), [5, 4, 3].map(address));
    let remembered = all(store.remembered(&CHAIN.into(), None)).await;
    assert_eq!(order(remembered.clone()), [2, 3, 1, 5, 4].map(address));
    assert_eq!((remembered[0].due(), remembered[3].due()), (Some(Time(4000)), None));
}

#[tokio::test]
async fn a_reader_that_stops_early_holds_nothing_up() {
    let (store, _directory) = some().await;
    for _ in 0..20 {
        let mut peers = store.peers(&Filter::default(), KNOWN, None);
        assert!(peers.next().await.unwrap().is_some());
    }
    assert_eq!(store.count(&Filter::default()).await.unwrap(), 6);
}

#[tokio::test]
async fn of_two_databases_the_one_that_tried_last_knows_more() {
    let (store, _directory) = store().await;
    let writer = store.writer().await.unwrap();
    writer.record(good(1, 1000, b"/ours/")).await.unwrap();
    writer.flush().await.unwrap();
    let ours = shown(&store, 1).await.peer;
    let theirs = Peer {
        first_seen: Time(10),
        last_seen: Some(Time(990)),
        last_tried: Some(Time(990)),
        user_agent: Some("/theirs/".into()),
        source: Some("them".into()),
        ..ours.clone()
    };
    writer.import(theirs.clone()).await.unwrap();
    writer.flush().await.unwrap();
    assert_eq!(shown(&store, 1).await.peer, Peer { first_seen: Time(10), ..ours.clone() });
    let later = Peer { last_tried: Some(Time(2000)), tried: 40, ..theirs };
    writer.import(later.clone()).await.unwrap();
    writer.flush().await.unwrap();
    let merged = Peer { last_seen: ours.last_seen, source: ours.source, ..later };
    assert_eq!(shown(&store, 1).await.peer, merged);
}

#[tokio::test]
async fn a_list_that_knows_nothing_of_a_peer_takes_nothing_from_what_is_known_of_it() {
    let (store, _directory) = store().await;
    let writer = store.writer().await.unwrap();
    let bare = Peer { source: Some("list".into()), ..Peer::new(CHAIN.into(), address(1), Time(9000)) };
    let said = Peer {
        version: Some(70016),
        services: 9,
        user_agent: Some("/a/".into()),
        height: Some(7),
        last_seen: Some(Time(100)),
        ..Peer::new(CHAIN.into(), address(1), Time(50))
    };
    for told in [&said, &bare] {
        writer.import(told.clone()).await.unwrap();
        writer.flush().await.unwrap();
    }
    assert_eq!(shown(&store, 1).await.peer, Peer { source: Some("list".into()), ..said });
}

#[tokio::test]
async fn two_writers_write_by_turns() {
    let (store, _directory) = store().await;
    let (a, b) = (store.writer().await.unwrap(), store.writer().await.unwrap());
    for at in 0..50 {
        a.record(good(1, 2 * at, b"/a/")).await.unwrap();
        b.record(failed(1, 2 * at + 1)).await.unwrap();
        let (a, b) = tokio::join!(a.flush(), b.flush());
        a.and(b).unwrap();
    }
    assert_eq!(shown(&store, 1).await.peer.tried, 100);
}

#[tokio::test]
async fn what_was_told_is_written_soon_without_being_asked_for() {
    let (store, _directory) = store().await;
    let writer = store.writer().await.unwrap();
    writer.record(good(1, 1, b"")).await.unwrap();
    while store.count(&Filter::default()).await.unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_dropped_writer_writes_all_that_it_was_told() {
    let (store, _directory) = store().await;
    let writer = store.writer().await.unwrap();
    let clone = writer.clone();
    for nth in 0..10_000 {
        writer.learned(learned(nth, 1, "seed")).await.unwrap();
    }
    drop(writer);
    clone.close().await.unwrap();
    assert_eq!(store.count(&Filter::default()).await.unwrap(), 10_000);
}

#[tokio::test]
async fn the_view_for_people_has_names_where_the_tables_have_numbers() {
    let (store, _directory) = some().await;
    let mut db = sqlx::SqlitePool::connect(store.path().to_str().unwrap()).await.unwrap().acquire().await.unwrap();
    let row: (String, String, String, String, String) = sqlx::query_as(
        "SELECT chain, network, outcome, reason, last_good FROM peers WHERE user_agent = '/Satoshi:28.0.0/'",
    )
    .fetch_one(&mut *db)
    .await
    .unwrap();
    assert_eq!(row, ["bitcoin", "ipv4", "ok", "ok", "1970-01-01 00:50:00"].map(str::to_owned).into());
}

#[tokio::test]
async fn counting_by_user_agent_reads_an_index_alone() {
    let (store, _directory) = some().await;
    let mut db = sqlx::SqlitePool::connect(store.path().to_str().unwrap()).await.unwrap().acquire().await.unwrap();
    let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(
        "EXPLAIN QUERY PLAN SELECT peer.user_agent AS value, count(*) AS peers FROM peer WHERE TRUE GROUP BY 1",
    )
    .fetch_all(&mut *db)
    .await
    .unwrap();
    let plan: Vec<_> = plan.into_iter().map(|(.., step)| step).collect();
    assert_eq!(plan, ["SCAN peer USING COVERING INDEX peer_by_user_agent"]);
}

#[tokio::test]
async fn an_introduction_is_kept_whole_and_the_later_one_counts() {
    let (store, _directory) = store().await;
    let writer = store.writer().await.unwrap();
    let json = |height: u64| Introduction::read(&format!(r#"{{"height":{height},"list":["a\\x1b",{{}}]}}"#)).unwrap();
    let said = |at, height| {
        let mut attempt = good(1, at, b"/agent/");
        attempt.introduced.as_mut().unwrap().introduction = Some(json(height));
        attempt
    };
    for (at, height) in [(10, 1), (20, u64::MAX)] {
        writer.record(said(at, height)).await.unwrap();
    }
    writer.flush().await.unwrap();
    assert_eq!(shown(&store, 1).await.peer.introduction, Some(json(u64::MAX)));
    // Attempts without one leave it as it is.
    writer.record(failed(1, 30)).await.unwrap();
    // So does an older one from another database.
    let mut older = Peer::new(CHAIN.into(), address(1), Time(5));
    (older.last_good, older.introduction) = (Some(Time(15)), Some(json(7)));
    writer.import(older).await.unwrap();
    writer.flush().await.unwrap();
    assert_eq!(shown(&store, 1).await.peer.introduction, Some(json(u64::MAX)));
    let mut remembered = store.remembered(&CHAIN.into(), None);
    assert_eq!(remembered.next().await.unwrap().unwrap().introduction, None, "a crawl does not need it");
}

#[tokio::test]
async fn nodes_with_keys_are_peers_of_their_own_at_one_address() {
    let (store, _directory) = store().await;
    let writer = store.writer().await.unwrap();
    let of = |identity: Option<&str>| identity.map(Into::into);
    for identity in [None, Some("02aa"), Some("03bb")] {
        writer.record(peers::Attempt { identity: of(identity), ..good(1, 10, b"/agent/") }).await.unwrap();
        writer.learned(Learned { identity: of(identity), ..learned(1, 11, "seed") }).await.unwrap();
    }
    writer.close().await.unwrap();
    let shown = store.show(&address(1)).await.unwrap();
    let mut identities: Vec<_> = shown.iter().map(|history| history.peer.identity.clone()).collect();
    identities.sort();
    assert_eq!(identities, [None, of(Some("02aa")), of(Some("03bb"))]);
    assert!(shown.iter().all(|history| (history.peer.tried, history.attempts.len()) == (1, 1)));
}

#[tokio::test]
async fn heights_may_be_as_large_as_any_protocol_has_them() {
    let (store, _directory) = store().await;
    let writer = store.writer().await.unwrap();
    let mut attempt = good(1, 10, b"");
    attempt.introduced.as_mut().unwrap().height = Some(i64::MAX);
    writer.record(attempt).await.unwrap();
    writer.close().await.unwrap();
    assert_eq!(shown(&store, 1).await.peer.height, Some(i64::MAX));
}
