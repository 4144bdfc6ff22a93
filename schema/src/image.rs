//! Image references, read as Docker reads them, and the digests that tags stand for.

use std::fmt;

/// The registry of images that name none.
pub const HUB: &str = "docker.io";

/// An image reference in its parts: `registry.example.com/team/app:1.2@sha256:..`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    host: Option<&'a str>,
    path: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// Reads any text; one that is no reference gives parts that no registry knows.
    pub fn read(text: &'a str) -> Self {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        let (host, rest) = match name.split_once('/') {
            Some((first, rest)) if is_host(first) => (Some(first), rest),
            Some(_) | None => (None, name),
        };
        let (path, tag) = match rest.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
            Some(_) | None => (rest, None),
        };
        Self {
            host,
            path,
            tag,
            digest,
        }
    }

    /// The registry's host, where the reference names one.
    pub fn host(self) -> Option<&'a str> {
        self.host
    }

    /// The registry it is pulled from, [`HUB`] where none is named.
    pub fn registry(self) -> &'a str {
        match self.host {
            None | Some("index.docker.io") => HUB,
            Some(host) => host,
        }
    }

    /// The name within the registry. Docker Hub keeps names of one word under `library`.
    pub fn repository(self) -> String {
        let official = self.registry() == HUB && !self.path.contains('/');
        let folder = if official { "library/" } else { "" };
        format!("{folder}{}", self.path)
    }

    /// The last word of its name: `app` of `registry.example.com/team/app:1.2`.
    pub fn last_word(self) -> &'a str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The tag, where there is one.
    pub fn tag(self) -> Option<&'a str> {
        self.tag
    }

    /// The tag that is pulled where there is no digest.
    pub fn tag_or_latest(self) -> &'a str {
        self.tag.unwrap_or("latest")
    }

    /// `sha256:..`, where the reference is pinned to it.
    pub fn digest(self) -> Option<&'a str> {
        self.digest
    }

    /// The reference without its digest, in its author's spelling.
    pub fn name(self) -> String {
        let host = self.host.map(|host| format!("{host}/"));
        let tag = self.tag.map(|tag| format!(":{tag}"));
        format!(
            "{}{}{}",
            host.unwrap_or_default(),
            self.path,
            tag.unwrap_or_default()
        )
    }

    /// Pinned to what its tag means: the form that the docker command line writes into services.
    pub fn pinned(self, digest: &ImageDigest) -> String {
        let tagged = Self {
            tag: Some(self.tag_or_latest()),
            ..self
        };
        format!("{}@{digest}", tagged.name())
    }

    /// With nothing left out: to a node `redis`, `redis:latest` and `docker.io/library/redis` are one.
    pub fn full(self) -> String {
        let tag = match (self.tag, self.digest) {
            (None, Some(_)) => String::new(),
            (Some(_), _) | (None, None) => format!(":{}", self.tag_or_latest()),
        };
        let digest = self.digest.map(|digest| format!("@{digest}"));
        format!(
            "{}/{}{tag}{}",
            self.registry(),
            self.repository(),
            digest.unwrap_or_default()
        )
    }

    /// As people write it: `redis:7` for `docker.io/library/redis:7`.
    pub fn familiar(self) -> String {
        let full = self.full();
        let short = full.strip_prefix("docker.io/library/");
        let short = short.or_else(|| full.strip_prefix("docker.io/"));
        short.map_or_else(|| full.clone(), str::to_owned)
    }

    /// Whether a node would run the same for both.
    pub fn means(self, other: Self) -> bool {
        self.full() == other.full() || self.is_same_program(other)
    }

    /// Whether both are pinned to one digest of one repository: beside a digest a tag says nothing.
    pub fn is_same_program(self, other: Self) -> bool {
        self.digest.is_some()
            && self.digest == other.digest
            && self.registry() == other.registry()
            && self.repository() == other.repository()
    }
}

fn is_host(first: &str) -> bool {
    first.contains(['.', ':']) || first == "localhost"
}

/// What a tag stands for: the SHA-256 of the manifest, or of the list of manifests, one a platform.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImageDigest(String);

