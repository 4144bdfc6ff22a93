//! Labels of the cluster's machines: only those a node declares, and those this stack put there.

use serde_json::json;
use skep_engine::provider::ProviderError;
use skep_schema::address::Address;
use skep_schema::digest::DigestText;
use skep_schema::inventory::{self, CLAIM, Claim, Machine};
use skep_schema::place::NodeFault;
use skep_schema::plan::{PlanNode, SwarmNode};

use super::fault::{Fault, Meaning};
use super::http::Ask;
use super::labels::Labels;
use super::machine::machine;
use super::wire::Node;
use super::{Swarm, rejected};

type Outcome = Result<(), ProviderError>;

/// The engine writes a node itself whenever its machine reports, so that a race may be lost more
/// than once.
const RACES: usize = 5;

impl Swarm {
    /// Brings the labels of a machine from what `before` says of them to what `after` wants. A node
    /// that moves to another machine leaves the old one first, so that its claim lies on one only.
    pub(crate) async fn write_node(
        &self,
        address: &Address,
        before: Option<&PlanNode>,
        after: Option<&PlanNode>,
    ) -> Outcome {
        let old = before.and_then(|node| node.payload.as_node());
        let new = after.and_then(|node| Some((node.payload.as_node()?, &node.digest)));
        let stays = new.is_some_and(|(new, _)| old.is_none_or(|old| old.host == new.host));
        if let Some(old) = old.filter(|_| !stays) {
            self.label(address, &old.host, Some(old), None).await?;
        }
        match new {
            Some((new, digest)) => {
                let old = old.filter(|_| stays);
                self.label(address, &new.host, old, Some((new, digest)))
                    .await
            }
            None => Ok(()),
        }
    }

    async fn label(
        &self,
        address: &Address,
        host: &str,
        old: Option<&SwarmNode>,
        new: Option<(&SwarmNode, &DigestText)>,
    ) -> Outcome {
        let conflict = || ProviderError::Conflict {
            address: address.clone(),
        };
        for _ in 0..RACES {
            let Some((node, machine)) = self.find_machine(address, host).await? else {
                // Whoever took the machine out of the swarm took its labels with it.
                return match new {
                    None => Ok(()),
                    Some(_) => Err(rejected(format!(
                        "no machine of the swarm is called `{host}`"
                    ))),
                };
            };
            let labels = match relabelling(address, &machine, &self.scope.stack, old, new) {
                Relabelling::Nothing => return Ok(()),
                Relabelling::Conflict => return Err(conflict()),
                Relabelling::Denied(message) => return Err(ProviderError::Denied { message }),
                Relabelling::Write(labels) => labels,
            };
            match self.send_labels(&node, &labels).await {
                Ok(()) => return Ok(()),
                Err(fault) if may_try_again(&fault) => {}
                Err(fault) => return Err(self.error(fault, Some(address))),
            }
        }
        Err(conflict())
    }

    async fn find_machine(
        &self,
        address: &Address,
        host: &str,
    ) -> Result<Option<(Node, Machine)>, ProviderError> {
        let nodes: Vec<Node> = self
            .http
            .json(Ask::get("/nodes"))
            .await
            .map_err(|fault| self.error(fault, Some(address)))?;
        let machines: Vec<Machine> = nodes.iter().map(machine).collect();
        let found = inventory::machine(&machines, host).cloned();
        Ok(found.and_then(|machine| {
            let node = nodes.into_iter().find(|node| node.id == machine.id)?;
            Some((node, machine))
        }))
    }

    async fn send_labels(&self, node: &Node, labels: &Labels) -> Result<(), Fault> {
        let mut spec = node.spec.clone();
        spec["Labels"] = json!(labels);
        let ask = Ask::post(format!("/nodes/{}/update", node.id), &spec)
            .query("version", node.version.index.to_string());
        self.http.send(ask).await.map(|_| ())
    }
}

/// What has to be written at a machine so that it is labelled as a node wants it.
pub(crate) enum Relabelling {
    Nothing,
    /// It is not as it was when the change was planned.
    Conflict,
    /// Another stack wants it otherwise.
    Denied(String),
    /// All its labels.
    Write(Labels),
}

/// `old` is what the machine is to have before; nothing where the plan knew nothing of it.
pub(crate) fn relabelling(
    address: &Address,
    machine: &Machine,
    stack: &str,
    old: Option<&SwarmNode>,
    new: Option<(&SwarmNode, &DigestText)>,
) -> Relabelling {
    let wanted = new.map(|(new, _)| new);
    let seen = machine.as_node(stack, wanted);
    let is_done = match wanted {
        Some(wanted) => *wanted == seen,
        None => !machine.claims.contains_key(stack),
    };
    if is_done {
        return Relabelling::Nothing;
    }
    if old.is_some_and(|old| *old != seen) {
        return Relabelling::Conflict;
    }
    let machines = std::slice::from_ref(machine);
    let fault = wanted.and_then(|new| {
        let faults = NodeFault::of(address, new, machines, stack);
        faults.first().map(ToString::to_string)
    });
    fault.map_or_else(
        || Relabelling::Write(labels(address, machine, stack, &seen, new)),
        Relabelling::Denied,
    )
}

/// All labels of the machine as they are to be, with the claims of every stack.
fn labels(
    address: &Address,
    machine: &Machine,
    stack: &str,
    seen: &SwarmNode,
    new: Option<(&SwarmNode, &DigestText)>,
) -> Labels {
    let nothing = SwarmNode::default();
    let wanted = new.map_or(&nothing, |(new, _)| new);
    let mut claims = machine.claims.clone();
    claims.remove(stack);
    claims.extend(new.map(|(new, digest)| {
        let claim = Claim {
            address: address.clone(),
            digest: digest.clone(),
            set: machine.claimed(stack, seen, new),
        };
        (stack.to_owned(), claim)
    }));
    let claims = claims.into_iter().map(|(owner, claim)| {
        let text = serde_json::to_string(&claim).expect("a claim is plain data");
        (format!("{CLAIM}{owner}"), text)
    });
    machine
        .relabelled(seen, wanted)
        .into_iter()
        .chain(claims)
        .collect()
}

fn may_try_again(fault: &Fault) -> bool {
    match fault {
        Fault::Lost(_) => true,
        Fault::NoConnection(_) => false,
        Fault::Refused(refusal) => refusal.meaning() == Meaning::OutOfSequence,
    }
}
