//! The progress of a crawl: an updated line on a terminal, or else a line in the log every few seconds.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::Instant;

use crate::args::{Format, Global};
use probe::event::{Gain, Progress as State, SeedAnswer};

/// Shows the progress of a crawl.
#[derive(Debug)]
pub struct Progress {
    shown: EscapedText,
    next: Instant,
    /// When it was last shown, and the number of dials then.
    before: (Duration, u64),
    /// Recent dials a second.
    rate: f64,
}

#[derive(Debug)]
enum EscapedText {
    Bar(ProgressBar),
    Log,
    Nothing,
}

/// Minimum time between two updates of the line: none, so each event of the crawl updates it.
const BAR_EVERY: Duration = Duration::ZERO;

/// Minimum time between two lines of the log.
const LOG_EVERY: Duration = Duration::from_secs(10);

impl Progress {
    /// Chooses the form that suits standard error.
    pub fn new(global: &Global) -> Self {
        let terminals = stderr().is_terminal() && (std::io::stdout().is_terminal() || global.format() == Format::Human);
        let shown = match (global.quiet, terminals && global.format() == Format::Human) {
            (true, _) => EscapedText::Nothing,
            (false, true) => EscapedText::Bar(bar()),
            (false, false) => EscapedText::Log,
        };
        let mut progress = Self { shown, next: Instant::now(), before: (Duration::ZERO, 0), rate: 0.0 };
        progress.next += progress.every();
        progress
    }

    fn every(&self) -> Duration {
        if let EscapedText::Bar(_) = self.shown { BAR_EVERY } else { LOG_EVERY }
    }

    /// Shows the progress, if an update is due.
    pub fn show(&mut self, state: &State) {
        if matches!(self.shown, EscapedText::Nothing) || Instant::now() < self.next {
            return;
        }
        let State { elapsed, known, tried, reached, in_flight, waiting, ready, dials } = *state;
        let (then, before) = std::mem::replace(&mut self.before, (elapsed, dials));
        #[expect(clippy::cast_precision_loss, reason = "for people, and below 2^53")]
        let lately = (dials - before) as f64 / (elapsed - then).as_secs_f64().max(0.001);
        // The frequently updated line shows a smoothed rate, once there is an earlier one.
        let weight = if matches!(self.shown, EscapedText::Bar(_)) && self.rate > 0.0 { 0.1 } else { 1.0 };
        self.rate += weight * (lately - self.rate);
        let waiting = if waiting > 0 { format!(", {waiting} for later") } else { String::new() };
        let line = format!(
            "{known} known, {tried} tried, {reached} reached, {in_flight} in flight{waiting}, {:.0}/s{}",
            self.rate,
            to_go(ready, self.rate)
        );
        match &self.shown {
            EscapedText::Bar(bar) => bar.set_message(line),
            EscapedText::Log => say!("{:>6.0} s: {line}", elapsed.as_secs_f64()),
            EscapedText::Nothing => {}
        }
        self.next = Instant::now() + self.every();
    }

    /// Reports the result of asking a seed.
    pub fn tell(&self, SeedAnswer { seed, outcome }: &SeedAnswer<'_>) {
        let line = match outcome {
            Err(why) => format!("warning: {why}"),
            Ok(Gain { addresses, new, refused }) => {
                let plural = if *addresses == 1 { "address" } else { "addresses" };
                let refused = match refused {
                    0 => String::new(),
                    _ => format!(
                        ", {refused} not to be dialled: not globally routable (see --allow-private), excluded, or over a limit"
                    ),
                };
                format!("{addresses} {plural} from {seed}, {new} of them new{refused}")
            }
        };
        self.say(&line);
    }

    /// Prints another line.
    pub fn say(&self, line: &str) {
        match &self.shown {
            EscapedText::Bar(bar) => bar.println(line),
            EscapedText::Log => say!("{line}"),
            EscapedText::Nothing => {}
        }
    }

    /// Removes the updated line.
    pub fn clear(&self) {
        if let EscapedText::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

/// An estimate for the known addresses; how many more the peers will share is unknown.
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
