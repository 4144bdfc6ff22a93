//! Manifests as `kubectl apply` takes them.
//!
//! All is one file: an export is written over what was there, so that a file of its own for a service
//! that is gone would be applied for ever. Objects stand in the order in which they can be made, in a
//! namespace of the stack, where names are free to be those that programs resolve.

mod claims;
mod container;
mod declared;
mod env;
mod files;
mod filter;
mod flow;
mod gateway;
mod lost;
mod mounts;
mod names;
mod object;
mod objects;
mod placement;
mod pod;
mod policy;
mod probe;
mod reach;
mod resources;
mod rollout;
mod route;
mod rule;
mod security;
mod task;
mod template;
mod text;
mod workload;

use std::collections::BTreeMap;

use skep_schema::address::Kind;
use skep_schema::plan::{Payload, Plan};
use skep_schema::spec::Spec;

use super::Exported;
use super::finding::{About, Findings};
use super::yaml::{Map, document};
use claims::Claims;
use names::Names;

/// The file that `kubectl apply -f` takes.
pub const MANIFEST: &str = "kubernetes.yaml";

/// Exports a plan to manifests. The spec it was compiled from says what swarms need not know: which ports
/// services have, and what routes and flows are.
pub fn kubernetes(plan: &Plan, spec: &Spec) -> Exported {
    let mut export = Export {
        plan,
        spec,
        names: Names::of(plan),
        claims: Claims::of(plan),
        findings: Findings::default(),
        objects: Vec::new(),
    };
    export.namespace();
    export.renamed();
    export.stored();
    export.policies();
    export.run();
    export.flows();
    export.gateways();
    export.declared();
    export.beside();
    Exported {
        files: BTreeMap::from([(MANIFEST.to_owned(), export.text().into_bytes())]),
        findings: export.findings.all(),
    }
}

/// Manifests on their way.
struct Export<'p> {
    plan: &'p Plan,
    spec: &'p Spec,
    names: Names,
    claims: Claims,
    findings: Findings,
    /// In the order in which they are made.
    objects: Vec<Map>,
}

impl Export<'_> {
    fn text(&self) -> String {
        let head = format!("# kubectl apply -f {MANIFEST}\n");
        let documents: Vec<String> = self.objects.iter().map(document).collect();
        head + &documents.join("---\n")
    }

    /// Services, and how they are reached.
    fn run(&mut self) {
        for (address, node) in &self.plan.nodes {
            let about = About { address, node };
            if let (Payload::Service(service), Kind::Service) = (&node.payload, address.kind) {
                self.reached(about, service);
                self.workload(about, service);
                self.lost(about, service);
            }
        }
    }

    /// What a plan has besides objects.
    fn beside(&mut self) {
        for (address, node) in &self.plan.nodes {
            if node.protect {
                self.findings.dropped(
                    About { address, node },
                    "protect",
                    "kubernetes removes whatever it is asked to",
                    "take care with `kubectl delete`",
                );
            }
        }
        if !self.plan.policies.is_empty() {
            self.findings.of_plan(
                self.plan,
                "policy",
                "kubernetes does not know the project's policies",
                "keep `skep check` in the pipeline that exports",
            );
        }
    }
}
