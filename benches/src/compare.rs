//! Medians, the spread of the runs, and the check of the bounds in BENCHMARKS.md.

use std::fmt;

/// Several measurements of the same quantity.
#[derive(Clone, Debug)]
pub struct Runs(Vec<f64>);

impl Runs {
    /// In ascending order.
    fn sorted(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// The median; with an even number of values, the upper one.
    pub fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

impl FromIterator<f64> for Runs {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self::sorted(values)
    }
}

/// The median, the least and the greatest value. The precision is that of the format.
impl fmt::Display for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        let (least, most) = (self.0.first(), self.0.last());
        let (least, most) = (least.unwrap_or(&f64::NAN), most.unwrap_or(&f64::NAN));
        write!(f, "{:.digits$} ({least:.digits$} to {most:.digits$})", self.median())
    }
}

/// Bounds on the medians, and whether they hold.
#[derive(Debug, Default)]
pub struct Findings {
    missed: usize,
}

impl Findings {
    /// Whether all bounds hold.
    pub fn all_hold(&self) -> bool {
        self.missed == 0
    }

    /// Prints whether a value reaches its lower bound.
    pub fn at_least(&mut self, bound: f64, what: &str, runs: &Runs) {
        self.find(runs.median() >= bound, format_args!("{what}: {runs:.3}, at least {bound}"));
    }

    /// Prints whether a value stays within its upper bound.
    pub fn at_most(&mut self, bound: f64, what: &str, runs: &Runs) {
        self.find(runs.median() <= bound, format_args!("{what}: {runs:.3}, at most {bound}"));
    }

    fn find(&mut self, holds: bool, what: fmt::Arguments<'_>) {
        println!("{} {what}", if holds { "PASS" } else { "FAIL" });
        self.missed += usize::from(!holds);
    }
}

#[cfg(test)]
mod tests {
    use super::{Findings, Runs};

    #[test]
    fn the_median_is_the_middle_one_and_the_spread_is_shown() {
        let runs: Runs = [3.0, 1.0, 2.5].into_iter().collect();
        assert_eq!(format!("{runs:.1}"), "2.5 (1.0 to 3.0)");
    }

    #[test]
    fn a_missed_promise_is_not_forgotten() {
        let one: Runs = [1.0].into_iter().collect();
        let mut findings = Findings::default();
        findings.at_most(1.0, "a", &one);
        assert!(findings.all_hold());
        findings.at_least(1.1, "b", &one);
        findings.at_most(1.0, "c", &one);
        assert!(!findings.all_hold());
        assert!({
            let none: Runs = std::iter::empty().collect();
            let mut findings = Findings::default();
            findings.at_most(1.0, "d", &none);
            !findings.all_hold()
        });
    }
}
