//! Prints results as they come: for people, as JSON Lines, or as CSV.

mod csv;
mod human;
mod message;
mod queue;

use std::io::{self, IsTerminal, Write};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use anstyle::Style;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tokio::time::Instant;

pub use self::csv::flat;
#[cfg(feature = "crawl")]
pub use self::human::{BAD, DIM, GOOD, HALF};
#[cfg(feature = "crawl")]
pub use self::queue::Results;
pub use self::queue::{Unprinted, Watcher, queue};
use crate::args::{ColorChoice, Format, Global, TraceLevel};
use crate::summary::Summary;
use probe::ledger::Ledger;
use probe::plan::Planned;
use probe::report::{HeldReport, Report, in_milliseconds};
use probe::stamp::Stamp;
use probe::trace;

/// Text to write.
#[derive(Debug, Default)]
pub struct Text {
    /// For standard output.
    out: Vec<u8>,
    /// For standard error.
    err: Vec<u8>,
}

impl Text {
    /// Text for standard output.
    pub fn of_output(out: Vec<u8>) -> Self {
        Self { out, err: Vec::new() }
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The length in bytes.
    pub fn len(&self) -> usize {
        self.out.len() + self.err.len()
    }

    fn clear(&mut self) {
        self.out.clear();
        self.err.clear();
    }
}

/// Formats results.
#[derive(Debug)]
pub struct Printer {
    format: Format,
    quiet: bool,
    trace: Option<TraceLevel>,
    paint: Paint,
    ledger: Arc<Ledger>,
    summary: Summary,
    /// How many attempts are expected so far.
    expected: u64,
    /// How many addresses would be dialled.
    planned: u64,
    started: Instant,
    text: Text,
    header_due: bool,
    /// Whether to print each result.
    each: bool,
    /// Whether to print a summary.
    sum: bool,
}

impl Printer {
    /// A printer for these arguments.
    pub fn new(global: &Global) -> Self {
        let format = global.format();
        Self {
            format,
            quiet: global.quiet,
            trace: global.trace,
            paint: Paint::of_stdout(global),
            ledger: Arc::default(),
            summary: Summary::default(),
            expected: 0,
            planned: 0,
            started: Instant::now(),
            text: Text::default(),
            header_due: format == Format::Csv,
            each: true,
            sum: true,
        }
    }

    /// A printer without a summary; prints single results only with `each`.
    pub fn without_summary(global: &Global, each: bool) -> Self {
        Self { each, sum: false, ..Self::new(global) }
    }

    /// Adds to the summary the results of each name in this ledger.
    pub fn with_names(self, ledger: Arc<Ledger>) -> Self {
        Self { ledger, ..self }
    }

    fn report(&mut self, report: &Report<'_>) {
        self.summary.add(report);
        let out = &mut self.text.out;
        match self.format {
            _ if !self.each => {}
            Format::Human => human::write_report(out, report, self.paint),
            Format::Json => report.write_json(out),
            Format::Csv => {
                if mem::take(&mut self.header_due) {
                    csv::write_header(out);
                }
                csv::write_report(out, report);
            }
        }
    }

    fn held(&mut self, held: &HeldReport<'_>) {
        self.summary.add_held(held);
        match self.format {
            Format::Json => write_json(&mut self.text.out, held),
            Format::Human => human::write_held(&mut self.text.out, held, self.paint),
            // It has no place among rows of handshakes.
            Format::Csv => human::write_held(&mut self.text.err, held, self.paint),
        }
    }

    fn message(&mut self, message: &trace::Line<'_>) {
        match self.format {
            Format::Json => message::write_object(&mut self.text.out, message, self.trace),
            Format::Human => message::write_human(&mut self.text.out, message, self.trace),
            // It has no place among rows of results.
            Format::Csv => message::write_human(&mut self.text.err, message, self.trace),
        }
    }

    fn planned(&mut self, planned: &Planned<'_>) {
        self.planned += 1;
        match self.format {
            Format::Json => write_json(&mut self.text.out, planned),
            Format::Human | Format::Csv => human::write_planned(&mut self.text.out, planned),
        }
    }

    /// The number of results so far.
    fn results(&self) -> u64 {
        self.summary.attempts
    }

