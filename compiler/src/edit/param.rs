//! The places that decide a value which comes from a parameter.

use skep_schema::address::Address;
use skep_schema::lang::Used;
use skep_schema::span::Span;

use super::site::{Walk, is_named};
use super::{Property, Refusal, Site, Written, set};
use crate::syntax::NodeRef;

impl Written {
    /// Where a property that is written as `(var)param.x` got its value: an argument of a use, an
    /// environment's `set`, or the default.
    pub(crate) fn source(&self, address: &Address, path: &[String]) -> Option<Span> {
        let here = self.place(address, path).filter(|place| place.exact)?;
        let of = Property {
            address: address.clone(),
            path: path.to_vec(),
        };
        let site = set(self, &of, &[String::new()]).ok()?.into_iter().next()?;
        let splice = site.splices.first().filter(|s| s.start < s.end)?;
        let (file, ..) = self
            .sources
            .iter()
            .find(|(_, path, _)| *path == splice.file)?;
        let offset = |at: usize| u32::try_from(at).ok();
        let span = Span::new(file, offset(splice.start)?, offset(splice.end)?);
        (span != here.span).then_some(span)
    }
}

impl Walk<'_> {
    /// The places that decide a written value: itself, or what gave a parameter its value.
    pub(super) fn at_value(
        &self,
        span: Span,
        value: &str,
        uses: &[Used],
    ) -> Result<Vec<Site>, Refusal> {
        let text = self.written.sources.slice(span);
        let param = text
            .strip_prefix("(var)")
            .map(|path| path.trim_matches('"'))
            .and_then(|path| path.strip_prefix("param."));
        let Some(param) = param else {
            return Ok(vec![self.replace(span, value)?]);
        };
        let mut sites = self.at_param(param, span, value, uses)?;
        if self.readers(param, span) > 1 || sites.is_empty() {
            let mut here = self.replace(span, value)?;
            here.text = format!("instead of the parameter {param}");
            sites.push(here);
        }
        Ok(sites)
    }

    /// How often a parameter is read in the component or project it belongs to.
    fn readers(&self, param: &str, span: Span) -> usize {
        let path = format!("param.{param}");
        let reads = |text: &str| {
            let follows = |at: usize| {
                text[at + path.len()..]
                    .starts_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_'))
            };
            text.match_indices(&path)
                .filter(|(at, _)| !follows(*at))
                .count()
        };
        match self
            .tree
            .around(span)
            .first()
            .filter(|root| root.name().text == "component")
        {
            Some(root) => reads(self.written.sources.slice(root.span())),
            None => self
                .written
                .loaded
                .documents()
                .map(|d| reads(d.text()))
                .sum(),
        }
    }

    fn at_param(
        &self,
        param: &str,
        span: Span,
        value: &str,
        uses: &[Used],
    ) -> Result<Vec<Site>, Refusal> {
        let root = self.tree.around(span).first().copied();
        match (
            root.filter(|root| root.name().text == "component"),
            uses.split_last(),
        ) {
            (Some(component), Some((at, outer))) => {
                let declared = component.children().find(|c| is_named(*c, "param", param));
                let Some(of_use) = self.node_at(at.at) else {
                    return Ok(Vec::new());
                };
                if let Some(given) = given(of_use, param) {
                    return match self.at_item(given, value, at)? {
                        Some(sites) => Ok(sites),
                        None => self.at_value(given, value, outer),
                    };
                }
                let mut sites = vec![self.put(of_use, &format!("{param} {value}"))?];
                sites.extend(self.default(declared, value)?);
                Ok(sites)
            }
            (_, _) => self.of_project(param, value),
        }
    }

    /// The places that decide a parameter of the project.
    fn of_project(&self, param: &str, value: &str) -> Result<Vec<Site>, Refusal> {
        let roots = || self.written.loaded.roots();
        let declared = roots().find(|root| is_named(*root, "param", param));
        let environment = self.environment();
        let set = environment.and_then(|e| e.children().find(|c| is_named(*c, "set", param)));
        if let Some(arg) = set.and_then(|set| set.args().nth(1)) {
            return Ok(vec![self.replace(arg.span(), value)?]);
        }
        let mut sites: Vec<Site> = self.default(declared, value)?.into_iter().collect();
        if let Some(environment) = environment {
            sites.push(self.put(environment, &format!("set {param} {value}"))?);
        }
        Ok(sites)
    }

    /// A parameter's default, written or to be written.
    fn default(&self, declared: Option<NodeRef<'_>>, value: &str) -> Result<Option<Site>, Refusal> {
        let Some(declared) = declared else {
            return Ok(None);
        };
        if let Some(span) = given(declared, "default") {
            return self.replace(span, value).map(Some);
        }
        let span = declared.head_span();
        let end = span.end as usize;
        self.site(
            span,
            end..end,
            &format!(" default={value}"),
            self.here(span),
        )
        .map(Some)
    }
}

/// The place of a property's or child's value, annotation included.
pub(super) fn given(node: NodeRef<'_>, word: &str) -> Option<Span> {
    let of = |entry: crate::syntax::EntryRef<'_>| {
        let value = entry.value_span();
        let start = entry
            .annotation()
            .map_or(value.start, |a| a.span.start.saturating_sub(1));
        Span { start, ..value }
    };
    let prop = node.prop(word).map(of);
    prop.or_else(|| {
        let child = node.children().find(|child| child.name().text == word)?;
        let mut all = child.args().map(of);
        let first = all.next()?;
        Some(all.last().map_or(first, |last| first.to(last)))
    })
}
