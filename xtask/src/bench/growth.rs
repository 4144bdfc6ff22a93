//! Whether ten times as many services cost ten times as much.

use std::collections::BTreeMap;

use super::compile::Measured;
use super::cost::Cost;
use super::figures::{Spread, head};

/// What each command cost at its least, by size and name.
#[derive(Default)]
pub(super) struct Growth {
    least: BTreeMap<usize, BTreeMap<&'static str, Least>>,
}

#[derive(Clone, Copy)]
struct Least {
    /// Milliseconds.
    cpu: f64,
    /// KiB.
    peak: f64,
}

impl Growth {
    pub(super) fn keep(&mut self, services: usize, all: &[Measured]) {
        let least = all
            .iter()
            .filter_map(|one| Some((one.rival.name, Least::of(&one.costs)?)));
        self.least.insert(services, least.collect());
    }

    /// The most services against a tenth of them, a service: 1 is linear.
    pub(super) fn show(&self) {
        let Some((&many, most)) = self.least.last_key_value() else {
            return;
        };
        let Some(tenth) = self.least.get(&(many / 10)) else {
            return;
        };
        let title = |what| head(&format!("{what}, {many} / {} / 10", many / 10));
        println!("{}", title("CPU"));
        show(most, tenth, |least| least.cpu);
        println!("{}", title("peak memory"));
        show(most, tenth, |least| least.peak);
    }
}

fn show(
    most: &BTreeMap<&'static str, Least>,
    tenth: &BTreeMap<&'static str, Least>,
    figure: impl Fn(&Least) -> f64,
) {
    for (name, few) in tenth {
        if let Some(most) = most.get(name) {
            let growth = figure(most) / figure(few) / 10.0;
            println!("{}", Spread::of([growth].into_iter()).line(name, "times"));
        }
    }
}

impl Least {
    /// What the machine did besides only ever adds.
    fn of(costs: &[Cost]) -> Option<Self> {
        let cpu = costs.iter().map(|cost| cost.cpu).min()?;
        Some(Self {
            cpu: cpu.as_secs_f64() * 1e3,
            peak: costs.iter().map(|cost| cost.peak).reduce(f64::min)?,
        })
    }
}
