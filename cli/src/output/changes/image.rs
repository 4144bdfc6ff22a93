//! Images as people read them: a digest is cut to what tells it from others.

use skep_schema::image::{ImageDigest, Reference};

/// `redis:7@sha256:0123456789ab…`
pub(super) fn short(image: &str) -> String {
    let reference = Reference::read(image);
    match digest(reference) {
        Some(digest) => format!("{}@{}", reference.name(), digest.short()),
        None => image.to_owned(),
    }
}

/// `redis:7  sha256:aaaa… -> sha256:bbbb…` where a tag moved, or was pinned, or is no more; both
/// references where they name different things. None where no digest is involved.
pub(super) fn difference(before: &str, after: &str) -> Option<String> {
    let (old, new) = (Reference::read(before), Reference::read(after));
    let (from, to) = (digest(old), digest(new));
    if from.is_none() && to.is_none() {
        return None;
    }
    let digest = |found: Option<ImageDigest>| {
        found.map_or_else(|| "not pinned".to_owned(), |digest| digest.short())
    };
    Some(if is_same_tag(old, new) {
        format!("{}  {} -> {}", new.name(), digest(from), digest(to))
    } else {
        format!("{} -> {}", short(before), short(after))
    })
}

fn is_same_tag(one: Reference<'_>, other: Reference<'_>) -> bool {
    one.registry() == other.registry()
        && one.repository() == other.repository()
        && one.tag_or_latest() == other.tag_or_latest()
}

fn digest(reference: Reference<'_>) -> Option<ImageDigest> {
    reference.digest().and_then(ImageDigest::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pinned(name: &str, letter: char) -> String {
        format!("{name}@sha256:{}", String::from(letter).repeat(64))
    }

    #[test]
    fn a_tag_that_moved_shows_two_digests() {
        let shown = |before: &str, after: &str| difference(before, after).unwrap();
        let (a, b) = ("sha256:aaaaaaaaaaaa…", "sha256:bbbbbbbbbbbb…");
        assert_eq!(
            shown(
                &pinned("docker.io/library/redis:7", 'a'),
                &pinned("redis:7", 'b')
            ),
            format!("redis:7  {a} -> {b}")
        );
        assert_eq!(
            shown("redis:7", &pinned("redis:7", 'b')),
            format!("redis:7  not pinned -> {b}")
        );
        assert_eq!(
            shown(&pinned("redis:7", 'a'), &pinned("redis:8", 'b')),
            format!("redis:7@{a} -> redis:8@{b}")
        );
        assert_eq!(difference("redis:7", "redis:8"), None);
    }
}