    fn finish(&mut self, interrupted: bool) -> (Summary, Text) {
        let elapsed = self.started.elapsed();
        self.summary.started = Some(Stamp::of(self.started));
        self.summary.elapsed_ms = in_milliseconds(elapsed);
        self.summary.ended = if interrupted { "interrupted" } else { "complete" };
        self.summary.names = self.ledger.tallies();
        self.summary.planned = self.planned;
        let Text { out, err } = &mut self.text;
        if self.each && mem::take(&mut self.header_due) {
            csv::write_header(out);
        }
        let last = human::LastLine { summary: &self.summary, elapsed, interrupted };
        match self.format {
            _ if !self.sum => {}
            Format::Json => write_json(out, &self.summary),
            Format::Human if !self.quiet => human::write_summary(out, last, self.paint),
            Format::Csv if !self.quiet => human::write_last_line(err, last),
            Format::Human | Format::Csv => {}
        }
        (mem::take(&mut self.summary), mem::take(&mut self.text))
    }
}

/// The number of addresses that would be dialled. The JSON form is stable: fields are added, never renamed.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "plan")]
struct Plan {
    started: Stamp,
    planned: u64,
    left_out: u64,
}

/// The last line of a run with `--plan` that began at `started`.
pub fn plan_line(summary: &Summary, started: Instant, format: Format) -> Vec<u8> {
    let (planned, left_out) = (summary.planned, summary.attempts);
    let mut line = Vec::new();
    match format {
        Format::Json => write_json(&mut line, &Plan { started: Stamp::of(started), planned, left_out }),
        Format::Human | Format::Csv => human::write_plan(&mut line, planned, left_out),
    }
    line
}

/// Why nothing more can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwritable {
    /// The reader has closed the pipe. That is not an error, but nothing is left to do.
    ReaderGone,
    /// Another error, such as a full disk. The user has been told.
    Failed,
}

/// The destination of text.
#[derive(Clone, Debug)]
pub struct Screen {
    progress: Option<ProgressBar>,
}

impl Screen {
    /// Standard output, with a progress line below it if it is a terminal and the format is for people.
    pub fn new(global: &Global) -> Self {
        let terminals = io::stdout().is_terminal() && io::stderr().is_terminal();
        let progress = terminals && global.format() == Format::Human && !global.quiet;
        Self { progress: progress.then(progress_bar) }
    }

    /// Only standard output.
    #[cfg(feature = "crawl")]
    pub fn plain() -> Self {
        Self { progress: None }
    }

    /// Shows the progress. `expected` is 0 if the total is unknown.
    pub fn progress(&self, results: u64, expected: u64) {
        let Some(progress) = &self.progress else { return };
        let of = if expected > 0 { format!("/{expected}") } else { String::new() };
        #[expect(clippy::cast_precision_loss, reason = "for people, and below 2^53")]
        let rate = results as f64 / progress.elapsed().as_secs_f64().max(0.001);
        progress.set_message(format!("{results}{of} shaken, {rate:.0}/s"));
    }

    /// Removes the progress line.
    pub fn clear(&self) {
        if let Some(progress) = &self.progress {
            progress.finish_and_clear();
        }
    }

    /// Writes text at once. It may block, and a slow reader must not stop connections, so never call it on the thread
    /// that serves them.
    ///
    /// # Errors
    /// If the reader is gone, or the text cannot be written.
    pub fn write(&self, text: &Text) -> Result<(), Unwritable> {
        let write = || {
            // A closed standard error is no error.
            let _ = io::stderr().write_all(&text.err);
            let mut stdout = io::stdout().lock();
            stdout.write_all(&text.out).and_then(|()| stdout.flush())
        };
        let written = match &self.progress {
            Some(progress) => progress.suspend(write),
            None => write(),
        };
        written.map_err(|error| {
            if error.kind() == io::ErrorKind::BrokenPipe {
                return Unwritable::ReaderGone;
            }
            say!("error: cannot write to standard output: {error}");
            Unwritable::Failed
        })
    }
}

/// Appends one line.
pub fn write_json(out: &mut Vec<u8>, value: &impl serde::Serialize) {
    serde_json::to_writer(&mut *out, value).expect("reports have string keys and go to memory");
    out.push(b'\n');
}

fn progress_bar() -> ProgressBar {
    const TEMPLATE: &str = "{spinner} {msg}, {elapsed}";
    let bar = ProgressBar::new_spinner().with_message("0 shaken");
    bar.set_style(ProgressStyle::with_template(TEMPLATE).expect("the template is well formed"));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Applies colours, or does not.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// For standard output.
    pub fn of_stdout(global: &Global) -> Self {
        Self::new(global.color, io::stdout().is_terminal())
    }

    /// Combines the user's choice with whether the output is a terminal.
    pub fn new(choice: ColorChoice, terminal: bool) -> Self {
        let no_color = || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = || std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        Self {
            on: match choice {
                ColorChoice::Auto => terminal && !no_color() && !dumb(),
                ColorChoice::Always => true,
                ColorChoice::Never => false,
            },
        }
    }

    /// The text with this style.
    pub fn paint(self, style: Style, text: &str) -> String {
        if self.on { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}
