//! `verack crawl` in its own process, and the contents of its database afterwards.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ::peers::{Filter, Peer, Sort, SortBy};
use ::store::Store;
use serde_json::Value;
use simnet::{Census, Faults};

use crate::Result;
use crate::compare::{Findings, Runs};
use crate::flights::CHAIN;
use crate::population::Simulated;

/// A crawl, ready to run.
pub struct Crawler {
    program: PathBuf,
    args: Vec<OsString>,
    /// Its database.
    pub db: PathBuf,
}

/// The result of a crawl.
pub struct Crawled {
    /// Time from before its start to its end.
    pub wall: Duration,
    /// KiB resident, at most.
    pub peak: u64,
    /// The last line of its output.
    pub summary: Value,
}

impl Crawler {
    /// A crawl by this program, from a population's seeds, with these options.
    pub fn new(program: &Path, simulated: &Simulated, db: PathBuf, options: &[&str]) -> Self {
        let mut args: Vec<OsString> = ["crawl", "--json", "-q", "--chain", CHAIN, "--db"].map(Into::into).into();
        args.push(db.clone().into());
        args.extend(options.iter().map(Into::into));
        args.extend(simulated.seeds().map(|seed| seed.to_string().into()));
        Self { program: program.into(), args, db }
    }

    /// Starts it. Its standard output is a pipe, to be read as it fills.
    pub fn start(&self) -> Result<(Child, BufReader<ChildStdout>)> {
        let mut command = Command::new(&self.program);
        let mut child = command.args(&self.args).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let output = BufReader::with_capacity(1 << 16, child.stdout.take().expect("it is piped"));
        Ok((child, output))
    }

    /// Runs it to its end.
    pub fn run(&self) -> Result<Crawled> {
        let started = Instant::now();
        let (mut child, mut output) = self.start()?;
        let id = child.id();
        let peak = thread::spawn(move || peak(id));
        let (mut line, mut last) = (Vec::new(), Vec::new());
        while output.read_until(b'\n', &mut line)? > 0 {
            std::mem::swap(&mut line, &mut last);
            line.clear();
        }
        let status = child.wait()?;
        let wall = started.elapsed();
        if !status.success() {
            return Err(format!("the crawl: {status}").into());
        }
        let peak = peak.join().map_err(|_| "its memory cannot be read")?;
        Ok(Crawled { wall, peak, summary: serde_json::from_slice(&last)? })
    }

    /// Compares its database with the real nodes.
    pub fn compare(&self, simulated: &Simulated) -> Result<Faults> {
        let mut census = Census::new(simulated.topology, simulated.ports, 0);
        self.ask(async |store| store.reasons(|address, reason| census.note(address, reason)).await)?;
        Ok(census.conclude())
    }

    /// Reads the peers of its database.
    pub fn each(&self, read: impl FnMut(Peer)) -> Result<()> {
        let known = Sort { by: SortBy::Known, descending: false };
        self.ask(async |store| store.peers(&Filter::default(), known, None).for_each(read).await)
    }

    fn ask(&self, question: impl AsyncFnOnce(&Store) -> std::result::Result<(), ::peers::Error>) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let store = Store::open(&self.db).await?;
            question(&store).await?;
            store.close().await;
            Ok(())
        })
    }
}

/// The peak of a process's resident memory in KiB, as observed until it ends.
fn peak(id: u32) -> u64 {
    const EVERY: Duration = Duration::from_millis(20);
    let seen = || {
        let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    };
    let mut peak = 0;
    while let Some(now) = seen() {
        peak = now;
        thread::sleep(EVERY);
    }
    peak
}

/// Prints whether a map has no faults.
pub fn find_faults(findings: &mut Findings, faults: &Faults) {
    println!("the database: {faults}");
    let Faults { missed, invented, unheard, untried, misjudged, strange, .. } = faults;
    let count = |count: &u32| -> Runs { [f64::from(*count)].into_iter().collect() };
    findings.at_most(0.0, "reachable nodes missed", &count(missed));
    findings.at_most(0.0, "reachable nodes invented", &count(invented));
    findings.at_most(0.0, "other faults of the map", &count(&(unheard + untried + misjudged + strange)));
}
