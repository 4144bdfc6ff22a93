//! What can be asked of the model's services, and what it refuses.

use std::collections::BTreeMap;

use skep_schema::plan::{self, Endpoint, PublishMode};

use super::calls::PREDEFINED;
use super::names;
use super::place::Constraint;
use super::refusal::{Refusal, Reply};
use super::world::{Desired, Service, UpdateState, UpdateStatus, World};

/// The raft entry of an update holds the new and the previous spec.
const ENTRY_LIMIT: usize = 3 * 512 * 1024;

impl World {
    pub fn create_service(&mut self, spec: plan::Service) -> Reply<String> {
        self.check_service(&spec)?;
        let name = spec.name.clone();
        if self
            .services
            .keys()
            .any(|taken| taken.eq_ignore_ascii_case(&name))
        {
            return Err(Refusal::exists(&format!(
                "name conflicts with an existing object: service {name} already exists"
            )));
        }
        fits_entry(&spec, None)?;
        let meta = self.meta();
        let id = meta.id.clone();
        let spec = Box::new(spec);
        self.services.insert(
            name.clone(),
            Service {
                meta,
                spec,
                previous: None,
                status: None,
                rollout: None,
            },
        );
        self.reconcile(&name);
        Ok(id)
    }

    /// Replaces the whole spec. As in the engine it always costs the previous one, even when
    /// nothing differs.
    pub fn update_service(&mut self, name: &str, version: u64, spec: plan::Service) -> Reply<()> {
        self.check_service(&spec)?;
        let service = self
            .services
            .get(name)
            .ok_or_else(|| Refusal::not_found("service", name))?;
        if version != service.meta.version {
            return Err(Refusal::out_of_sequence());
        }
        if spec.name != service.spec.name {
            return Err(Refusal::unimplemented("renaming services is not supported"));
        }
        if is_global(&spec) != is_global(&service.spec) {
            return Err(Refusal::unimplemented("service mode change is not allowed"));
        }
        fits_entry(&spec, Some(&service.spec))?;
        self.rewrite(name, |service| {
            service.previous = Some(std::mem::replace(&mut service.spec, Box::new(spec)));
            service.status = None;
        });
        Ok(())
    }

    /// Goes back to the previous spec by hand; the two specs change places.
    pub fn rollback_service(&mut self, name: &str, version: u64) -> Reply<()> {
        let service = self
            .services
            .get(name)
            .ok_or_else(|| Refusal::not_found("service", name))?;
        if version != service.meta.version {
            return Err(Refusal::out_of_sequence());
        }
        let Some(previous) = service.previous.clone() else {
            let id = &service.meta.id;
            return Err(Refusal::precondition(&format!(
                "service {id} does not have a previous spec"
            )));
        };
        self.rewrite(name, |service| {
            service.previous = Some(std::mem::replace(&mut service.spec, previous));
            let message = "manually requested rollback".to_owned();
            service.status = Some(UpdateStatus {
                state: UpdateState::RollbackStarted,
                message,
            });
        });
        Ok(())
    }

    pub fn remove_service(&mut self, name: &str) -> Reply<()> {
        self.services
            .remove(name)
            .ok_or_else(|| Refusal::not_found("service", name))?;
        for task in self
            .tasks
            .get_mut(name)
            .into_iter()
            .flat_map(BTreeMap::values_mut)
        {
            task.desired = Desired::Remove;
        }
        self.index += 1;
        Ok(())
    }

    /// Writes a service under a new version and lets the orchestrator look at it.
    pub(crate) fn rewrite(&mut self, name: &str, write: impl FnOnce(&mut Service)) {
        self.index += 1;
        if let Some(service) = self.services.get_mut(name) {
            service.meta.touch(self.index, self.clock);
            service.rollout = None;
            write(service);
        }
        self.reconcile(name);
        self.begin_rollout(name);
    }

    fn check_service(&self, spec: &plan::Service) -> Reply<()> {
        names::service(&spec.name)?;
        if spec.image.is_empty() {
            return Err(Refusal::invalid(
                "ContainerSpec: image reference must be provided",
            ));
        }
        for constraint in &spec.placement.constraints {
            Constraint::parse(constraint).map_err(|text| Refusal::unknown(&text))?;
        }
        self.check_networks(spec)?;
        self.check_files(spec)?;
        self.check_ports(spec)
    }

    fn check_networks(&self, spec: &plan::Service) -> Reply<()> {
        match spec.networks.keys().find(|name| !self.has_network(name)) {
            None => Ok(()),
            Some(name) => Err(Refusal::plain(500, format!("network {name} not found"))),
        }
    }

    pub(crate) fn has_network(&self, name: &str) -> bool {
        self.networks.contains_key(name) || PREDEFINED.contains(&name)
    }

