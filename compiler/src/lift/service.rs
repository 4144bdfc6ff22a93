//! Services.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::Kind;
use skep_schema::plan::{Endpoint, Mode, Service};

use super::blocks::{
    capabilities, checked, limited, logged, placed, published, reserved, resolved, restarted,
    rolled, secured, stopped, ulimit,
};
use super::write::{flag, head, list, map, number, property, quoted, row, text};
use super::{Lift, meant, write};
use crate::looks_secret;
use crate::resolve::ENGINE_NETWORKS;

impl Lift {
    #[expect(
        clippy::too_many_lines,
        reason = "one line a property, so that none is forgotten"
    )]
    pub(super) fn service(&mut self, service: &Service) -> String {
        let Service {
            name: physical,
            image,
            entrypoint,
            command,
            mode,
            replicas,
            env,
            secret_env,
            user,
            groups,
            workdir,
            hostname,
            domainname,
            tty,
            stdin,
            init,
            read_only,
            hosts,
            dns,
            networks,
            endpoint,
            publish,
            secrets: _,
            configs: _,
            mounts: _,
            health,
            limits,
            reserve,
            placement,
            restart,
            stop,
            update,
            rollback,
            sysctls,
            ulimits,
            cap_add,
            cap_drop,
            security,
            isolation,
            oom_score,
            log,
            labels,
            container_labels,
        } = service;
        let name = self.names.of_object(Kind::Service, physical).to_owned();
        self.warn(&name, service, secret_env.keys());
        let image = self.image(image);
        let mut block = Block::default();
        block.add([
            Some(format!("image {}", quoted(&image))),
            list("entrypoint", entrypoint),
            list("command", command),
            map("env", env),
            text("user", user.as_ref()),
            list("groups", groups),
            text("workdir", workdir.as_ref()),
            text("hostname", hostname.as_ref()),
            text("domainname", domainname.as_ref()),
            flag("tty", *tty),
            flag("stdin", *stdin),
            flag("init", *init),
            flag("read-only", *read_only),
        ]);
        block.lines.extend(published(publish));
        block.lines.extend(self.networks(&name, networks));
        block.add([(*endpoint == Endpoint::Dnsrr).then(|| "endpoint dnsrr".to_owned())]);
        block.lines.extend(self.secrets(service));
        block.lines.extend(self.configs(service));
        block.lines.extend(self.mounts(&name, service));
        block.add([
            health.as_ref().and_then(checked),
            limited(*limits),
            reserved(reserve),
            placed(placement),
            restarted(*restart),
            stopped(stop),
            rolled("update", *update),
            rolled("rollback", *rollback),
        ]);
        let hosts = hosts.iter();
        block
            .lines
            .extend(hosts.filter_map(|(name, ips)| list(&head("host", name), ips)));
        block.add([resolved(dns), map("sysctl", sysctls)]);
        block
            .lines
            .extend(ulimits.iter().map(|(name, limit)| ulimit(name, *limit)));
        block.add([
            capabilities(cap_add, cap_drop),
            secured(security),
            text("isolation", isolation.as_ref()),
            number("oom-score", *oom_score),
            log.as_ref().map(logged),
            map("labels", &meant(labels)),
            map("container-labels", &meant(container_labels)),
        ]);
        let head = format!("{}{}", head("service", &name), tasks(*mode, *replicas));
        write::block(&head, block.lines).unwrap_or(head)
    }

    fn networks(&mut self, of: &str, networks: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
        let lines = networks.iter().filter_map(|(physical, aliases)| {
            if ENGINE_NETWORKS.contains(&physical.as_str()) {
                return Some(head("network", physical));
            }
            let name = self.names.of_object(Kind::Network, physical);
            let aliases: Vec<&String> = aliases.iter().filter(|alias| *alias != of).collect();
            // Whoever joins nothing else joins it anyway.
            if name == "default" && aliases.is_empty() && networks.len() == 1 {
                return None;
            }
            let head = head("network", name);
            match aliases.as_slice() {
                [] => Some(head),
                [alias] => Some(head + &property("alias", Some(alias))),
                many => row(&head, list("alias", many.iter().copied())),
            }
        });
        lines.collect()
    }

    /// Says what of a service will not be as it runs.
    fn warn<'s>(
        &mut self,
        name: &str,
        service: &Service,
        hidden: impl Iterator<Item = &'s String>,
    ) {
        let physical = &service.name;
        if service.networks.is_empty() {
            let text = "it has no network, and a spec's service always has one: its tasks restart, on `default`";
            self.remark(Kind::Service, name, text);
        }
        let answers = |aliases: &BTreeSet<String>| aliases.contains(name) || physical == name;
        let engines = |network: &String| ENGINE_NETWORKS.contains(&network.as_str());
        let all = service.networks.iter();
        if !all
            .filter(|(network, _)| !engines(network))
            .all(|(_, aliases)| answers(aliases))
        {
            let text =
                format!("its tasks get the alias `{name}` on their networks, and restart for it");
            self.remark(Kind::Service, name, text);
        }
        let open = service
            .env
            .iter()
            .filter(|(key, value)| looks_secret(key) && !value.is_empty());
        for (key, _) in open {
            let text = format!(
                "`{key}` looks like a secret, and its value is in the spec: move it to a `secret`"
            );
            self.remark(Kind::Service, name, text);
        }
        for key in hidden {
            let text = format!(
                "`{key}` holds a secret's value, which nobody reads back: write `(secret)NAME`"
            );
            self.remark(Kind::Service, name, text);
        }
    }
}

/// The lines of a block, in their order.
#[derive(Default)]
struct Block {
    lines: Vec<String>,
}

impl Block {
    fn add<const N: usize>(&mut self, more: [Option<String>; N]) {
        self.lines.extend(more.into_iter().flatten());
    }
}

fn tasks(mode: Mode, replicas: Option<u32>) -> String {
    let replicas = replicas.filter(|replicas| *replicas != 1);
    match mode {
        Mode::Global => " mode=global".to_owned(),
        Mode::Once => " mode=once".to_owned() + &number_property(replicas),
        Mode::Replicated => number_property(replicas),
    }
}

fn number_property(replicas: Option<u32>) -> String {
    replicas.map_or_else(String::new, |replicas| format!(" replicas={replicas}"))
}
