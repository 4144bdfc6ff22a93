//! Whole nodes: taken away, and put in.

use skep_schema::address::Address;
use skep_schema::lang::Used;
use skep_schema::span::Sources;

use super::site::{kind_and_name, no_node};
use super::{Refusal, Site, Splice, Written, place};
use crate::report::tree::Tree;
use crate::source::ROOT;

/// Where a node can be taken away: its declaration, or a line in the chosen environment.
///
/// # Errors
/// There is no such node, or a component makes it.
pub fn remove(written: &Written, address: &Address) -> Result<Vec<Site>, Refusal> {
    let node = written
        .node(address)
        .ok_or_else(|| no_node(written, address))?;
    let sources = &written.sources;
    if let Some(used) = node.uses.first() {
        return Err(made(address, used, sources));
    }
    let tree = Tree::of(&written.loaded);
    let around = tree.around(node.span);
    let Some(at) = around.iter().find(|n| n.head_span() == node.span) else {
        return Err(Refusal::no(
            format!("`{address}` is not written as one node"),
            "edit the file by hand",
        ));
    };
    let span = at.span();
    let range = place::of_node(sources.text(span.file), span);
    let mut sites = vec![Site {
        file: sources.path(span.file).to_owned(),
        line: sources.position(span.file, span.start).line,
        text: "for every environment".to_owned(),
        shared: false,
        splices: vec![Splice::new(sources.path(span.file), range, "")],
    }];
    let inside = around
        .first()
        .is_some_and(|root| root.name().text == "environment");
    if let Some(environment) = written.environment_node().filter(|_| !inside) {
        let span = environment.head_span();
        let line = format!("remove {}", kind_and_name(address));
        let (at, new) = place::child(sources.text(span.file), environment, &line);
        sites.push(Site {
            file: sources.path(span.file).to_owned(),
            line: sources.position(span.file, span.start).line,
            text: "in the chosen environment alone".to_owned(),
            shared: false,
            splices: vec![Splice::new(sources.path(span.file), at..at, new)],
        });
    }
    Ok(sites)
}

/// A node that a component makes is not there to be taken away.
fn made(address: &Address, used: &Used, sources: &Sources) -> Refusal {
    let (at, what) = match used.item {
        Some(item) => (item, "remove the item of its use, or edit the component"),
        None => (used.at, "remove the use, or edit the component"),
    };
    let (file, line) = (
        sources.path(at.file),
        sources.position(at.file, at.start).line,
    );
    let place = if used.item.is_some() {
        "for the item"
    } else {
        "used"
    };
    let message = format!("`{address}` is made by a component, {place} at {file}:{line}");
    Refusal::no(message, what)
}

/// Puts KDL text into a node, or at the end of a file of the project.
///
/// # Errors
/// There is no such node or file.
pub fn insert(
    written: &Written,
    into: Option<&Address>,
    file: Option<&str>,
    kdl: &str,
) -> Result<Site, Refusal> {
    let sources = &written.sources;
    let kdl = kdl.trim_end();
    let Some(address) = into else {
        let file = file.unwrap_or(ROOT);
        let Some((id, _, text)) = sources.iter().find(|(_, path, _)| *path == file) else {
            return Err(Refusal::no(
                format!("the project reads no `{file}`"),
                "name a file that it includes",
            ));
        };
        let end = text.len();
        let gap = if text.ends_with('\n') || text.is_empty() {
            ""
        } else {
            "\n"
        };
        return Ok(Site {
            file: file.to_owned(),
            line: sources
                .position(id, u32::try_from(end).unwrap_or(u32::MAX))
                .line,
            text: "at the end".to_owned(),
            shared: false,
            splices: vec![Splice::new(file, end..end, format!("{gap}\n{kdl}\n"))],
        });
    };
    let node = written
        .node(address)
        .ok_or_else(|| no_node(written, address))?;
    let tree = Tree::of(&written.loaded);
    let around = tree.around(node.span);
    let Some(at) = around.iter().find(|n| n.head_span() == node.span) else {
        return Err(Refusal::no(
            format!("`{address}` is not written as one node"),
            "edit the file by hand",
        ));
    };
    let (start, new) = place::child(sources.text(node.span.file), *at, kdl);
    Ok(Site {
        file: sources.path(node.span.file).to_owned(),
        line: sources.position(node.span.file, node.span.start).line,
        text: format!("in `{address}`"),
        shared: false,
        splices: vec![Splice::new(sources.path(node.span.file), start..start, new)],
    })
}
