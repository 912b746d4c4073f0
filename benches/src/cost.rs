//! What a program costs that runs to its end, and what a piece of work does on this thread.

use std::io::{self, BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeVal;
use rustix::time::{ClockId, clock_gettime};

use crate::Result;

/// What a program has cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// From before its start until it had ended.
    pub wall: Duration,
    /// User and system time.
    pub cpu: Duration,
}

impl Cost {
    /// Runs a program. Its standard output is a pipe that is read as it fills; its last line is returned.
    ///
    /// # Errors
    /// If it cannot be run, or does not succeed.
    pub fn of(command: &mut Command) -> Result<(Self, String)> {
        let cpu_before = cpu_of_children()?;
        let started = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let last = last_line(BufReader::with_capacity(1 << 16, child.stdout.take().expect("it is piped")))?;
        let status = child.wait()?;
        let wall = started.elapsed();
        if !status.success() {
            return Err(format!("{command:?}: {status}").into());
        }
        let cpu = cpu_of_children()? - cpu_before;
        Ok((Self { wall, cpu }, last))
    }
}

/// Of those that have ended and were waited for.
fn cpu_of_children() -> io::Result<Duration> {
    let usage: Usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    Ok(duration(usage.user_time()) + duration(usage.system_time()))
}

fn duration(time: TimeVal) -> Duration {
    let part = |part: i64| u64::try_from(part).unwrap_or_default();
    Duration::from_secs(part(time.tv_sec())) + Duration::from_micros(part(time.tv_usec()))
}

/// Microseconds of this thread's CPU time for one of so many calls. Each is told which it is.
pub fn cpu_of(times: usize, work: impl FnMut(usize)) -> f64 {
    let before = cpu_of_thread();
    (0..times).for_each(work);
    let cpu = cpu_of_thread() - before;
    #[expect(clippy::cast_precision_loss, reason = "there are less than 2^53")]
    let times = times as f64;
    cpu.as_secs_f64() * 1e6 / times
}

/// To the nanosecond; `getrusage` counts a thread that runs by ticks.
fn cpu_of_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.try_into().expect("it only grows, from 0")
}

fn last_line(mut output: impl BufRead) -> io::Result<String> {
    let (mut line, mut last) = (String::new(), String::new());
    while output.read_line(&mut line)? > 0 {
        std::mem::swap(&mut line, &mut last);
        line.clear();
    }
    Ok(last)
}
