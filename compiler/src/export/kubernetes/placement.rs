//! Which machines take pods.

use std::collections::BTreeSet;

use skep_schema::place::Constraint;
use skep_schema::plan::{Placement, Service};

use super::Export;
use super::object::{is_key, is_name, matching, selected};
use super::objects::one;
use crate::export::finding::About;
use crate::export::yaml::{Map, Yaml};

const HOSTNAME: &str = "kubernetes.io/hostname";
const MANAGER: &str = "node-role.kubernetes.io/control-plane";
const BY_HAND: &str = "label the machines of the cluster with `kubectl label node`";

/// What a constraint asks of the labels of a machine.
enum Asked {
    Label {
        key: String,
        value: String,
    },
    /// Whether it is one that runs the cluster.
    Manager(bool),
    /// Kubernetes knows nothing of the kind.
    Nothing,
}

impl Export<'_> {
    pub(super) fn placement(
        &mut self,
        about: About<'_>,
        service: &Service,
        name: &str,
        pod: &mut Map,
    ) {
        let Placement {
            constraints,
            spread,
            max_per_node,
            platforms,
        } = &service.placement;
        let (rules, on_managers) = self.conditions(about, constraints);
        let platforms = platforms.iter().map(String::as_str);
        let mut affinity = Map::default();
        affinity.put_full("nodeAffinity", machines(&rules, platforms));
        let mut over = self.spread(about, name, spread);
        match max_per_node {
            Some(1) => affinity.put("podAntiAffinity", apart(name)),
            Some(most) => {
                let reason = "machines differ by no more pods than that, instead of having no more";
                self.findings
                    .near(about, "placement.max-per-node", reason, "");
                over.push(Yaml::Map(evenly(name, HOSTNAME, *most, "DoNotSchedule")));
            }
            None => {}
        }
        pod.put_full("affinity", affinity);
        pod.put_full("topologySpreadConstraints", over);
        if on_managers {
            let mut allowed = Map::default();
            allowed.put("key", MANAGER);
            allowed.put("operator", "Exists");
            pod.put("tolerations", one(allowed));
        }
    }

    /// What is asked of machines, and whether it is those of the control plane.
    fn conditions(&mut self, about: About<'_>, constraints: &BTreeSet<String>) -> (Vec<Map>, bool) {
        let mut rules = Vec::new();
        let mut on_managers = false;
        for text in constraints {
            let property = format!("placement.constraint.\"{text}\"");
            let Ok(constraint) = Constraint::parse(text) else {
                let reason = "it is no constraint";
                self.findings.dropped(about, &property, reason, "");
                continue;
            };
            let asked = asked(constraint);
            on_managers |=
                matches!(asked, Asked::Manager(manager) if manager == constraint.is_equal());
            rules.extend(self.condition(about, &property, constraint, asked));
        }
        (rules, on_managers)
    }

    /// The rule for a machine's labels.
    fn condition(
        &mut self,
        about: About<'_>,
        property: &str,
        constraint: Constraint<'_>,
        asked: Asked,
    ) -> Option<Map> {
        let mut rule = Map::default();
        match asked {
            Asked::Label { key, value } => {
                if !is_key(&key) || !is_name(&value) {
                    let reason = "it asks for what is no label in kubernetes";
                    self.findings.dropped(about, property, reason, BY_HAND);
                    return None;
                }
                if !key.starts_with("kubernetes.io/") {
                    let reason = format!("machines of the cluster have to have the label `{key}`");
                    self.findings.near(about, property, &reason, BY_HAND);
                }
                rule.put("key", key);
                rule.put(
                    "operator",
                    if constraint.is_equal() { "In" } else { "NotIn" },
                );
                rule.put("values", vec![value]);
            }
            Asked::Manager(manager) => {
                let wanted = manager == constraint.is_equal();
                rule.put("key", MANAGER);
                rule.put("operator", if wanted { "Exists" } else { "DoesNotExist" });
                let reason =
                    "managers are the machines of the control plane, if the cluster shows them";
                self.findings.near(about, property, reason, "");
            }
            Asked::Nothing => {
                let reason = format!("kubernetes knows no `{}` of machines", constraint.key());
                self.findings.dropped(about, property, &reason, BY_HAND);
                return None;
            }
        }
        Some(rule)
    }

    fn spread(&mut self, about: About<'_>, name: &str, spread: &[String]) -> Vec<Yaml> {
        let mut all = Vec::new();
        for over in spread {
            let property = format!("placement.spread.\"{over}\"");
            let key = match over.as_str() {
                "node.hostname" => HOSTNAME,
                _ => over.strip_prefix("node.labels.").unwrap_or_default(),
            };
            if !is_key(key) {
                let reason = "kubernetes spreads pods over labels of machines";
                self.findings.dropped(about, &property, reason, BY_HAND);
                continue;
            }
            if key != HOSTNAME {
                let reason = format!("machines of the cluster have to have the label `{key}`");
                self.findings.near(about, &property, &reason, BY_HAND);
            }
            all.push(Yaml::Map(evenly(name, key, 1, "ScheduleAnyway")));
        }
        all
    }
}

