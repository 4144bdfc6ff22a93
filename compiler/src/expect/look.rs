//! Whether an expectation holds.

use std::cmp::Ordering;

use skep_schema::address::Address;
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::nearest;
use skep_schema::plan::{Holds, Plan, PlanNode, holds};
use skep_schema::span::{At, Span};
use skep_schema::spec::{Count, Expectation, Pattern, PropertyPath, Scalar};
use skep_schema::value::Value;

use super::compare::{has, is_same, order, show, text};
use crate::edit::{Written, default_of};

/// What does not hold of one expectation: a diagnostic for each node it does not hold for.
pub(super) fn expectation(of: &Expectation, plan: &Plan, written: &Written) -> Vec<Diagnostic> {
    let nodes = fitting(&of.node.value, plan);
    let exists = of.exists.as_ref().is_none_or(|flag| flag.value);
    let Some(path) = &of.property else {
        return presence(of, &nodes, exists, plan, written)
            .into_iter()
            .collect();
    };
    if nodes.is_empty() {
        return vec![no_node(&of.node, plan)];
    }
    let each = nodes.into_iter().flat_map(|(address, node)| {
        let look = Look {
            of,
            address,
            path,
            found: found(node, &path.value),
            holds: holds(address.kind, address.part.as_deref(), &path.value.0)
                .unwrap_or(Holds::Any),
            written,
        };
        look.failures(exists)
    });
    each.collect()
}

/// How many nodes there are, beside how many there should be.
pub(super) fn count(of: &Count, plan: &Plan) -> Option<Diagnostic> {
    let nodes = fitting(&of.node.value, plan);
    let there = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
    let holds = of.is.as_ref().is_none_or(|is| there == is.value)
        && of
            .at_least
            .as_ref()
            .is_none_or(|least| there >= least.value)
        && of.at_most.as_ref().is_none_or(|most| there <= most.value);
    if holds {
        return None;
    }
    let names: Vec<String> = nodes.iter().map(|(a, _)| format!("`{a}`")).collect();
    let nodes_fit = if there == 1 { "node fits" } else { "nodes fit" };
    let message = format!("{there} {nodes_fit} `{}`", of.node.value);
    let diagnostic = Diagnostic::new(Code::NotAsExpected, of.span, message);
    Some(if names.is_empty() {
        diagnostic
    } else {
        diagnostic.help(format!("there is {}", names.join(", ")))
    })
}

fn fitting<'p>(pattern: &Pattern, plan: &'p Plan) -> Vec<(&'p Address, &'p PlanNode)> {
    let all = plan.nodes.iter();
    all.filter(|(address, _)| pattern.fits(address)).collect()
}

fn presence(
    of: &Expectation,
    nodes: &[(&Address, &PlanNode)],
    exists: bool,
    plan: &Plan,
    written: &Written,
) -> Option<Diagnostic> {
    match (nodes.first(), exists) {
        (None, true) => Some(no_node(&of.node, plan)),
        (Some((address, _)), false) => {
            let message = format!("`{address}` is in the plan, and should not be");
            let diagnostic = Diagnostic::new(Code::NotAsExpected, of.span, message);
            Some(declared(diagnostic, written, address))
        }
        (None, false) | (Some(_), true) => None,
    }
}

fn no_node(pattern: &At<Pattern>, plan: &Plan) -> Diagnostic {
    let name = pattern.value.to_string();
    let message = format!("the plan has no `{name}`");
    let diagnostic = Diagnostic::new(Code::NotAsExpected, pattern.span, message);
    let known: Vec<String> = plan.nodes.keys().map(ToString::to_string).collect();
    match nearest(&name, known.iter().map(String::as_str)) {
        Some(near) => diagnostic.meant(near),
        None => diagnostic.help("`skep graph` lists all addresses"),
    }
}

/// The value of a property, where the plan has one.
fn found(node: &PlanNode, path: &PropertyPath) -> Option<Value> {
    let value = node.payload.value();
    let mut at = Some(&value);
    for word in &path.0 {
        at = at.and_then(|value| value.get(word));
    }
    at.cloned()
}

/// A value in the language's spelling, as a plan holds it.
fn spelled(text: String) -> Value {
    match text.parse() {
        Ok(number) => Value::Int(number),
        Err(_) => Value::Text(text),
    }
}