    fn check_files(&self, spec: &plan::Service) -> Reply<()> {
        referred("secret", &spec.secrets, |name| {
            self.secrets.contains_key(name)
        })?;
        referred("config", &spec.configs, |name| {
            self.configs.contains_key(name)
        })
    }

    fn check_ports(&self, spec: &plan::Service) -> Reply<()> {
        for (published, port) in &spec.publish {
            if port.mode == PublishMode::Ingress && spec.endpoint == Endpoint::Dnsrr {
                return Err(Refusal::invalid(
                    "EndpointSpec: port published with ingress mode can't be used with dnsrr mode",
                ));
            }
            let others = self
                .services
                .values()
                .filter(|service| service.spec.name != spec.name);
            for other in others {
                let Some(taken) = other.spec.publish.get(published) else {
                    continue;
                };
                // Two services may share a port of hosts as long as they never share a host.
                if port.mode == PublishMode::Ingress || taken.mode == PublishMode::Ingress {
                    return Err(port_taken(published, other, taken.mode));
                }
            }
        }
        Ok(())
    }
}

fn port_taken(published: &str, holder: &Service, mode: PublishMode) -> Refusal {
    let number = published.split('/').next().unwrap_or(published);
    let as_what = match mode {
        PublishMode::Ingress => "an ingress port",
        PublishMode::Host => "a host-published port",
    };
    let (name, id) = (&holder.spec.name, &holder.meta.id);
    Refusal::invalid(&format!(
        "port '{number}' is already in use by service '{name}' ({id}) as {as_what}"
    ))
}

fn referred(
    kind: &str,
    files: &BTreeMap<String, plan::FileRef>,
    exists: impl Fn(&str) -> bool,
) -> Reply<()> {
    let missing: Vec<&str> = files
        .values()
        .map(|file| file.source.as_str())
        .filter(|name| !exists(name))
        .collect();
    let kinds = match missing.as_slice() {
        [] => return Ok(()),
        [_] => kind.to_owned(),
        [_, _, ..] => format!("{kind}s"),
    };
    Err(Refusal::invalid(&format!(
        "{kinds} not found: {}",
        missing.join(", ")
    )))
}

pub(crate) const fn is_global(spec: &plan::Service) -> bool {
    matches!(spec.mode, plan::Mode::Global)
}