fn asked(constraint: Constraint<'_>) -> Asked {
    let label = |key: &str, value: &str| Asked::Label {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    let value = constraint.value();
    match constraint.key().to_ascii_lowercase().as_str() {
        "node.hostname" => label(HOSTNAME, value),
        "node.platform.os" => label("kubernetes.io/os", &value.to_ascii_lowercase()),
        "node.platform.arch" => label("kubernetes.io/arch", arch(&value.to_ascii_lowercase())),
        "node.role" => match value.to_ascii_lowercase().as_str() {
            "manager" => Asked::Manager(true),
            "worker" => Asked::Manager(false),
            _ => Asked::Nothing,
        },
        _ => {
            let engine = || constraint.key().strip_prefix("engine.labels.");
            match constraint.label().or_else(engine) {
                Some(key) => label(key, value),
                None => Asked::Nothing,
            }
        }
    }
}

/// Docker calls processors as the kernel does, kubernetes as Go does.
fn arch(docker: &str) -> &str {
    match docker {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "armv7l" | "armv6l" => "arm",
        other => other,
    }
}

/// Machines that meet all rules, and are of one of the platforms if there are any.
fn machines<'p>(rules: &[Map], platforms: impl Iterator<Item = &'p str>) -> Map {
    let term = |more: Vec<Map>| {
        let all = rules.iter().cloned().chain(more);
        let mut term = Map::default();
        term.put("matchExpressions", all.collect::<Vec<_>>());
        term
    };
    let mut terms: Vec<Map> = platforms
        .map(|platform| term(of_platform(platform)))
        .collect();
    if terms.is_empty() && !rules.is_empty() {
        terms.push(term(Vec::new()));
    }
    let mut required = Map::default();
    if terms.is_empty() {
        return required;
    }
    let mut selector = Map::default();
    selector.put("nodeSelectorTerms", terms);
    required.put("requiredDuringSchedulingIgnoredDuringExecution", selector);
    required
}

/// `linux/amd64`
fn of_platform(platform: &str) -> Vec<Map> {
    let mut parts = platform.split('/');
    let os = parts.next().filter(|os| !os.is_empty());
    let processor = parts.next().filter(|arch| !arch.is_empty());
    let rules = [
        ("kubernetes.io/os", os),
        ("kubernetes.io/arch", processor.map(arch)),
    ];
    let said = rules
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)));
    let rule = |(key, value): (&str, &str)| {
        let mut rule = Map::default();
        rule.put("key", key);
        rule.put("operator", "In");
        rule.put("values", vec![value]);
        rule
    };
    said.map(rule).collect()
}

/// No two pods of a service on a machine.
fn apart(name: &str) -> Map {
    let mut term = Map::default();
    term.put("labelSelector", matching(selected(name)));
    term.put("topologyKey", HOSTNAME);
    let mut map = Map::default();
    map.put("requiredDuringSchedulingIgnoredDuringExecution", one(term));
    map
}

fn evenly(name: &str, key: &str, skew: u32, otherwise: &str) -> Map {
    let mut map = Map::default();
    map.put("maxSkew", skew);
    map.put("topologyKey", key);
    map.put("whenUnsatisfiable", otherwise);
    map.put("labelSelector", matching(selected(name)));
    map
}
