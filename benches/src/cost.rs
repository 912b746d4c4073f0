//! The cost of a program that runs to its end, and of a piece of work on this thread.

use std::io::{self, BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeVal;
use rustix::time::{ClockId, clock_gettime};

use crate::Result;

/// The cost of a program.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Time from before its start to its end.
    pub wall: Duration,
    /// User and system time.
    pub cpu: Duration,
}

impl Cost {
    /// Runs a program. Its standard output is a pipe that is read as it fills; returns its last line.
    ///
    /// # Errors
    /// If it cannot be run, or fails.
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

/// Of children that have ended and were waited for.
fn cpu_of_children() -> io::Result<Duration> {
    let usage: Usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    Ok(duration(usage.user_time()) + duration(usage.system_time()))
}

fn duration(time: TimeVal) -> Duration {
    let part = |part: i64| u64::try_from(part).unwrap_or_default();
    Duration::from_secs(part(time.tv_sec())) + Duration::from_micros(part(time.tv_usec()))
}

/// Microseconds of this thread's CPU time per call, over `times` calls. Each call gets its number.
pub fn cpu_of(times: usize, work: impl FnMut(usize)) -> f64 {
    let before = cpu_of_thread();
    (0..times).for_each(work);
    let cpu = cpu_of_thread() - before;
    #[expect(clippy::cast_precision_loss, reason = "there are less than 2^53")]
    let times = times as f64;
    cpu.as_secs_f64() * 1e6 / times
}

/// In nanoseconds; `getrusage` counts a running thread in ticks.
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
