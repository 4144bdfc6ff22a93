//! What waits for what, and the one order in which changes begin.
//!
//! Creates and updates wait for what they need, deletes for what needed them, so in a plan
//! without cycles nothing waits for itself. One case turns the order around: a published port, or
//! a name, that one service gives up and another takes. The engine refuses what is taken, and a
//! task that waits for a host's port never starts, so the giver goes first even when it is
//! deleted; until the taker is up nobody answers there. Where the giver has to wait for the taker,
//! as when two services swap their ports, there is no order, and the way out is an apply in between.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Change, ChangeSet, Effect};
use crate::address::Address;
use crate::plan::{Plan, PlanNode, PublishMode};

/// For each change, by its place, the places of those it waits for.
type Waits = Vec<BTreeSet<usize>>;

/// Fills in what the changes wait for, and puts them in order: what they need first, deletes
/// last, by address where there is a choice.
pub(super) fn arrange(mut changes: Vec<Change>, base: &Plan, target: &Plan) -> Vec<Change> {
    let mut waits = waits(&changes, base, target);
    hand_over(&mut changes, &mut waits);
    let order = sorted(&changes, &mut waits);
    let addresses: Vec<Address> = changes
        .iter()
        .map(|change| change.address.clone())
        .collect();
    for (change, waits) in changes.iter_mut().zip(&waits) {
        change.waits_for = waits.iter().map(|i| addresses[*i].clone()).collect();
    }
    let mut slots: Vec<Option<Change>> = changes.into_iter().map(Some).collect();
    order.into_iter().filter_map(|i| slots[i].take()).collect()
}

fn waits(changes: &[Change], base: &Plan, target: &Plan) -> Waits {
    let places: BTreeMap<&Address, usize> = changes
        .iter()
        .enumerate()
        .map(|(i, c)| (&c.address, i))
        .collect();
    let mut waits: Waits = vec![BTreeSet::new(); changes.len()];
    for (i, change) in changes.iter().enumerate() {
        if change.after.is_some() {
            let needed = target
                .needs_of(&change.address)
                .into_keys()
                .filter_map(|need| places.get(need));
            waits[i].extend(needed.filter(|need| changes[**need].action != Action::Delete));
        }
        for need in base
            .needs_of(&change.address)
            .into_keys()
            .filter_map(|need| places.get(need))
        {
            if changes[*need].action == Action::Delete {
                waits[*need].insert(i);
            }
        }
    }
    waits
}

fn hand_over(changes: &mut [Change], waits: &mut Waits) {
    for (taker, giver, _) in handovers(changes) {
        if reaches(waits, giver, taker) {
            if changes[giver].action != Action::Delete {
                continue;
            }
            // A service does not keep others from being deleted, so what it holds goes before the order.
            let freed = waits[giver]
                .iter()
                .copied()
                .filter(|before| !reaches(waits, *before, taker));
            waits[giver] = freed.collect();
        }
        waits[taker].insert(giver);
        changes[taker].effect = changes[taker].effect.max(Effect::Downtime);
    }
}

/// What a change takes from one that comes only after it: both, and the port or the name.
pub(super) fn out_of_order(changes: &[Change]) -> Vec<(&Change, &Change, String)> {
    let pairs = handovers(changes).into_iter();
    let pairs = pairs.map(|(taker, giver, held)| (&changes[taker], &changes[giver], held));
    pairs
        .filter(|(taker, giver, _)| !taker.waits_for.contains(&giver.address))
        .collect()
}

/// Pairs of changes of which the first takes a port or a name that the second gives up.
fn handovers(changes: &[Change]) -> Vec<(usize, usize, String)> {
    let mut givers: BTreeMap<&str, usize> = BTreeMap::new();
    let ends = |(_, change): &(usize, &Change)| change.action != Action::Forget;
    for (i, change) in changes.iter().enumerate().filter(ends) {
        let kept = holdings(change.after.as_deref());
        givers.extend(
            holdings(change.before.as_deref())
                .difference(&kept)
                .map(|held| (*held, i)),
        );
    }
    let taken = |change: &Change| -> Vec<(usize, String)> {
        let had = kept(change.before.as_deref());
        let held = holdings(change.after.as_deref());
        let new = held.difference(&had);
        new.filter_map(|held| Some((*givers.get(held)?, (*held).to_owned())))
            .collect()
    };
    let pairs = changes.iter().enumerate().flat_map(|(i, c)| {
        taken(c)
            .into_iter()
            .map(move |(giver, held)| (i, giver, held))
    });
    pairs.filter(|(taker, giver, _)| taker != giver).collect()
}

