//! How much of what differs is to be applied.

use std::collections::BTreeSet;

use skep_schema::address::Address;
use skep_schema::api::stack::Rule;
use skep_schema::change::{Change, Reason};

use super::Refusal;
use crate::drive::Look;

/// Which of the changes that a look shows are applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    #[default]
    All,
    /// Drift is left as it is.
    ///
    /// The unit is the node, since a node is written whole. What the spec changed is written as the
    /// spec has it, and what others changed of that same node is undone with it. A node that nothing but
    /// others changed is left out, together with all that is said of it. Where a change has to wait for
    /// such a node, neither can be had: written without it, it would stand on something that is not as
    /// planned; written with it, an unrelated change would undo what somebody may have done on purpose.
    /// So then nothing is applied at all, and a person decides. What is left of a set is never less than
    /// all that the spec asks for, because parts of it may rely on each other in ways that do not show,
    /// such as an old network that goes only when all its users have left.
    Spec,
}

impl Scope {
    /// What was seen, as far as it is in scope.
    ///
    /// # Errors
    /// Something in scope waits for drift that is left as it is.
    pub fn of(self, mut seen: Look) -> Result<Look, Refusal> {
        match self {
            Scope::All => Ok(seen),
            Scope::Spec => {
                let left = drifted(&seen.changes.changes);
                separable(&seen.changes.changes, &left)?;
                seen.changes = seen.changes.without(&left);
                seen.taken.retain(|(address, _)| !left.contains(address));
                Ok(seen)
            }
        }
    }
}

/// Nodes that differ only because somebody changed them in the target.
pub(crate) fn drifted(changes: &[Change]) -> BTreeSet<Address> {
    let drifted = changes.iter().filter(|c| c.reason == Reason::Drift);
    drifted.map(|change| change.address.clone()).collect()
}

fn separable(changes: &[Change], left: &BTreeSet<Address>) -> Result<(), Refusal> {
    let mut wanted = changes.iter().filter(|c| !left.contains(&c.address));
    let stuck = wanted.find_map(|change| {
        let awaited = change.waits_for.intersection(left).next()?;
        Some((&change.address, awaited))
    });
    let Some((address, drifted)) = stuck else {
        return Ok(());
    };
    let message =
        format!("`{address}` has to wait for `{drifted}`, which somebody changed in the target");
    Err(Refusal::new(Rule::Drift, message)
        .help("approve the changes, which undoes that; or put it into the spec"))
}
