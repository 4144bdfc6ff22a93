//! Texts that somebody fills in: docker its templates, kubernetes its variables.

use skep_schema::plan::Service;

/// A piece of a text that docker fills for each task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    Text(&'t str),
    /// What stands between the braces.
    Action(&'t str),
}

/// What a pod has in the place of what docker knows of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Filled {
    /// It is known already.
    Text(String),
    /// Kubernetes tells it to a pod by this path.
    Field {
        path: &'static str,
        /// How it differs from what docker says; nothing where it does not.
        differs: &'static str,
    },
    /// Kubernetes tells it to no pod.
    Unknown,
}

/// Whether docker fills something in.
pub(super) fn is_template(text: &str) -> bool {
    pieces(text)
        .iter()
        .any(|piece| matches!(piece, Piece::Action(_)))
}

/// The pieces of a text, in order.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some(end) = closing(after) else {
            break;
        };
        if !before.is_empty() {
            all.push(Piece::Text(before));
        }
        let trimmed = |c: char| c == '-' || c.is_whitespace();
        all.push(Piece::Action(after[..end].trim_matches(trimmed)));
        rest = &after[end + 2..];
    }
    if !rest.is_empty() {
        all.push(Piece::Text(rest));
    }
    all
}

/// Where an action ends; braces in quotes do not count.
fn closing(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(at, c)| {
        quoted ^= c == '"';
        (!quoted && text[at..].starts_with("}}")).then_some(at)
    })
}

/// What stands for an action in the pods of a service.
pub(super) fn filled(action: &str, service: &Service) -> Filled {
    let field = |path, differs| Filled::Field { path, differs };
    match action {
        ".Service.Name" => Filled::Text(service.name.clone()),
        ".Node.Hostname" => field("spec.nodeName", ""),
        ".Node.ID" => field(
            "spec.nodeName",
            "kubernetes tells the name of a machine and not its id",
        ),
        ".Task.ID" => field("metadata.uid", ""),
        ".Task.Name" => field("metadata.name", "the names of pods have another form"),
        ".Task.Slot" => field(
            "metadata.name",
            "pods have no slots, so it is the name of the pod",
        ),
        _ => quoted(action)
            .or_else(|| label_of(action, service))
            .map_or(Filled::Unknown, Filled::Text),
    }
}

fn quoted(action: &str) -> Option<String> {
    let inside = action.strip_prefix('"')?.strip_suffix('"')?;
    Some(inside.to_owned())
}

fn label_of(action: &str, service: &Service) -> Option<String> {
    let key = match action.strip_prefix("index ") {
        Some(index) => quoted(
            index
                .trim_start()
                .strip_prefix(".Service.Labels")?
                .trim_start(),
        )?,
        None => action.strip_prefix(".Service.Labels.")?.to_owned(),
    };
    Some(service.labels.get(&key).cloned().unwrap_or_default())
}

/// A text in which kubernetes finds no variable: `$(NAME)` is one, and `$$` is a `$`.
pub(super) fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        out.push(c);
        if c == '$' && matches!(rest.peek(), Some('$' | '(')) {
            out.push('$');
        }
    }
    out
}

/// A literal text with something behind it, perhaps a variable.
pub(super) fn literal_before(text: &str) -> String {
    let mut out = literal(text);
    if text.ends_with('$') {
        out.push('$');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As kubernetes reads a value in which no variable is known.
    fn read(text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let second = after.chars().next();
            if second != Some('$') {
                out.push('$');
            }
            let taken = second.map_or(0, char::len_utf8);
            out.push_str(&after[..taken]);
            rest = &after[taken..];
        }
        out + rest
    }

    #[test]
    fn kubernetes_reads_a_literal_text_as_it_was() {
        for text in [
            "",
            "$",
            "$$",
            "$$$",
            "a$b",
            "$(A)",
            "$$(A)",
            "a$$b$",
            "é$(é)$$",
        ] {
            assert_eq!(read(&literal(text)), text, "{}", literal(text));
            let before = literal_before(text);
            assert_eq!(read(&format!("{before}x")), format!("{text}x"), "{before}");
        }
        assert_eq!(literal("a$(B)"), "a$$(B)");
        assert_eq!(literal_before("a$"), "a$$");
    }

    #[test]
    fn actions_are_told_from_text() {
        use Piece::{Action, Text};
        assert_eq!(
            pieces("a{{ .Task.ID }}b"),
            [Text("a"), Action(".Task.ID"), Text("b")]
        );
        assert_eq!(pieces("{{\"}}\"}}"), [Action("\"}}\"")]);
        assert_eq!(pieces("{{ x"), [Text("{{ x")]);
    }
}
