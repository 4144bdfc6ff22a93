//! One service, key by key.

use skep_schema::address::Kind;
use skep_schema::plan::{
    FileRef, Health, HealthTest, LogDriver, Mode, Payload, Security, Service, Stop, Ulimit,
    name_prefix,
};

use super::Export;
use super::text::{escaped, time};
use crate::export::finding::About;
use crate::export::text::awaited;
use crate::export::yaml::{Map, Yaml};

impl Export<'_> {
    pub(super) fn service(&mut self, about: About<'_>, service: &Service) -> Map {
        self.not_named(about, service);
        let mut program = Map::default();
        program.put("image", &service.image);
        program.put_full("entrypoint", service.entrypoint.clone());
        program.put_full("command", service.command.clone());
        let mut program = escaped(program);
        program.put_full("environment", self.environment(about, service));
        let mut rest = Map::default();
        self.process(about, service, &mut rest);
        self.reached(about, service, &mut rest);
        self.files_and_mounts(about, service, &mut rest);
        rest.put_some(
            "healthcheck",
            service.health.as_ref().map(|health| self.health(health)),
        );
        rest.put_some("logging", service.log.as_ref().map(logging));
        rest.put_full("labels", &service.container_labels);
        rest.put_full("depends_on", self.order(about));
        let deploy = self.deploy(about, service);
        rest.put_full("deploy", deploy);
        program.0.extend(escaped(rest).0);
        program
    }

    /// Docker makes the name of a service of the stack's name and the key.
    fn not_named(&mut self, about: About<'_>, service: &Service) {
        let stack = name_prefix(&self.plan.project, self.plan.environment.as_deref());
        let made = format!("{stack}_{}", self.key(Kind::Service, &service.name));
        if made != service.name {
            self.findings.near(
                about,
                "name",
                &format!("docker calls it `{made}` and not `{}`", service.name),
                "remove the old one after the first deploy",
            );
        }
        if service.mode == Mode::Once {
            self.findings.near(
                about,
                "mode",
                "to docker it is a service whose tasks end, so it is always short of replicas",
                "look at its tasks with `docker service ps`",
            );
        }
    }

    fn process(&mut self, about: About<'_>, service: &Service, map: &mut Map) {
        map.put_some("user", service.user.as_ref());
        map.put_some("working_dir", service.workdir.as_ref());
        map.put_some("hostname", service.hostname.as_ref());
        map.put_full("tty", service.tty);
        map.put_full("stdin_open", service.stdin);
        map.put_full("init", service.init);
        map.put_full("read_only", service.read_only);
        let Stop { signal, grace } = &service.stop;
        map.put_some("stop_signal", signal.as_ref());
        map.put_some("stop_grace_period", grace.map(time));
        map.put_full("cap_add", texts(&service.cap_add));
        map.put_full("cap_drop", texts(&service.cap_drop));
        map.put_full("sysctls", &service.sysctls);
        map.put_full("ulimits", ulimits(service));
        map.put_some("isolation", service.isolation.as_ref());
        if let Some(score) = service.oom_score {
            self.version = self.version.max(13);
            map.put("oom_score_adj", score);
        }
        self.security(about, &service.security, map);
        self.unsaid(about, service);
    }

    fn security(&mut self, about: About<'_>, security: &Security, map: &mut Map) {
        let Security {
            no_new_privileges,
            seccomp,
            apparmor,
            selinux,
            credential_spec,
        } = security;
        for (property, said) in [
            ("security.no-new-privileges", *no_new_privileges),
            ("security.seccomp", seccomp.is_some()),
            ("security.apparmor", apparmor.is_some()),
            ("security.selinux", !selinux.is_empty()),
        ] {
            if said {
                self.findings.dropped(
                    about,
                    property,
                    "docker ignores `security_opt` in a stack file",
                    "deploy with `skep apply`, which sets it",
                );
            }
        }
        if let Some((kind, name)) = credential_spec
            .as_deref()
            .and_then(|spec| spec.split_once(':'))
        {
            let name = if kind == "config" {
                self.key(Kind::Config, name)
            } else {
                name.to_owned()
            };
            let mut spec = Map::default();
            spec.put(kind, name);
            map.put("credential_spec", spec);
        }
    }

    /// What a stack file has no key for.
    fn unsaid(&mut self, about: About<'_>, service: &Service) {
        let next = "deploy with `skep apply`, or set it in the image";
        for (property, said, reason) in [
            (
                "groups",
                !service.groups.is_empty(),
                "docker refuses `group_add` in a stack file",
            ),
            (
                "domainname",
                service.domainname.is_some(),
                "docker ignores `domainname` in a stack file",
            ),
            (
                "dns.option",
                !service.dns.options.is_empty(),
                "docker refuses `dns_opt` in a stack file",
            ),
        ] {
            if said {
                self.findings.dropped(about, property, reason, next);
            }
        }
    }

    fn files_and_mounts(&mut self, about: About<'_>, service: &Service, map: &mut Map) {
        for (section, kind, files) in [
            ("configs", Kind::Config, &service.configs),
            ("secrets", Kind::Secret, &service.secrets),
        ] {
            let files = files.iter();
            let all = files.map(|(target, file)| {
                Yaml::Map(file_of(self.key(kind, &file.source), target, file))
            });
            map.put_full(section, all.collect::<Vec<_>>());
        }
        map.put_full("volumes", self.mounts(about, service));
    }

    fn health(&mut self, health: &Health) -> Map {
        let Health {
            test,
            every,
            timeout,
            retries,
            start,
            start_every,
        } = health;
        let mut map = Map::default();
        match test {
            HealthTest::None => map.put("test", vec!["NONE"]),
            HealthTest::Command(words) => {
                let mut test = vec!["CMD".to_owned()];
                test.extend(words.iter().cloned());
                map.put("test", test);
            }
            HealthTest::Shell(line) => map.put("test", vec!["CMD-SHELL", line.as_str()]),
        }
        map.put_some("interval", every.map(time));
        map.put_some("timeout", timeout.map(time));
        map.put_some("retries", *retries);
        map.put_some("start_period", start.map(time));
        if let Some(every) = start_every {
            self.version = self.version.max(12);
            map.put("start_interval", time(*every));
        }
        map
    }

    /// The services of the plan that it waits for.
    fn order(&mut self, about: About<'_>) -> Vec<String> {
        let needs = about.node.needs.iter();
        let mut order = Vec::new();
        for (address, need) in needs {
            let Some(needed) = self.plan.nodes.get(address) else {
                continue;
            };
            let Payload::Service(service) = &needed.payload else {
                continue;
            };
            order.push(self.key(Kind::Service, &service.name));
            let meant = awaited(*need);
            self.findings.dropped(
                about,
                &format!("needs.{address}"),
                &format!("docker starts all services at once, and not when `{address}` {meant}"),
                "let the program try again until what it needs is there",
            );
        }
        order.sort();
        order
    }
}

fn texts<'t>(all: impl IntoIterator<Item = &'t String>) -> Vec<&'t String> {
    all.into_iter().collect()
}

fn ulimits(service: &Service) -> Map {
    let mut map = Map::default();
    for (name, Ulimit { soft, hard }) in &service.ulimits {
        let mut both = Map::default();
        both.put("soft", *soft);
        both.put("hard", *hard);
        map.put(name, both);
    }
    map
}

fn file_of(key: String, target: &str, file: &FileRef) -> Map {
    let FileRef {
        source: _,
        uid,
        gid,
        mode,
    } = file;
    let mut map = Map::default();
    map.put("source", key);
    map.put("target", target);
    map.put_full("uid", unless(uid, "0"));
    map.put_full("gid", unless(gid, "0"));
    map.put_some("mode", Some(mode.0).filter(|mode| *mode != 0o444));
    map
}

/// Nothing where a text is what it is without being said.
fn unless<'t>(text: &'t str, usual: &str) -> &'t str {
    if text == usual { "" } else { text }
}

fn logging(log: &LogDriver) -> Map {
    let mut map = Map::default();
    map.put_full("driver", &log.driver);
    map.put_full("options", &log.options);
    map
}
