//! Makes our key, and shows our identity with it.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::args::{Format, Global, Key};
use crate::exit::{Error, Exit};
use crate::key_file;
use probe::key::{self, Secret};
use probe::report::Text;
use probe::stamp::Stamp;
use probe::trace::hex;

/// The public facts about a key: never the key itself.
#[derive(Serialize)]
#[serde(tag = "type", rename = "key")]
struct KeyReport {
    started: Stamp,
    file: String,
    made: bool,
    ethereum_node_id: Text<ethereum::PublicKey>,
    lightning_node_id: Text<lightning::NodeId>,
    libp2p_peer_id: Text<libp2p::PeerId>,
}

/// Runs the command.
pub fn run(args: &Key, global: &Global) -> Result<Exit, Error> {
    let (started, file) = (Stamp::now(), &args.file);
    let made = make(file)?;
    let secret = key_file::read(file)?;
    let unfit = || Error::Usage(format!("the number in {} is no key: it is 0, or too large", file.display()));
    let shown = KeyReport {
        started,
        file: file.display().to_string(),
        made,
        ethereum_node_id: Text(ethereum::SecretKey::new(*secret).ok_or_else(unfit)?.public()),
        lightning_node_id: Text(lightning::SecretKey::new(*secret).ok_or_else(unfit)?.node_id()),
        libp2p_peer_id: Text(libp2p::Identity::new(*secret).peer_id()),
    };
    match write(&mut io::stdout().lock(), &shown, global) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::local("cannot write to standard output", error))
        }
        _ => Ok(Exit::Success),
    }
}

/// Makes a file with a fresh key, readable only by its owner. An existing file is not changed.
fn make(path: &Path) -> Result<bool, Error> {
    const OURS_ALONE: u32 = 0o600;
    let cannot = |error| Error::local(format!("cannot make {}", path.display()), error);
    let mut file = match OpenOptions::new().write(true).create_new(true).mode(OURS_ALONE).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(cannot(error)),
    };
    let secret: Secret = key::fresh(|bytes| ethereum::SecretKey::new(bytes).map(|_| Secret::new(bytes)));
    let mut line = Zeroizing::new(hex(&*secret));
    line.push('\n');
    if let Err(error) = file.write_all(line.as_bytes()).and_then(|()| file.sync_all()) {
        // Half a key would block the next attempt.
        let _ = fs::remove_file(path);
        return Err(cannot(error));
    }
    Ok(true)
}

fn write(out: &mut impl Write, shown: &KeyReport, global: &Global) -> io::Result<()> {
    let KeyReport { file, made, ethereum_node_id: Text(enode), lightning_node_id: Text(node_id), .. } = shown;
    let Text(peer_id) = &shown.libp2p_peer_id;
    match global.format() {
        Format::Human => {
            if *made && !global.quiet {
                say!("made a new key in {file}; keep it secret");
            }
            writeln!(out, "ethereum   enode://{enode}@HOST:{}", ethereum::enode::DEFAULT_PORT)?;
            writeln!(out, "lightning  {node_id}@HOST:{}", lightning::CHAINS[0].port)?;
            writeln!(out, "libp2p     /dns/HOST/tcp/4001/p2p/{peer_id}")
        }
        Format::Json => {
            serde_json::to_writer(&mut *out, shown)?;
            writeln!(out)
        }
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(out);
            writer.write_record([
                "file",
                "made",
                "ethereum_node_id",
                "lightning_node_id",
                "libp2p_peer_id",
                "started",
            ])?;
            let rest = [enode.to_string(), node_id.to_string(), peer_id.to_string(), shown.started.to_string()];
            writer.write_record([file, &made.to_string()].into_iter().chain(&rest))?;
            writer.flush()
        }
    }
}
