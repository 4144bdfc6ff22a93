//! Machines of the swarm.

use super::values::Scalar;
use crate::node;
use crate::one_of;

one_of! {
    /// What Skep does with a machine's labels.
    NodeMode { Set "set", Assert "assert" }
}

node! {
    /// A machine of the swarm and the labels that placements ask for. The machine belongs to the
    /// cluster: labels that are not declared here are left alone, and a key that leaves the spec is
    /// taken off only if Skep put it on.
    SwarmNode "node" {
        /// The machine's host name.
        name: arg(Scalar) "HOST";
        /// `assert` writes nothing: a plan is refused where a label is missing or other.
        mode: value(NodeMode) "mode" default "set";
        /// Labels of the machine. Tasks whose constraints it meets no longer have to leave it.
        labels: map(Scalar) "labels";
        /// Its host name, where that is not the name of the node.
        physical: value(Scalar) "name";
    }
}
