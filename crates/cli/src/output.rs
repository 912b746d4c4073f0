//! Prints results as they come: for people, as JSON Lines, or as CSV.

mod csv;
mod human;

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use anstyle::Style;
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::{ColorChoice, Format, Global};
use crate::report::{Report, Summary, in_milliseconds};
use crate::trace;

/// Something to print.
#[derive(Debug)]
pub enum Line {
    /// A result.
    Report(Box<Report>),
    /// A message that passed.
    Message(Box<trace::Line>),
}

impl Line {
    /// The result, if it is one.
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::Report(report) => Some(report),
            Self::Message(_) => None,
        }
    }
}

/// Whoever reads our output has gone. That is not an error, but nothing is left to do.
#[derive(Debug)]
pub struct ReaderGone;

/// Prints results.
#[derive(Debug)]
pub struct Printer {
    format: Format,
    quiet: bool,
    paint: Paint,
    progress: Option<ProgressBar>,
    summary: Summary,
    started: Instant,
    buffer: Vec<u8>,
    header_due: bool,
}

impl Printer {
    /// A printer to standard output.
    pub fn new(global: &Global) -> Self {
        let format = global.format();
        let terminal = io::stdout().is_terminal();
        let progress = terminal && io::stderr().is_terminal() && format == Format::Human && !global.quiet;
        Self {
            format,
            quiet: global.quiet,
            paint: Paint::new(global.color, terminal),
            progress: progress.then(progress_bar),
            summary: Summary::default(),
            started: Instant::now(),
            buffer: Vec::new(),
            header_due: format == Format::Csv,
        }
    }

    /// How many attempts there will be in all, as far as is known.
    pub fn expect(&self, attempts: u64) {
        if let Some(progress) = &self.progress {
            progress.set_length(attempts);
        }
    }

    /// Prints these lines with one write. It may block: a reader that is slow must not stop connections from being
    /// served, so this has no place on a thread that serves them.
    ///
    /// # Errors
    /// If nobody reads them.
    pub fn print(&mut self, lines: impl IntoIterator<Item = Line>) -> Result<(), ReaderGone> {
        for line in lines {
            match line {
                Line::Report(report) => {
                    self.summary.add(&report.verdict);
                    self.format_report(&report);
                }
                Line::Message(message) => self.format_message(&message),
            }
        }
        if let Some(progress) = &self.progress {
            progress.set_position(self.summary.attempts);
        }
        self.flush()
    }

    /// Prints the summary, and returns it.
    ///
    /// # Errors
    /// If nobody reads it.
    pub fn finish(mut self) -> Result<Summary, ReaderGone> {
        if let Some(progress) = self.progress.take() {
            progress.finish_and_clear();
        }
        let elapsed = self.started.elapsed();
        self.summary.elapsed_ms = in_milliseconds(elapsed);
        match self.format {
            Format::Json => write_json(&mut self.buffer, &self.summary),
            Format::Human if !self.quiet => human::write_summary(&mut self.buffer, &self.summary, elapsed, self.paint),
            Format::Csv if !self.quiet => say!("{}", human::last_line(&self.summary, elapsed)),
            Format::Human | Format::Csv => {}
        }
        self.flush()?;
        Ok(self.summary)
    }

    fn format_report(&mut self, report: &Report) {
        let out = &mut self.buffer;
        match self.format {
            Format::Human => human::write_report(out, report, self.paint),
            Format::Json => write_json(out, report),
            Format::Csv => csv::write_report(out, report, std::mem::take(&mut self.header_due)),
        }
    }

    fn format_message(&mut self, message: &trace::Line) {
        let mut text = String::new();
        match self.format {
            Format::Json => return write_json(&mut self.buffer, message),
            Format::Human | Format::Csv => message.write_human(&mut text),
        }
        if self.format == Format::Csv {
            // Among rows of results it would be out of place.
            say!("{}", text.trim_end());
        } else {
            self.buffer.extend_from_slice(text.as_bytes());
        }
    }

    fn flush(&mut self) -> Result<(), ReaderGone> {
        let mut stdout = io::stdout().lock();
        let mut write = || stdout.write_all(&self.buffer).and_then(|()| stdout.flush());
        let written = match &self.progress {
            Some(progress) => progress.suspend(write),
            None => write(),
        };
        self.buffer.clear();
        written.map_err(|error| {
            if error.kind() != io::ErrorKind::BrokenPipe {
                say!("error: cannot write to standard output: {error}");
            }
            ReaderGone
        })
    }
}

fn write_json(out: &mut Vec<u8>, value: &impl serde::Serialize) {
    serde_json::to_writer(&mut *out, value).expect("reports have string keys and go to memory");
    out.push(b'\n');
}

fn progress_bar() -> ProgressBar {
    const TEMPLATE: &str = "{spinner} {pos}/{len} shaken, {per_sec}, {elapsed}";
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template(TEMPLATE).expect("the template is well formed"));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Colours text, or does not.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    on: bool,
}

impl Paint {
    fn new(choice: ColorChoice, terminal: bool) -> Self {
        let no_color = || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            on: match choice {
                ColorChoice::Auto => terminal && !no_color(),
                ColorChoice::Always => true,
                ColorChoice::Never => false,
            },
        }
    }

    /// The text in this style.
    pub fn paint(self, style: Style, text: &str) -> String {
        if self.on { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}
