//! The engine's API versions, and what older ones would drop without a word.

use std::fmt;
use std::str::FromStr;

use skep_schema::plan::{Health, Mount, MountSource, Service};

/// `1.41`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) major: u16,
    pub(crate) minor: u16,
}

/// Docker Engine 20.10, the first with capabilities, limits and job modes of services.
pub(crate) const OLDEST: Version = Version {
    major: 1,
    minor: 41,
};
/// The newest whose fields we know.
pub(crate) const NEWEST: Version = Version {
    major: 1,
    minor: 52,
};

impl Default for Version {
    fn default() -> Self {
        OLDEST
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for Version {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (major, minor) = text.split_once('.').ok_or(())?;
        let number = |text: &str| text.parse().map_err(|_| ());
        Ok(Self {
            major: number(major)?,
            minor: number(minor)?,
        })
    }
}

/// The version to speak with an engine that speaks at most `server`.
pub(crate) fn negotiate(server: Version) -> Result<Version, String> {
    if server < OLDEST {
        return Err(format!(
            "the engine speaks API {server}, and at least {OLDEST} is needed: Docker Engine 20.10"
        ));
    }
    Ok(server.min(NEWEST))
}

/// A property that an engine of this version would take and forget.
pub(crate) struct Lost {
    pub(crate) property: String,
    pub(crate) since: &'static str,
}

/// The properties of `service` that the version does not know. They are refused, because an engine
/// drops them in silence, and `no-new-privileges` is no thing to lose.
pub(crate) fn lost(service: &Service, version: Version) -> Vec<Lost> {
    let security = &service.security;
    let subpath = |mount: &Mount| {
        matches!(
            &mount.from,
            MountSource::Volume {
                subpath: Some(_),
                ..
            }
        )
    };
    let start_every = |health: &Health| health.start_every.is_some();
    let rules = [
        (
            security.no_new_privileges,
            "security no-new-privileges",
            44,
            "25.0",
        ),
        (security.seccomp.is_some(), "security seccomp", 44, "25.0"),
        (security.apparmor.is_some(), "security apparmor", 44, "25.0"),
        (
            service.health.as_ref().is_some_and(start_every),
            "health start-every",
            44,
            "25.0",
        ),
        (
            service.mounts.values().any(subpath),
            "mount subpath",
            45,
            "26.1",
        ),
        (service.oom_score.is_some(), "oom-score", 46, "27.0"),
    ];
    let unknown = |minor: u16| version < Version { major: 1, minor };
    rules
        .into_iter()
        .filter(|(used, _, minor, _)| *used && unknown(*minor))
        .map(|(_, property, _, since)| Lost {
            property: property.to_owned(),
            since,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_of_two_versions_is_spoken() {
        let speak =
            |server: &str| negotiate(server.parse().unwrap()).map(|version| version.to_string());
        assert_eq!(speak("1.41").as_deref(), Ok("1.41"));
        assert_eq!(speak("1.48").as_deref(), Ok("1.48"));
        assert_eq!(speak("1.99").as_deref(), Ok("1.52"));
        assert!(speak("1.40").unwrap_err().contains("1.41"));
        assert!("1".parse::<Version>().is_err() && "a.b".parse::<Version>().is_err());
    }

    #[test]
    fn what_an_old_engine_would_drop_is_named() {
        let mut service = Service {
            oom_score: Some(3),
            ..Service::default()
        };
        service.security.no_new_privileges = true;
        let names = |version: &str| -> Vec<String> {
            lost(&service, version.parse().unwrap())
                .into_iter()
                .map(|lost| lost.property)
                .collect()
        };
        assert_eq!(names("1.41"), ["security no-new-privileges", "oom-score"]);
        assert_eq!(names("1.45"), ["oom-score"]);
        assert!(names("1.46").is_empty());
    }
}
