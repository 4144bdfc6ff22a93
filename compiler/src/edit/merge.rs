//! A JSON merge patch (RFC 7396) of a node, as edits of the texts that it is written in.
//!
//! What the patch does not name stays as it is, in the node as in the texts. A list is replaced as a
//! whole; of nodes that are told apart by a key, such as `env` or `publish`, the key is a name in the
//! patch.

use serde_json::Value;
use skep_schema::address::Address;
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::{Key, Shape, nearest};

use super::site::{Walk, is_written};
use super::{Property, Refusal, Site, Written, choose, editable, set, spliced, unset};
use crate::source::SourceSet;

/// A property, and the values it shall have; nothing for one that shall go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub of: Property,
    pub values: Option<Vec<String>>,
}

/// The deepest that a property of any node is.
const DEPTH: usize = 16;

/// What a patch wishes for, in the order in which it says so.
///
/// # Errors
/// It is no object, or holds what no property can be.
pub fn wishes(address: &Address, patch: &Value) -> Result<Vec<Wish>, Refusal> {
    if !patch.is_object() {
        let help =
            "write properties and their new values: {\"replicas\": 3, \"env\": {\"LOG\": null}}";
        return Err(Refusal::no("a patch is an object", help));
    }
    let mut all = Vec::new();
    gather(address, &[], patch, &mut all)?;
    Ok(all)
}

fn gather(
    address: &Address,
    path: &[String],
    value: &Value,
    all: &mut Vec<Wish>,
) -> Result<(), Refusal> {
    let values = match value {
        Value::Object(inside) if path.len() < DEPTH => {
            for (word, value) in inside {
                let below: Vec<String> = path.iter().chain([word]).cloned().collect();
                gather(address, &below, value, all)?;
            }
            return Ok(());
        }
        Value::Object(_) => return Err(no_value(path, "it is nested too deep")),
        Value::Null => None,
        Value::Array(items) => Some(
            items
                .iter()
                .map(|item| scalar(path, item))
                .collect::<Result<_, _>>()?,
        ),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(vec![scalar(path, value)?]),
    };
    all.push(Wish {
        of: Property {
            address: address.clone(),
            path: path.to_vec(),
        },
        values,
    });
    Ok(())
}

fn scalar(path: &[String], value: &Value) -> Result<String, Refusal> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(no_value(
            path,
            "a list holds texts, numbers and truth values",
        )),
    }
}

fn no_value(path: &[String], why: &str) -> Refusal {
    Refusal::no(
        format!("`{}` cannot be that: {why}", path.join(".")),
        "nodes that have a name or a key are written under it: {\"env\": {\"LOG\": \"debug\"}}",
    )
}

/// The sources in which all wishes are fulfilled. Of several places where one could be written, `at`
/// names one as [`choose`] takes it, by its line in `sources`; a wish that has one place is not asked for
/// it.
///
/// # Errors
/// A property is not there to be edited, or nothing says which place is meant.
pub fn merge(sources: &SourceSet, wishes: &[Wish], at: Option<&str>) -> Result<SourceSet, Refusal> {
    let first = Written::of(sources);
    let mut sources = sources.clone();
    for wish in wishes {
        let sites = wish.sites(&first)?;
        if sites.is_empty() {
            continue;
        }
        let is_clear = matches!(sites.as_slice(), [site] if !site.shared);
        let meant = choose(sites, at.filter(|_| !is_clear))?;
        // Lines move with each wish that is fulfilled; what an edit means does not.
        let sites = wish.sites(&Written::of(&sources))?;
        let same = |site: &&Site| site.file == meant.file && site.text == meant.text;
        let Some(site) = sites.iter().find(same) else {
            return Err(Refusal::Several(sites));
        };
        editable(&sources, &site.splices)?;
        sources = spliced(&sources, &site.splices).expect("a site's splices fit its own texts");
    }
    Ok(sources)
}

impl Wish {
    /// Where it can be fulfilled; nowhere when it already is.
    fn sites(&self, written: &Written) -> Result<Vec<Site>, Refusal> {
        let Self { of, values } = self;
        match values {
            Some(values) => set(written, of, values),
            None if is_written(written, of)? => unset(written, of),
            // What is not written need not be taken away.
            None => Ok(Vec::new()),
        }
    }
}

/// What is wrong with a wish for a property that the language does not know, said as of a file that has
/// it, at the node that it would be of.
pub fn unknown(written: &Written, of: &Property) -> Option<Diagnostic> {
    let mut info = Walk::info(&of.address);
    let mut rest = of.path.as_slice();
    while let (Some(node), Some((word, below))) = (info, rest.split_first()) {
        let Some(field) = node.field(word) else {
            let span = written.place(&of.address, &of.path)?.span;
            let message = format!("`{}` knows no `{word}`", node.word);
            let found = Diagnostic::new(Code::UnknownProperty, span, message);
            return Some(match nearest(word, node.words()) {
                Some(near) => found.help(format!("did you mean `{near}`?")),
                None => found.help(format!("docs/language.md lists what `{}` takes", node.word)),
            });
        };
        rest = match field.shape {
            Shape::Nodes { key, .. } if key != Key::None => below.get(1..).unwrap_or_default(),
            Shape::Nodes { .. }
            | Shape::Node { .. }
            | Shape::Flag
            | Shape::Value { .. }
            | Shape::Arg { .. }
            | Shape::Args { .. }
            | Shape::List { .. }
            | Shape::Set { .. }
            | Shape::Map { .. }
            | Shape::Any
            | Shape::Rest => below,
        };
        info = field.shape.inner();
    }
    None
}
