//! Machines of the swarm and their labels.

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::Map;
use skep_schema::plan::{Payload, SwarmNode, Target};
use skep_schema::spec::{self, Declared, NodeMode, Scalar};

use super::Lower;
use super::plain::{scalar, value};
use super::service::is_label;

impl Lower<'_, '_, '_> {
    pub(super) fn nodes(&mut self) {
        for (name, node) in &self.spec.nodes {
            self.within(node, |lower| {
                let payload = Payload::Node(lower.node(name, node));
                lower.put(Address::new(Kind::Node, name), Target::Swarm, payload, node);
            });
        }
    }

    fn node(&mut self, name: &str, declared: &Declared<spec::SwarmNode>) -> SwarmNode {
        let spec::SwarmNode {
            span: _,
            name: _,
            mode,
            labels,
            physical,
        } = &*declared.node;
        self.refuse_odd_labels(labels);
        SwarmNode {
            host: scalar(physical.as_ref()).unwrap_or_else(|| name.to_owned()),
            assert: value(mode.as_ref()) == Some(NodeMode::Assert),
            labels: self.labels(labels),
        }
    }

    /// The engine takes any text as a label, but no constraint can ask for most of them.
    fn refuse_odd_labels(&mut self, labels: &Map<Scalar>) {
        for (key, _) in labels.iter().filter(|(key, _)| !is_label(&key.value)) {
            let message = format!("no constraint can ask for the label `{}`", key.value);
            self.error(
                Diagnostic::new(Code::BadPlacement, key.span, message)
                    .help("use letters, digits, `-`, `_` and `.`"),
            );
        }
    }
}
