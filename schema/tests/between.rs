//! What holds for every change set.

mod arbitrary;

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::plan;
use proptest::prelude::*;
use skep_schema::address::Address;
use skep_schema::change::{Action, Block, Change, ChangeSet, Effect, FieldChange};
use skep_schema::plan::{Payload, Plan, PlanNode};
use skep_schema::value::Value;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_plan_does_not_differ_from_itself(a in plan()) {
        let changes = ChangeSet::between(&a, &a);
        prop_assert!(changes.is_empty(), "{:?}", changes.changes);
        prop_assert_eq!(changes.summary.noop as usize, a.nodes.len());
    }

    #[test]
    fn the_changes_lead_from_one_plan_to_the_other((a, b) in (plan(), plan())) {
        let changes = ChangeSet::between(&a, &b);
        let made = perform(&a, &changes);
        for (address, node) in &b.nodes {
            prop_assert_eq!(&made[address].payload, &node.payload, "{}", address);
        }
        prop_assert_eq!(made.len(), b.nodes.len());
        prop_assert!(ChangeSet::between(&Plan::new("shop", None, made), &b).is_empty());
    }

    #[test]
    fn what_a_change_waits_for_comes_before_it((a, b) in (plan(), plan())) {
        let changes = ChangeSet::between(&a, &b);
        let mut before = BTreeSet::new();
        for change in &changes.changes {
            prop_assert!(change.waits_for.is_subset(&before), "{} waits for {:?}", change.address, change.waits_for);
            before.insert(change.address.clone());
        }
    }

    #[test]
    fn nothing_begins_before_what_it_needs((a, b) in (plan(), plan())) {
        let changes = ChangeSet::between(&a, &b);
        for change in changes.changes.iter().filter(|c| c.action != Action::Delete) {
            for need in b.needs_of(&change.address).keys() {
                let waits = changes.get(need).is_none() || change.waits_for.contains(need);
                prop_assert!(waits, "{} does not wait for {}", change.address, need);
            }
        }
    }

    #[test]
    fn deletes_come_last_unless_others_wait_for_them((a, b) in (plan(), plan())) {
        let changes = ChangeSet::between(&a, &b);
        let early = changes.early_deletes();
        let late = |c: &&Change| c.action == Action::Delete && !early.contains(&c.address);
        let tail = changes.changes.iter().rev().take_while(late).count();
        prop_assert_eq!(tail, changes.changes.iter().filter(late).count());
    }

    #[test]
    fn the_summary_counts_every_node_once((a, b) in (plan(), plan())) {
        let changes = ChangeSet::between(&a, &b);
        let s = &changes.summary;
        let changed = s.create + s.update + s.update_no_restart + s.replace + s.delete;
        prop_assert_eq!(changed as usize, changes.changes.len());
        prop_assert_eq!((s.create + s.update + s.update_no_restart + s.replace + s.noop) as usize, b.nodes.len());
    }

    #[test]
    fn a_change_set_survives_its_file((a, b) in (plan(), plan())) {
        let changes = ChangeSet::between(&a, &b);
        let text = serde_json::to_string(&changes).expect("a change set is plain data");
        prop_assert_eq!(serde_json::from_str::<ChangeSet>(&text).expect("its own text"), changes);
    }

    #[test]
    fn the_id_tells_change_sets_apart((a, b, c) in (plan(), plan(), plan())) {
        let (ab, ac) = (ChangeSet::between(&a, &b), ChangeSet::between(&a, &c));
        prop_assert_eq!(ab.id == ac.id, b.digest == c.digest);
    }

    #[test]
    fn only_what_is_protected_or_still_held_blocks((a, b) in (plan(), plan())) {
        let changes = ChangeSet::between(&a, &b);
        for change in changes.changes.iter().filter(|c| matches!(c.action, Action::Create | Action::Update)) {
            let network = matches!(change.after.as_ref().map(|n| &n.payload), Some(Payload::Network(_)));
            let blocks = changes.blocked();
            let mut blocks = blocks.iter().filter(|b| b.address == change.address);
            prop_assert!(network || blocks.all(|b| is_late(&changes, change, &b.because)));
        }
        for change in changes.changes.iter().filter(|c| c.effect == Effect::Delete) {
            let protected = change.before.as_ref().is_some_and(|n| n.protect);
            prop_assert_eq!(protected, changes.blocked().iter().any(|b| b.address == change.address));
        }
    }
}

