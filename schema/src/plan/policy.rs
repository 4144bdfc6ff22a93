//! Rules that a plan has to keep. The plan carries them, so that an apply holds it to them, wherever
//! it was compiled.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Mount, MountSource, Payload, Service};
use crate::address::Address;
use crate::diagnostic::Code;
use crate::image::Reference;

/// What becomes of a plan that breaks a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is said.
    Warn,
    /// There is no plan, and one from elsewhere is not applied.
    Deny,
}

/// A set of rules. A reader refuses one with a rule that it does not know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Policy {
    /// Images without a digest have a tag, and another one than `latest`.
    #[serde(skip_serializing_if = "crate::is_default")]
    pub floating_tags: Option<Verdict>,
    /// Services say how much memory a task may use.
    #[serde(skip_serializing_if = "crate::is_default")]
    pub unlimited: Option<Verdict>,
    /// Images come from these registries, or from folders of them.
    #[serde(skip_serializing_if = "crate::is_default")]
    pub registries: Option<Listed>,
    /// No other capabilities are added, and no protection is switched off.
    #[serde(skip_serializing_if = "crate::is_default")]
    pub capabilities: Option<Listed>,
    /// Nothing else of a machine's disk is mounted, be it by a volume's options.
    #[serde(skip_serializing_if = "crate::is_default")]
    pub binds: Option<Listed>,
    /// No task is on a machine's own network.
    #[serde(skip_serializing_if = "crate::is_default")]
    pub host_network: Option<Verdict>,
    /// No other settings of the kernel are changed.
    #[serde(skip_serializing_if = "crate::is_default")]
    pub sysctls: Option<Listed>,
    /// Of the ports below 1024 no others are published.
    #[serde(skip_serializing_if = "crate::is_default")]
    pub low_ports: Option<Listed>,
}

/// A rule with what it lets pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Listed {
    pub verdict: Verdict,
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub allow: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    FloatingTags,
    Unlimited,
    Registries,
    Capabilities,
    Binds,
    HostNetwork,
    Sysctls,
    LowPorts,
}

/// A rule that a node breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub address: Address,
    pub rule: Rule,
    pub verdict: Verdict,
    /// What breaks it, as a lowercase fragment.
    pub what: String,
}

impl Rule {
    pub const fn code(self) -> Code {
        match self {
            Rule::FloatingTags => Code::PolicyFloatingTag,
            Rule::Unlimited => Code::PolicyUnlimited,
            Rule::Registries => Code::PolicyRegistry,
            Rule::Capabilities => Code::PolicyCapability,
            Rule::Binds => Code::PolicyBind,
            Rule::HostNetwork => Code::PolicyHostNetwork,
            Rule::Sysctls => Code::PolicySysctl,
            Rule::LowPorts => Code::PolicyLowPort,
        }
    }

    /// What to change.
    pub const fn help(self) -> &'static str {
        match self {
            Rule::FloatingTags => "write the version you mean, or `skep lock images`",
            Rule::Unlimited => "write limits memory=\"256MiB\", or what it needs",
            Rule::Registries => {
                "use an image of a registry that the policy lists, or list this one"
            }
            Rule::Capabilities => "do without, or list it in the policy",
            Rule::Binds => "use a volume, or list the folder in the policy",
            Rule::HostNetwork => "use a network of the project, and publish the ports it needs",
            Rule::Sysctls => "do without, or list it in the policy",
            Rule::LowPorts => "publish a port above 1023, use a gateway, or list it in the policy",
        }
    }
}

/// Every rule that some node breaks, in order of address. All policies hold; where several judge one
/// thing, the strictest does.
pub fn violations<'a>(
    nodes: impl IntoIterator<Item = (&'a Address, &'a Payload)>,
    policies: &[Policy],
) -> Vec<Violation> {
    let mut found: BTreeMap<(&Address, Rule, String), Verdict> = BTreeMap::new();
    let services = nodes
        .into_iter()
        .filter_map(|(address, payload)| Some((address, payload.as_service().ok()?)));
    for (address, service) in services {
        for (rule, verdict, what) in policies.iter().flat_map(|policy| policy.judge(service)) {
            let known = found.entry((address, rule, what)).or_insert(verdict);
            *known = verdict.max(*known);
        }
    }
    found
        .into_iter()
        .map(|((address, rule, what), verdict)| Violation {
            address: address.clone(),
            rule,
            verdict,
            what,
        })
        .collect()
}

