//! What only one can have: names of objects, and ports of the swarm's machines.

use std::collections::BTreeMap;

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Code, Diagnostic, Severity};
use skep_schema::plan::{Protocol, PublishMode};
use skep_schema::span::Span;

use super::Lower;
use super::service::key;
use crate::proxy::Cidr;

/// A port somebody wants on the swarm's machines.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) owner: Address,
    pub(super) span: Span,
    pub(super) port: u16,
    pub(super) protocol: Protocol,
    pub(super) mode: PublishMode,
    /// Constraints say where the owner runs.
    pub(super) placed: bool,
}

impl Lower<'_, '_, '_> {
    /// Refuses two nodes that would be one object.
    pub(super) fn shared_objects(&mut self) {
        let mut owners: BTreeMap<(Kind, String), &Address> = BTreeMap::new();
        let mut shared = Vec::new();
        for (address, node) in &self.nodes {
            let name = node.payload.physical_name().zip(node.payload.object());
            let Some((name, kind)) = name else { continue };
            // The engine does not tell the case of service names apart.
            let name = if kind == Kind::Service {
                name.to_ascii_lowercase()
            } else {
                name.to_owned()
            };
            match owners.get(&(kind, name.clone())) {
                Some(first) if !self.both_external(first, address) => {
                    shared.push(((*first).clone(), address.clone(), kind, name));
                }
                Some(_) => {}
                None => drop(owners.insert((kind, name), address)),
            }
        }
        for (first, second, kind, name) in shared {
            self.report_shared(&first, &second, kind, &name);
        }
    }

    fn both_external(&self, first: &Address, second: &Address) -> bool {
        [first, second]
            .iter()
            .all(|address| self.nodes[*address].payload.is_external())
    }

    fn report_shared(&mut self, first: &Address, second: &Address, kind: Kind, name: &str) {
        let place = |address: &Address| self.nodes.get(address).and_then(|node| node.place);
        let other = place(first);
        let Some(span) = place(second).or(other) else {
            return;
        };
        let message = format!("`{first}` and `{second}` would both be the {kind} `{name}`");
        let mut diagnostic =
            Diagnostic::new(Code::SameObject, span, message).help("rename one of them");
        if let Some(other) = other {
            diagnostic = diagnostic.and(other, "the other one");
        }
        self.error(diagnostic);
    }

    /// Refuses ports that two want of one machine.
    pub(super) fn shared_ports(&mut self) {
        let claims = std::mem::take(&mut self.claims);
        let mut owners: BTreeMap<(u16, Protocol), Vec<&Claim>> = BTreeMap::new();
        for claim in &claims {
            let earlier = owners.entry((claim.port, claim.protocol)).or_default();
            if let Some(first) = earlier.first() {
                self.report_taken(first, claim);
            }
            earlier.push(claim);
        }
    }

    /// Refuses networks that overlap: the engine makes both, and no task on the second ever starts.
    pub(super) fn shared_addresses(&mut self) {
        let networks = self.spec.networks.iter();
        let ranges: Vec<(&str, Span, Cidr)> = networks
            .flat_map(|(name, network)| {
                let subnets = network.node.subnet.iter();
                subnets.filter_map(move |subnet| {
                    let range = Cidr::parse(subnet.value.as_str()).ok()?;
                    Some((name.as_str(), subnet.span, range))
                })
            })
            .collect();
        for (i, (name, span, range)) in ranges.iter().enumerate() {
            let earlier = ranges[..i].iter();
            let twin = earlier
                .filter(|(other, _, _)| other != name)
                .find(|(_, _, other)| range.overlaps(*other));
            if let Some((other, first, _)) = twin {
                let message =
                    format!("the networks `{other}` and `{name}` want the same addresses");
                self.error(
                    Diagnostic::new(Code::SameAddresses, *span, message)
                        .and(*first, format!("`{other}` has them"))
                        .help("choose a range of its own, or none: the engine then picks one"),
                );
            }
        }
    }

    fn report_taken(&mut self, first: &Claim, second: &Claim) {
        let host = first.mode == PublishMode::Host && second.mode == PublishMode::Host;
        let apart = host && first.placed && second.placed && first.owner != second.owner;
        let port = key(second.port, second.protocol);
        let message = format!(
            "`{}` and `{}` both want port {port}",
            first.owner, second.owner
        );
        let help = match (host, apart) {
            (_, true) => "see that no node fits the constraints of both",
            (true, false) => {
                "choose another port, or place both with constraints that keep them apart"
            }
            (false, false) => {
                "choose another port: one that goes through the mesh is taken on every node"
            }
        };
        let diagnostic = Diagnostic::new(Code::PortTaken, second.span, message)
            .and(first.span, format!("`{}` wants it here", first.owner))
            .help(help);
        if apart {
            self.cx.report(Diagnostic {
                severity: Severity::Warning,
                ..diagnostic
            });
        } else {
            self.error(diagnostic);
        }
    }
}
