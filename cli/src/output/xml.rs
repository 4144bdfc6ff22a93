//! Text inside XML.

/// As the value of an attribute, with its quotes.
pub(crate) fn quoted(text: &str) -> String {
    let text = escaped(text).replace('"', "&quot;");
    format!("\"{}\"", text.replace('\n', "&#10;").replace('\t', "&#9;"))
}

/// Text as XML holds it; characters that it cannot hold are left out.
pub(crate) fn escaped(text: &str) -> String {
    let kept = |c: &char| match c {
        '\n' | '\t' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        other => !other.is_control(),
    };
    let plain: String = text.chars().filter(kept).collect();
    plain
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
