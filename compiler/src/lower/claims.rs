//! What only one can have: names of objects, and ports of the swarm's machines.

use std::cmp::Ordering;

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Code, Diagnostic, Severity};
use skep_schema::plan::{Protocol, PublishMode};
use skep_schema::span::Span;

use super::service::key;
use super::services::Services;
use super::{Lower, LoweredNode};
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

/// A node and the object it would be.
struct Object<'n> {
    kind: Kind,
    name: &'n str,
    address: &'n Address,
    node: &'n LoweredNode,
}

impl<'n> Object<'n> {
    fn of((address, node): (&'n Address, &'n LoweredNode)) -> Option<Self> {
        Some(Self {
            kind: node.payload.object()?,
            name: node.payload.physical_name()?,
            address,
            node,
        })
    }

    /// The engine does not tell the case of service names apart.
    fn cmp(&self, other: &Self) -> Ordering {
        let names = || match self.kind {
            Kind::Service => lower_case(self.name).cmp(lower_case(other.name)),
            _ => self.name.cmp(other.name),
        };
        self.kind.cmp(&other.kind).then_with(names)
    }

    fn taken_twice(&self, second: &Self) -> Option<Diagnostic> {
        let span = second.node.place.name.or(self.node.place.name)?;
        let name = match self.kind {
            Kind::Service => self.name.to_ascii_lowercase(),
            _ => self.name.to_owned(),
        };
        let message = format!(
            "`{}` and `{}` would both be the {} `{name}`",
            self.address, second.address, self.kind
        );
        let found = Diagnostic::new(Code::SameObject, span, message).help("rename one of them");
        Some(match self.node.place.name {
            Some(place) => found.and(place, "the other one"),
            None => found,
        })
    }
}

fn lower_case(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().map(|byte| byte.to_ascii_lowercase())
}

impl Lower<'_, '_, '_> {
    /// Refuses two nodes that would be one object.
    pub(super) fn shared_objects(&mut self, services: &Services) {
        let mut objects: Vec<Object<'_>> = self
            .nodes
            .iter()
            .chain(&services.nodes)
            .filter_map(Object::of)
            .collect();
        // One order for what is one object, and then that of the addresses.
        objects.sort_by(|a, b| a.cmp(b).then_with(|| a.address.cmp(b.address)));
        let mut shared = Vec::new();
        for same in objects.chunk_by(|a, b| a.cmp(b).is_eq()) {
            let [first, others @ ..] = same else { continue };
            let others = others.iter().filter(|other| {
                !(first.node.payload.is_external() && other.node.payload.is_external())
            });
            shared.extend(others.map(|other| first.taken_twice(other)));
        }
        for diagnostic in shared.into_iter().flatten() {
            self.error(diagnostic);
        }
    }

    /// Refuses ports that two want of one machine.
    pub(super) fn shared_ports(&mut self, services: &Services) {
        let claims = std::mem::take(&mut self.claims);
        let mut all: Vec<&Claim> = services.claims.values().flatten().chain(&claims).collect();
        all.sort_by_key(|claim| (claim.port, claim.protocol));
        for same in all.chunk_by(|a, b| (a.port, a.protocol) == (b.port, b.protocol)) {
            if let [first, others @ ..] = same {
                for other in others {
                    self.report_taken(first, other);
                }
            }
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
