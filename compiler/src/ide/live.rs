//! How the nodes of a project stand in a swarm, as a daemon tells it.

use skep_schema::address::Address;
use skep_schema::api::stack::StackStatus;
use skep_schema::api::view::{ServiceView, StackList};
use skep_schema::plan::stack_name;

/// What a daemon told last; nothing where none answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    stacks: Vec<StackStatus>,
    services: Vec<ServiceView>,
}

/// How one node stands in one stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stands {
    /// `shop@prod`
    pub stack: String,
    /// `2/2 running, would update`
    pub how: String,
    /// The stack's newest revision; 0 where there is none.
    pub revision: u32,
}

impl From<StackList> for Live {
    fn from(list: StackList) -> Self {
        let StackList {
            format: _,
            stacks,
            services,
        } = list;
        Self { stacks, services }
    }
}

impl Live {
    /// How a node stands in the stacks of a project, in order of their names: in that of one
    /// environment, or in all where none is chosen.
    pub fn stands(
        &self,
        project: &str,
        environment: Option<&str>,
        address: &Address,
    ) -> Vec<Stands> {
        let chosen = stack_name(project, environment);
        let is_meant = |stack: &str| {
            let rest = stack.strip_prefix(project);
            let of_any = rest.is_some_and(|rest| rest.starts_with('@'));
            stack == chosen || environment.is_none() && of_any
        };
        let meant = self.stacks.iter().filter(|one| is_meant(&one.stack));
        meant
            .filter_map(|one| self.in_stack(one, address))
            .collect()
    }

    fn in_stack(&self, stack: &StackStatus, address: &Address) -> Option<Stands> {
        let mut services = self.services.iter();
        let seen = services.find(|s| s.stack == stack.stack && s.address == *address);
        let drifted = stack.drift.contains(address).then(|| "drifted".to_owned());
        let seen = seen.map(|service| format!("{}, {}", service.tasks(), service.sync.words()));
        let how: Vec<String> = seen.into_iter().chain(drifted).collect();
        (!how.is_empty()).then(|| Stands {
            stack: stack.stack.clone(),
            how: how.join(", "),
            revision: stack.revision,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use skep_schema::address::Kind;

    use super::*;

    fn live() -> Live {
        let stack = |name: &str, drift: &[&str]| {
            json!({
                "format": "skep.stack/1", "stack": name, "state": "in-sync", "since": 0,
                "revision": 7, "drift": drift,
            })
        };
        let service = |stack: &str, sync: &str, readiness: serde_json::Value| {
            json!({
                "stack": stack, "address": "service.api", "name": "api", "sync": sync,
                "readiness": readiness, "at": 0,
            })
        };
        let list = json!({
            "format": "skep.stacks/1",
            "stacks": [
                stack("shop", &[]),
                stack("shop@prod", &["service.api", "network.edge"]),
                stack("shopping", &[]),
            ],
            "services": [
                service("shop", "in-sync", json!({ "ready": { "running": 2, "desired": 2 } })),
                service("shop@prod", "update", json!({
                    "progressing": { "detail": "1 of 3 running", "running": 1, "desired": 3 },
                })),
                service("shopping", "in-sync", json!(null)),
            ],
        });
        serde_json::from_value::<StackList>(list).unwrap().into()
    }

    fn told(environment: Option<&str>, kind: Kind, name: &str) -> Vec<String> {
        let all = live().stands("shop", environment, &Address::new(kind, name));
        let line = |one: Stands| format!("{} r{}: {}", one.stack, one.revision, one.how);
        all.into_iter().map(line).collect()
    }

    #[test]
    fn without_an_environment_all_stacks_of_the_project_are_told() {
        assert_eq!(
            told(None, Kind::Service, "api"),
            [
                "shop r7: 2/2 running, as in the spec",
                "shop@prod r7: 1 of 3 running, would update, drifted",
            ]
        );
    }

    #[test]
    fn an_environment_has_one_stack() {
        let prod = "shop@prod r7: 1 of 3 running, would update, drifted";
        assert_eq!(told(Some("prod"), Kind::Service, "api"), [prod]);
        assert_eq!(told(Some("test"), Kind::Service, "api"), [""; 0]);
    }

    #[test]
    fn of_what_is_no_service_drift_alone_is_known() {
        assert_eq!(told(None, Kind::Network, "edge"), ["shop@prod r7: drifted"]);
    }
}
