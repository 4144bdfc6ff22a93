//! Files of variables: `.env`, and what `env_file` names.

use std::collections::BTreeMap;

/// A line that says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) key: String,
    /// Without one the variable is taken from where the deploy runs.
    pub(crate) value: Option<String>,
    /// It reads as the same in every dialect: no quotes, escapes, comments or spaces at the edges.
    pub(crate) simple: bool,
}

/// All variables of a file.
pub(crate) fn variables(text: &str) -> BTreeMap<String, String> {
    let all = lines(text).into_iter();
    all.filter_map(|line| Some((line.key, line.value?)))
        .collect()
}

/// The lines of a file that hold a variable.
pub(crate) fn lines(text: &str) -> Vec<Line> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let all = text.lines().map(str::trim_start);
    all.filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(line)
        .collect()
}

fn line(text: &str) -> Line {
    let text = text.strip_prefix("export ").unwrap_or(text);
    let Some((key, value)) = text.split_once('=') else {
        return Line {
            key: text.trim().to_owned(),
            value: None,
            simple: false,
        };
    };
    let plain = |c: char| !c.is_control() && !"\"'\\#`$".contains(c);
    let name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.' || c == '-';
    let simple = value.chars().all(plain)
        && value.trim() == value
        && !value.contains("{{")
        && !key.is_empty()
        && key.chars().all(name)
        && !key.starts_with(|c: char| c.is_ascii_digit());
    Line {
        key: key.trim().to_owned(),
        value: Some(unquoted(value.trim())),
        simple,
    }
}

fn unquoted(value: &str) -> String {
    for quote in ['"', '\''] {
        let inside = value
            .strip_prefix(quote)
            .and_then(|rest| rest.split_once(quote));
        if let Some((inside, _)) = inside {
            return inside.to_owned();
        }
    }
    let comment = value.find(" #").unwrap_or(value.len());
    value[..comment].trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_with_and_without_quotes() {
        let read = variables("A=1\n# c\nexport B=\"x y\" # c\nC='#'\nD=a # c\nE\nF=\n");
        let found: Vec<(&str, &str)> = read.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(
            found,
            [("A", "1"), ("B", "x y"), ("C", "#"), ("D", "a"), ("F", "")]
        );
    }

    #[test]
    fn a_line_is_simple_where_no_dialect_differs() {
        let simple = |text: &str| lines(text)[0].simple;
        assert!(simple("A=http://x:80/?a=b"));
        for text in [
            "A=\"x\"", "A= x", "A=x # y", "A", "1A=x", "A={{.X}}", "A=$B",
        ] {
            assert!(!simple(text), "{text}");
        }
    }
}
