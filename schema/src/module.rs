//! Modules: folders of git repositories that projects share, and what pins them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::spec::File;

/// The longest address of a repository, in bytes.
const LONGEST: usize = 1_000;

/// What an import names: a folder of a repository, as a tag, a branch or a commit has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModuleName {
    repository: String,
    rev: String,
    /// Empty for the whole repository.
    folder: String,
}

/// What of a [`ModuleName`] cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadModule {
    Repository,
    /// The address holds a password or a token.
    Login,
    Rev,
    Folder,
}

impl ModuleName {
    /// # Errors
    /// Something in it could mean more to git than an address, a name and a folder.
    pub fn checked(repository: &str, rev: &str, folder: &str) -> Result<Self, BadModule> {
        is_repository(repository)?;
        if !is_rev(rev) {
            return Err(BadModule::Rev);
        }
        let folder = folder.trim_end_matches('/').trim_start_matches("./");
        let is_folder = |folder| File::checked(folder).filter(|f| !f.as_str().contains(['*', '"']));
        let folder = match folder {
            "" | "." => String::new(),
            other => is_folder(other)
                .ok_or(BadModule::Folder)?
                .as_str()
                .to_owned(),
        };
        Ok(Self {
            repository: repository.to_owned(),
            rev: rev.to_owned(),
            folder,
        })
    }

    pub fn repository(&self) -> &str {
        &self.repository
    }

    pub fn rev(&self) -> &str {
        &self.rev
    }

    pub fn folder(&self) -> &str {
        &self.folder
    }
}

/// `https://example.org/parts.git v1.4.0 web`
impl fmt::Display for ModuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.repository, self.rev)?;
        if self.folder.is_empty() {
            Ok(())
        } else {
            write!(f, " {}", self.folder)
        }
    }
}

/// Only the ways to a repository that can be secure, and nothing that git would take for an option
/// or a helper program.
fn is_repository(text: &str) -> Result<(), BadModule> {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '<' | '>' | '`' | '\'');
    if text.len() > LONGEST || !text.chars().all(plain) || text.contains("/../") {
        return Err(BadModule::Repository);
    }
    let fits = if let Some(rest) = text.strip_prefix("https://") {
        let host = rest.split('/').next().unwrap_or("");
        if host.contains('@') {
            return Err(BadModule::Login);
        }
        is_host(host)
    } else if let Some(rest) = text.strip_prefix("ssh://") {
        let (user, host) = login(rest.split('/').next().unwrap_or(""));
        if user.contains(':') {
            return Err(BadModule::Login);
        }
        is_host(host)
    } else if let Some(path) = text.strip_prefix("file://") {
        path.starts_with('/')
    } else if let Some((place, path)) = text.split_once(':') {
        let (user, host) = login(place);
        !user.is_empty() && is_host(host) && !path.is_empty() && !path.starts_with([':', '-'])
    } else {
        text.starts_with('/')
    };
    if fits {
        Ok(())
    } else {
        Err(BadModule::Repository)
    }
}

/// `git@example.org` as user and host.
fn login(place: &str) -> (&str, &str) {
    place.rsplit_once('@').unwrap_or(("", place))
}

fn is_host(host: &str) -> bool {
    let fits =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    !host.is_empty() && !host.starts_with('-') && host.chars().all(fits)
}

/// Whether it is the name of one tag or branch, or a commit: never a range or a path in one.
fn is_rev(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | '+');
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    text.len() <= 200
        && text.chars().all(fits)
        && text.split('/').all(part)
        && !text.starts_with('-')
        && !text.contains("..")
        && !text.ends_with('.')
}

/// The whole id of a git commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommitId(String);

impl CommitId {
    /// 40 small hexadecimal digits, or 64 in a repository of the newer kind.
    pub fn parse(text: &str) -> Option<Self> {
        (matches!(text.len(), 40 | 64) && is_hex(text)).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Enough of it for people to tell two apart.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What all files of a module hash to: `blake3:` and 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TreeDigest(String);

impl TreeDigest {
    const SCHEME: &str = "blake3:";

    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix(Self::SCHEME)?;
        (hex.len() == 64 && is_hex(hex)).then(|| Self(text.to_owned()))
    }

    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(format!("{}{}", Self::SCHEME, blake3::hash(bytes).to_hex()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hexadecimal digits alone, as they may stand in the name of a file.
    pub fn hex(&self) -> &str {
        &self.0[Self::SCHEME.len()..]
    }
}

impl fmt::Display for TreeDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_hex(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.bytes().all(fits)
}

/// What a lock file says of a module: nothing else is ever compiled in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    pub commit: CommitId,
    pub digest: TreeDigest,
}

/// The files of a module, by their path from its folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    pub files: BTreeMap<String, Arc<[u8]>>,
}

impl Tree {
    const FORMAT: &[u8] = b"skep.module/1\n";

