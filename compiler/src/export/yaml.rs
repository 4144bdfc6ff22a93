//! YAML that every reader takes for the same tree, whichever version of YAML it reads.
//!
//! A text stands bare only where no version could take it for anything else; all else is quoted.

use std::collections::BTreeMap;

use skep_schema::units::Ratio;

/// A tree to be written. Maps keep the order in which they were made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Yaml {
    Bool(bool),
    Int(i64),
    Ratio(Ratio),
    Text(String),
    List(Vec<Yaml>),
    Map(Map),
}

/// Keys and values, in the order in which they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map(pub Vec<(String, Yaml)>);

impl Map {
    pub fn put(&mut self, key: impl Into<String>, value: impl Into<Yaml>) {
        self.0.push((key.into(), value.into()));
    }

    /// By key, where the order in which a map was made says nothing.
    pub fn sort(&mut self) {
        self.0.sort_by(|(one, _), (other, _)| one.cmp(other));
    }

    pub fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(known, _)| known == key)
    }

    /// Leaves out what is not there.
    pub fn put_some(&mut self, key: &str, value: Option<impl Into<Yaml>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    /// Leaves out lists, maps and texts that hold nothing, and what is not so.
    pub fn put_full(&mut self, key: &str, value: impl Into<Yaml>) {
        let value = value.into();
        let empty = match &value {
            Yaml::Bool(so) => !so,
            Yaml::Int(_) | Yaml::Ratio(_) => false,
            Yaml::Text(text) => text.is_empty(),
            Yaml::List(items) => items.is_empty(),
            Yaml::Map(map) => map.0.is_empty(),
        };
        if !empty {
            self.put(key, value);
        }
    }
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Self {
        Yaml::Text(text.to_owned())
    }
}

impl From<String> for Yaml {
    fn from(text: String) -> Self {
        Yaml::Text(text)
    }
}

impl From<&String> for Yaml {
    fn from(text: &String) -> Self {
        Yaml::Text(text.clone())
    }
}

impl From<bool> for Yaml {
    fn from(so: bool) -> Self {
        Yaml::Bool(so)
    }
}

impl From<u16> for Yaml {
    fn from(number: u16) -> Self {
        Yaml::Int(number.into())
    }
}

impl From<u32> for Yaml {
    fn from(number: u32) -> Self {
        Yaml::Int(number.into())
    }
}

impl From<i64> for Yaml {
    fn from(number: i64) -> Self {
        Yaml::Int(number)
    }
}

impl From<Ratio> for Yaml {
    fn from(ratio: Ratio) -> Self {
        Yaml::Ratio(ratio)
    }
}

impl From<Map> for Yaml {
    fn from(map: Map) -> Self {
        Yaml::Map(map)
    }
}

impl<T: Into<Yaml>> From<Vec<T>> for Yaml {
    fn from(items: Vec<T>) -> Self {
        Yaml::List(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Yaml> + Clone> From<&BTreeMap<String, T>> for Yaml {
    fn from(map: &BTreeMap<String, T>) -> Self {
        let entries = map.iter();
        Yaml::Map(Map(entries
            .map(|(key, value)| (key.clone(), value.clone().into()))
            .collect()))
    }
}

/// One document, without its marks.
pub fn document(map: &Map) -> String {
    let mut out = String::new();
    entries(&mut out, map, 0);
    out
}

fn entries(out: &mut String, map: &Map, depth: usize) {
    for (key, value) in &map.0 {
        indent(out, depth);
        out.push_str(&scalar(key));
        out.push(':');
        after(out, value, depth);
    }
}

/// A value behind the `:` of its key.
fn after(out: &mut String, value: &Yaml, depth: usize) {
    match value {
        Yaml::List(items) if !items.is_empty() => {
            out.push('\n');
            list(out, items, depth + 1);
        }
        Yaml::Map(map) if !map.0.is_empty() => {
            out.push('\n');
            entries(out, map, depth + 1);
        }
        Yaml::Text(text) if is_block(text) => block(out, text, depth + 1),
        Yaml::Bool(_)
        | Yaml::Int(_)
        | Yaml::Ratio(_)
        | Yaml::Text(_)
        | Yaml::List(_)
        | Yaml::Map(_) => {
            out.push(' ');
            out.push_str(&short(value));
            out.push('\n');
        }
    }
}

fn list(out: &mut String, items: &[Yaml], depth: usize) {
    for item in items {
        indent(out, depth);
        out.push('-');
        match item {
            Yaml::Map(map) if !map.0.is_empty() => {
                let mut inner = String::new();
                entries(&mut inner, map, depth + 1);
                out.push(' ');
                out.push_str(inner.trim_start_matches(' '));
            }
            Yaml::List(_)
            | Yaml::Map(_)
            | Yaml::Bool(_)
            | Yaml::Int(_)
            | Yaml::Ratio(_)
            | Yaml::Text(_) => after(out, item, depth),
        }
    }
}

fn short(value: &Yaml) -> String {
    match value {
        Yaml::Bool(so) => so.to_string(),
        Yaml::Int(number) => number.to_string(),
        Yaml::Ratio(ratio) => ratio.to_string(),
        Yaml::Text(text) => scalar(text),
        Yaml::List(_) => "[]".to_owned(),
        Yaml::Map(_) => "{}".to_owned(),
    }
}

fn indent(out: &mut String, depth: usize) {
    out.push_str(&"  ".repeat(depth));
}

/// Whether a text can stand line by line as it is.
fn is_block(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let is_odd = |c: char| c != '\n' && c != '\t' && !is_printable(c);
    body.contains('\n')
        && !text.contains(is_odd)
        && body
            .split('\n')
            .all(|line| line.trim_end_matches([' ', '\t']) == line)
        && !body.starts_with([' ', '\t', '\n'])
        && !body.ends_with('\n')
}

fn block(out: &mut String, text: &str, depth: usize) {
    let body = text.strip_suffix('\n');
    out.push_str(if body.is_some() { " |\n" } else { " |-\n" });
    for line in body.unwrap_or(text).split('\n') {
        if !line.is_empty() {
            indent(out, depth);
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// What some version of YAML reads as something else than text, in any case of letters.
const WORDS: &[&str] = &[
    "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity",
];

fn scalar(text: &str) -> String {
    if is_bare(text) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// Begins with a letter or `/`, has nothing but what never means anything, and is no word of YAML.
fn is_bare(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@=+".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(plain)
        && !text.ends_with(':')
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_printable(c) => out.push(c),
            c if u32::from(c) <= 0xffff => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push_str(&format!("\\U{:08X}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// Whether readers take a character as it is and people can see it.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a1}'..='\u{1fff}' | '\u{2030}'..='\u{205e}' | '\u{2070}'..='\u{d7ff}')
}
