//! Where nodes were written, for people who read a plan.

use skep_schema::lang::Used;
use skep_schema::plan::Origin;
use skep_schema::span::{Sources, Span};
use skep_schema::spec::Declared;

/// Where a node comes from. Its lines are only counted for a plan, since they change with what
/// stands above them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    /// The name in its declaration; nothing for what the compiler adds by itself.
    pub(crate) name: Option<Span>,
    /// The places where components were used, the outermost first; that one is the author's own.
    uses: Vec<Used>,
    /// The stack of another project that it is declared in.
    stack: Option<String>,
}

impl Place {
    pub(super) fn of<T>(declared: &Declared<T>, stack: Option<String>) -> Self {
        Self {
            name: Some(declared.name),
            uses: declared.uses.clone(),
            stack,
        }
    }

    pub(crate) fn origin(self, sources: &Sources) -> Origin {
        let Some(name) = self.name else {
            return Origin::default();
        };
        let name = sources.written(name);
        let mut items = self.uses.iter().rev();
        Origin {
            file: sources.path(name.file).to_owned(),
            line: line(name, sources),
            used_at: self.uses.first().map(|used| place(used.at, sources)),
            item_at: items
                .find_map(|used| used.item)
                .map(|item| place(item, sources)),
            stack: self.stack,
        }
    }
}

fn place(span: Span, sources: &Sources) -> String {
    let span = sources.written(span);
    format!("{}:{}", sources.path(span.file), line(span, sources))
}

fn line(span: Span, sources: &Sources) -> u32 {
    sources.position(span.file, span.start).line
}