/// Whether a block is about something that the change takes from one that does not come before it.
fn is_late(changes: &ChangeSet, taker: &Change, block: &Block) -> bool {
    let Block::HandedOverLate { held, holder } = block else {
        return false;
    };
    let has = |node: Option<&PlanNode>| {
        let service = node.and_then(|node| node.payload.as_service().ok());
        service.is_some_and(|s| s.name == *held || s.publish.contains_key(held))
    };
    let giver = changes.get(holder).expect("it gives something up");
    has(taker.after.as_deref())
        && has(giver.before.as_deref())
        && !has(giver.after.as_deref())
        && !taker.waits_for.contains(holder)
}

/// What the changes make of a plan, through their fields alone wherever a node has some.
fn perform(base: &Plan, changes: &ChangeSet) -> BTreeMap<Address, PlanNode> {
    let mut nodes = base.nodes.clone();
    for change in &changes.changes {
        match change.action {
            Action::Delete => {
                nodes.remove(&change.address);
            }
            Action::Create => {
                let node = change
                    .after
                    .as_deref()
                    .expect("a create has an after")
                    .clone();
                nodes.insert(change.address.clone(), node);
            }
            Action::Forget => {}
            Action::Update | Action::Replace | Action::Adopt => {
                let node = nodes
                    .get_mut(&change.address)
                    .expect("an update has a before");
                node.payload = patched(&node.payload, &change.fields);
            }
        }
    }
    nodes
}

fn patched(payload: &Payload, fields: &[FieldChange]) -> Payload {
    let mut tree = payload.value();
    for field in fields {
        for path in spellings(payload, field) {
            set(&mut tree, &path, None);
        }
        if let Some(after) = &field.after {
            let spellings = spellings(payload, field);
            let secret = usize::from(spellings.len() == 2 && matches!(after, Value::Map(_)));
            set(&mut tree, &spellings[secret], Some(after.clone()));
        }
    }
    let text = serde_json::to_value(&tree).expect("a tree is plain data");
    let read =
        |kind: &str| serde_json::from_value(serde_json::json!({ kind: text })).expect("a payload");
    match payload {
        Payload::Node(_) => read("node"),
        Payload::Network(_) => read("network"),
        Payload::Volume(_) => read("volume"),
        Payload::Secret(_) => read("secret"),
        Payload::Config(_) => read("config"),
        Payload::Service(_) => read("service"),
        Payload::Declared(_) => Payload::Declared(tree),
    }
}

/// Where a field is in the payload: a variable is among the plain or among the secret ones.
fn spellings(payload: &Payload, field: &FieldChange) -> Vec<Vec<String>> {
    match (payload, field.path.as_slice()) {
        (Payload::Service(_), [env, name]) if env == "env" => {
            vec![
                field.path.clone(),
                vec!["secret-env".to_owned(), name.clone()],
            ]
        }
        _ => vec![field.path.clone()],
    }
}

/// Sets or removes what is at `path`; maps appear with their first key and go with their last.
fn set(tree: &mut Value, path: &[String], value: Option<Value>) {
    let Some((key, rest)) = path.split_first() else {
        *tree = value.unwrap_or(Value::Null);
        return;
    };
    let Value::Map(map) = tree else {
        unreachable!("{key} is in no map")
    };
    if !rest.is_empty() && (value.is_some() || map.contains_key(key)) {
        let child = map
            .entry(key.clone())
            .or_insert_with(|| Value::Map(BTreeMap::new()));
        set(child, rest, value);
        if *child == Value::Map(BTreeMap::new()) {
            map.remove(key);
        }
    } else if let Some(value) = value {
        map.insert(key.clone(), value);
    } else {
        map.remove(key);
    }
}
