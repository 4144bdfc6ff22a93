//! The last word is the compiler's: what it refuses becomes a comment, and is told.

use std::collections::{BTreeMap, BTreeSet};

use skep_compiler::source::{Inputs, ROOT, SourceSet};
use skep_compiler::{Checked, check};
use skep_schema::diagnostic::{Diagnostic, Severity};
use skep_schema::import::Grade;
use skep_schema::span::{Sources, Span};

use crate::cx::{Cx, Found};
use crate::kdl::{DOLLAR, Item, Printed, Word, print};
use crate::project::{declarations, dollar, tell};
use crate::variables::Declared;

/// Rounds of taking something out and looking again; what is left then is told as it is.
const MAX_ROUNDS: usize = 24;

/// A project as the compiler takes it.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    pub(crate) text: String,
    pub(crate) lines: Vec<Option<Span>>,
    pub(crate) declared: Declared,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) compiled: Sources,
    /// Services that routes which are refused lead to, and why they are.
    pub(crate) unroutable: BTreeMap<String, String>,
}

/// Writes the project and has it checked, until nothing in it is an error.
pub(crate) fn settle(cx: &mut Cx<'_>, mut items: Vec<Item>) -> Settled {
    let mut round = 0;
    let mut unroutable = BTreeMap::new();
    loop {
        let (printed, declared, offset) = written(cx, &items);
        let checked = look(cx, &printed.text);
        let refused = errors(&checked);
        unroutable.extend(leads(&items, &printed, &refused, offset));
        let mends = round < MAX_ROUNDS && !cx.request.purpose.is_source();
        let again = mends && take_out(cx, &mut items, &printed, &refused, offset);
        if !again {
            tell(cx, &declared);
            return Settled {
                text: printed.text,
                lines: printed.lines.into_iter().map(|line| line.span).collect(),
                declared,
                diagnostics: checked.diagnostics,
                compiled: checked.sources,
                unroutable,
            };
        }
        round += 1;
    }
}

/// The services that refused routes lead to, and why those are refused.
fn leads(
    items: &[Item],
    printed: &Printed,
    refused: &[(u32, String, String)],
    offset: usize,
) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (line, message, _) in refused {
        let line = (*line as usize).checked_sub(1);
        let way = line
            .and_then(|at| printed.lines.get(at))
            .and_then(|line| own_way(&line.way, offset));
        let item = way.and_then(|way| items.get(*way.first()?));
        let leads = item.filter(|item| item.name == "route").map(targets);
        let found = leads.into_iter().flatten();
        all.extend(found.map(|name| (name, message.clone())));
    }
    all
}

/// The services that a route leads to.
fn targets(route: &Item) -> Vec<String> {
    let matches = route.children.iter().flat_map(|found| &found.children);
    let to = matches.filter(|child| child.name == "to");
    to.filter_map(|to| match &to.entries.first()?.value {
        Word::Text(name) => Some(name.clone()),
        Word::Bare(_) | Word::Secret(_) => None,
    })
    .collect()
}

/// The project as text, what its variables became, and how many items stand before those given.
fn written(cx: &Cx<'_>, items: &[Item]) -> (Printed, Declared, usize) {
    let texts = items.iter().flat_map(Item::texts);
    let secrets = items.iter().filter(|item| item.name == "secret");
    let names = secrets.filter_map(|item| match &item.entries.first()?.value {
        Word::Text(name) => Some(name.clone()),
        Word::Bare(_) | Word::Secret(_) => None,
    });
    let taken: BTreeSet<String> = names.collect();
    let declared = Declared::of(&cx.variables, texts, &taken);
    let mut all = items.to_vec();
    let mut declarations = declarations(&declared);
    let needs_dollar = print(items, &declared)
        .text
        .contains(&format!("{{param.{DOLLAR}}}"));
    if needs_dollar {
        declarations.push(dollar());
    }
    let count = declarations.len();
    // The first item is the project's own.
    let rest = all.split_off(1.min(all.len()));
    all.extend(declarations);
    all.extend(rest);
    (print(&all, &declared), declared, count)
}

fn look(cx: &Cx<'_>, text: &str) -> Checked {
    let mut set = SourceSet::of([(ROOT, text)]);
    for (path, from) in &cx.copies {
        let file = cx.request.files.get(from).cloned().unwrap_or_default();
        set.files.insert(path.clone(), file);
    }
    set.inputs = Inputs {
        allow_unset_params: true,
        ..Inputs::default()
    };
    for _ in 0..8 {
        let checked = check(&set);
        if checked.wanted.is_empty() {
            return checked;
        }
        set.settle(&checked.wanted);
    }
    check(&set)
}

fn errors(checked: &Checked) -> Vec<(u32, String, String)> {
    let errors = checked
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error);
    let located = errors.filter_map(|d| {
        let labels = std::iter::once(&d.primary).chain(&d.secondary);
        let mut own = labels.filter(|label| checked.sources.path(label.span.file) == ROOT);
        let span = own.next()?.span;
        let line = checked.sources.position(span.file, span.start).line;
        Some((line, d.message.clone(), d.help.clone().unwrap_or_default()))
    });
    located.collect()
}

/// Makes comments of the lines that are refused. False where there is nothing to take out.
fn take_out(
    cx: &mut Cx<'_>,
    items: &mut [Item],
    printed: &Printed,
    refused: &[(u32, String, String)],
    offset: usize,
) -> bool {
    let mut any = false;
    for (line, message, help) in refused {
        let line = (*line as usize)
            .checked_sub(1)
            .and_then(|at| printed.lines.get(at));
        let Some(line) = line else { continue };
        let Some(way) = own_way(&line.way, offset) else {
            continue;
        };
        let key = key_of(items, &way);
        let Some(item) = at(items, &way) else {
            continue;
        };
        if item.refused {
            continue;
        }
        item.refused = true;
        item.notes.push(format!("not taken over: {message}"));
        let found = Found {
            key,
            span: line
                .span
                .or(item.span)
                .unwrap_or(crate::yaml::start_of(skep_schema::span::FileId(0))),
            grade: Grade::Dropped,
            reason: format!("the compiler refuses it: {message}"),
            next: if help.is_empty() {
                "mend the line that is a comment now".to_owned()
            } else {
                help.clone()
            },
            fault: None,
        };
        cx.found.push(found);
        any = true;
    }
    any
}

/// The way to an item among those given, without the declarations behind the first.
fn own_way(way: &[usize], offset: usize) -> Option<Vec<usize>> {
    let (first, rest) = way.split_first()?;
    let first = match first {
        0 => return None,
        first => first.checked_sub(offset).filter(|own| *own > 0)?,
    };
    Some([&[first], rest].concat())
}

/// What an item is called with all it stands in: `service.web.placement.constraint`.
fn key_of(items: &[Item], way: &[usize]) -> String {
    let mut parts = Vec::new();
    let mut level = items;
    for index in way {
        let Some(item) = level.get(*index) else { break };
        parts.push(item.name.clone());
        if let (1, Some(Word::Text(name))) = (parts.len(), item.entries.first().map(|e| &e.value)) {
            parts.push(name.clone());
        }
        level = &item.children;
    }
    parts.join(".")
}

fn at<'i>(items: &'i mut [Item], way: &[usize]) -> Option<&'i mut Item> {
    let (first, rest) = way.split_first()?;
    let item = items.get_mut(*first)?;
    if rest.is_empty() {
        return Some(item);
    }
    at(&mut item.children, rest)
}
