//! Queries the peer database, and imports what other programs know.

mod count;
mod export;
mod import;
mod list;
mod show;
mod table;

use std::io::{self, BufWriter, StdoutLock};

use anstyle::Style;
use bitcoin::Chain;
use peers::{Book, Column, Counts, EscapedText, ExportError, Filter, Outcome, Sort, SortBy};

use super::{printed, runtime};
use crate::args::{Format, Global, Peers, PeersCommand, Query};
use crate::exit::{Error, Exit};
use crate::output::{BAD, GOOD, HALF};
use probe::protocol;

/// Runs the command.
pub fn run(args: &Peers, global: &Global) -> Result<Exit, Error> {
    runtime()?.block_on(async {
        let database = &args.database;
        match &args.command {
            Some(PeersCommand::Import(import)) => import::run(import, database, global).await,
            Some(PeersCommand::Show(show)) => show::run(show, &*database.open_existing().await?, global).await,
            Some(PeersCommand::Export(export)) => export::run(export, &*database.open_existing().await?, global).await,
            None => {
                let book = database.open_existing().await?;
                let selection = Selection::new(&args.query)?;
                let asked = match args.count_by {
                    Some(column) => count::run(column, &selection, &*book, global).await,
                    None => list::run(&selection, &*book, global).await,
                };
                book.close().await;
                asked.map_or_else(unprinted, |()| Ok(Exit::Success))
            }
        }
    })
}

/// Which peers to select, in which order, and how many at most.
struct Selection {
    filter: Filter,
    sort: Sort,
    limit: Option<u32>,
}

impl Selection {
    fn new(query: &Query) -> Result<Self, Error> {
        let chain = query.chain.as_deref().map(canonical);
        let services = match &query.services {
            // Names of services are those of the network, or Bitcoin's.
            Some(services) => services.on(chain.as_ref().and_then(in_table).unwrap_or_else(bitcoin))?.0,
            None => 0,
        };
        let reachable = match (query.reachable, query.unreachable) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        };
        let filter = Filter {
            chain,
            user_agent: query.user_agent.clone(),
            services,
            reachable,
            since: query.since,
            network: query.network,
            ever_good: false,
        };
        let sort = Sort { by: query.sort, descending: highest_first(query.sort) != query.reverse };
        Ok(Self { filter, sort, limit: query.limit })
    }
}

/// The canonical name for a network's name or alias. Stored networks may be missing from the table.
fn canonical(name: &str) -> EscapedText {
    match protocol::Network::named(name) {
        Some(network) => network.name.into(),
        None => name.into(),
    }
}

fn in_table(name: &EscapedText) -> Option<&'static Chain> {
    Chain::named(name.as_str())
}

fn bitcoin() -> &'static Chain {
    Chain::named("bitcoin").expect("it is in the table")
}

/// The usual order of a column: latest, most and newest first, but names from A on and the lowest latency first.
fn highest_first(by: SortBy) -> bool {
    match by {
        SortBy::Known | SortBy::Address | SortBy::UserAgent | SortBy::Latency | SortBy::Network | SortBy::Reason => {
            false
        }
        SortBy::FirstSeen
        | SortBy::LastSeen
        | SortBy::LastTried
        | SortBy::LastGood
        | SortBy::Version
        | SortBy::Height
        | SortBy::Tried
        | SortBy::Good
        | SortBy::Reliability => true,
    }
}

/// The colour of an outcome.
fn style_of(outcome: Outcome) -> Style {
    match outcome {
        Outcome::Ok => GOOD,
        Outcome::Partial => HALF,
        Outcome::Failed => BAD,
    }
}

/// Standard output, buffered.
fn stdout() -> BufWriter<StdoutLock<'static>> {
    /// A page of results needs one system call.
    const BUFFER: usize = 64 << 10;
    BufWriter::with_capacity(BUFFER, io::stdout().lock())
}

/// The result of an incompletely printed answer.
fn unprinted(error: ExportError) -> Result<Exit, Error> {
    match error {
        ExportError::Store(error) => Err(error.into()),
        ExportError::Io(error) => printed(Err(error)),
    }
}

/// Explains an empty result to the user.
async fn say_what_there_is(book: &dyn Book, global: &Global) -> Result<(), peers::Error> {
    if global.quiet || global.format() != Format::Human {
        return Ok(());
    }
    match in_words(book.count_by(Column::Chain, &Filter::default()).await?).as_str() {
        "" => say!("{} holds no peers yet", book.place()),
        chains => say!("none of these: {} holds {chains}", book.place()),
    }
    Ok(())
}

/// The number of peers of each network: `3 of bitcoin, 1 of litecoin`.
fn in_words(counts: Counts) -> String {
    let words = counts.into_iter().map(|(chain, count)| format!("{count} of {}", chain.unwrap_or_default()));
    words.collect::<Vec<_>>().join(", ")
}
