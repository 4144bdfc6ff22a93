//! Which machine can take a task, and why another one cannot.
//!
//! The one set of rules: a plan is checked by them before it is applied, a task that waits is
//! explained by them, and the scheduler of the model swarm follows them.

mod constraint;
mod machines;
mod missing;
mod obstacle;
mod preflight;

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::{Availability, Load, Machine, MachineState, Role, Use};
use crate::plan::Service;

pub use constraint::Constraint;
pub use machines::{NodeFault, NodeTrouble};
pub use missing::Missing;
pub use obstacle::{Filter, Obstacle};
pub(crate) use preflight::concerns;
pub use preflight::{Because, Concern, Lacking};

/// What the scheduler looks at in a machine, besides what runs there.
#[derive(Clone, Copy, Debug)]
pub struct Host<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub address: &'a str,
    pub role: Role,
    pub availability: Availability,
    pub state: MachineState,
    pub os: &'a str,
    pub arch: &'a str,
    pub labels: &'a BTreeMap<String, String>,
    pub engine_labels: &'a BTreeMap<String, String>,
    /// Billionths of a processor.
    pub cpu: u64,
    /// Bytes.
    pub memory: u64,
    pub generic: &'a BTreeMap<String, u64>,
    /// Type and name; nothing where the machine does not tell.
    pub plugins: Option<&'a BTreeSet<(String, String)>>,
}

impl Machine {
    pub fn host(&self) -> Host<'_> {
        Host {
            id: &self.id,
            name: &self.host,
            address: &self.address,
            role: self.role,
            availability: self.availability,
            state: self.state,
            os: &self.os,
            arch: &self.arch,
            labels: &self.labels,
            engine_labels: &self.engine_labels,
            cpu: self.cpu,
            memory: self.memory,
            generic: &self.generic,
            plugins: self.plugins.as_ref(),
        }
    }
}

impl Host<'_> {
    /// Whether a service may run here at all, whatever else runs here and whoever is away.
    pub fn suits(&self, service: &Service) -> bool {
        self.constraints(service).next().is_none() && self.platform(service).is_none()
    }

    /// Everything that keeps a further task of a service away, in the order in which the engine
    /// looks: it names only the first.
    pub fn obstacles(&self, service: &Service, load: &Load) -> Vec<Obstacle> {
        self.readiness()
            .into_iter()
            .chain(self.resources(service, load))
            .chain(self.plugins(service))
            .chain(self.constraints(service))
            .chain(self.platform(service))
            .chain(ports(service, load))
            .chain(crowd(service, load))
            .collect()
    }

    fn readiness(&self) -> Option<Obstacle> {
        match (self.state, self.availability) {
            (MachineState::Ready, Availability::Active) => None,
            (MachineState::Ready, unavailable) => Some(Obstacle::Unavailable(unavailable)),
            (away, _) => Some(Obstacle::Away(away)),
        }
    }

    fn resources(&self, service: &Service, load: &Load) -> Vec<Obstacle> {
        let wanted = Use::of(service);
        let cpu = self.cpu.saturating_sub(load.total.cpu);
        let memory = self.memory.saturating_sub(load.total.memory);
        let mut short = Vec::new();
        if wanted.cpu > cpu {
            short.push(Obstacle::Cpu {
                wanted: wanted.cpu,
                left: cpu,
                of: self.cpu,
            });
        }
        if wanted.memory > memory {
            short.push(Obstacle::Memory {
                wanted: wanted.memory,
                left: memory,
                of: self.memory,
            });
        }
        for (kind, wanted) in wanted.generic {
            let of = self.generic.get(&kind).copied().unwrap_or(0);
            let left = of.saturating_sub(load.total.generic.get(&kind).copied().unwrap_or(0));
            if wanted > left {
                short.push(Obstacle::Generic {
                    kind,
                    wanted,
                    left,
                    of,
                });
            }
        }
        short
    }

    /// The plugins of a service that are looked for: that of its log.
    fn plugins(&self, service: &Service) -> Option<Obstacle> {
        let driver = &service.log.as_ref()?.driver;
        let plugin = ("Log".to_owned(), driver.clone());
        let is_looked_for = !driver.is_empty() && driver != "none";
        let missing = is_looked_for && !self.plugins?.contains(&plugin);
        missing.then(|| Obstacle::Plugin {
            kind: "log driver",
            name: driver.clone(),
        })
    }

    fn constraints(&self, service: &Service) -> impl Iterator<Item = Obstacle> {
        let texts = service.placement.constraints.iter();
        texts.filter_map(|text| {
            let constraint = Constraint::parse(text).ok()?;
            (!constraint.is_met_by(self)).then(|| Obstacle::Constraint {
                text: text.clone(),
                found: constraint.found(self).map(str::to_owned),
            })
        })
    }

    fn platform(&self, service: &Service) -> Option<Obstacle> {
        let wanted = &service.placement.platforms;
        let has = format!("{}/{}", self.os, arch(self.arch));
        let fits = wanted.is_empty() || wanted.iter().any(|platform| is_same(platform, &has));
        (!fits).then_some(Obstacle::Platform { has })
    }
}

fn is_same(platform: &str, other: &str) -> bool {
    let (os, of) = platform.split_once('/').unwrap_or((platform, ""));
    format!("{os}/{}", arch(of)) == other
}

/// Processors as images spell them.
fn arch(engine: &str) -> &str {
    match engine {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn ports(service: &Service, load: &Load) -> Vec<Obstacle> {
    let wanted = Use::of(service).ports;
    wanted
        .into_iter()
        .filter_map(|port| {
            let holder = load.holder(&port)?.to_owned();
            Some(Obstacle::Port { port, holder })
        })
        .collect()
}

fn crowd(service: &Service, load: &Load) -> Option<Obstacle> {
    let most = service.placement.max_per_node.filter(|most| *most > 0)?;
    let running = load.tasks_of(&service.name);
    (running >= u64::from(most)).then_some(Obstacle::Crowd { most, running })
}

#[cfg(test)]
mod tests;
