//! What the engine refuses about the spec of a service, whichever call brings it.

use std::collections::BTreeMap;

use skep_schema::place::Constraint;
use skep_schema::plan::{self, Endpoint, PublishMode};

use super::calls::PREDEFINED;
use super::names;
use super::refusal::{Refusal, Reply};
use super::world::{Service, World};

impl World {
    /// In the engine's order.
    pub(crate) fn check_service(&self, spec: &plan::Service) -> Reply<()> {
        self.check_networks(spec)?;
        if !spec.name.is_empty() {
            names::service(&spec.name)?;
        }
        check_resources(spec)?;
        if spec.image.is_empty() {
            return Err(Refusal::invalid(
                "ContainerSpec: image reference must be provided",
            ));
        }
        for constraint in &spec.placement.constraints {
            Constraint::parse(constraint).map_err(|why| Refusal::unknown(&why.to_string()))?;
        }
        self.check_files(spec)?;
        self.check_ports(spec)
    }

    pub(crate) fn check_networks(&self, spec: &plan::Service) -> Reply<()> {
        match spec.networks.keys().find(|name| !self.has_network(name)) {
            None => Ok(()),
            Some(name) => Err(Refusal::plain(500, format!("network {name} not found"))),
        }
    }

    pub(crate) fn has_network(&self, name: &str) -> bool {
        self.networks.contains_key(name) || PREDEFINED.contains(&name)
    }

    fn check_files(&self, spec: &plan::Service) -> Reply<()> {
        referred("secret", &spec.secrets, |name| {
            self.secrets.contains_key(name)
        })?;
        referred("config", &spec.configs, |name| {
            self.configs.contains_key(name)
        })
    }

    fn check_ports(&self, spec: &plan::Service) -> Reply<()> {
        for (published, port) in &spec.publish {
            if port.mode == PublishMode::Ingress && spec.endpoint == Endpoint::Dnsrr {
                return Err(Refusal::invalid(
                    "EndpointSpec: port published with ingress mode can't be used with dnsrr mode",
                ));
            }
            let others = self
                .services
                .values()
                .filter(|service| service.spec.name != spec.name);
            for other in others {
                let Some(taken) = other.spec.publish.get(published) else {
                    continue;
                };
                // Two services may share a port of hosts as long as they never share a host.
                if port.mode == PublishMode::Ingress || taken.mode == PublishMode::Ingress {
                    return Err(port_taken(published, other, taken.mode));
                }
            }
        }
        Ok(())
    }
}

/// What the engine takes for a slip.
const LEAST_CPU: u64 = 1_000_000;
const LEAST_MEMORY: u64 = 4 << 20;

fn check_resources(spec: &plan::Service) -> Reply<()> {
    let (limits, reserve) = (&spec.limits, &spec.reserve);
    for cpu in [limits.cpu, reserve.cpu].into_iter().flatten() {
        if (1..LEAST_CPU).contains(&cpu.0) {
            let cpu = in_cpus(cpu.0);
            return Err(Refusal::invalid(&format!(
                "invalid cpu value {cpu}: Must be at least 0.001"
            )));
        }
    }
    for memory in [limits.memory, reserve.memory].into_iter().flatten() {
        if (1..LEAST_MEMORY).contains(&memory.0) {
            let memory = memory.0;
            return Err(Refusal::invalid(&format!(
                "invalid memory value {memory}: Must be at least 4MiB"
            )));
        }
    }
    Ok(())
}

/// Billionths of a processor as Go prints a share below a thousandth.
fn in_cpus(nanos: u64) -> String {
    let digits = nanos.to_string();
    let exponent = 10 - digits.len();
    let (first, rest) = digits.split_at(1);
    let rest = rest.trim_end_matches('0');
    match (exponent, rest) {
        (..=4, _) => format!("0.{}{first}{rest}", "0".repeat(exponent - 1)),
        (_, "") => format!("{first}e-{exponent:02}"),
        (_, rest) => format!("{first}.{rest}e-{exponent:02}"),
    }
}

fn port_taken(published: &str, holder: &Service, mode: PublishMode) -> Refusal {
    let number = published.split('/').next().unwrap_or(published);
    let as_what = match mode {
        PublishMode::Ingress => "an ingress port",
        PublishMode::Host => "a host-published port",
    };
    let (name, id) = (&holder.spec.name, &holder.meta.id);
    Refusal::invalid(&format!(
        "port '{number}' is already in use by service '{name}' ({id}) as {as_what}"
    ))
}

fn referred(
    kind: &str,
    files: &BTreeMap<String, plan::FileRef>,
    exists: impl Fn(&str) -> bool,
) -> Reply<()> {
    let names = files.values().map(|file| file.source.as_str());
    missing(
        kind,
        &names.filter(|name| !exists(name)).collect::<Vec<_>>(),
    )
}

/// Refuses references to these names, unless there is none.
pub(crate) fn missing(kind: &str, names: &[&str]) -> Reply<()> {
    let kinds = match names {
        [] => return Ok(()),
        [_] => kind.to_owned(),
        [_, _, ..] => format!("{kind}s"),
    };
    let names = names.join(", ");
    Err(Refusal::invalid(&format!("{kinds} not found: {names}")))
}
