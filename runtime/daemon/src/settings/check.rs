//! From the nodes of the file to settings, unless they contradict each other.

use std::collections::BTreeMap;
use std::path::PathBuf;

use skep_schema::api::access::Grant;
use skep_schema::api::subject::{IssuerUrl, Subject};
use skep_schema::daemon::{self, LocalFile, Root, Socket};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::nearest;
use skep_schema::span::{At, Span};

use super::{Issuer, Listen, Settings, channels, stack, store};

/// Mistakes, as they are found.
pub(super) type Found = Vec<Diagnostic>;

/// Where the daemon keeps things unless it is told.
const STATE: &str = "/var/lib/skep";

/// Where it listens unless it is told.
const SOCKET: &str = "/run/skep/skep.sock";

/// The settings; nothing where something is wrong, which is then among what was found.
pub(super) fn settings(root: &Root, found: &mut Found) -> Option<Settings> {
    let Root {
        span: _,
        daemon,
        stacks,
        grants,
        issuers,
        channels,
    } = root;
    let own = daemon.as_ref();
    let state = own.and_then(|own| path_of(own.state.as_ref()));
    let settings = Settings {
        state: state.unwrap_or_else(|| STATE.into()),
        postgres: own.and_then(|own| store::postgres(own.store.as_ref()?, found)),
        keep_audit: own.and_then(|own| store::keep_audit(own.keep_audit.as_ref()?, found)),
        listen: listen(own.map_or(&[], |own| &own.listen), found),
        stacks: stack::all(stacks, found),
        grants: grants.iter().map(grant).collect(),
        issuers: all_issuers(issuers, found),
        channels: channels::all(channels, found),
    };
    held(root, found);
    found.is_empty().then_some(settings)
}

pub(super) fn path_of(file: Option<&At<LocalFile>>) -> Option<PathBuf> {
    file.map(|at| at.value.as_str().into())
}

/// Reports that something is not right, and how it would be.
pub(super) fn refuse(
    found: &mut Found,
    code: Code,
    span: Span,
    message: impl Into<String>,
    help: impl Into<String>,
) {
    found.push(Diagnostic::new(code, span, message).help(help));
}

/// Things with a name that only one of them may have.
#[derive(Debug, Default)]
pub(super) struct Once(BTreeMap<String, Span>);

impl Once {
    /// Reports a name that something before had.
    pub(super) fn take(&mut self, name: &str, span: Span, what: &str, found: &mut Found) {
        let Some(first) = self.0.insert(name.to_owned(), span) else {
            return;
        };
        let message = format!("{what} `{name}` is declared twice");
        found.push(
            Diagnostic::new(Code::DeclaredTwice, span, message)
                .label("again here")
                .and(first, "first here")
                .help("keep one of them"),
        );
    }
}

/// Reports when not exactly one of several words is written in a block.
pub(super) fn exactly_one(
    written: &[(&str, bool)],
    span: Span,
    what: &str,
    why: &str,
    found: &mut Found,
) {
    let names = |all: Vec<&str>| {
        let quoted: Vec<String> = all.iter().map(|word| format!("`{word}`")).collect();
        quoted.join(", ")
    };
    let there: Vec<&str> = written.iter().filter(|w| w.1).map(|w| w.0).collect();
    if there.len() == 1 {
        return;
    }
    let message = if there.is_empty() {
        format!("{what} needs {why}")
    } else {
        format!("{what} takes one of {}, not all", names(there))
    };
    let all = names(written.iter().map(|w| w.0).collect());
    refuse(
        found,
        Code::ExactlyOne,
        span,
        message,
        format!("write one of {all}"),
    );
}

fn listen(all: &[daemon::Listen], found: &mut Found) -> Vec<Listen> {
    let mut once = Once::default();
    let mut places = Vec::new();
    for one in all {
        once.take(&one.at.value.to_string(), one.at.span, "the place", found);
        places.extend(place(one, found));
    }
    if all.is_empty() {
        places.push(Listen::Unix {
            path: SOCKET.into(),
            group: None,
        });
    }
    places
}

