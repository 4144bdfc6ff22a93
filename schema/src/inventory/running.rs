//! What runs in a target, whoever made it.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Kind;
use crate::plan::Payload;

/// What `docker stack deploy` writes on all that it makes, inside of tasks too.
pub const DOCKER_STACK: &str = "com.docker.stack.namespace";

/// An object of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Normalised, without the labels that are Skep's.
    pub payload: Payload,
    /// The stack of Skep that owns it.
    pub owner: Option<String>,
}

/// Services that belong together, with what they are made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Running {
    /// What the names of its objects begin with, before `_`.
    pub stack: String,
    /// Its services, and those networks and configs that are its own.
    pub objects: Vec<Payload>,
    /// Services that a stack of Skep owns, with its name.
    pub owned: BTreeMap<String, String>,
}

impl Running {
    /// A stack of `docker stack deploy`: all that has its mark.
    pub fn of_stack(stack: &str, found: &[Found]) -> Self {
        Self::of(stack, found, |payload| mark(payload) == Some(stack))
    }

    /// Services by their names, whoever made them. What they use stays somebody else's.
    pub fn of_services(stack: &str, services: &BTreeSet<String>, found: &[Found]) -> Self {
        Self::of(stack, found, |payload| {
            let name = payload.physical_name();
            payload.object() == Some(Kind::Service)
                && name.is_some_and(|name| services.contains(name))
        })
    }

    fn of(stack: &str, found: &[Found], is_meant: impl Fn(&Payload) -> bool) -> Self {
        let meant: Vec<&Found> = found
            .iter()
            .filter(|found| is_meant(&found.payload))
            .collect();
        let owned = meant.iter().filter_map(|found| {
            let name = found.payload.physical_name()?;
            Some((name.to_owned(), found.owner.clone()?))
        });
        Self {
            stack: stack.to_owned(),
            owned: owned.collect(),
            objects: meant.iter().map(|found| found.payload.clone()).collect(),
        }
    }
}

/// The services of each stack of `docker stack deploy`, and those of none under the empty name.
pub fn stacks(found: &[Found]) -> BTreeMap<&str, Vec<&str>> {
    let mut stacks: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for found in found.iter().filter(|found| found.owner.is_none()) {
        if let (Ok(service), stack) = (found.payload.as_service(), mark(&found.payload)) {
            stacks
                .entry(stack.unwrap_or_default())
                .or_default()
                .push(&service.name);
        }
    }
    for services in stacks.values_mut() {
        services.sort_unstable();
    }
    stacks
}

/// The stack of `docker stack deploy` that an object is of.
fn mark(payload: &Payload) -> Option<&str> {
    let labels = payload.labels()?;
    labels.get(DOCKER_STACK).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Service;

    fn service(name: &str, stack: Option<&str>, owner: Option<&str>) -> Found {
        let labels = stack.map(|stack| (DOCKER_STACK.to_owned(), stack.to_owned()));
        Found {
            payload: Payload::Service(Box::new(Service {
                name: name.to_owned(),
                labels: labels.into_iter().collect(),
                ..Service::default()
            })),
            owner: owner.map(str::to_owned),
        }
    }

    fn names(running: &Running) -> Vec<&str> {
        running
            .objects
            .iter()
            .filter_map(Payload::physical_name)
            .collect()
    }

    #[test]
    fn a_stack_is_what_has_its_mark() {
        let found = [
            service("blog_web", Some("blog"), None),
            service("shop_web", Some("shop"), None),
            service("alone", None, None),
            service("blog_db", Some("blog"), Some("data")),
        ];
        let blog = Running::of_stack("blog", &found);
        assert_eq!(names(&blog), ["blog_web", "blog_db"]);
        assert_eq!(
            blog.owned,
            [("blog_db".to_owned(), "data".to_owned())].into()
        );
        let chosen = ["alone".to_owned()].into();
        assert_eq!(
            names(&Running::of_services("x", &chosen, &found)),
            ["alone"]
        );
        let all = stacks(&found);
        let all: Vec<_> = all.into_iter().collect();
        let expected = [
            ("", vec!["alone"]),
            ("blog", vec!["blog_web"]),
            ("shop", vec!["shop_web"]),
        ];
        assert_eq!(all, expected);
    }
}
