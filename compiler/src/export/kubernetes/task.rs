//! A task of a flow as a service that runs once, so that its pods are made like all others.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::{Address, Kind};
use skep_schema::lang::{List, Map as Values};
use skep_schema::plan::{FileRef, Limits, Mode, SecretText, Service};
use skep_schema::span::At;
use skep_schema::spec::{self, ConfigUse, EnvValue, Run, SecretUse, Task, Text};
use skep_schema::units::{Bytes, Cpu, FileMode};

use super::Export;

const NOT_PLAIN: &str = "a text of it is filled in when the flow runs, which a cron job cannot";
const ELSEWHERE: &str = "it uses what the plan does not have";

impl Export<'_> {
    pub(super) fn task_as_service(&self, task: &Task, run: &Run) -> Result<Service, &'static str> {
        let Run {
            image,
            command,
            shell,
            cpu,
            memory,
            network,
            mount,
            env,
            secret,
            config,
            user,
            workdir,
            limits,
            placement,
            span: _,
        } = run;
        if !mount.is_empty() || placement.is_some() {
            return Err("a cron job that mounts volumes or chooses machines is written by hand");
        }
        let image = image.as_ref().ok_or("a cron job needs an image")?;
        let mut made = Service {
            name: task.name.value.as_str().to_owned(),
            image: image.value.as_str().to_owned(),
            mode: Mode::Once,
            user: user.as_ref().map(|user| user.value.0.clone()),
            workdir: workdir.as_ref().map(|path| path.value.as_str().to_owned()),
            ..Service::default()
        };
        if let Some(line) = shell {
            let line = line.value.0.literal().ok_or(NOT_PLAIN)?;
            made.entrypoint = ["/bin/sh", "-c", &line].map(str::to_owned).into();
        } else {
            made.command = words(command.as_ref())?;
        }
        made.limits = limits_of(cpu.as_ref(), memory.as_ref(), limits.as_deref());
        for network in network {
            let name = self.physical(Kind::Network, network.value.as_str())?;
            made.networks.insert(name, BTreeSet::new());
        }
        for env in [env, &task.env] {
            environment(env, &mut made)?;
        }
        for used in secret.iter().chain(&task.secret) {
            self.secret_use(used, &mut made)?;
        }
        made.configs = self.configs_of(config)?;
        Ok(made)
    }

    fn physical(&self, kind: Kind, name: &str) -> Result<String, &'static str> {
        let node = self.plan.nodes.get(&Address::new(kind, name));
        let physical = node.and_then(|node| node.payload.physical_name());
        physical.map(str::to_owned).ok_or(ELSEWHERE)
    }

    fn secret_use(&self, used: &SecretUse, made: &mut Service) -> Result<(), &'static str> {
        let SecretUse {
            name,
            target,
            uid,
            gid,
            mode,
            env,
            span: _,
        } = used;
        let name = name.value.as_str();
        if let Some(variable) = env {
            made.secret_env
                .insert(variable.value.0.clone(), whole(name));
            return Ok(());
        }
        let usual = format!("/run/secrets/{name}");
        let target = target
            .as_ref()
            .map_or(usual, |path| path.value.as_str().to_owned());
        let file = FileRef {
            source: self.physical(Kind::Secret, name)?,
            uid: uid.as_ref().map_or(0, |at| at.value).to_string(),
            gid: gid.as_ref().map_or(0, |at| at.value).to_string(),
            mode: mode.as_ref().map_or(FileMode(0o444), |at| at.value),
        };
        made.secrets.insert(target, file);
        Ok(())
    }

    fn configs_of(&self, all: &[ConfigUse]) -> Result<BTreeMap<String, FileRef>, &'static str> {
        let one = |used: &ConfigUse| {
            let ConfigUse {
                name,
                target,
                uid,
                gid,
                mode,
                span: _,
            } = used;
            let name = name.value.as_str();
            let target = target
                .as_ref()
                .map_or(format!("/{name}"), |path| path.value.as_str().to_owned());
            let file = FileRef {
                source: self.physical(Kind::Config, name)?,
                uid: uid.as_ref().map_or(0, |at| at.value).to_string(),
                gid: gid.as_ref().map_or(0, |at| at.value).to_string(),
                mode: mode.as_ref().map_or(FileMode(0o444), |at| at.value),
            };
            Ok((target, file))
        };
        all.iter().map(one).collect()
    }
}

/// The short forms say the same as the block.
fn limits_of(
    cpu: Option<&At<Cpu>>,
    memory: Option<&At<Bytes>>,
    limits: Option<&spec::Limits>,
) -> Limits {
    let cpu = cpu.or(limits.and_then(|limits| limits.cpu.as_ref()));
    let memory = memory.or(limits.and_then(|limits| limits.memory.as_ref()));
    let pids = limits.and_then(|limits| limits.pids.as_ref());
    Limits {
        cpu: cpu.map(|at| at.value),
        memory: memory.map(|at| at.value),
        pids: pids.map(|at| at.value),
    }
}

fn words(all: Option<&List<Text>>) -> Result<Vec<String>, &'static str> {
    let words = all.into_iter().flat_map(|list| &list.items);
    words
        .map(|word| word.value.0.literal().ok_or(NOT_PLAIN))
        .collect()
}

fn environment(all: &Values<EnvValue>, made: &mut Service) -> Result<(), &'static str> {
    for (name, value) in all.iter() {
        let name = name.value.to_string();
        match &value.value {
            EnvValue::Text(text) => {
                made.env.insert(name, text.literal().ok_or(NOT_PLAIN)?);
            }
            EnvValue::Secret(secret) => {
                made.secret_env.insert(name, whole(secret));
            }
        }
    }
    Ok(())
}

/// A text that is nothing but a secret.
fn whole(secret: &str) -> SecretText {
    SecretText {
        template: format!("${{secret.{secret}}}"),
        fingerprint: None,
    }
}
