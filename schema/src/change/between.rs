//! `ChangeSet::between`: the only place where two states of a stack are compared.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, CHANGES_FORMAT, Change, ChangeSet, Effect, Reason, Summary};
use super::{approval, cause, effect, evict, fields, order};
use crate::address::Address;
use crate::inventory::{Inventory, Readiness};
use crate::place::concerns;
use crate::plan::{Mode, Payload, Plan, PlanNode, Service, Target};

impl ChangeSet {
    /// All that leads from `base` to `target`; empty when they want the same.
    ///
    /// Payloads are compared, never digests or labels, and what is external is left alone.
    pub fn between(base: &Plan, target: &Plan) -> ChangeSet {
        let (base, was) = base.settled_in(target);
        Self::compare(&base, target, &|address| {
            was.get(address).cloned().map_or(Tie::Same, Tie::Moved)
        })
    }

    /// `tie` says what the object of a node in the base is to the node.
    fn compare(base: &Plan, target: &Plan, tie: &dyn Fn(&Address) -> Tie) -> ChangeSet {
        let addresses: BTreeSet<&Address> = base.nodes.keys().chain(target.nodes.keys()).collect();
        let mut changes: Vec<Change> = addresses
            .into_iter()
            .filter_map(|address| {
                let (before, after) = (base.nodes.get(address), target.nodes.get(address));
                if after.is_none() && target.identity.forgets(address) {
                    return forget(address, before?);
                }
                tied(address, before, after, tie(address))
            })
            .collect();
        cause::attribute(&mut changes);
        let changes = order::arrange(changes, base, target);
        let from = approval::base(&changes, base);
        let to = target.digest.clone();
        let id = approval::id(&target.stack, &from, &to, &changes);
        let summary = Summary::of(&changes, target.nodes.len());
        let format = CHANGES_FORMAT.to_owned();
        ChangeSet {
            format,
            stack: target.stack.clone(),
            from,
            to,
            id,
            summary,
            changes,
            concerns: Vec::new(),
        }
    }

    /// What an apply of `plan` would do to what was found, with what somebody else changed
    /// told apart from what the spec changed.
    pub fn toward(plan: &Plan, inventory: &Inventory) -> ChangeSet {
        let mut changes = Self::compare(&inventory.as_plan(plan), plan, &|address| {
            tie(address, inventory)
        });
        changes.attribute(inventory);
        changes.concerns = concerns(&changes.changes, plan, inventory);
        changes
    }

