//! Names of objects in the swarm.

use skep_schema::digest::Digest;
use skep_schema::plan::name_prefix;
use skep_schema::spec::Spec;

/// The most letters of a config's or secret's name.
const LONGEST: usize = 64;
/// The most letters of a service's name: it is one label of a DNS name.
pub(super) const LONGEST_SERVICE: usize = 63;
/// What completes a secret's name when it is applied.
const FINGERPRINT: usize = 12;
/// The most letters of a hand-written version, so that enough of the name is left beside it.
pub(super) const LONGEST_VERSION: usize = 20;

/// Makes names that start with the stack.
#[derive(Debug)]
pub(super) struct Names {
    prefix: String,
}

impl Names {
    pub(super) fn of(spec: &Spec) -> Self {
        Self {
            prefix: name_prefix(&spec.project, spec.environment.as_deref()),
        }
    }

    /// `shop-prod_api`
    pub(super) fn plain(&self, name: &str) -> String {
        [&self.prefix, "_", name].concat()
    }

    /// `shop_api-toml-abcdefghijkl`: the plain name and a tail that changes with the content, at
    /// most 64 letters.
    pub(super) fn tailed(&self, name: &str, tail: &str) -> String {
        format!(
            "{}-{tail}",
            fitted(&self.plain(name), LONGEST - 1 - tail.len())
        )
    }

    /// `shop_db-password-*`, which stays within 64 letters when the fingerprint takes the star's place.
    pub(super) fn open(&self, name: &str) -> String {
        format!("{}-*", fitted(&self.plain(name), LONGEST - 1 - FINGERPRINT))
    }
}

/// The name under which another stack's service runs.
pub(super) fn foreign(stack: &str, name: &str) -> String {
    let (project, environment) = stack
        .split_once('@')
        .map_or((stack, None), |(p, e)| (p, Some(e)));
    format!("{}_{name}", name_prefix(project, environment))
}

/// Eight letters of a digest, enough to tell the versions of one network apart.
pub(super) fn brief(digest: &Digest) -> String {
    digest.short().chars().take(8).collect()
}

/// A name of at most `room` letters: the middle of a longer one gives way to letters of its digest.
fn fitted(name: &str, room: usize) -> String {
    const END: usize = 13;
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= room {
        return name.to_owned();
    }
    let middle = brief(&Digest::of_bytes("name", name.as_bytes()));
    let start: String = letters[..room - END - middle.len() - 2].iter().collect();
    let end: String = letters[letters.len() - END..].iter().collect();
    format!("{start}-{middle}-{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(project: &str, environment: Option<&str>) -> Names {
        Names {
            prefix: name_prefix(project, environment),
        }
    }

    #[test]
    fn a_name_starts_with_project_and_environment() {
        assert_eq!(names("shop", None).plain("api"), "shop_api");
        assert_eq!(
            names("shop", Some("prod")).tailed("htpasswd", "v7"),
            "shop-prod_htpasswd-v7"
        );
        assert_eq!(foreign("data@prod", "db"), "data-prod_db");
    }

    #[test]
    fn a_long_name_loses_its_middle_and_stays_its_own() {
        let names = names("shop", Some("production"));
        let first = names.tailed(&format!("{}-a", "settings".repeat(7)), "abcdefghijkl");
        let second = names.tailed(&format!("{}-b-a", "settings".repeat(7)), "abcdefghijkl");
        assert_eq!(first.len(), LONGEST);
        assert!(
            first.starts_with("shop-production_settings")
                && first.ends_with("settings-a-abcdefghijkl")
        );
        assert_ne!(first, second);
    }

    #[test]
    fn an_open_name_has_room_for_its_fingerprint() {
        let open = names("shop", None).open(&"x".repeat(63));
        assert_eq!(open.len() - 1 + FINGERPRINT, LONGEST);
    }
}
