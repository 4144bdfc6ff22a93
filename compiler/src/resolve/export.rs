//! What other projects may refer to.

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::span::At;
use skep_schema::spec::NodeAddress;

use super::Resolver;

impl Resolver<'_, '_> {
    /// Reports exports of what is not there, or cannot be seen from outside.
    pub(super) fn exports(&mut self) {
        let spec = self.spec;
        for export in &spec.exports {
            let from = self.cx.decoder.diagnostics.len();
            for address in &export.node.nodes {
                self.export(address);
            }
            self.cx.used_at(from, &export.uses);
        }
    }

    fn export(&mut self, address: &At<NodeAddress>) {
        let known = &address.value.0;
        if let Some((message, help)) = self.unexportable(known) {
            let diagnostic = Diagnostic::new(Code::CannotExport, address.span, message);
            self.cx.report(diagnostic.help(help));
            return;
        }
        let poisoned = self.poisoned.contains(&(known.kind, known.name.clone()));
        if !self.graph.contains(known) && !poisoned {
            self.unknown(known.kind, &known.name, address.span);
        }
    }

    /// Why others cannot refer to a node, and what to do instead.
    fn unexportable(&self, address: &Address) -> Option<(String, String)> {
        let name = &address.name;
        match address.kind {
            Kind::Network => None,
            Kind::Service => {
                let external = self.spec.services.get(name)?.node.external.is_some();
                external.then(|| {
                    (
                        format!("`{address}` is external, so it is not this project's to export"),
                        "import the project that it belongs to where it is wanted".to_owned(),
                    )
                })
            }
            kind @ (Kind::Node
            | Kind::Param
            | Kind::Volume
            | Kind::Secret
            | Kind::Config
            | Kind::Certificate
            | Kind::Registry
            | Kind::Gateway
            | Kind::Route
            | Kind::Flow) => Some((
                format!("a {kind} cannot be exported"),
                "services and networks can: others reach the one by its name, and join the other"
                    .to_owned(),
            )),
        }
    }
}
