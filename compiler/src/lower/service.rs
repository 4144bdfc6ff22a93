//! Services.

mod env;
mod files;
mod networks;
mod placement;
mod ports;
mod rollout;
mod system;

use std::collections::BTreeMap;

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::image::Reference;
use skep_schema::lang::List;
use skep_schema::plan::{Endpoint, Mode, Need, Payload, Service, Target};
use skep_schema::span::{At, Span};
use skep_schema::spec::{self, Declared, ServiceMode, Text};

use super::names::LONGEST_SERVICE;
use super::plain::{flag, scalar, value};
use super::{Lower, LoweredNode, engine_template, network};
use crate::resolve::{ENGINE_NETWORKS, nodes_of};

pub(super) use placement::{is_label, limits};
pub(super) use ports::key;
pub(super) use rollout::Way;

impl Lower<'_, '_, '_> {
    /// Lowers a service of the stack's own.
    pub(super) fn own_service(
        &mut self,
        address: &Address,
        service: &Declared<spec::Service>,
    ) -> LoweredNode {
        self.within(service, |lower| {
            let payload = Payload::Service(Box::new(lower.service(&address.name, service)));
            LoweredNode {
                needs: lower.needs(&service.node),
                protect: flag(service.node.protect.as_ref()),
                ..lower.placed(address, Target::Swarm, payload, service)
            }
        })
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one line a property, so that none is forgotten"
    )]
    fn service(&mut self, name: &str, declared: &Declared<spec::Service>) -> Service {
        let spec::Service {
            span: _,
            name: _,
            image,
            command,
            entrypoint,
            replicas,
            mode,
            env: _,
            env_file: _,
            port: _,
            publish: _,
            network: _,
            endpoint,
            secret: _,
            config: _,
            mount: _,
            needs: _,
            health,
            limits,
            reserve,
            placement,
            restart,
            stop,
            update,
            rollback,
            user,
            groups,
            workdir,
            hostname,
            domainname,
            tty,
            stdin,
            init,
            read_only,
            host,
            dns,
            sysctl,
            ulimit,
            cap,
            security,
            isolation,
            oom_score,
            log,
            labels,
            container_labels,
            protect: _,
            external: _,
            physical: _,
        } = &*declared.node;
        let mode = lowered_mode(mode.as_ref());
        let (env, secret_env) = self.environment(&declared.node);
        let files = self.files(&declared.node);
        let mut service = Service {
            name: self.checked_name(name, declared),
            image: self.image(declared, image.as_ref()),
            entrypoint: self.words(entrypoint.as_ref()),
            command: self.words(command.as_ref()),
            mode,
            replicas: self.replicas(mode, replicas.as_ref()),
            env,
            secret_env,
            user: scalar(user.as_ref()),
            groups: groups
                .iter()
                .flat_map(|list| &list.items)
                .map(|group| group.value.0.clone())
                .collect(),
            workdir: workdir.as_ref().map(|path| path.value.as_str().to_owned()),
            hostname: self.engine_text(hostname.as_ref().map(|at| (at.value.0.as_str(), at.span))),
            domainname: scalar(domainname.as_ref()),
            tty: flag(tty.as_ref()),
            stdin: flag(stdin.as_ref()),
            init: flag(init.as_ref()),
            read_only: flag(read_only.as_ref()),
            hosts: system::hosts(host),
            dns: system::dns(dns.as_deref()),
            networks: self.attachments(name, &declared.node),
            endpoint: endpoint
                .as_ref()
                .map_or(Endpoint::Vip, |endpoint| endpoint.value),
            publish: BTreeMap::new(),
            secrets: files.secrets,
            configs: files.configs,
            mounts: files.mounts,
            health: health
                .as_ref()
                .and_then(|health| self.health(&declared.node, health)),
            limits: placement::limits(limits.as_deref()),
            reserve: placement::reserve(reserve.as_deref()),
            placement: placement
                .as_ref()
                .map(|placement| self.placement(placement))
                .unwrap_or_default(),
            restart: self.restart(mode, restart.as_deref()),
            stop: rollout::stop(stop.as_deref()),
            update: skep_schema::plan::Rollout::default(),
            rollback: skep_schema::plan::Rollout::default(),
            sysctls: super::plain::scalars(sysctl),
            ulimits: self.ulimits(ulimit),
            cap_add: system::capabilities(cap.iter().flat_map(|cap| &cap.add)),
            cap_drop: system::capabilities(cap.iter().flat_map(|cap| &cap.drop)),
            security: self.security(security.as_deref()),
            isolation: system::isolation(value(isolation.as_ref())),
            oom_score: self.oom_score(oom_score.as_ref()),
            log: log.as_deref().map(system::log),
            labels: self.text_labels(labels),
            container_labels: self.text_labels(container_labels),
        };
        service.publish = self.publish(name, declared, &service);
        // Last, because the edition's order depends on all that could stand in a task's way.
        service.update = self.rollout(&service, update.as_deref(), Way::Forward);
        service.rollback = self.rollout(&service, rollback.as_deref(), Way::Back);
        service
    }

    fn checked_name(&mut self, name: &str, declared: &Declared<spec::Service>) -> String {
        let physical = self.name_of_service(name, &declared.node);
        self.check_service_name(&physical, declared.name);
        physical
    }

    pub(super) fn check_service_name(&mut self, physical: &str, span: Span) {
        if physical.len() > LONGEST_SERVICE {
            let message = format!(
                "in the swarm this is `{physical}`, {} letters of at most {LONGEST_SERVICE}",
                physical.len()
            );
            self.error(
                Diagnostic::new(Code::NameTooLong, span, message)
                    .help("choose a shorter name, or say the whole one with `name \"..\"`"),
            );
        }
    }

    fn image(
        &mut self,
        declared: &Declared<spec::Service>,
        image: Option<&At<spec::Image>>,
    ) -> String {
        if image.is_none() {
            let message = format!("service `{}` has no `image`", declared.node.name.value);
            self.lacks(
                Diagnostic::new(Code::MissingValue, declared.name, message)
                    .help("write image \"registry.example.com/team/app:1.2\", or `external`"),
            );
        }
        image.map_or_else(String::new, |image| self.pinned(image.value.as_str()))
    }

    /// An image with the digest that the lock file has for it.
    pub(super) fn pinned(&self, image: &str) -> String {
        let locked = self
            .cx
            .lock
            .as_ref()
            .and_then(|lock| lock.images.get(image));
        locked.map_or_else(
            || image.to_owned(),
            |digest| Reference::read(image).pinned(digest),
        )
    }

    fn words(&mut self, list: Option<&List<Text>>) -> Vec<String> {
        list.iter()
            .flat_map(|list| &list.items)
            .map(|word| self.text(&word.value.0))
            .collect()
    }

    fn replicas(&mut self, mode: Mode, replicas: Option<&At<u32>>) -> Option<u32> {
        match (mode, replicas) {
            (Mode::Replicated | Mode::Once, replicas) => Some(value(replicas).unwrap_or(1)),
            (Mode::Global, None) => None,
            (Mode::Global, Some(replicas)) => {
                self.error(
                    Diagnostic::new(
                        Code::Contradiction,
                        replicas.span,
                        "`replicas` means nothing with mode=global",
                    )
                    .help(
                        "one task runs on every node that fits; take `replicas` or the mode away",
                    ),
                );
                None
            }
        }
    }

    /// A text in which the engine fills in what it knows of each task.
    fn engine_text(&mut self, text: Option<(&str, Span)>) -> Option<String> {
        let (text, span) = text?;
        self.check_engine_template(text, span);
        Some(text.to_owned())
    }

    fn check_engine_template(&mut self, text: &str, span: Span) {
        if let Err(problem) = engine_template::check(text) {
            self.error(
                Diagnostic::new(Code::BadEngineTemplate, span, problem)
                    .help("write `{{.Task.Slot}}`, `{{.Node.Hostname}}` and the like, or `{{\"{{\"}}` for braces"),
            );
        }
    }

    /// What has to be there before the service is written.
    fn needs(&mut self, service: &spec::Service) -> BTreeMap<Address, Need> {
        let networks = network::of_service(service);
        let networks = networks
            .into_iter()
            .filter(|name| !ENGINE_NETWORKS.contains(name));
        let objects = networks
            .map(|name| Address::new(Kind::Network, name))
            .chain(
                service
                    .secret
                    .iter()
                    .map(|file| Address::new(Kind::Secret, file.name.value.as_str())),
            )
            .chain(
                service
                    .config
                    .iter()
                    .map(|file| Address::new(Kind::Config, file.name.value.as_str())),
            )
            .chain(
                env::secrets(service)
                    .into_iter()
                    .map(|name| Address::new(Kind::Secret, name)),
            )
            .chain(
                nodes_of(self.spec, service.placement.as_deref())
                    .into_iter()
                    .map(|(name, _)| Address::new(Kind::Node, name)),
            );
        let mut needs: BTreeMap<Address, Need> =
            objects.map(|address| (address, Need::Exists)).collect();
        for needed in &service.needs {
            let when = needed
                .when
                .as_ref()
                .map_or(Need::Started, |when| when.value);
            let address = Address::new(Kind::Service, needed.name.value.as_str());
            self.refuse_foreign_need(needed);
            let level = needs.entry(address).or_insert(when);
            *level = when.max(*level);
        }
        needs
    }

    fn refuse_foreign_need(&mut self, needed: &spec::Needs) {
        let service = self.spec.services.get(needed.name.value.as_str());
        if let Some(service) = service.filter(|service| service.node.external.is_some()) {
            let message = format!(
                "`{}` belongs to another stack, for which an apply cannot wait",
                needed.name.value.as_str()
            );
            self.error(
                Diagnostic::new(Code::SwarmCannot, needed.span, message)
                    .and(service.name, "external here")
                    .help("apply that stack first, and take this `needs` away"),
            );
        }
    }
}

fn lowered_mode(mode: Option<&At<ServiceMode>>) -> Mode {
    match value(mode) {
        None | Some(ServiceMode::Replicated) => Mode::Replicated,
        Some(ServiceMode::Global) => Mode::Global,
        Some(ServiceMode::Once) => Mode::Once,
    }
}
