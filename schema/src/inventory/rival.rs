//! Others who deploy or change what a plan is about: what tells of them, and how each lets go.
//!
//! Only what stands on objects can tell. Portainer and Komodo run `docker stack deploy` and keep what
//! they know in databases of their own, so nothing does of them.

use std::collections::BTreeSet;

use super::{DOCKER_STACK, Inventory};
use crate::address::Address;
use crate::plan::{Payload, Plan, Service};

/// A tool that writes objects of a swarm again whenever it sees fit.
#[derive(Debug, PartialEq, Eq)]
pub struct Rival {
    pub name: &'static str,
    pub claim: Claim,
    marks: &'static [Mark],
    /// How it is kept from this stack, as a command to whoever runs it.
    pub off: &'static str,
}

/// What it does to an object that has its mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It deploys the object: what an apply writes, it writes back.
    Owns,
    /// It changes one thing of it because a label asks for that.
    Changes(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// A label, inside of tasks too, whose key begins so.
    Label(&'static str),
    /// A label of the service that says `true`.
    Switch(&'static str),
    /// A network, of a service that `docker stack deploy` did not make.
    Network(&'static str),
    /// What the object's name begins with.
    Name(&'static str),
    /// A record of its own about the stack.
    Release,
}

/// What tells that a rival deploys or changes an object of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contested {
    pub address: Address,
    /// The object's name.
    pub name: String,
    pub rival: &'static Rival,
    /// ``the label `cd.doco.deployment.name=blog` ``
    pub evidence: String,
}

/// Configs in which swarmcli keeps what it released begin so, before the name of the release.
pub const SWARMCLI_RECORD: &str = "swarmcli.release.";

const RIVALS: &[Rival] = &[
    Rival {
        name: "swarmcli",
        claim: Claim::Owns,
        marks: &[Mark::Label("com.swarmcli.release"), Mark::Release],
        off: "take the release out of its application with `prune` off, or stop the controller; its \
              records may stay",
    },
    Rival {
        name: "doco-cd",
        claim: Claim::Owns,
        marks: &[
            Mark::Label("cd.doco.metadata."),
            Mark::Label("cd.doco.deployment."),
        ],
        off: "take the stack out of `.doco-cd.yml` or its poll config, without `destroy: true`, which \
              removes what runs",
    },
    Rival {
        name: "Coolify",
        claim: Claim::Owns,
        marks: &[Mark::Label("coolify.managed")],
        off: "switch automatic deployments and webhooks of the resource off, and deploy it no more from there",
    },
    Rival {
        name: "Dokploy",
        claim: Claim::Owns,
        marks: &[Mark::Network("dokploy-network")],
        off: "switch `autoDeploy` of the application off, and deploy it no more from there",
    },
    Rival {
        name: "CapRover",
        claim: Claim::Owns,
        marks: &[Mark::Name("srv-captain--")],
        off: "take its webhook away, and deploy the app no more from there",
    },
    Rival {
        name: "Swarmpit",
        claim: Claim::Changes("its image"),
        marks: &[Mark::Switch("swarmpit.service.deployment.autoredeploy")],
        off: "take the label `swarmpit.service.deployment.autoredeploy` away",
    },
    Rival {
        name: "Shepherd",
        claim: Claim::Changes("its image"),
        marks: &[Mark::Switch("shepherd.enable")],
        off: "take the label `shepherd.enable` away",
    },
    Rival {
        name: "swarm-cronjob",
        claim: Claim::Changes("how many tasks it has"),
        marks: &[Mark::Switch("swarm.cronjob.enable")],
        off: "take the label `swarm.cronjob.enable` away",
    },
];

impl Contested {
    /// All of what a plan is about that others deploy, or change because the plan asks them to, in order
    /// of address.
    pub fn all(plan: &Plan, inventory: &Inventory) -> Vec<Self> {
        let others = inventory.adoptable.iter().map(|found| (found, Tie::Theirs));
        let ours = inventory.nodes.iter().map(|found| (found, Tie::Ours));
        let mut all: Vec<Self> = others
            .chain(ours)
            .filter_map(|((address, found), tie)| {
                let seen = Seen {
                    wanted: &plan.nodes.get(address)?.payload,
                    found: &found.payload,
                    tie,
                    releases: &inventory.releases,
                };
                Some((address, seen))
            })
            .flat_map(|(address, seen)| seen.contested(address))
            .collect();
        all.sort_by(|a, b| (&a.address, a.rival.name).cmp(&(&b.address, b.rival.name)));
        all
    }
}

/// Whether a label tells nothing but who deployed an object.
pub fn is_mark(label: &str) -> bool {
    let owners = RIVALS.iter().filter(|rival| rival.claim == Claim::Owns);
    let mut marks = owners.flat_map(|rival| rival.marks);
    marks.any(|mark| matches!(mark, Mark::Label(prefix) if label.starts_with(prefix)))
}

/// Whether the object is ours already.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tie {
    Ours,
    Theirs,
}

/// An object, and what is known around it.
struct Seen<'a> {
    wanted: &'a Payload,
    found: &'a Payload,
    tie: Tie,
    releases: &'a BTreeSet<String>,
}

impl Seen<'_> {
    fn contested(&self, address: &Address) -> Vec<Contested> {
        let name = self.found.physical_name().unwrap_or_default();
        let contested = RIVALS.iter().filter_map(|rival| {
            let evidence = rival.marks.iter().find_map(|mark| self.evidence(*mark))?;
            Some(Contested {
                address: address.clone(),
                name: name.to_owned(),
                rival,
                evidence,
            })
        });
        contested.collect()
    }

    fn evidence(&self, mark: Mark) -> Option<String> {
        let theirs = self.tie == Tie::Theirs;
        match mark {
            Mark::Label(prefix) => self.label(prefix),
            Mark::Switch(key) => self.switch(key),
            Mark::Network(name) => {
                let service = service(self.found).filter(|_| theirs)?;
                let alone = !service.labels.contains_key(DOCKER_STACK);
                let joins = alone && service.networks.contains_key(name);
                joins.then(|| format!("the network `{name}`"))
            }
            Mark::Name(prefix) => {
                let name = self.found.physical_name().filter(|_| theirs)?;
                let named = name.starts_with(prefix);
                named.then(|| format!("the name `{prefix}..`"))
            }
            Mark::Release => {
                let stack = self.found.labels()?.get(DOCKER_STACK).filter(|_| theirs)?;
                let known = self.releases.contains(stack);
                known.then(|| format!("the config `{SWARMCLI_RECORD}{stack}.v..`"))
            }
        }
    }

    /// A label that the plan does not want. Those of tasks are kept when an object is taken over, for
    /// their tasks' sake, and tell nothing of one that is ours.
    fn label(&self, prefix: &str) -> Option<String> {
        let wanted = self.wanted.labels();
        let own = self.found.labels().into_iter().flatten();
        let own = own.filter(|(key, _)| !wanted.is_some_and(|all| all.contains_key(*key)));
        let inside = service(self.found).filter(|_| self.tie == Tie::Theirs);
        let inside = inside
            .into_iter()
            .flat_map(|service| &service.container_labels);
        let mut all = own.chain(inside);
        let (key, value) = all.find(|(key, _)| key.starts_with(prefix))?;
        Some(format!("the label `{key}={value}`"))
    }

    /// A label that the plan keeps: one that it takes away switches the rival off.
    fn switch(&self, key: &str) -> Option<String> {
        let is_on = |payload: &Payload| {
            let labels = payload.labels();
            labels
                .and_then(|all| all.get(key))
                .is_some_and(|value| value == "true")
        };
        (is_on(self.found) && is_on(self.wanted)).then(|| format!("the label `{key}=true`"))
    }
}

