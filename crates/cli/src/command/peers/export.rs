//! Writes peers in the formats of other programs.

use peers::{Column, ExportError, Filter, Format, Standard};
use store::Store;

use super::{Selection, chains, in_table, list, stdout, unprinted};
use crate::args::{self, Export, FileFormat, Global};
use crate::exit::{Error, Exit};
use crate::output::Paint;

/// For formats that do not mark peers as good.
pub const UNUSED_STANDARD: Standard =
    Standard { port: 0, version: 0, height: 0, routable: discover::is_globally_routable };

/// Runs the command.
pub async fn run(args: &Export, store: &Store, global: &Global) -> Result<Exit, Error> {
    let mut selection = Selection::new(&args.query)?;
    let format = match args.file_format.unwrap_or(default_format(global)) {
        FileFormat::Table => {
            let written = list::write_table(&selection, store, Paint::of_stdout(global), stdout()).await;
            return exit(written, global);
        }
        FileFormat::Jsonl => Format::JsonLines,
        FileFormat::Csv => Format::Csv,
        FileFormat::Bitnodes => Format::Bitnodes,
        FileFormat::Dnsseed => Format::Dnsseed,
        FileFormat::List => Format::List,
    };
    let standard = match format {
        Format::JsonLines | Format::Csv => UNUSED_STANDARD,
        Format::Bitnodes | Format::Dnsseed | Format::Rpc | Format::List => {
            of_one_network(&mut selection.filter, store).await?;
            standard(&selection.filter)
        }
    };
    let Selection { filter, sort, limit } = &selection;
    exit(peers::export(store, format, (filter, *sort, *limit), standard, stdout()).await, global)
}

fn default_format(global: &Global) -> FileFormat {
    match global.format() {
        args::Format::Csv => FileFormat::Csv,
        args::Format::Human | args::Format::Json => FileFormat::Jsonl,
    }
}

fn exit(written: Result<u64, ExportError>, global: &Global) -> Result<Exit, Error> {
    match written {
        Ok(count) => {
            if !global.quiet {
                say!("{count} {} written", if count == 1 { "peer" } else { "peers" });
            }
            Ok(Exit::Success)
        }
        Err(error) => unprinted(error),
    }
}

/// These formats do not name a peer's network, so a file must contain only one network.
async fn of_one_network(filter: &mut Filter, store: &Store) -> Result<(), Error> {
    if filter.chain.is_some() {
        return Ok(());
    }
    let counts = store.count_by(Column::Chain, filter).await?;
    match counts.as_slice() {
        [] => Ok(()),
        [(chain, _)] => {
            filter.chain = chain.as_deref().map(Into::into);
            Ok(())
        }
        _ => {
            let chains = chains(store, filter).await?;
            Err(Error::Usage(format!(
                "the format does not tell networks apart; name one with --chain: there are {chains}"
            )))
        }
    }
}

/// What the network's seeder requires of peers that it returns.
fn standard(filter: &Filter) -> Standard {
    let chain = filter.chain.as_ref().and_then(in_table);
    let (version, height) = match chain {
        // The values of Bitcoin's own seeder. (bitcoin-seeder: bitcoin.h REQUIRE_HEIGHT, db.h IsGood)
        Some(chain) if chain.name == "bitcoin" => (70_001, 350_000),
        Some(chain) => (chain.params.min_peer_version, 0),
        None => (0, 0),
    };
    let port = chain.map_or(0, |chain| chain.port);
    Standard { port, version, height, ..UNUSED_STANDARD }
}
