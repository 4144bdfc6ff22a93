//! Files by their URI.

use std::path::{Path, PathBuf};

use gen_lsp_types as lsp;

/// The file of a URI; nothing for what is no file.
pub(crate) fn path(uri: &lsp::Uri) -> Option<PathBuf> {
    let rest = uri.0.strip_prefix("file://")?;
    let path = &rest[rest.find('/')?..];
    let decoded = decoded(path)?;
    let windows = decoded.as_bytes();
    let has_drive = windows.len() > 2 && windows[1].is_ascii_alphabetic() && windows[2] == b':';
    Some(PathBuf::from(&decoded[usize::from(has_drive)..]))
}

pub(crate) fn of(path: &Path) -> lsp::Uri {
    let mut text = String::from("file://");
    let shown = path.to_string_lossy().replace('\\', "/");
    if !shown.starts_with('/') {
        text.push('/');
    }
    for byte in shown.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                text.push(char::from(byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    lsp::Uri(text)
}

/// Nothing where what `%` stands before is no byte, or the whole is no text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first == b'%' {
            let digits = std::str::from_utf8(behind.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &behind[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::{of, path};
    use std::path::Path;

    #[test]
    fn a_path_survives_the_way_there_and_back() {
        for text in ["/a/b.kdl", "/a b/\u{e4}#?%.kdl"] {
            assert_eq!(path(&of(Path::new(text))).as_deref(), Some(Path::new(text)));
        }
    }

    #[test]
    fn what_editors_write_is_understood() {
        for (uri, file) in [
            ("file:///a/b.kdl", Some("/a/b.kdl")),
            ("file://localhost/a.kdl", Some("/a.kdl")),
            ("file:///c%3A/x.kdl", Some("c:/x.kdl")),
            ("untitled:Untitled-1", None),
            ("file:///a%2", None),
        ] {
            assert_eq!(path(&uri.into()).as_deref(), file.map(Path::new), "{uri}");
        }
    }
}