fn declared(diagnostic: Diagnostic, written: &Written, address: &Address) -> Diagnostic {
    match written.place(address, &[]) {
        Some(place) => diagnostic.and(place.span, format!("`{address}` is declared here")),
        None => diagnostic,
    }
}

/// One property of one node under one expectation.
struct Look<'a> {
    of: &'a Expectation,
    address: &'a Address,
    path: &'a At<PropertyPath>,
    found: Option<Value>,
    holds: Holds,
    written: &'a Written,
}

impl Look<'_> {
    fn failures(&self, exists: bool) -> Vec<Diagnostic> {
        let compared = self.comparisons().next().is_some();
        match (&self.found, exists) {
            (Some(found), false) => vec![self.wrong(found, self.of.span, "should not be there")],
            (None, false) => Vec::new(),
            (Some(found), true) => self.failing(found),
            (None, true) => {
                let silent = default_of(self.address.kind, &self.path.value.0);
                match silent.filter(|_| compared) {
                    Some(default) => self.failing(&spelled(default)),
                    None => vec![self.absent()],
                }
            }
        }
    }

    /// Each comparison that does not hold for a value.
    fn failing(&self, found: &Value) -> Vec<Diagnostic> {
        let failing = self
            .comparisons()
            .filter(|(_, wanted, test)| !test.holds(self.holds, found, &wanted.value.0));
        failing
            .map(|(word, wanted, _)| {
                let label = format!("should {word} `{}`", wanted.value.0);
                self.wrong(found, wanted.span, label)
            })
            .collect()
    }

    fn comparisons(&self) -> impl Iterator<Item = (&'static str, &At<Scalar>, Comparison)> {
        let Expectation {
            span: _,
            node: _,
            property: _,
            exists: _,
            is,
            is_not,
            at_least,
            at_most,
            has,
        } = self.of;
        let all = [
            ("be", is, Comparison::Is),
            ("not be", is_not, Comparison::IsNot),
            ("be at least", at_least, Comparison::AtLeast),
            ("be at most", at_most, Comparison::AtMost),
            ("have", has, Comparison::Has),
        ];
        all.into_iter()
            .filter_map(|(word, wanted, test)| Some((word, wanted.as_ref()?, test)))
    }

    fn absent(&self) -> Diagnostic {
        let (address, path) = (self.address, &self.path.value);
        let message = format!("`{address}` has no `{path}`");
        let diagnostic = Diagnostic::new(Code::NotAsExpected, self.path.span, message)
            .label("should be there")
            .help(format!("`skep explain {address}` shows what it has"));
        declared(diagnostic, self.written, address)
    }

    fn wrong(&self, found: &Value, span: Span, label: impl Into<String>) -> Diagnostic {
        let (address, path, found) = (self.address, &self.path.value, show(found));
        let message = format!("`{path}` of `{address}` is {found}");
        let diagnostic = Diagnostic::new(Code::NotAsExpected, span, message).label(label);
        match self.written.place(address, &path.0) {
            Some(place) if place.exact => {
                let diagnostic = diagnostic.and(place.span, "written here");
                match self.written.source(address, &path.0) {
                    Some(source) => diagnostic.and(source, "with the value from here"),
                    None => diagnostic,
                }
            }
            Some(place) => diagnostic
                .and(place.span, format!("`{address}` is declared here"))
                .help(format!(
                    "`{path}` is not written there: `skep explain {address}` says what decides it"
                )),
            None => diagnostic,
        }
    }
}

#[derive(Clone, Copy)]
enum Comparison {
    Is,
    IsNot,
    AtLeast,
    AtMost,
    Has,
}

impl Comparison {
    fn holds(self, holds: Holds, found: &Value, wanted: &str) -> bool {
        let single = text(found);
        let single = single.as_deref();
        let order = || single.and_then(|found| order(holds, found, wanted));
        match self {
            Comparison::Is => single.is_some_and(|found| is_same(holds, found, wanted)),
            Comparison::IsNot => !single.is_some_and(|found| is_same(holds, found, wanted)),
            Comparison::AtLeast => order().is_some_and(Ordering::is_ge),
            Comparison::AtMost => order().is_some_and(Ordering::is_le),
            Comparison::Has => has(found, wanted),
        }
    }
}
