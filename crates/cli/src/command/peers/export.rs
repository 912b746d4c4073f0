//! Writes peers in the formats of other programs.

use peers::{Book, EscapedText, ExportError, Format, NotOneNetwork};

use super::{Selection, in_words, list, stdout, unprinted};
use crate::args::{self, Export, FileFormat, Global};
use crate::exit::{Error, Exit};
use crate::output::Paint;

/// Runs the command.
pub async fn run(args: &Export, book: &dyn Book, global: &Global) -> Result<Exit, Error> {
    let mut selection = Selection::new(&args.query)?;
    let format = match args.file_format.unwrap_or(default_format(global)) {
        FileFormat::Table => {
            let written = list::write_table(&selection, book, Paint::of_stdout(global), stdout()).await;
            return exit(written, global);
        }
        FileFormat::Jsonl => Format::JsonLines,
        FileFormat::Csv => Format::Csv,
        FileFormat::Bitnodes => Format::Bitnodes,
        FileFormat::Dnsseed => Format::Dnsseed,
        FileFormat::List => Format::List,
    };
    if !format.tells_networks_apart() {
        selection.filter = peers::of_one_network(book, &selection.filter).await.map_err(not_one)?;
    }
    let Selection { filter, sort, limit } = &selection;
    let standard = crawl::standard(filter.chain.as_ref().map(EscapedText::as_str));
    exit(peers::export(book, format, (filter, *sort, *limit), standard, stdout()).await, global)
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

fn not_one(error: NotOneNetwork) -> Error {
    match error {
        NotOneNetwork::Book(error) => error.into(),
        NotOneNetwork::Several(counts) => Error::Usage(format!(
            "the format does not tell networks apart; name one with --chain: there are {}",
            in_words(counts)
        )),
        other => Error::Local(other.to_string()),
    }
}
