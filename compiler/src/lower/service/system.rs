//! What the kernel and the engine give a container: names, limits, capabilities, logs.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::plan;
use skep_schema::span::At;
use skep_schema::spec::{Dns, HostLine, Isolation, Log, Scalar, Security, Ulimit};

use crate::lower::Lower;
use crate::lower::plain::{flag, scalar, scalars, value};

pub(super) fn hosts(lines: &[HostLine]) -> BTreeMap<String, BTreeSet<String>> {
    let mut hosts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in lines {
        let addresses = line.addresses.iter().map(|ip| ip.value.to_string());
        hosts
            .entry(line.name.value.to_string())
            .or_default()
            .extend(addresses);
    }
    hosts
}

pub(super) fn dns(dns: Option<&Dns>) -> plan::Dns {
    dns.map_or_else(plan::Dns::default, |dns| plan::Dns {
        servers: dns.server.iter().map(|ip| ip.value.to_string()).collect(),
        search: dns
            .search
            .iter()
            .map(|host| host.value.to_string())
            .collect(),
        options: scalars(&dns.option)
            .into_iter()
            .map(resolver_option)
            .collect(),
    })
}

/// `ndots:2`, or a bare word for one that is only switched on.
fn resolver_option((key, value): (String, String)) -> String {
    match value.as_str() {
        "" | "true" => key,
        value => format!("{key}:{value}"),
    }
}

/// `CAP_NET_ADMIN`, however it is written; `ALL` stays.
pub(super) fn capabilities<'a>(all: impl Iterator<Item = &'a At<Scalar>>) -> BTreeSet<String> {
    all.map(|capability| capability.value.0.to_ascii_uppercase())
        .map(|name| {
            if name == "ALL" || name.starts_with("CAP_") {
                name
            } else {
                format!("CAP_{name}")
            }
        })
        .collect()
}

pub(super) fn isolation(isolation: Option<Isolation>) -> Option<String> {
    isolation
        .filter(|isolation| *isolation != Isolation::Default)
        .map(|isolation| isolation.word().to_owned())
}

pub(super) fn log(log: &Log) -> plan::LogDriver {
    plan::LogDriver {
        driver: scalar(log.driver.as_ref()).unwrap_or_default(),
        options: scalars(&log.option),
    }
}

impl Lower<'_, '_, '_> {
    pub(super) fn ulimits(&mut self, all: &[Ulimit]) -> BTreeMap<String, plan::Ulimit> {
        let mut ulimits = BTreeMap::new();
        for ulimit in all {
            let (soft, hard) = (value(ulimit.soft.as_ref()), value(ulimit.hard.as_ref()));
            match (soft.or(hard), hard.or(soft)) {
                (Some(soft), Some(hard)) => {
                    ulimits.insert(ulimit.name.value.0.clone(), plan::Ulimit { soft, hard });
                }
                (_, _) => self.lacks(
                    Diagnostic::new(
                        Code::MissingValue,
                        ulimit.span,
                        "a `ulimit` needs `soft`, `hard` or both",
                    )
                    .help("write ulimit nofile soft=1024 hard=4096"),
                ),
            }
        }
        ulimits
    }

    pub(super) fn oom_score(&mut self, score: Option<&At<i64>>) -> Option<i64> {
        let score = score?;
        if !(-1000..=1000).contains(&score.value) {
            let message = format!("`{}` is not between -1000 and 1000", score.value);
            self.error(
                Diagnostic::new(Code::BadValue, score.span, message).help("lower is killed later"),
            );
        }
        Some(score.value).filter(|score| *score != 0)
    }

    pub(super) fn security(&mut self, security: Option<&Security>) -> plan::Security {
        let Some(security) = security else {
            return plan::Security::default();
        };
        plan::Security {
            no_new_privileges: flag(security.no_new_privileges.as_ref()),
            seccomp: scalar(security.seccomp.as_ref()).filter(|profile| profile != "default"),
            apparmor: value(security.apparmor.as_ref())
                .map(|profile| profile.word().to_owned())
                .filter(|profile| profile != "default"),
            selinux: scalars(&security.selinux),
            credential_spec: self.credential_spec(security),
        }
    }

    fn credential_spec(&mut self, security: &Security) -> Option<String> {
        let map = &security.credential_spec;
        let (first, _) = map.iter().next()?;
        let places = ["config", "file", "registry"].map(|word| {
            (
                word,
                map.iter()
                    .find(|(key, _)| key.value == word)
                    .map(|(key, _)| key.span),
            )
        });
        self.exactly_one("credential-spec", first.span, &places);
        map.iter()
            .next()
            .map(|(key, value)| format!("{}:{}", key.value, value.value.0))
    }
}