fn fits_entry(spec: &plan::Service, previous: Option<&plan::Service>) -> Reply<()> {
    let size = |spec| serde_json::to_vec(spec).map_or(usize::MAX, |bytes| bytes.len());
    if size(spec).saturating_add(previous.map_or(0, size)) > ENTRY_LIMIT {
        return Err(Refusal::unknown(
            "raft: raft message is too large and can't be sent",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use skep_schema::plan::{FileRef, Mode, Published};
    use skep_schema::units::FileMode;

    use super::*;

    fn world() -> World {
        World::new([7; 32])
    }

    fn web() -> plan::Service {
        plan::Service {
            name: "web".to_owned(),
            image: "bb:1".to_owned(),
            ..plan::Service::default()
        }
    }

    fn refused<T: std::fmt::Debug>(reply: Reply<T>, status: u16) -> String {
        let refusal = reply.expect_err("the engine refuses it");
        assert_eq!(refusal.status, status, "{refusal}");
        refusal.message
    }

    fn version(world: &World) -> u64 {
        world.services["web"].meta.version
    }

    #[test]
    fn a_service_name_is_unique_in_any_case() {
        let mut world = world();
        world.create_service(web()).expect("free");
        let twin = plan::Service {
            name: "WEB".to_owned(),
            ..web()
        };
        assert_eq!(
            refused(world.create_service(twin), 409),
            "rpc error: code = AlreadyExists desc = name conflicts with an existing object: service WEB already exists"
        );
    }

    #[test]
    fn every_update_costs_the_previous_spec() {
        let mut world = world();
        world.create_service(web()).expect("free");
        assert_eq!(world.services["web"].previous, None);
        let newer = plan::Service {
            image: "bb:2".to_owned(),
            ..web()
        };
        world
            .update_service("web", version(&world), newer.clone())
            .expect("the version is right");
        assert_eq!(world.services["web"].previous.as_deref(), Some(&web()));
        world
            .update_service("web", version(&world), newer.clone())
            .expect("the version is right");
        assert_eq!(
            world.services["web"].previous.as_deref(),
            Some(&newer),
            "a rewrite of the same"
        );
    }

    #[test]
    fn a_rollback_by_hand_swaps_the_specs() {
        let mut world = world();
        let id = world.create_service(web()).expect("free");
        assert_eq!(
            refused(world.rollback_service("web", version(&world)), 400),
            format!(
                "rpc error: code = FailedPrecondition desc = service {id} does not have a previous spec"
            )
        );
        let newer = plan::Service {
            image: "bb:2".to_owned(),
            ..web()
        };
        world
            .update_service("web", version(&world), newer.clone())
            .expect("the version is right");
        world
            .rollback_service("web", version(&world))
            .expect("there is a previous spec");
        let service = &world.services["web"];
        assert_eq!(
            (&*service.spec, service.previous.as_deref()),
            (&web(), Some(&newer))
        );
    }

    #[test]
    fn name_and_mode_stay() {
        let mut world = world();
        world.create_service(web()).expect("free");
        let global = plan::Service {
            mode: Mode::Global,
            ..web()
        };
        assert_eq!(
            refused(world.update_service("web", version(&world), global), 501),
            "rpc error: code = Unimplemented desc = service mode change is not allowed"
        );
        let renamed = plan::Service {
            name: "other".to_owned(),
            ..web()
        };
        assert_eq!(
            refused(world.update_service("web", version(&world), renamed), 501),
            "rpc error: code = Unimplemented desc = renaming services is not supported"
        );
    }

    #[test]
    fn a_lost_race_is_told_by_its_text() {
        let mut world = world();
        world.create_service(web()).expect("free");
        let stale = version(&world);
        world
            .update_service("web", stale, web())
            .expect("the version is right");
        let refusal = world
            .update_service("web", stale, web())
            .expect_err("the version is stale");
        assert!(refusal.is_race());
        assert_eq!(
            refusal.message,
            "rpc error: code = Unknown desc = update out of sequence"
        );
    }

    #[test]
    fn what_a_service_refers_to_must_exist() {
        let mut world = world();
        let file = |source: &str| FileRef {
            source: source.to_owned(),
            uid: "0".to_owned(),
            gid: "0".to_owned(),
            mode: FileMode(0o444),
        };
        let one = BTreeMap::from([("/a".to_owned(), file("a"))]);
        let two = BTreeMap::from([("/a".to_owned(), file("a")), ("/b".to_owned(), file("b"))]);
        assert_eq!(
            refused(
                world.create_service(plan::Service {
                    configs: one,
                    ..web()
                }),
                400
            ),
            "rpc error: code = InvalidArgument desc = config not found: a"
        );
        assert_eq!(
            refused(
                world.create_service(plan::Service {
                    secrets: two,
                    ..web()
                }),
                400
            ),
            "rpc error: code = InvalidArgument desc = secrets not found: a, b"
        );
        let nowhere = BTreeMap::from([("nope".to_owned(), BTreeSet::new())]);
        assert_eq!(
            refused(
                world.create_service(plan::Service {
                    networks: nowhere,
                    ..web()
                }),
                500
            ),
            "network nope not found"
        );
    }

    #[test]
    fn an_ingress_port_belongs_to_one_service() {
        let mut world = world();
        let publish =
            |mode| BTreeMap::from([("80/tcp".to_owned(), Published { target: 8080, mode })]);
        let first = plan::Service {
            publish: publish(PublishMode::Ingress),
            ..web()
        };
        let id = world
            .create_service(first.clone())
            .expect("the port is free");
        let second = plan::Service {
            name: "two".to_owned(),
            ..first.clone()
        };
        let text = format!(
            "rpc error: code = InvalidArgument desc = port '80' is already in use by service 'web' ({id}) as an ingress port"
        );
        assert_eq!(refused(world.create_service(second.clone()), 400), text);
        let host = plan::Service {
            publish: publish(PublishMode::Host),
            ..second
        };
        assert_eq!(refused(world.create_service(host), 400), text);
        let dnsrr = plan::Service {
            endpoint: Endpoint::Dnsrr,
            ..first
        };
        assert_eq!(
            refused(world.update_service("web", version(&world), dnsrr), 400),
            "rpc error: code = InvalidArgument desc = EndpointSpec: port published with ingress mode can't be used with dnsrr mode"
        );
    }

    #[test]
    fn a_spec_that_fits_may_be_too_large_to_update() {
        let mut world = world();
        let padded = |size: usize| plan::Service {
            env: BTreeMap::from([("PAD".to_owned(), "x".repeat(size))]),
            ..web()
        };
        let too_large =
            "rpc error: code = Unknown desc = raft: raft message is too large and can't be sent";
        assert_eq!(
            refused(world.create_service(padded(1_600_000)), 500),
            too_large
        );
        world
            .create_service(padded(1_400_000))
            .expect("it fits alone");
        assert_eq!(
            refused(
                world.update_service("web", version(&world), padded(1_400_000)),
                500
            ),
            too_large
        );
    }

    #[test]
    fn a_constraint_must_be_one() {
        let mut world = world();
        let placement = plan::Placement {
            constraints: BTreeSet::from(["node.role=worker".to_owned()]),
            ..plan::Placement::default()
        };
        assert_eq!(
            refused(
                world.create_service(plan::Service { placement, ..web() }),
                500
            ),
            "rpc error: code = Unknown desc = constraint expected one operator from ==, !="
        );
    }
}
