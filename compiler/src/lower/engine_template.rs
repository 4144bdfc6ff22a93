//! Templates that the engine fills for each task.

/// Everything the engine knows when it starts a task.
const KNOWN: &[&str] = &[
    ".Service.ID",
    ".Service.Name",
    ".Node.ID",
    ".Node.Hostname",
    ".Node.Platform.OS",
    ".Node.Platform.Architecture",
    ".Task.ID",
    ".Task.Name",
    ".Task.Slot",
];

/// What the engine could not fill, as a fragment for a message.
pub(super) fn check(text: &str) -> Result<(), String> {
    // Nearly every text: looking costs less than starting to split.
    if !text.contains("{{") {
        return Ok(());
    }
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let end = closing(after).ok_or_else(|| "`{{` is never closed".to_owned())?;
        let action = after[..end].trim_matches(|c: char| c == '-' || c.is_whitespace());
        if !fits(action) {
            return Err(format!("`{{{{{action}}}}}` is nothing the engine knows"));
        }
        rest = &after[end + 2..];
    }
    Ok(())
}

/// Where the action ends; braces in quotes do not count.
fn closing(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(at, c)| {
        quoted ^= c == '"';
        (!quoted && text[at..].starts_with("}}")).then_some(at)
    })
}

fn fits(action: &str) -> bool {
    KNOWN.contains(&action) || is_text(action) || is_label(action)
}

/// `"{{"`, for braces that are meant as such.
fn is_text(action: &str) -> bool {
    let inside = action
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inside.is_some_and(|inside| !inside.contains(['"', '\\']))
}

/// `index .Service.Labels "team"` or `.Service.Labels.team`
fn is_label(action: &str) -> bool {
    let plain =
        |key: &str| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match action.strip_prefix("index ").map(str::trim_start) {
        Some(index) => index
            .strip_prefix(".Service.Labels")
            .map(str::trim_start)
            .is_some_and(is_text),
        None => action.strip_prefix(".Service.Labels.").is_some_and(plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_fills_what_it_knows() {
        for text in [
            "plain { } text }}",
            "app-{{.Task.Slot}}",
            "{{ .Node.Hostname }}/{{- .Task.ID -}}",
            "{{index .Service.Labels \"a.b\"}}",
            "{{.Service.Labels.team}}",
            "{{\"{{\"}}x{{\"}}\"}}",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn the_rest_would_fail_when_a_task_starts() {
        for text in [
            "{{.Time}}",
            "{{ x }}",
            "{{",
            "{{.Task.Slot}",
            "{{.Node.Labels.zone}}",
            "{{}}",
            "{{index .Service.Labels}}",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
