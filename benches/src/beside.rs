//! The CPU time of handshakes, compared with that of the work which no implementation can avoid.

use crate::Result;
use crate::compare::{Findings, Runs};
use crate::cost::cpu_of;
use crate::program::print_machine;

/// The parameters of a measurement.
#[derive(Clone, Copy, Debug)]
pub struct Beside {
    /// Handshakes in each round.
    pub times: usize,
    pub rounds: usize,
    /// Name of the bare work: `curve operations`.
    pub bare: &'static str,
    /// The greatest ratio of CPU time to that of the bare work.
    pub most: f64,
}

impl Beside {
    /// Prints the machine and the number of runs.
    pub fn begin(self) -> Result<Self> {
        print_machine()?;
        println!("{} handshakes, {} rounds", self.times, self.rounds);
        Ok(self)
    }

    /// Measures the handshakes of `who` alternately with the bare work. Both closures get the number of the call.
    pub fn measure(
        &self,
        who: &str,
        mut whole: impl FnMut(usize),
        mut bare: impl FnMut(usize),
        findings: &mut Findings,
    ) {
        let mut round = |_| (cpu_of(self.times, &mut whole), cpu_of(self.times, &mut bare));
        // The first round runs with cold caches.
        let costs: Vec<_> = (0..=self.rounds).map(&mut round).skip(1).collect();
        let ours: Runs = costs.iter().map(|(whole, _)| *whole).collect();
        let floor: Runs = costs.iter().map(|(_, bare)| *bare).collect();
        println!("{who}: {ours:.1} µs of CPU each; bare {}: {floor:.1} µs", self.bare);
        let ratios = costs.iter().map(|(whole, bare)| whole / bare).collect();
        findings.at_most(self.most, &format!("CPU time of the {who} by that of its bare {}", self.bare), &ratios);
    }
}
