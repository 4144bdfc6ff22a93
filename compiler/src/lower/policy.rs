//! The project's own rules, held against what its nodes became.

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Diagnostic, Severity};
use skep_schema::plan::{self, Rule, Verdict, violations};
use skep_schema::span::Span;

use super::{Lower, Services};

impl Lower<'_, '_, '_> {
    /// Reports every rule that a node breaks, and hands out the rules for the plan.
    pub(super) fn policies(&mut self, services: &Services) -> Vec<plan::Policy> {
        let declared = &self.spec.policies;
        let policies: Vec<plan::Policy> = declared.iter().map(|p| p.node.lowered()).collect();
        let Some(first) = declared.first() else {
            return policies;
        };
        let nodes = self
            .nodes
            .iter()
            .chain(&services.nodes)
            .map(|(address, node)| (address, &node.payload));
        for broken in violations(nodes, &policies) {
            let Some(span) = self.place_of(services, broken.rule, &broken.address) else {
                continue;
            };
            let found = Diagnostic::new(broken.rule.code(), span, broken.what)
                .and(first.node.span, "the policy is here")
                .help(broken.rule.help());
            match broken.verdict {
                Verdict::Warn => self.cx.report(found),
                Verdict::Deny => self.error(Diagnostic {
                    severity: Severity::Error,
                    ..found
                }),
            }
        }
        policies
    }

    /// The image where that is at fault, or the name of the node.
    fn place_of(&self, services: &Services, rule: Rule, address: &Address) -> Option<Span> {
        let image = match (rule, address.kind) {
            (Rule::FloatingTags | Rule::Registries, Kind::Service) => {
                let service = self.spec.services.get(address.name.as_str());
                service.and_then(|s| s.node.image.as_ref())
            }
            (Rule::FloatingTags | Rule::Registries, Kind::Gateway) => {
                let gateway = self.spec.gateways.get(address.name.as_str());
                gateway.and_then(|g| g.node.image.as_ref())
            }
            (_, _) => None,
        };
        let node = self.nodes.get(address);
        let place = || node.or_else(|| services.nodes.get(address))?.place.name;
        image.map(|image| image.span).or_else(place)
    }
}
