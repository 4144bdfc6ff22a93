//! Flows: declared and checked here, run by the daemon.

use crate::node;

node! {
    /// A workflow.
    Flow "flow" {
        /// The name within the project.
        name: arg(super::Name) "NAME";
    }
}
