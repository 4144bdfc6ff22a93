//! Where a text can be cut into parts that are read alone: at lines that seem to begin a top-level
//! node. Whether they do shows when the parts are read.

/// A part is cut off where it has so many bytes: small enough to be read again with every key that
/// is pressed, and large enough that a thousand of them are a large project. Tests have texts of
/// some lines.
pub(crate) const PART: usize = if cfg!(test) { 256 } else { 8 << 10 };

/// The places at which parts begin, but for the first, which begins with the text.
///
/// A part also ends where nodes that `shapes` names begin or end, so that those that do not are
/// apart from them.
pub(crate) fn cuts(text: &str, shapes: impl Fn(&str) -> bool) -> Vec<usize> {
    let mut found = Vec::new();
    let (mut start, mut shaping) = (0, None);
    for at in nodes(text) {
        let now = Some(shapes(word(&text[at..])));
        let turns = shaping.is_some() && shaping != now;
        if (turns || at - start >= PART) && !continues(&text[..at]) {
            found.push(at);
            start = at;
        }
        shaping = now;
    }
    found
}

/// Whether a part may begin here, as far as its own text says.
pub(crate) fn begins_node(text: &str) -> bool {
    text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
}

/// Whether the last line of a text may go on below.
pub(super) fn continues(text: &str) -> bool {
    let lines = text.strip_suffix('\n').unwrap_or(text);
    let last = lines.rsplit('\n').next().unwrap_or_default();
    last.contains('\\')
}

/// The lines that begin with a letter, by their first byte.
fn nodes(text: &str) -> impl Iterator<Item = usize> {
    let starts = text.match_indices('\n').map(|(end, _)| end + 1);
    std::iter::once(0)
        .chain(starts)
        .filter(|at| begins_node(&text[*at..]))
}

fn word(line: &str) -> &str {
    let end = line
        .bytes()
        .position(|byte| !byte.is_ascii_alphanumeric() && byte != b'-');
    &line[..end.unwrap_or(line.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<&str> {
        let mut ends = cuts(text, |word| matches!(word, "project" | "param"));
        ends.push(text.len());
        let starts = std::iter::once(0).chain(ends.clone());
        starts.zip(ends).map(|(from, to)| &text[from..to]).collect()
    }

    #[test]
    fn what_shapes_stands_apart() {
        let (head, nodes) = (
            "// shop\nproject a\nparam b\n\n",
            "service a {\n}\nroute b\n",
        );
        assert_eq!(parts(&format!("{head}{nodes}")), [head, nodes]);
        assert_eq!(parts(&format!("{nodes}{head}{nodes}")).len(), 3);
    }

    #[test]
    fn long_texts_are_cut_between_nodes() {
        let node = format!("service a {{\n  // {}\n}}\n", "x".repeat(PART / 3));
        let text = node.repeat(7);
        let lengths: Vec<usize> = parts(&text).into_iter().map(str::len).collect();
        assert_eq!(lengths, [3, 3, 1].map(|n| n * node.len()));
    }

    #[test]
    fn a_line_that_may_go_on_is_not_cut_off() {
        assert_eq!(parts("project a \\\nservice b\n").len(), 1);
        assert_eq!(parts("project a \\ // all\r\nservice b\n").len(), 1);
        assert_eq!(parts("project a\n  service b\n").len(), 1);
    }

    #[test]
    fn no_text_has_no_cut() {
        assert_eq!(parts(""), [""]);
    }
}