impl Policy {
    fn judge(&self, service: &Service) -> Vec<(Rule, Verdict, String)> {
        let Self {
            floating_tags,
            unlimited,
            registries,
            capabilities,
            binds,
            host_network,
            sysctls,
            low_ports,
        } = self;
        let plain = [
            (Rule::FloatingTags, *floating_tags, floating(service)),
            (Rule::Unlimited, *unlimited, without_limit(service)),
            (Rule::HostNetwork, *host_network, on_host(service)),
        ];
        let listed = [
            (Rule::Registries, registries, foreign as Judge),
            (Rule::Capabilities, capabilities, privileges),
            (Rule::Binds, binds, host_paths),
            (Rule::Sysctls, sysctls, kernel_settings),
            (Rule::LowPorts, low_ports, low_ports_of),
        ];
        let plain = plain
            .into_iter()
            .filter_map(|(rule, verdict, what)| Some((rule, verdict?, what?)));
        let listed = listed.into_iter().flat_map(|(rule, list, judge)| {
            list.iter().flat_map(move |list| {
                let found = judge(service, &list.allow).into_iter();
                found.map(move |what| (rule, list.verdict, what))
            })
        });
        plain.chain(listed).collect()
    }
}

type Judge = fn(&Service, &BTreeSet<String>) -> Vec<String>;

fn floating(service: &Service) -> Option<String> {
    let image = Reference::read(&service.image);
    let floats = image.digest().is_none() && image.tag_or_latest() == "latest";
    floats.then(|| format!("the image `{}` may be another tomorrow", service.image))
}

fn without_limit(service: &Service) -> Option<String> {
    let unlimited = service.limits.memory.is_none();
    unlimited.then(|| "a task may use all the memory of its machine".to_owned())
}

fn foreign(service: &Service, allow: &BTreeSet<String>) -> Vec<String> {
    let image = Reference::read(&service.image);
    let name = format!("{}/{}", image.registry(), image.repository());
    let is_allowed = allow.iter().any(|own| is_below(&name, own));
    let found = (!is_allowed).then(|| format!("the image comes from `{name}`"));
    found.into_iter().collect()
}

fn privileges(service: &Service, allow: &BTreeSet<String>) -> Vec<String> {
    let allowed: BTreeSet<String> = allow.iter().map(|name| capability(name)).collect();
    let added = service.cap_add.iter().map(|name| capability(name));
    let mut found: Vec<String> = added
        .filter(|name| !allowed.contains(name))
        .map(|name| format!("the capability `{name}` is added"))
        .collect();
    let off = [
        (&service.security.seccomp, "unconfined", "seccomp"),
        (&service.security.apparmor, "disabled", "apparmor"),
    ];
    for (value, word, name) in off {
        if value.as_deref() == Some(word) {
            found.push(format!("{name} is switched off"));
        }
    }
    found
}

/// `NET_ADMIN`, however it is written.
fn capability(name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    upper.strip_prefix("CAP_").unwrap_or(&upper).to_owned()
}

fn host_paths(service: &Service, allow: &BTreeSet<String>) -> Vec<String> {
    let paths = service.mounts.values().filter_map(host_path);
    let is_allowed = |path: &str| {
        let climbs = path.split('/').any(|part| part == "..");
        !climbs && allow.iter().any(|folder| is_below(path, folder))
    };
    paths
        .filter(|path| !is_allowed(path))
        .map(|path| format!("`{path}` of the machine is mounted"))
        .collect()
}

/// What of the machine's disk a mount shows, whichever way it says so.
fn host_path(mount: &Mount) -> Option<&str> {
    match &mount.from {
        MountSource::Bind { path, .. } | MountSource::Npipe { path } => Some(path),
        MountSource::Volume {
            driver, options, ..
        } => {
            let local = driver.as_deref().is_none_or(|driver| driver == "local");
            // A share of another machine is written `//server/share`, `:/path` or `server:/path`.
            let device = options.get("device").map(String::as_str);
            device.filter(|device| local && device.starts_with('/') && !device.starts_with("//"))
        }
        MountSource::Tmpfs { .. } => None,
    }
}

fn on_host(service: &Service) -> Option<String> {
    let is_there = service.networks.contains_key("host");
    is_there.then(|| "its tasks are on the machine's own network".to_owned())
}

fn kernel_settings(service: &Service, allow: &BTreeSet<String>) -> Vec<String> {
    let set = service.sysctls.keys();
    set.filter(|name| !allow.contains(*name))
        .map(|name| format!("the kernel's `{name}` is set"))
        .collect()
}

/// Ports that only the administrator of a machine may listen on.
fn low_ports_of(service: &Service, allow: &BTreeSet<String>) -> Vec<String> {
    let is_low = |port: &str| port.parse::<u16>().is_ok_and(|port| port < 1024);
    let published = service.publish.keys();
    published
        .filter(|key| {
            let port = key.split('/').next().unwrap_or_default();
            is_low(port) && !allow.contains(port)
        })
        .map(|key| format!("port {key} is published"))
        .collect()
}