    /// One form for one tree: what a cache keeps, and what the digest is taken of.
    pub fn encode(&self) -> Vec<u8> {
        let mut all = Self::FORMAT.to_vec();
        for (path, bytes) in &self.files {
            for part in [path.as_bytes(), bytes] {
                all.extend((part.len() as u64).to_le_bytes());
                all.extend(part);
            }
        }
        all
    }

    /// The tree that was encoded; `None` for any other bytes.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(Self::FORMAT)?;
        let mut files = BTreeMap::new();
        while !rest.is_empty() {
            let (path, content);
            (path, rest) = part(rest)?;
            (content, rest) = part(rest)?;
            files.insert(String::from_utf8(path.to_vec()).ok()?, content.into());
        }
        Some(Self { files })
    }
}

/// Bytes behind their length, and what follows them.
fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_has_an_address_without_a_login() {
        for text in [
            "https://example.org/team/parts.git",
            "ssh://git@example.org:2222/team/parts",
            "git@example.org:team/parts.git",
            "file:///srv/git/parts.git",
            "/srv/git/parts.git",
        ] {
            assert!(ModuleName::checked(text, "v1", "").is_ok(), "{text}");
        }
        for (text, wrong) in [
            ("https://me:secret@example.org/x", BadModule::Login),
            ("ssh://me:secret@example.org/x", BadModule::Login),
            ("http://example.org/parts.git", BadModule::Repository),
            ("git://example.org/parts.git", BadModule::Repository),
            ("ext::sh -c id", BadModule::Repository),
            ("ext::sh", BadModule::Repository),
            ("-upload-pack=id", BadModule::Repository),
            ("ssh://-oProxyCommand=id/x", BadModule::Repository),
            ("me@-oProxyCommand=id:x", BadModule::Repository),
            ("../parts", BadModule::Repository),
            ("/srv/../etc", BadModule::Repository),
            ("file://host/x", BadModule::Repository),
            ("", BadModule::Repository),
        ] {
            assert_eq!(ModuleName::checked(text, "v1", ""), Err(wrong), "{text}");
        }
    }

    #[test]
    fn a_rev_is_one_name_and_a_folder_stays_inside() {
        let rev = |rev: &str| ModuleName::checked("/x", rev, "");
        for text in ["v1.4.0", "main", "release/1.4", "3f2a", "v1+build"] {
            assert!(rev(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "-v1",
            "a..b",
            "v1^{tree}",
            "v1:x",
            "a//b",
            "/a",
            "a b",
            "x.lock",
            "v1.",
        ] {
            assert_eq!(rev(text), Err(BadModule::Rev), "{text}");
        }
        let folder = |folder: &str| ModuleName::checked("/x", "v1", folder);
        for (text, clean) in [("", ""), (".", ""), ("./web/", "web"), ("a/b", "a/b")] {
            assert_eq!(folder(text).expect("it fits").folder(), clean);
        }
        for text in ["../x", "/x", "a/../../x", "a/*"] {
            assert_eq!(folder(text), Err(BadModule::Folder), "{text}");
        }
    }

    #[test]
    fn a_tree_is_read_back_and_nothing_else_is() {
        let files = [("a.kdl", "one"), ("b/c.txt", "")];
        let tree = Tree {
            files: files
                .map(|(path, text)| (path.to_owned(), text.as_bytes().into()))
                .into(),
        };
        let bytes = tree.encode();
        assert_eq!(Tree::decode(&bytes), Some(tree));
        assert_eq!(Tree::decode(&bytes[..bytes.len() - 1]), None);
        assert_eq!(
            Tree::decode(b"skep.module/1\n\xff\xff\xff\xff\xff\xff\xff\xff"),
            None
        );
        assert_eq!(Tree::decode(b""), None);
    }
}