    /// Adds what only a look at the target can tell: which changes undo drift, and how many
    /// tasks of global services are concerned, and so whether all of them stop at once.
    ///
    /// A label that names the wanted digest on an object that differs means that the object was
    /// changed after it was written.
    pub fn attribute(&mut self, inventory: &Inventory) {
        for change in &mut self.changes {
            let (ours, others) = (&inventory.nodes, &inventory.adoptable);
            let address = &change.address;
            let Some(observed) = ours.get(address).or_else(|| others.get(address)) else {
                continue;
            };
            let meant = change.after.as_ref().map(|node| &node.digest);
            if !change.fields.is_empty() && meant.is_some() && observed.digest.as_ref() == meant {
                change.reason = Reason::Drift;
            }
            if is_global(change.before.as_deref()) && change.stops_tasks() {
                change.tasks = running(&observed.readiness);
                if let Some(after) = change.after.as_deref() {
                    change.effect = effect::of_global(change.effect, &after.payload, change.tasks);
                }
            }
        }
        evict::attribute(&mut self.changes, inventory);
        self.summary = Summary {
            noop: self.summary.noop,
            ..Summary::of(&self.changes, 0)
        };
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub fn get(&self, address: &Address) -> Option<&Change> {
        self.changes
            .iter()
            .find(|change| change.address == *address)
    }
}

/// What an object of the base is to the node of its address.
enum Tie {
    Same,
    /// Its own, though it carries another address.
    Moved(Address),
    /// Nobody's, and the node adopts it.
    Foreign,
}

fn tie(address: &Address, inventory: &Inventory) -> Tie {
    let was = inventory
        .nodes
        .get(address)
        .and_then(|found| found.was.clone());
    match was {
        Some(was) => Tie::Moved(was),
        None if inventory.adoptable.contains_key(address) => Tie::Foreign,
        None => Tie::Same,
    }
}

/// What happens to one node whose object may have to be written only to become its own.
fn tied(
    address: &Address,
    before: Option<&PlanNode>,
    after: Option<&PlanNode>,
    tie: Tie,
) -> Option<Change> {
    let own = change(address, before, after);
    let (was, action) = match tie {
        Tie::Same => return own,
        Tie::Moved(was) => (Some(was), Action::Update),
        Tie::Foreign => (None, Action::Adopt),
    };
    let nodes = before.zip(after);
    let label = || {
        let is_written = |(before, after): &(&PlanNode, &PlanNode)| {
            carries_address(&before.payload) && !after.payload.is_external()
        };
        let (before, after) = nodes.filter(is_written)?;
        Some(Change {
            before: Some(Box::new(before.clone())),
            after: Some(Box::new(after.clone())),
            ..bare(address, action, Effect::NoRestart, Reason::Spec)
        })
    };
    let mut own = own.or_else(label)?;
    own.was = was;
    if action == Action::Adopt && own.before.is_some() {
        own.action = Action::Adopt;
    }
    Some(own)
}

/// Whether the address of an object can be written anew: nothing of a network can, a volume has no
/// object a manager could see, and a machine is nobody's to give away.
fn carries_address(payload: &Payload) -> bool {
    match payload {
        Payload::Service(_) | Payload::Config(_) | Payload::Secret(_) => true,
        Payload::Network(_) | Payload::Node(_) | Payload::Volume(_) | Payload::Declared(_) => false,
    }
}

/// Nothing where there is nothing to write.
fn forget(address: &Address, before: &PlanNode) -> Option<Change> {
    let is_written = carries_address(&before.payload) && !before.payload.is_external();
    is_written.then(|| Change {
        before: Some(Box::new(before.clone())),
        ..bare(
            address,
            Action::Forget,
            Effect::NoRestart,
            Reason::NotInSpec,
        )
    })
}

/// What happens to one node; nothing when it stays as it is.
fn change(address: &Address, base: Option<&PlanNode>, target: Option<&PlanNode>) -> Option<Change> {
    let before = base.filter(|node| !node.payload.is_external());
    let after = target.filter(|node| !node.payload.is_external());
    match (before, after) {
        (None, None) => None,
        (Some(before), None) if target.is_some_and(|t| same_object(before, t)) => None,
        (Some(before), None) => Some(delete(address, before)),
        (Some(before), Some(after)) if before.target == after.target => {
            update(address, before, after)
        }
        // A node that loses its object, or gets one, for the same declaration.
        (Some(before), Some(_)) if before.target == Target::Swarm => Some(delete(address, before)),
        (None | Some(_), Some(after)) => Some(create(address, after)),
    }
}

/// Whether what was ours is now declared to be somebody else's: it stays.
fn same_object(before: &PlanNode, external: &PlanNode) -> bool {
    before.payload.physical_name() == external.payload.physical_name()
}

fn create(address: &Address, after: &PlanNode) -> Change {
    Change {
        after: Some(Box::new(after.clone())),
        ..bare(address, Action::Create, Effect::Create, Reason::New)
    }
}

/// What has no object of its own ends without a trace, and volumes outlive their stack.
fn delete(address: &Address, before: &PlanNode) -> Change {
    let effect = match &before.payload {
        Payload::Node(_) | Payload::Volume(_) | Payload::Declared(_) => Effect::NoRestart,
        Payload::Network(_) | Payload::Secret(_) | Payload::Config(_) | Payload::Service(_) => {
            Effect::Delete
        }
    };
    Change {
        tasks: effect::tasks(&before.payload),
        before: Some(Box::new(before.clone())),
        ..bare(address, Action::Delete, effect, Reason::NotInSpec)
    }
}

fn update(address: &Address, before: &PlanNode, after: &PlanNode) -> Option<Change> {
    if before.payload == after.payload {
        return None;
    }
    let fields = fields::between(&before.payload, &after.payload);
    if fields.is_empty() {
        return None;
    }
    let mut change = Change {
        fields,
        before: Some(Box::new(before.clone())),
        after: Some(Box::new(after.clone())),
        ..bare(
            address,
            Action::Update,
            Effect::RollingRestart,
            Reason::Spec,
        )
    };
    change.effect = effect::of_change(&change.fields, &before.payload, &after.payload);
    if is_replaced(&change, &before.payload, &after.payload) {
        change.action = Action::Replace;
    }
    change.tasks = stopped(&change, &before.payload, &after.payload);
    Some(change)
}

fn bare(address: &Address, action: Action, effect: Effect, reason: Reason) -> Change {
    Change {
        address: address.clone(),
        was: None,
        action,
        effect,
        tasks: 0,
        evicts: BTreeMap::new(),
        reason,
        caused_by: BTreeSet::new(),
        waits_for: BTreeSet::new(),
        fields: Vec::new(),
        before: None,
        after: None,
    }
}

/// Whether the object cannot be written in place. Swarm marks the update of a service that runs
/// once as paused as soon as its task ends, so a new run is a new object.
pub(super) fn is_replaced(change: &Change, before: &Payload, after: &Payload) -> bool {
    let refused = |field: &&str| {
        change
            .fields
            .iter()
            .any(|f| f.path.first().is_some_and(|p| p == field))
    };
    let runs_anew = |service: &Service| service.mode == Mode::Once && change.restarts();
    match after {
        Payload::Service(service) => ["name", "mode"].iter().any(refused) || runs_anew(service),
        Payload::Network(_) => true,
        Payload::Secret(_) | Payload::Config(_) => change.effect >= Effect::Replace,
        Payload::Node(_) | Payload::Volume(_) => before.physical_name() != after.physical_name(),
        Payload::Declared(_) => false,
    }
}

/// Tasks that stop, whether or not others take their place.
fn stopped(change: &Change, before: &Payload, after: &Payload) -> u64 {
    let (old, new) = (effect::tasks(before), effect::tasks(after));
    if change.restarts() {
        old
    } else {
        old.saturating_sub(new)
    }
}

impl Change {
    /// Whether running tasks are replaced by others, rather than only started or stopped.
    pub(crate) fn restarts(&self) -> bool {
        let scaled = |path: &[String]| path.first().is_some_and(|name| name == "replicas");
        self.fields
            .iter()
            .any(|field| field.effect >= Effect::RollingRestart && !scaled(&field.path))
    }

    fn stops_tasks(&self) -> bool {
        self.action == Action::Delete || self.restarts()
    }
}

fn is_global(node: Option<&PlanNode>) -> bool {
    node.and_then(|n| n.payload.as_service().ok())
        .is_some_and(|service| service.mode == Mode::Global)
}

fn running(readiness: &Readiness) -> u64 {
    match readiness {
        Readiness::Ready { running, .. } | Readiness::Progressing { running, .. } => *running,
        Readiness::Failed(_) => 0,
    }
}
