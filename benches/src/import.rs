//! Imports of peer files of all kinds and any size: the memory that they take, and whether the time grows in proportion
//! to the file.
//!
//! Each kind of file is made in two sizes; the second is four times as large.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::compare::{Findings, Runs};
use crate::program::{print_machine, verack};

/// MiB resident, at most, for any file.
const MOST_RESIDENT: f64 = 64.0;

/// The greatest growth of the time, relative to the file's. A table of two million rows is one level deeper than one of
/// a quarter of that, and less of it is in the processor's caches.
const MOST_GROWTH: f64 = 1.5;

/// Different addresses in a file, about as many as are known of the largest networks; then they repeat.
const DIFFERENT: usize = 2_000_000;

/// A kind of file: its start, its rows, and the separator of rows.
struct Kind {
    name: &'static str,
    head: &'static str,
    row: fn(&str) -> String,
    between: &'static str,
}

const KINDS: [Kind; 10] = [
    Kind { name: "addresses", head: "", row: |ip| format!("{ip}:8333"), between: "\n" },
    Kind {
        name: "JSON Lines",
        head: "",
        row: |ip| {
            format!(r#"{{"address":"{ip}:8333","chain":"bitcoin","services":1033,"user_agent":"/Satoshi:27.0.0/"}}"#)
        },
        between: "\n",
    },
    Kind {
        name: "CSV",
        head: "address,chain,services,user_agent\n",
        row: |ip| format!("{ip}:8333,bitcoin,1033,/Satoshi:27.0.0/"),
        between: "\n",
    },
    Kind {
        name: "a seeder's dump",
        head: "# address good\n",
        row: |ip| {
            format!("{ip}:8333 1 1700000000 99.0% 98.0% 97.0% 90.0% 80.0% 900000 00000409 70016 \"/Satoshi:27.0.0/\"")
        },
        between: "\n",
    },
    Kind { name: "bitnodes", head: "[", row: |ip| format!("[\"{ip}\",8333,1033,900000]"), between: "," },
    Kind {
        name: "getnodeaddresses",
        head: "[",
        row: |ip| format!(r#"{{"time":1700000000,"services":1033,"address":"{ip}","port":8333,"network":"ipv4"}}"#),
        between: ",",
    },
    Kind { name: "objects that name nothing", head: "[", row: |_| "{\"\":1}".to_owned(), between: "," },
    Kind { name: "arrays without an end", head: "", row: |_| "[".to_owned(), between: "" },
    Kind { name: "one line without an end", head: "", row: |_| "a".to_owned(), between: "" },
    Kind { name: "zero bytes", head: "", row: |_| "\0".to_owned(), between: "" },
];

/// Reads files of a quarter of this size and of this size, in MiB.
pub fn measure(mib: u64) -> Result<Findings> {
    let verack = verack()?;
    print_machine()?;
    let directory = tempfile::tempdir()?;
    let (mut resident, mut growth) = (Vec::new(), Vec::new());
    for kind in &KINDS {
        let run = |mib: u64| {
            let [file, db] = ["peers.txt", "peers.sqlite"].map(|name| directory.path().join(name));
            kind.write(&file, mib << 20)?;
            read(&verack, &file, &db)
        };
        let ((quarter, _), (whole, most)) = (run(mib / 4)?, run(mib)?);
        println!(
            "{:<26} {quarter:6.2} s for {} MiB, {whole:6.2} s for {mib}, {most:4.1} MiB resident",
            kind.name,
            mib / 4
        );
        resident.push(most);
        growth.push(whole / quarter / 4.0);
    }
    let worst = |values: &[f64]| -> Runs { [values.iter().copied().fold(0.0, f64::max)].into_iter().collect() };
    let mut findings = Findings::default();
    findings.at_most(MOST_RESIDENT, "MiB resident, the worst of them", &worst(&resident));
    findings.at_most(MOST_GROWTH, "growth of time by that of the file, the worst of them", &worst(&growth));
    Ok(findings)
}

impl Kind {
    /// Writes a file of this size.
    fn write(&self, path: &Path, size: u64) -> Result<()> {
        let mut file = BufWriter::with_capacity(1 << 20, fs::File::create(path)?);
        file.write_all(self.head.as_bytes())?;
        let mut written = self.head.len() as u64;
        let mut nth = 0;
        while written < size {
            // All of them are globally routable.
            let [_, b, c, d] = u32::try_from(nth % DIFFERENT)?.to_be_bytes();
            let text =
                format!("{}{}", if nth == 0 { "" } else { self.between }, (self.row)(&format!("{}.{c}.{d}.7", 60 + b)));
            file.write_all(text.as_bytes())?;
            written += text.len() as u64;
            nth += 1;
        }
        Ok(file.flush()?)
    }
}

/// Imports a file into an empty database. Returns the seconds that it took, and the peak of resident MiB.
fn read(verack: &Path, file: &Path, db: &Path) -> Result<(f64, f64)> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = db.as_os_str().to_owned();
        name.push(suffix);
        let _ = fs::remove_file(name);
    }
    let started = Instant::now();
    // A file without a peer gives an error; the measurement counts all the same.
    let mut child = Command::new(verack)
        .args(["peers", "import", "--db"])
        .args([db, file])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut most: f64 = 0.0;
    while child.try_wait()?.is_none() {
        most = most.max(peak(&child).unwrap_or_default());
        thread::sleep(Duration::from_millis(5));
    }
    Ok((started.elapsed().as_secs_f64(), most))
}

/// The peak of resident MiB so far.
fn peak(child: &Child) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kib / 1024.0)
}
