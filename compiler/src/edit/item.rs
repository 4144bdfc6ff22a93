//! The places that decide a value which comes from an item of `each`.

use std::collections::BTreeSet;

use skep_schema::lang::Used;
use skep_schema::span::Span;

use super::param::given;
use super::site::Walk;
use super::{Refusal, Site};
use crate::report::tree::covers;
use crate::syntax::{EntryRef, NodeRef};

/// What of an item a value is: `each.port` is its `port`, `each` its name.
pub(super) fn key_of(text: &str) -> Option<&str> {
    let path = text.strip_prefix("(var)")?.trim_matches('"');
    match path.strip_prefix("each")? {
        "" => Some("name"),
        rest => rest.strip_prefix('.'),
    }
}

impl Walk<'_> {
    /// The places that decide an argument of a use with `each`: the item's own value, or the
    /// argument, which is every item's. Nothing where the argument has nothing to do with items.
    pub(super) fn at_item(
        &self,
        span: Span,
        value: &str,
        used: &Used,
    ) -> Result<Option<Vec<Site>>, Refusal> {
        let text = self.written.sources.slice(span);
        let (Some(item), Some(key)) = (used.item, key_of(text)) else {
            return Ok(None);
        };
        let mut sites = Vec::new();
        if let Some(own) = self.value_of_item(item, key) {
            let name = self.name_of_item(item);
            sites.push(self.own_site(own, value, format!("in the item {name}"))?);
        }
        if sites.is_empty() || self.readers_of_item(used, key) > 1 {
            let range = span.start as usize..span.end as usize;
            let path = text.trim_start_matches("(var)");
            let instead = format!("instead of {path}, for all items");
            sites.push(self.site(span, range, value, instead)?);
        }
        Ok(Some(sites))
    }

    fn own_site(&self, span: Span, value: &str, text: String) -> Result<Site, Refusal> {
        let range = span.start as usize..span.end as usize;
        let site = self.site(span, range, value, text)?;
        Ok(Site {
            shared: false,
            ..site
        })
    }

    /// Where an item has its value of a key: in a row, or in an entry of a map. Its name is no
    /// value that could be set.
    pub(super) fn value_of_item(&self, item: Span, key: &str) -> Option<Span> {
        let chain = self.tree.around(item);
        let row = chain.iter().find(|node| node.head_span() == item);
        match (row, key) {
            (_, "name") => None,
            (Some(row), "value") => row.args().next().map(EntryRef::span),
            (Some(row), key) => given(*row, key),
            (None, _) => {
                let ends = |entry: &EntryRef<'_>| entry.value_span().end == item.end;
                let node = chain.last()?;
                let entry = node.entries().filter(|e| e.key().is_some()).find(ends)?;
                let key_end = entry.key()?.span.end;
                Some(Span {
                    start: key_end + 1,
                    ..item
                })
            }
        }
    }

    pub(super) fn name_of_item(&self, item: Span) -> &str {
        let text = self.written.sources.slice(item);
        let end = text.find([' ', '=']).unwrap_or(text.len());
        &text[..end]
    }

    /// How many values of the use are this one of the item.
    fn readers_of_item(&self, used: &Used, key: &str) -> usize {
        let Some(node) = self.node_at(used.at) else {
            return 0;
        };
        let path = match key {
            "name" => "each".to_owned(),
            key => format!("each.{key}"),
        };
        let is_end =
            |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || "-_.".contains(c));
        let text = self.written.sources.slice(node.span());
        let found = text.match_indices(&path);
        found
            .filter(|(at, _)| is_end(&text[at + path.len()..]))
            .count()
    }

    /// Whether a place is in a use, outside its items, that makes an instance for each of several.
    pub(super) fn is_every_items(&self, span: Span) -> bool {
        let all = self.root_node().uses.iter();
        let mut with_items = all.filter(|used| used.item.is_some());
        with_items.any(|used| {
            let node = self.node_at(used.at);
            node.is_some_and(|node| covers(node.span(), span) && !is_in_list(node, span))
                && self.items_of(used.at).len() > 1
        })
    }

    fn items_of(&self, at: Span) -> BTreeSet<Span> {
        let uses = self.written.nodes().flat_map(|node| &node.uses);
        uses.filter(|used| used.at == at)
            .filter_map(|used| used.item)
            .collect()
    }
}

fn is_in_list(of: NodeRef<'_>, span: Span) -> bool {
    let mut lists = of.children().filter(|child| child.name().text == "each");
    lists.any(|list| covers(list.span(), span))
}
