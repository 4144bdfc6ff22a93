//! The spelling of variables in a text.

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    Text(&'t str),
    /// A `$` that begins nothing.
    Stray,
    Variable {
        name: &'t str,
        form: Form<'t>,
    },
}

/// What a variable says beside its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form<'t> {
    /// `$X`, `${X}`
    Plain,
    /// `${X:-d}`, `${X-d}`
    Default(&'t str),
    /// `${X:?m}`, `${X?m}`
    Required(&'t str),
    /// `${X:+a}`, or `${X+a}` where an empty value counts as one.
    Instead { text: &'t str, or_empty: bool },
}

/// The parts of a text; `$$` is a `$`.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, found) = rest.split_at(at);
        if !before.is_empty() {
            all.push(Piece::Text(before));
        }
        let (piece, length) = piece(found);
        all.push(piece);
        rest = &found[length..];
    }
    if !rest.is_empty() {
        all.push(Piece::Text(rest));
    }
    all
}

/// The part that a text with `$` in front begins with, and its length.
fn piece(text: &str) -> (Piece<'_>, usize) {
    let after = &text[1..];
    if after.starts_with('$') {
        return (Piece::Text(&text[..1]), 2);
    }
    if let Some(inside) = after.strip_prefix('{') {
        return braced(inside).map_or((Piece::Stray, 1), |(piece, length)| (piece, length + 3));
    }
    match name_length(after) {
        0 => (Piece::Stray, 1),
        length => {
            let name = &after[..length];
            (
                Piece::Variable {
                    name,
                    form: Form::Plain,
                },
                length + 1,
            )
        }
    }
}

/// What stands in braces, and its length without them.
fn braced(text: &str) -> Option<(Piece<'_>, usize)> {
    let end = closing(text)?;
    let inside = &text[..end];
    let (name, rest) = inside.split_at(name_length(inside));
    if name.is_empty() {
        return None;
    }
    let form = match (rest, rest.strip_prefix(':').unwrap_or(rest)) {
        ("", _) => Form::Plain,
        (_, word) if word.starts_with('-') => Form::Default(&word[1..]),
        (_, word) if word.starts_with('?') => Form::Required(&word[1..]),
        (_, word) if word.starts_with('+') => Form::Instead {
            text: &word[1..],
            or_empty: !rest.starts_with(':'),
        },
        (_, _) => return None,
    };
    Some((Piece::Variable { name, form }, end))
}

/// Where the `}` is that ends a variable; those of variables inside do not.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut dollar = false;
    for (at, c) in text.char_indices() {
        match c {
            '{' if dollar => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
        dollar = c == '$';
    }
    None
}

fn name_length(text: &str) -> usize {
    let fits = |(at, c): (usize, char)| {
        c == '_' || c.is_ascii_alphabetic() || at > 0 && c.is_ascii_digit()
    };
    let end = text.char_indices().find(|found| !fits(*found));
    end.map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Form<'_> {
        match pieces(text).pop() {
            Some(Piece::Variable { name: "X", form }) => form,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn every_form_of_a_variable_is_read() {
        assert_eq!(one("$X"), Form::Plain);
        assert_eq!(one("${X}"), Form::Plain);
        assert_eq!(one("${X:-a b}"), Form::Default("a b"));
        assert_eq!(one("${X-}"), Form::Default(""));
        assert_eq!(one("${X:?say}"), Form::Required("say"));
        assert_eq!(one("${X?}"), Form::Required(""));
        let instead = |text, or_empty| Form::Instead { text, or_empty };
        assert_eq!(one("${X:+a}"), instead("a", false));
        assert_eq!(one("${X+a}"), instead("a", true));
        assert_eq!(one("${X:-${Y:-z}}"), Form::Default("${Y:-z}"));
    }

    #[test]
    fn two_dollars_are_one_and_strays_are_told() {
        assert_eq!(
            pieces("a$$b"),
            [Piece::Text("a"), Piece::Text("$"), Piece::Text("b")]
        );
        for text in ["$", "$1", "${", "${}", "${1}", "${X!}", "${X"] {
            assert!(pieces(text).contains(&Piece::Stray), "{text}");
        }
    }
}
