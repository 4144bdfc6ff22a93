//! Paths of files, as texts with forward slashes.

/// A path in a folder: `..` and `.` are resolved as far as they can be, absolute paths stay.
pub(crate) fn join(folder: &str, path: &str) -> String {
    if path.starts_with('/') || folder.is_empty() {
        return normal(path);
    }
    normal(&format!("{folder}/{path}"))
}

/// The folder of a file, empty for one beside the project.
pub(crate) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a path leads to a file inside of the project.
pub(crate) fn is_inside(path: &str) -> bool {
    !path.starts_with('/') && path != ".." && !path.starts_with("../") && !path.is_empty()
}

fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if path.starts_with('/') => {}
            part => parts.push(part),
        }
    }
    let start = if path.starts_with('/') { "/" } else { "" };
    format!("{start}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_resolved_without_a_disk() {
        for (folder, path, joined) in [
            ("", "./a/b", "a/b"),
            ("x/y", "../a", "x/a"),
            ("x", "../../a", "../a"),
            ("..", "a/../b", "../b"),
            ("x", "/etc/./a", "/etc/a"),
            ("", "/../a", "/a"),
        ] {
            assert_eq!(join(folder, path), joined, "{folder} {path}");
        }
        assert!(is_inside("a/b") && !is_inside("../a") && !is_inside("/a"));
        assert_eq!((folder("a/b.yml"), folder("b.yml")), ("a", ""));
    }
}