fn service(payload: &Payload) -> Option<&Service> {
    payload.as_service().ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Observed, Readiness};
    use super::*;
    use crate::plan::{Origin, PlanNode, Target};

    type Labels<'a> = &'a [(&'a str, &'a str)];

    fn labels(pairs: Labels<'_>) -> BTreeMap<String, String> {
        let owned = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        owned.collect()
    }

    fn web(name: &str, own: Labels<'_>, inside: Labels<'_>, networks: &[&str]) -> Payload {
        let networks = networks
            .iter()
            .map(|name| ((*name).to_owned(), BTreeSet::new()));
        Payload::Service(Box::new(Service {
            name: name.to_owned(),
            labels: labels(own),
            container_labels: labels(inside),
            networks: networks.collect(),
            ..Service::default()
        }))
    }

    fn observed(payload: Payload) -> Observed {
        Observed {
            payload,
            digest: None,
            readiness: Readiness::Ready {
                running: 0,
                desired: 0,
            },
            was: None,
        }
    }

    fn contests(wanted: Payload, found: Payload, tie: Tie, releases: &[&str]) -> Vec<String> {
        let address: Address = "service.web".parse().expect("it is an address");
        let node = PlanNode::new(&address, Target::Swarm, wanted, Origin::default());
        let plan = Plan::new("blog", None, [(address.clone(), node)].into());
        let found = BTreeMap::from([(address, observed(found))]);
        let mut inventory = Inventory {
            releases: releases.iter().map(|name| (*name).to_owned()).collect(),
            ..Inventory::default()
        };
        match tie {
            Tie::Ours => inventory.nodes = found,
            Tie::Theirs => inventory.adoptable = found,
        }
        let all = Contested::all(&plan, &inventory);
        let told = all.iter();
        told.map(|c| format!("{}: {}", c.rival.name, c.evidence))
            .collect()
    }

    #[test]
    fn each_owner_is_known_by_its_mark() {
        let docker = (DOCKER_STACK, "blog");
        let plain = || web("blog_web", &[], &[], &[]);
        for (found, releases, told) in [
            (
                web("blog_web", &[docker], &[docker], &["blog_default"]),
                &[][..],
                None,
            ),
            (
                web(
                    "blog_web",
                    &[docker, ("cd.doco.deployment.name", "blog")],
                    &[],
                    &[],
                ),
                &[],
                Some("doco-cd: the label `cd.doco.deployment.name=blog`"),
            ),
            (
                web(
                    "blog_web",
                    &[],
                    &[("cd.doco.metadata.manager", "doco-cd")],
                    &[],
                ),
                &[],
                Some("doco-cd: the label `cd.doco.metadata.manager=doco-cd`"),
            ),
            (
                web("blog_web", &[("cd.doco.job.schedule", "@daily")], &[], &[]),
                &[],
                None,
            ),
            (
                web("blog_web", &[("com.swarmcli.release", "blog")], &[], &[]),
                &[],
                Some("swarmcli: the label `com.swarmcli.release=blog`"),
            ),
            (
                web("blog_web", &[docker], &[], &[]),
                &["blog"],
                Some("swarmcli: the config `swarmcli.release.blog.v..`"),
            ),
            (web("blog_web", &[docker], &[], &[]), &["shop"], None),
            (
                web(
                    "blog_web",
                    &[("com.swarmcli.rollout", "sequential")],
                    &[],
                    &[],
                ),
                &[],
                None,
            ),
            (
                web("blog_web", &[], &[("coolify.managed", "true")], &[]),
                &[],
                Some("Coolify: the label `coolify.managed=true`"),
            ),
            (
                web("blog-x1", &[], &[], &["dokploy-network"]),
                &[],
                Some("Dokploy: the network `dokploy-network`"),
            ),
            (
                web("blog_web", &[docker], &[], &["dokploy-network"]),
                &[],
                None,
            ),
            (
                web("srv-captain--blog", &[], &[], &[]),
                &[],
                Some("CapRover: the name `srv-captain--..`"),
            ),
        ] {
            let expected: Vec<String> = told.into_iter().map(str::to_owned).collect();
            assert_eq!(contests(plain(), found, Tie::Theirs, releases), expected);
        }
    }

    #[test]
    fn what_changes_a_service_counts_while_the_plan_asks_for_it() {
        for (key, name) in [
            ("shepherd.enable", "Shepherd"),
            ("swarm.cronjob.enable", "swarm-cronjob"),
            ("swarmpit.service.deployment.autoredeploy", "Swarmpit"),
        ] {
            let with = |value| web("blog_web", &[(key, value)], &[], &[]);
            let told = vec![format!("{name}: the label `{key}=true`")];
            assert_eq!(contests(with("true"), with("true"), Tie::Theirs, &[]), told);
            assert_eq!(contests(with("true"), with("true"), Tie::Ours, &[]), told);
            let nothing: [String; 0] = [];
            assert_eq!(
                contests(with("false"), with("true"), Tie::Theirs, &[]),
                nothing
            );
            assert_eq!(
                contests(with("false"), with("false"), Tie::Ours, &[]),
                nothing
            );
        }
    }

    #[test]
    fn of_what_is_ours_only_a_label_that_came_back_tells() {
        let plain = || web("srv-captain--blog", &[], &[], &[]);
        let inside = ("cd.doco.metadata.manager", "doco-cd");
        let kept = web("srv-captain--blog", &[], &[inside], &["dokploy-network"]);
        assert_eq!(contests(plain(), kept, Tie::Ours, &["blog"]), [""; 0]);
        let back = web("srv-captain--blog", &[inside], &[], &[]);
        assert_eq!(contests(plain(), back.clone(), Tie::Ours, &[]).len(), 1);
        assert_eq!(contests(back.clone(), back, Tie::Ours, &[]), [""; 0]);
    }
}