/// Of what only one service can have: its published ports and its name.
fn holdings(node: Option<&PlanNode>) -> BTreeSet<&str> {
    let service = node.and_then(|node| node.payload.as_service().ok());
    service
        .into_iter()
        .flat_map(|s| s.publish.keys().chain([&s.name]).map(String::as_str))
        .collect()
}

/// Of its holdings those that are safely its own: not the ports of the routing mesh. A service that was rolled back by hand has such a port again though another took it meanwhile,
/// and the engine then refuses every update of either until one gives it up.
fn kept(node: Option<&PlanNode>) -> BTreeSet<&str> {
    let service = node.and_then(|node| node.payload.as_service().ok());
    let is_meshed = |held: &&str| {
        let port = service.and_then(|service| service.publish.get(*held));
        port.is_some_and(|port| port.mode == PublishMode::Ingress)
    };
    let held = holdings(node).into_iter();
    held.filter(|held| !is_meshed(held)).collect()
}

/// Whether `from` waits for `to`, by itself or through others.
fn reaches(waits: &Waits, from: usize, to: usize) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(i) = open.pop() {
        if i == to {
            return true;
        }
        open.extend(waits[i].iter().copied().filter(|next| seen.insert(*next)));
    }
    false
}

/// The places in order. A cycle, which no compiled plan has, is cut where its smallest address
/// waits, so that an apply of a plan written by hand ends too.
fn sorted(changes: &[Change], waits: &mut Waits) -> Vec<usize> {
    let last = late(changes, waits);
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); changes.len()];
    for (i, before) in waits.iter().enumerate() {
        for before in before {
            followers[*before].push(i);
        }
    }
    let mut open: Vec<usize> = waits.iter().map(BTreeSet::len).collect();
    let mut remaining: BTreeSet<(bool, usize)> = (0..changes.len()).map(|i| (last[i], i)).collect();
    let mut ready: BTreeSet<(bool, usize)> = remaining
        .iter()
        .copied()
        .filter(|(_, i)| open[*i] == 0)
        .collect();
    let mut order = Vec::with_capacity(changes.len());
    let mut placed = vec![false; changes.len()];
    while let Some(next) = ready.pop_first().or_else(|| remaining.first().copied()) {
        let (_, i) = next;
        remaining.remove(&next);
        placed[i] = true;
        order.push(i);
        waits[i].retain(|before| placed[*before]);
        for follower in &followers[i] {
            open[*follower] = open[*follower].saturating_sub(1);
            if open[*follower] == 0 && !placed[*follower] {
                ready.insert((last[*follower], *follower));
            }
        }
    }
    order
}

/// The deletes that nothing else waits for: they come after everything.
fn late(changes: &[Change], waits: &Waits) -> Vec<bool> {
    let mut late: Vec<bool> = changes
        .iter()
        .map(|change| change.action == Action::Delete)
        .collect();
    let mut open: Vec<usize> = (0..changes.len()).filter(|i| !late[*i]).collect();
    while let Some(i) = open.pop() {
        for before in &waits[i] {
            if std::mem::take(&mut late[*before]) {
                open.push(*before);
            }
        }
    }
    late
}

impl ChangeSet {
    /// Deletes that come before other changes, because those take over what they hold.
    pub fn early_deletes(&self) -> BTreeSet<&Address> {
        let places: BTreeMap<&Address, usize> = self
            .changes
            .iter()
            .enumerate()
            .map(|(i, c)| (&c.address, i))
            .collect();
        let waits: Waits = self
            .changes
            .iter()
            .map(|c| {
                c.waits_for
                    .iter()
                    .filter_map(|address| places.get(address).copied())
                    .collect()
            })
            .collect();
        let deletes = self.changes.iter().zip(late(&self.changes, &waits));
        deletes
            .filter(|(c, late)| c.action == Action::Delete && !late)
            .map(|(c, _)| &c.address)
            .collect()
    }
}
