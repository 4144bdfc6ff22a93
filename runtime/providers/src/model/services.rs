//! What can be asked of the model's services, and what it refuses.

use std::collections::BTreeMap;

use skep_schema::plan::{self, Endpoint};

use super::calls::is_taken;
use super::names;
use super::refusal::{Refusal, Reply};
use super::world::{Desired, Service, UpdateState, UpdateStatus, World};

/// The raft entry of an update holds the new and the previous spec.
const ENTRY_LIMIT: usize = 3 * 512 * 1024;

impl World {
    pub fn create_service(&mut self, spec: plan::Service) -> Reply<String> {
        if spec.name.is_empty() {
            names::service(&spec.name)?;
        }
        self.check_service(&spec)?;
        let name = spec.name.clone();
        if is_taken(&self.services, &name) {
            return Err(Refusal::exists(&format!(
                "name conflicts with an existing object: service {name} already exists"
            )));
        }
        fits_entry(&spec, None)?;
        let meta = self.meta();
        let id = meta.id.clone();
        let unallocated = has_endpoint(&spec);
        self.services.insert(
            name.clone(),
            Service {
                meta,
                spec: Box::new(spec),
                previous: None,
                status: None,
                rollout: None,
                unallocated,
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
        if is_global(&spec) != is_global(&service.spec) {
            return Err(Refusal::unimplemented("service mode change is not allowed"));
        }
        if spec.name != service.spec.name {
            return Err(Refusal::unimplemented("renaming services is not supported"));
        }
        if version != service.meta.version {
            return Err(Refusal::out_of_sequence());
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
            let old = service.spec.clone();
            write(service);
            service.unallocated |= endpoint(&old) != endpoint(&service.spec);
        }
        self.reconcile(name);
        self.begin_rollout(name);
    }
}

/// What the engine's allocator looks at.
fn endpoint(spec: &plan::Service) -> impl PartialEq {
    let networks = (spec.endpoint == Endpoint::Vip).then(|| spec.networks.clone());
    (spec.publish.clone(), networks)
}

fn has_endpoint(spec: &plan::Service) -> bool {
    !spec.publish.is_empty() || spec.endpoint == Endpoint::Vip && !spec.networks.is_empty()
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

    use skep_schema::plan::{FileRef, Mode, PublishMode, Published};
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
    fn addresses_and_ports_cost_a_write_of_their_own() {
        let mut world = world();
        let port = Published {
            target: 8080,
            mode: PublishMode::Ingress,
        };
        let published = plan::Service {
            publish: BTreeMap::from([("80/tcp".to_owned(), port)]),
            replicas: Some(0),
            ..web()
        };
        let moves = |world: &mut World| {
            let before = version(world);
            assert!(world.advance(1) == (version(world) > before));
            version(world) > before
        };
        world.create_service(published.clone()).expect("free");
        assert!(moves(&mut world));
        assert!(!moves(&mut world));
        let relabelled = plan::Service {
            labels: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
            ..published
        };
        world
            .update_service("web", version(&world), relabelled)
            .expect("the version is right");
        assert!(!moves(&mut world), "its port is what it was");
    }

    #[test]
    fn what_is_too_small_is_a_slip() {
        let told = |cpu, memory| {
            let limits = plan::Limits {
                cpu: Some(skep_schema::units::Cpu(cpu)),
                memory: Some(skep_schema::units::Bytes(memory)),
                pids: None,
            };
            refused(
                world().create_service(plan::Service { limits, ..web() }),
                400,
            )
        };
        let invalid =
            |text: &str| format!("rpc error: code = InvalidArgument desc = invalid {text}");
        assert_eq!(
            told(1, 0),
            invalid("cpu value 1e-09: Must be at least 0.001")
        );
        assert_eq!(
            told(2_500, 0),
            invalid("cpu value 2.5e-06: Must be at least 0.001")
        );
        assert_eq!(
            told(500_000, 0),
            invalid("cpu value 0.0005: Must be at least 0.001")
        );
        assert_eq!(
            told(0, 1_000),
            invalid("memory value 1000: Must be at least 4MiB")
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
