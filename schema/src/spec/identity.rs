//! Which object is which node: renames, and what is taken over or let go.

use serde::Serialize;

use super::values::{ObjectName, Scalar};
use crate::address::Address;
use crate::diagnostic::{Code, Diagnostic};
use crate::lang::{Decoder, Literal, Read, Type, plain};
use crate::node;
use crate::span::Span;

/// The address of a whole node, `service.api`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NodeAddress(pub Address);

impl Read for NodeAddress {
    const TYPE: Type = Type::Address;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        let text = plain(cx, value, span, "the address of a node")?;
        let read = text.parse::<Address>().ok();
        let whole = read.filter(|address| address.part.is_none());
        if whole.is_none() {
            let message = format!("`{text}` is not the address of a node");
            let help = "write its kind and its name, such as \"service.api\"";
            cx.report(Diagnostic::new(Code::BadValue, span, message).help(help));
        }
        whole.map(Self)
    }
}

node! {
    /// A node was renamed. Its object stays as it is, under the name in the swarm that it had and,
    /// for a service, the name by which others reach it; so the line stays as long as the object
    /// does. It stands at the top of a file, in a component, or in an `add` of an environment.
    Moved "moved" {
        /// The old address, which nothing declares any more.
        from: need(NodeAddress) "from";
        /// Today's address, of the same kind.
        to: need(NodeAddress) "to";
    }

    /// A node left the spec, and its object stays: it gives up the stack's labels, and nothing
    /// restarts. The labels of a network cannot be changed, so one stays as it is as long as the
    /// line does.
    Forget "forget" {
        /// Its address, which nothing declares any more.
        node: arg(NodeAddress) "ADDRESS";
    }

    /// A service, config, network, volume or secret takes over what is there under its name, made by
    /// `docker service create`, `docker stack deploy` or others; nothing restarts where the node
    /// says what runs. What another stack of Skep owns is refused; what is ours already, or not
    /// there at all, is treated as if the line were not.
    Adopt "adopt" {
        /// The node that takes it over.
        node: arg(NodeAddress) "ADDRESS";
        /// The name of what is taken over, instead of the node's own name in the swarm; the node
        /// keeps it.
        name: value(ObjectName) "name";
        /// The name of a config or secret that stands for this one as long as both hold the same. Of
        /// a secret that is taken for granted when it is taken over, since nobody can read it, and
        /// known from then on. With other content the node gets an object of its own.
        same: value(ObjectName) "while-same";
    }

    /// Other projects may refer to these nodes when they import this one. What is not exported can
    /// change without them.
    Export "export" {
        /// Services and networks.
        nodes: args(NodeAddress) "ADDRESS";
        /// What they are for.
        doc: value(Scalar) "doc";
    }
}
