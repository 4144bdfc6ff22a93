//! Why a node changes: by its own declaration, or because something it refers to got a new name.

use std::collections::BTreeMap;

use super::{Change, FieldChange, Reason};
use crate::address::Address;
use crate::value::Value;

/// Fills in which changed needs each change follows from, and whether from nothing else.
pub(super) fn attribute(changes: &mut [Change]) {
    let names: BTreeMap<Address, Names> = changes
        .iter()
        .map(|change| (change.address.clone(), Names::of(change)))
        .collect();
    for change in changes {
        let nodes = change.before.iter().chain(&change.after);
        let needs: Vec<(&Address, &Names)> = nodes
            .flat_map(|node| node.needs.keys())
            .filter_map(|need| names.get_key_value(need))
            .collect();
        let follows =
            |field: &FieldChange| needs.iter().any(|(need, names)| names.explain(need, field));
        let only_follows = !change.fields.is_empty() && change.fields.iter().all(follows);
        change.caused_by = needs
            .iter()
            .filter(|(need, names)| change.fields.iter().any(|field| names.appear(need, field)))
            .map(|(need, _)| (*need).clone())
            .collect();
        if only_follows {
            change.reason = Reason::Dependency;
        }
    }
}

/// The physical names a node has before and after its change.
struct Names {
    before: Option<String>,
    after: Option<String>,
}

impl Names {
    fn of(change: &Change) -> Self {
        let name = |node: &Option<Box<crate::plan::PlanNode>>| {
            node.as_ref()
                .and_then(|n| n.payload.physical_name())
                .map(str::to_owned)
        };
        Self {
            before: name(&change.before),
            after: name(&change.after),
        }
    }

    /// Whether the property speaks of the node.
    fn appear(&self, address: &Address, field: &FieldChange) -> bool {
        let named = |name: &Option<String>| {
            name.as_ref().is_some_and(|name| {
                let text = Value::Text(name.clone());
                field.path.contains(name)
                    || field.before.as_ref() == Some(&text)
                    || field.after.as_ref() == Some(&text)
            })
        };
        named(&self.before) || named(&self.after) || fills(address, field.after.as_ref())
    }

    /// Whether the property differs in nothing but the name or the value of the node.
    fn explain(&self, address: &Address, field: &FieldChange) -> bool {
        let (Some(old), Some(new)) = (&self.before, &self.after) else {
            return false;
        };
        match (&field.before, &field.after) {
            (Some(before @ Value::Map(_)), Some(after @ Value::Map(_))) => {
                fills(address, Some(after)) && before.get("template") == after.get("template")
            }
            (Some(Value::Text(before)), Some(Value::Text(after))) => {
                before == old && after == new && old != new
            }
            (Some(_), None) => old != new && field.path.contains(old),
            (None, Some(_)) => old != new && field.path.contains(new),
            (Some(_), Some(_)) | (None, None) => false,
        }
    }
}

/// Whether a variable's template is filled in with the value of the secret at `address`.
fn fills(address: &Address, variable: Option<&Value>) -> bool {
    match variable.and_then(|value| value.get("template")) {
        Some(Value::Text(template)) => template.contains(&format!("${{{address}}}")),
        Some(Value::Null | Value::Bool(_) | Value::Int(_) | Value::List(_) | Value::Map(_))
        | None => false,
    }
}
