//! Reads peers from files, and continues after lines that it cannot read.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};

use bitcoin::Chain;
use peers::{BadLine, Format, ImportError, Importer, Origin, Time, Writer};
use serde::Serialize;

use super::super::printed;
use super::{list, stdout};
use crate::args::{self, Global, Import};
use crate::database::Database;
use crate::exit::{Error, Exit};
use probe::stamp::Stamp;

/// Bad lines of a file to report singly. A file of another kind may have a million.
const NAMED: u64 = 20;

/// The result of importing a file.
#[derive(Serialize)]
#[serde(tag = "type", rename = "import")]
struct Imported<'f> {
    started: Stamp,
    file: &'f str,
    format: &'static str,
    peers: u64,
    bad_lines: u64,
}

/// Runs the command.
pub async fn run(args: &Import, database: &Database, global: &Global) -> Result<Exit, Error> {
    // Report a file that cannot be opened before storing anything.
    let inputs: Vec<_> = args.files.iter().map(|name| open(name)).collect::<Result<_, _>>()?;
    let book = database.open().await?;
    let writer = book.writer().await?;
    let mut exit = Exit::Success;
    for (name, input) in args.files.iter().zip(inputs) {
        let taken = import(name, input, args, &writer).await;
        // Store also what came before a read error.
        writer.flush().await?;
        let imported = taken?;
        if imported.bad_lines > 0 {
            exit = Exit::NotReached;
        }
        report(&imported, global)?;
    }
    writer.close().await?;
    book.close().await;
    Ok(exit)
}

fn open(name: &str) -> Result<Box<dyn BufRead>, Error> {
    let unread = |error| Error::local(format_args!("cannot read {name}"), error);
    if name == "-" {
        return peers::unpack(Box::new(io::stdin().lock())).map_err(unread);
    }
    let file = File::open(name).map_err(unread)?;
    if file.metadata().map_err(unread)?.is_dir() {
        return Err(Error::local(format_args!("cannot read {name}"), "it is a directory"));
    }
    peers::unpack(Box::new(BufReader::new(file))).map_err(unread)
}

async fn import<'f>(
    name: &'f str,
    mut input: Box<dyn BufRead>,
    args: &Import,
    writer: &Writer,
) -> Result<Imported<'f>, Error> {
    let started = Stamp::now();
    let unread = |error| Error::local(format_args!("cannot read {name}"), error);
    if list::is_table(input.fill_buf().map_err(unread)?) {
        return Err(Error::Usage(format!(
            "{name} is a table, which is for people and leaves things out; export JSON Lines (--as jsonl) instead"
        )));
    }
    if let Some(Chain { name: chain, .. }) = Chain::of_peers_dat(input.fill_buf().map_err(unread)?) {
        return Err(Error::Usage(format!(
            "{name} is the peers.dat of a {chain} node; 'bitcoin-cli getnodeaddresses 0 > FILE' writes what can be imported"
        )));
    }
    let format = match args.file_format {
        Some(format) => format,
        None => Format::guess(input.fill_buf().map_err(unread)?),
    };
    let origin = Origin {
        name: name.into(),
        chain: args.chain.name.into(),
        port: args.chain.port,
        now: Time::now(),
        source: name.into(),
    };
    let mut imported = Imported { started, file: name, format: format.name(), peers: 0, bad_lines: 0 };
    let importer = Importer::new(format, origin, input);
    let peers = peers::import(importer, writer, |line| imported.refuse(&line)).await;
    imported.peers = peers.map_err(|error| match error {
        ImportError::Book(error) => error.into(),
        ImportError::Io(error) => unread(error),
        other => Error::Local(other.to_string()),
    })?;
    Ok(imported)
}

impl Imported<'_> {
    fn refuse(&mut self, line: &BadLine) {
        self.bad_lines += 1;
        if self.bad_lines <= NAMED {
            say!("{line}");
        }
    }
}

fn report(imported: &Imported<'_>, global: &Global) -> Result<(), Error> {
    let Imported { file, format, peers, bad_lines, .. } = imported;
    if *bad_lines > NAMED {
        say!("{file}: and {} more lines", bad_lines - NAMED);
    }
    let mut out = stdout();
    let written = match global.format() {
        args::Format::Json => {
            serde_json::to_writer(&mut out, imported).map_err(Into::into).and_then(|()| writeln!(out))
        }
        _ if global.quiet => Ok(()),
        args::Format::Human | args::Format::Csv => {
            let bad = match bad_lines {
                0 => String::new(),
                1 => ", 1 bad line".to_owned(),
                _ => format!(", {bad_lines} bad lines"),
            };
            writeln!(out, "{file}: {peers} {} as {format}{bad}", if *peers == 1 { "peer" } else { "peers" })
        }
    };
    printed(written.and_then(|()| out.flush())).map(drop)
}