/// Whether a path is another one or lies below it.
fn is_below(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYTHING: &str = r#"{"floating-tags":"warn","unlimited":"deny",
        "registries":{"verdict":"deny","allow":["registry.example.com/shop"]},
        "capabilities":{"verdict":"deny","allow":["CAP_NET_BIND_SERVICE"]},
        "binds":{"verdict":"deny","allow":["/srv/shop"]},"host-network":"deny",
        "sysctls":{"verdict":"deny","allow":["net.core.somaxconn"]},
        "low-ports":{"verdict":"deny","allow":["443"]}}"#;

    fn judged(service: &str, policies: &[Policy]) -> Vec<String> {
        let address: Address = "service.a".parse().expect("an address");
        let service: Service = serde_json::from_str(service).expect("a service");
        let payload = Payload::Service(Box::new(service));
        violations([(&address, &payload)], policies)
            .into_iter()
            .map(|v| format!("{:?} {:?} {}", v.verdict, v.rule, v.what))
            .collect()
    }

    fn strict(rest: &str) -> Vec<String> {
        let policy: Policy = serde_json::from_str(EVERYTHING).expect("a policy");
        let service = format!(
            r#"{{"name":"a","image":"registry.example.com/shop/a:1","limits":{{"memory":"1KiB"}},{rest}}}"#
        );
        judged(&service, &[policy])
    }

    #[test]
    fn what_keeps_the_rules_passes() {
        for rest in [
            r#""cap-add":["NET_BIND_SERVICE"]"#,
            r#""networks":{"a_host":[]},"sysctls":{"net.core.somaxconn":"1024"}"#,
            r#""publish":{"443/tcp":{"target":8443},"1024/tcp":{"target":80}}"#,
            r#""mounts":{"/d":{"from":{"bind":{"path":"/srv/shop/data"}}}}"#,
            r#""mounts":{"/d":{"from":{"volume":{"name":"v","options":{"type":"nfs","device":":/x"}}}}}"#,
            r#""mounts":{"/d":{"from":{"volume":{"name":"v","options":{"type":"cifs","device":"//s/x"}}}}}"#,
        ] {
            assert_eq!(strict(rest), Vec::<String>::new(), "{rest}");
        }
    }

    #[test]
    fn no_spelling_gets_past() {
        for (rest, what) in [
            (r#""cap-add":["sys_admin"]"#, "SYS_ADMIN"),
            (r#""security":{"seccomp":"unconfined"}"#, "seccomp"),
            (r#""networks":{"host":[]}"#, "own network"),
            (r#""sysctls":{"kernel.msgmax":"1"}"#, "kernel.msgmax"),
            (
                r#""publish":{"443/udp":{"target":1},"53/udp":{"target":1}}"#,
                "53/udp",
            ),
            (
                r#""publish":{"1023/tcp":{"target":8080,"mode":"host"}}"#,
                "1023/tcp",
            ),
            (
                r#""mounts":{"/d":{"from":{"bind":{"path":"/srv/shopping"}}}}"#,
                "/srv/shopping",
            ),
            (
                r#""mounts":{"/d":{"from":{"bind":{"path":"/srv/shop/../x"}}}}"#,
                "/srv/shop/../x",
            ),
            (
                r#""mounts":{"/d":{"from":{"volume":{"name":"v","options":{"o":"bind","device":"/etc"}}}}}"#,
                "/etc",
            ),
            (
                r#""mounts":{"/d":{"from":{"volume":{"name":"v","driver":"local","options":{"type":"ext4","device":"/dev/sda1"}}}}}"#,
                "/dev/sda1",
            ),
        ] {
            let found = strict(rest);
            assert!(
                found.len() == 1 && found[0].contains(what),
                "{rest}: {found:?}"
            );
        }
    }

    #[test]
    fn the_strictest_of_several_policies_judges() {
        let of = |verdict: &str| -> Policy {
            serde_json::from_str(&format!(r#"{{"floating-tags":"{verdict}"}}"#)).expect("a policy")
        };
        let found = judged(r#"{"name":"a","image":"a"}"#, &[of("deny"), of("warn")]);
        assert_eq!(
            found,
            ["Deny FloatingTags the image `a` may be another tomorrow"]
        );
    }

    #[test]
    fn a_rule_that_is_not_known_is_not_passed_over() {
        assert!(serde_json::from_str::<Policy>(r#"{"no-mondays":"deny"}"#).is_err());
    }
}