fn place(one: &daemon::Listen, found: &mut Found) -> Option<Listen> {
    let daemon::Listen {
        span: _,
        at,
        group,
        tls,
        hosts,
    } = one;
    match &at.value {
        Socket::Unix(path) => {
            let beside = tls.as_ref().map(|tls| tls.span);
            if let Some(span) = beside.or_else(|| hosts.first().map(|host| host.span)) {
                let message = "a unix socket has no TLS and no host";
                let help =
                    "who connects to a socket is known by the system: `group` lets others in";
                refuse(found, Code::Contradiction, span, message, help);
            }
            Some(Listen::Unix {
                path: path.as_str().into(),
                group: group.as_ref().map(|group| group.value.as_str().to_owned()),
            })
        }
        Socket::Tcp(address) => {
            if let Some(group) = group {
                let message = "an address has no group";
                let help = "`grant` says who may do what by their token or certificate";
                refuse(found, Code::Contradiction, group.span, message, help);
            }
            let Some(tls) = tls else {
                let message = format!("`{address}` would be spoken to in clear");
                let help =
                    "write `tls certificate=\"/..\" key=\"/..\"` in it: tokens go over this line";
                refuse(found, Code::MissingValue, at.span, message, help);
                return None;
            };
            Some(Listen::Tls {
                at: *address,
                certificate: tls.certificate.value.as_str().into(),
                key: tls.key.value.as_str().into(),
                clients: path_of(tls.clients.as_ref()),
                hosts: names(one, found),
            })
        }
    }
}

/// The names by which an address is reached.
fn names(one: &daemon::Listen, found: &mut Found) -> Vec<String> {
    if one.hosts.is_empty() {
        let message = format!("nobody could reach `{}` by a name", one.at.value);
        let help = "write `host \"skep.example.org\"`, as clients call it: requests for other names are refused";
        refuse(found, Code::MissingValue, one.at.span, message, help);
    }
    for host in one
        .hosts
        .iter()
        .filter(|host| host.value.as_str().contains('*'))
    {
        let message = format!("`{}` stands for many names", host.value);
        refuse(
            found,
            Code::BadValue,
            host.span,
            message,
            "write each name out",
        );
    }
    one.hosts
        .iter()
        .map(|host| host.value.as_str().to_owned())
        .collect()
}

fn grant(grant: &daemon::Grant) -> Grant {
    let daemon::Grant {
        span: _,
        who,
        role,
        stack,
    } = grant;
    Grant {
        who: who.value.clone(),
        role: role.value,
        stacks: stack.value.clone(),
    }
}

fn all_issuers(all: &[daemon::Issuer], found: &mut Found) -> Vec<Issuer> {
    let mut once = Once::default();
    for one in all {
        let issuer = &one.issuer;
        once.take(issuer.value.as_str(), issuer.span, "the issuer", found);
    }
    all.iter().map(issuer).collect()
}

fn issuer(issuer: &daemon::Issuer) -> Issuer {
    let daemon::Issuer {
        span: _,
        issuer,
        audience,
        groups,
        ca,
    } = issuer;
    Issuer {
        url: issuer.value.clone(),
        audience: audience.value.0.clone(),
        groups: groups.as_ref().map(|claim| claim.value.0.clone()),
        ca: path_of(ca.as_ref()),
    }
}

/// Looks whether somebody can come to be who a grant is for.
fn held(root: &Root, found: &mut Found) {
    let listen = root.daemon.iter().flat_map(|daemon| &daemon.listen);
    let mut tls = listen.filter_map(|listen| listen.tls.as_ref());
    let certificates = tls.any(|tls| tls.clients.is_some());
    for grant in &root.grants {
        let span = grant.who.span;
        match &grant.who.value {
            Subject::Cert(_) if !certificates => {
                let message = "no client is asked for a certificate";
                let help = "write `clients=\"/..\"` in the `tls` of a `listen`";
                refuse(found, Code::Contradiction, span, message, help);
            }
            Subject::Oidc { issuer, .. } => drop(issued(root, issuer, span, found)),
            Subject::OidcGroup { issuer, .. } => {
                let known = issued(root, issuer, span, found);
                if known.is_some_and(|known| known.groups.is_none()) {
                    let message = format!("`{issuer}` tells no groups");
                    let help = "write `groups=` in its `oidc`: the claim that lists them";
                    refuse(found, Code::Contradiction, span, message, help);
                }
            }
            Subject::Cert(_)
            | Subject::Uid(_)
            | Subject::Gid(_)
            | Subject::Group(_)
            | Subject::Token(_) => {}
        }
    }
}

/// The issuer that somebody is known by, or a complaint that it is not there.
fn issued<'r>(
    root: &'r Root,
    issuer: &IssuerUrl,
    span: Span,
    found: &mut Found,
) -> Option<&'r daemon::Issuer> {
    let known = root.issuers.iter().find(|one| one.issuer.value == *issuer);
    if known.is_none() {
        let message = format!("there is no `oidc` for `{issuer}`");
        let diagnostic = Diagnostic::new(Code::UnknownName, span, message);
        let others = root.issuers.iter().map(|one| one.issuer.value.as_str());
        found.push(match nearest(issuer.as_str(), others) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help(format!("write `oidc \"{issuer}\" audience=..`")),
        });
    }
    known
}
