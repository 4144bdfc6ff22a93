//! Words of nginx's config language.

use std::io::{self, Write};

/// Writes a text as one word that means this text and nothing else, the template's escape function.
///
/// nginx has no way to write a literal `$` where it looks for variables; the template defines one.
pub(in crate::proxy) fn escape(text: &str, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(word(text).as_bytes())
}

pub(super) fn word(text: &str) -> String {
    quoted(&text.replace('$', "${skep_dollar}"))
}

/// A text and the nginx variables that follow it, as one word.
pub(super) fn with_variables(text: &str, variables: &str) -> String {
    quoted(&format!(
        "{}{variables}",
        text.replace('$', "${skep_dollar}")
    ))
}

/// A regular expression as one word; its `$` are its own, not a variable's.
pub(super) fn pattern(expression: &str) -> String {
    quoted(expression)
}

/// The expression that fits exactly this text.
pub(super) fn literally(text: &str) -> String {
    let mut expression = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '$' => expression.push_str("\\x24"),
            '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '|' | '\\' => {
                expression.extend(['\\', c]);
            }
            _ => expression.push(c),
        }
    }
    expression
}

fn quoted(text: &str) -> String {
    if text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "_-./:*,@!=&+()|?^[]~%<>".contains(c))
        && !text.is_empty()
    {
        return text.to_owned();
    }
    let mut word = String::with_capacity(text.len() + 2);
    word.push('"');
    for c in text.chars() {
        if c == '"' || c == '\\' {
            word.push('\\');
        }
        word.push(c);
    }
    word.push('"');
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_stay_plain_and_others_are_quoted() {
        assert_eq!(word("tasks.shop_api:8080"), "tasks.shop_api:8080");
        assert_eq!(word("a b"), "\"a b\"");
        assert_eq!(word(""), "\"\"");
        assert_eq!(word("a\"b\\c;{#'"), "\"a\\\"b\\\\c;{#'\"");
        assert_eq!(word("$host"), "\"${skep_dollar}host\"");
    }

    #[test]
    fn patterns_fit_their_text_only() {
        assert_eq!(literally("/a.b$c+\"d"), "/a\\.b\\x24c\\+\"d");
        assert_eq!(pattern("^/api(/|$)"), "\"^/api(/|$)\"");
    }
}