impl ImageDigest {
    /// `sha256:` and 64 small hexadecimal digits; nothing else is one.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:")?;
        let fits = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (hex.len() == 64 && hex.bytes().all(fits)).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Enough of it for people to tell two apart: `sha256:0123456789ab…`.
    pub fn short(&self) -> String {
        let shown = "sha256:".len() + 12;
        format!("{}…", &self.0[..shown])
    }
}

impl fmt::Display for ImageDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(letter: &str) -> ImageDigest {
        ImageDigest::parse(&format!("sha256:{}", letter.repeat(64))).unwrap()
    }

    #[test]
    fn a_reference_names_a_registry_a_repository_and_a_tag() {
        for (text, registry, repository, tag) in [
            ("redis", "docker.io", "library/redis", None),
            ("redis:7", "docker.io", "library/redis", Some("7")),
            ("team/app:1", "docker.io", "team/app", Some("1")),
            ("docker.io/redis", "docker.io", "library/redis", None),
            ("localhost/app:1", "localhost", "app", Some("1")),
            ("localhost:5000/app", "localhost:5000", "app", None),
            ("r.test:5000/a/b:2", "r.test:5000", "a/b", Some("2")),
        ] {
            let reference = Reference::read(text);
            assert_eq!(reference.registry(), registry, "{text}");
            assert_eq!(reference.repository(), repository, "{text}");
            assert_eq!(reference.tag(), tag, "{text}");
            assert_eq!(reference.name(), text);
        }
    }

    #[test]
    fn an_image_has_one_full_name() {
        for (short, full) in [
            ("bb", "docker.io/library/bb:latest"),
            ("bb:1", "docker.io/library/bb:1"),
            ("docker.io/bb:1", "docker.io/library/bb:1"),
            ("team/bb:1", "docker.io/team/bb:1"),
            ("localhost:5000/bb", "localhost:5000/bb:latest"),
            ("r.test/a/b:2", "r.test/a/b:2"),
            ("bb:1@sha256:00", "docker.io/library/bb:1@sha256:00"),
        ] {
            assert_eq!(Reference::read(short).full(), full);
            assert_eq!(Reference::read(full).full(), full);
        }
    }

    #[test]
    fn a_pinned_reference_keeps_its_spelling_and_its_tag() {
        let pinned = |text| Reference::read(text).pinned(&digest("a"));
        assert_eq!(pinned("redis:7"), format!("redis:7@{}", digest("a")));
        assert_eq!(
            pinned("localhost:5000/app"),
            format!("localhost:5000/app:latest@{}", digest("a"))
        );
    }

    #[test]
    fn beside_a_digest_the_tag_says_nothing_and_the_repository_does() {
        let same = |a: &str, b: &str| Reference::read(a).is_same_program(Reference::read(b));
        assert!(same("bb:1@sha256:0", "docker.io/library/bb:2@sha256:0"));
        assert!(!same("bb:1@sha256:0", "bb:1@sha256:1"));
        assert!(!same("bb:1@sha256:0", "r.test/bb:1@sha256:0"));
        assert!(!same("bb:1", "bb:1"));
    }

    #[test]
    fn the_spelling_of_a_registry_and_of_a_tag_says_nothing() {
        let means = |a: &str, b: &str| Reference::read(a).means(Reference::read(b));
        assert!(means("bb", "docker.io/library/bb:latest"));
        assert!(means("bb:1@sha256:0", "bb:2@sha256:0"));
        assert!(!means("bb:1", "bb:1@sha256:0"));
        assert!(!means("bb:1", "bb:2"));
    }

    #[test]
    fn a_digest_is_sha256_in_small_digits() {
        assert_eq!(digest("a").short(), "sha256:aaaaaaaaaaaa…");
        for text in ["", "sha256:", "sha256:abc", &"a".repeat(71)] {
            assert_eq!(ImageDigest::parse(text), None, "{text}");
        }
        let upper = digest("a").as_str().replace('a', "A");
        assert_eq!(ImageDigest::parse(&upper), None);
    }
}
