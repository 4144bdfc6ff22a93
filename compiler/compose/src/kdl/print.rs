//! Nodes as text, with the place of each line.

use skep_compiler::edit::{quoted, string};
use skep_schema::span::Span;

use super::{Entry, Item, Word};
use crate::variables::{Declared, Said, is_open};

/// The text, and for each of its lines where it comes from and which item it is.
#[derive(Debug, Default)]
pub(crate) struct Printed {
    pub(crate) text: String,
    pub(crate) lines: Vec<Line>,
}

/// A line's place in the YAML, and the way to its item: the index on each level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) span: Option<Span>,
    pub(crate) way: Vec<usize>,
}

/// Writes the nodes of a project. Variables become what is declared for them.
pub(crate) fn print(items: &[Item], declared: &Declared) -> Printed {
    let mut printer = Printer {
        declared,
        printed: Printed::default(),
        way: Vec::new(),
        span: None,
        commented: None,
    };
    printer.items(items);
    printer.printed
}

/// What stands for `$` right before a variable, where KDL would read an escape.
pub(crate) const DOLLAR: &str = "dollar";

/// The most letters of a block on one line.
const SHORT: usize = 72;

struct Printer<'d> {
    declared: &'d Declared,
    printed: Printed,
    way: Vec<usize>,
    span: Option<Span>,
    /// The level at which a comment began that this is in.
    commented: Option<usize>,
}

impl Printer<'_> {
    fn items(&mut self, items: &[Item]) {
        for (index, item) in items.iter().enumerate() {
            self.way.push(index);
            let before = (self.span, self.commented);
            self.span = item.span.or(self.span);
            self.item(item);
            (self.span, self.commented) = before;
            self.way.pop();
        }
    }

    fn item(&mut self, item: &Item) {
        if item.apart && !self.printed.text.is_empty() {
            self.line("");
        }
        for note in &item.notes {
            self.line(&format!("// {note}"));
        }
        if item.refused {
            self.commented.get_or_insert(self.depth());
        }
        let head = self.head(item);
        if item.children.is_empty() {
            self.block(&head);
            return;
        }
        if let Some(line) = self.short(&head, &item.children) {
            self.line(&line);
            return;
        }
        self.block(&format!("{head} {{"));
        self.items(&item.children);
        self.line("}");
    }

    /// A block of one short child stands on the line of its head.
    fn short(&self, head: &str, children: &[Item]) -> Option<String> {
        let [child] = children else { return None };
        if !child.children.is_empty()
            || !child.notes.is_empty()
            || child.refused
            || child.name == "name"
        {
            return None;
        }
        let line = format!("{head} {{ {} }}", self.head(child));
        (line.len() <= SHORT && !line.contains('\n')).then_some(line)
    }

    fn head(&self, item: &Item) -> String {
        let mut head = string(&item.name);
        for Entry { key, value } in &item.entries {
            head.push(' ');
            if let Some(key) = key {
                head.push_str(&string(key));
                head.push('=');
            }
            head.push_str(&self.word(value));
        }
        head
    }

    fn word(&self, word: &Word) -> String {
        match word {
            Word::Secret(name) => format!("(secret){}", string(name)),
            Word::Bare(text) if !is_open(text) => text.clone(),
            Word::Bare(text) | Word::Text(text) => self.text(text),
        }
    }

    fn text(&self, text: &str) -> String {
        if !is_open(text) {
            return lines(text).unwrap_or_else(|| string(text));
        }
        let mut letters = text.chars();
        if let (Some(letter), None) = (letters.next(), letters.next()) {
            match self.declared.said(letter) {
                Some(Said::Param(name)) => return format!("(var){}", string_path("param", name)),
                Some(Said::Secret(name)) => return format!("(secret){}", string(name)),
                None => {}
            }
        }
        let template = self.template(text);
        format!(
            "(fmt){}",
            lines(&template).unwrap_or_else(|| quoted(&template))
        )
    }

    /// The text with `${path}` for each variable.
    fn template(&self, text: &str) -> String {
        let mut template = String::new();
        let mut plain = String::new();
        for c in text.chars() {
            let path = match self.declared.said(c) {
                None => {
                    plain.push(c);
                    continue;
                }
                Some(Said::Param(name)) => format!("param.{name}"),
                Some(Said::Secret(name)) => format!("secret.{name}"),
            };
            push_plain(&mut template, &plain, true);
            plain.clear();
            template.push_str(&format!("${{{path}}}"));
        }
        push_plain(&mut template, &plain, false);
        template
    }

    /// Text that may hold several lines, at the level of the item.
    fn block(&mut self, text: &str) {
        for line in text.split('\n') {
            self.line(line);
        }
    }

    fn depth(&self) -> usize {
        self.way.len().saturating_sub(1)
    }

    fn line(&mut self, text: &str) {
        if !text.is_empty() {
            let depth = self.depth();
            let outside = self.commented.unwrap_or(depth);
            self.printed.text.push_str(&"    ".repeat(outside));
            if self.commented.is_some() {
                self.printed.text.push_str("// ");
            }
            self.printed.text.push_str(&"    ".repeat(depth - outside));
            self.printed.text.push_str(text);
        }
        self.printed.text.push('\n');
        self.printed.lines.push(Line {
            span: self.span,
            way: self.way.clone(),
        });
    }
}

fn string_path(root: &str, name: &str) -> String {
    string(&format!("{root}.{name}"))
        .trim_matches('"')
        .to_owned()
}

/// `${` of the text itself is escaped; a `$` right before a path is brought by a parameter.
fn push_plain(template: &mut String, plain: &str, before_path: bool) {
    match plain.strip_suffix('$').filter(|_| before_path) {
        Some(rest) => {
            template.push_str(&rest.replace("${", "$${"));
            template.push_str(&format!("${{param.{DOLLAR}}}"));
        }
        None => template.push_str(&plain.replace("${", "$${")),
    }
}

/// A text of several lines as KDL writes one, where its lines can stand as they are.
fn lines(text: &str) -> Option<String> {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let plain = |line: &str| {
        !line
            .chars()
            .any(|c| c.is_control() && c != '\t' || is_break(c))
            && (line.is_empty() || !line.trim().is_empty())
            && line.trim_end() == line
    };
    if !body.contains('\n') || !body.split('\n').all(plain) || text.contains("\"\"\"") {
        return None;
    }
    let mut written = String::from("\"\"\"");
    for line in text.split('\n') {
        written.push('\n');
        written.push_str(&line.replace('\\', "\\\\"));
    }
    written.push_str("\n\"\"\"");
    Some(written)
}

/// Breaks that KDL would normalise, and marks it forbids.
fn is_break(c: char) -> bool {
    matches!(
        c,
        '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{200e}' | '\u{200f}'
    )
}
