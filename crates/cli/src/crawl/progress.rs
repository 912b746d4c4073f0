//! How far a crawl has come: a line that changes, on a terminal, or else a line in the log every some seconds.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::Instant;

use super::map::Map;
use crate::args::{Format, Global};

/// Shows how far a crawl has come.
#[derive(Debug)]
pub struct Progress {
    shown: Shown,
    next: Instant,
    /// When something was shown last, and how many had been dialled.
    before: (Duration, u64),
    /// Dials a second of late.
    rate: f64,
}

#[derive(Debug)]
enum Shown {
    Bar(ProgressBar),
    Log,
    Nothing,
}

/// Between two looks at a line that changes.
const BAR_EVERY: Duration = Duration::from_millis(250);

/// Between two lines of the log.
const LOG_EVERY: Duration = Duration::from_secs(10);

impl Progress {
    /// As fits where standard error goes.
    pub fn new(global: &Global) -> Self {
        let terminals = stderr().is_terminal() && (std::io::stdout().is_terminal() || global.format() == Format::Human);
        let shown = match (global.quiet, terminals && global.format() == Format::Human) {
            (true, _) => Shown::Nothing,
            (false, true) => Shown::Bar(bar()),
            (false, false) => Shown::Log,
        };
        let mut progress = Self { shown, next: Instant::now(), before: (Duration::ZERO, 0), rate: 0.0 };
        progress.next += progress.every();
        progress
    }

    fn every(&self) -> Duration {
        if let Shown::Bar(_) = self.shown { BAR_EVERY } else { LOG_EVERY }
    }

    /// When it is time to show something; never if nothing is shown.
    pub fn due(&self) -> Option<Instant> {
        (!matches!(self.shown, Shown::Nothing)).then_some(self.next)
    }

    /// Shows how far it has come.
    pub fn show(&mut self, map: &Map, elapsed: Duration) {
        let counts = map.frontier.counts();
        let (then, before) = std::mem::replace(&mut self.before, (elapsed, counts.dials));
        #[expect(clippy::cast_precision_loss, reason = "for people, and below 2^53")]
        let lately = (counts.dials - before) as f64 / (elapsed - then).as_secs_f64().max(0.001);
        // What is shown often is smoothed, once there is something to smooth.
        let weight = if matches!(self.shown, Shown::Bar(_)) && self.rate > 0.0 { 0.1 } else { 1.0 };
        self.rate += weight * (lately - self.rate);
        let waiting = if counts.waiting > 0 { format!(", {} for later", counts.waiting) } else { String::new() };
        let line = format!(
            "{} known, {} tried, {} reached, {} in flight{waiting}, {:.0}/s{}",
            map.known(),
            map.tally.tried(),
            counts.reached,
            counts.in_flight,
            self.rate,
            to_go(counts.ready, self.rate)
        );
        match &self.shown {
            Shown::Bar(bar) => bar.set_message(line),
            Shown::Log => say!("{:>6.0} s: {line}", elapsed.as_secs_f64()),
            Shown::Nothing => {}
        }
        self.next = Instant::now() + self.every();
    }

    /// Says something besides.
    pub fn say(&self, line: &str) {
        match &self.shown {
            Shown::Bar(bar) => bar.println(line),
            Shown::Log => say!("{line}"),
            Shown::Nothing => {}
        }
    }

    /// Takes away the line that changes.
    pub fn clear(&self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

/// An estimate for those that are known; whom they will tell of nobody knows.
fn to_go(ready: usize, rate: f64) -> String {
    if ready == 0 || rate < 1.0 {
        return String::new();
    }
    #[expect(clippy::cast_precision_loss, reason = "for people, and below 2^53")]
    let seconds = ready as f64 / rate;
    format!(", {seconds:.0} s to go")
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    let template = "{spinner} {elapsed} {msg}";
    bar.set_style(ProgressStyle::with_template(template).expect("the template is well formed"));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
