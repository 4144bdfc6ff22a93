//! Words of HAProxy's config language.

use std::io::{self, Write};

/// Writes a text as one word that means this text and nothing else, the template's escape function.
///
/// Single quotes are the only ones in which HAProxy expands nothing.
pub(in crate::proxy) fn escape(text: &str, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(word(text).as_bytes())
}

/// A text in the language of log formats, where `%` starts an expression; still to be quoted.
pub(in crate::proxy) fn format(text: &str) -> String {
    text.replace('%', "%%")
}

pub(super) fn word(text: &str) -> String {
    if text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "_-./:*,@!=&+|?^~%;".contains(c))
        && !text.is_empty()
    {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_so_that_nothing_in_them_is_expanded() {
        assert_eq!(word("tasks.shop_api:8080"), "tasks.shop_api:8080");
        assert_eq!(word(""), "''");
        assert_eq!(word("a b"), "'a b'");
        assert_eq!(
            word("it's \"${HOME}\" #1 \\"),
            "'it'\\''s \"${HOME}\" #1 \\'"
        );
    }

    #[test]
    fn formats_have_no_expressions() {
        assert_eq!(format("100% %[src]"), "100%% %%[src]");
    }
}
