//! The parts of Caddy's config that Skep writes, in the order in which they are read best.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::proxy::value::Host;

#[derive(Serialize)]
pub(super) struct Config<'a> {
    pub(super) admin: Admin,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logging: Option<Logging>,
    pub(super) apps: Apps<'a>,
}

#[derive(Serialize)]
pub(super) struct Admin {
    pub(super) listen: &'static str,
}

#[derive(Serialize)]
pub(super) struct Logging {
    pub(super) logs: BTreeMap<&'static str, Log>,
}

#[derive(Serialize)]
pub(super) struct Log {
    pub(super) writer: Writer,
    pub(super) encoder: Encoder,
}

#[derive(Serialize)]
pub(super) struct Writer {
    pub(super) output: &'static str,
}

#[derive(Serialize)]
pub(super) struct Encoder {
    pub(super) format: &'static str,
}

#[derive(Serialize)]
pub(super) struct Apps<'a> {
    pub(super) http: Http<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tls: Option<Tls<'a>>,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "Caddy's own names")]
pub(super) struct Http<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) http_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) https_port: Option<u16>,
    pub(super) servers: BTreeMap<&'static str, Server<'a>>,
}

#[derive(Serialize)]
pub(super) struct Tls<'a> {
    pub(super) certificates: Certificates<'a>,
}

#[derive(Serialize)]
pub(super) struct Certificates<'a> {
    pub(super) load_files: Vec<CertFile<'a>>,
}

#[derive(Serialize)]
pub(super) struct CertFile<'a> {
    pub(super) certificate: &'a str,
    pub(super) key: &'a str,
}

#[derive(Serialize)]
pub(super) struct Server<'a> {
    pub(super) listen: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tls_connection_policies: Option<Vec<BTreeMap<&'static str, Value>>>,
    pub(super) automatic_https: AutoHttps<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trusted_proxies: Option<StaticRanges>,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) trusted_proxies_strict: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logs: Option<BTreeMap<&'static str, Value>>,
    pub(super) routes: Vec<Route<'a>>,
}

#[derive(Default, Serialize)]
pub(super) struct AutoHttps<'a> {
    #[serde(skip_serializing_if = "is_false")]
    pub(super) disable: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) disable_redirects: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) skip_certificates: Vec<&'a Host>,
}

#[derive(Serialize)]
pub(super) struct StaticRanges {
    pub(super) source: &'static str,
    pub(super) ranges: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Route<'a> {
    /// Any of these; every request when there is none.
    #[serde(rename = "match", skip_serializing_if = "Vec::is_empty")]
    pub(super) matches: Vec<Match<'a>>,
    pub(super) handle: Vec<Step<'a>>,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) terminal: bool,
}

impl<'a> Route<'a> {
    /// A route after which no other is tried.
    pub(super) fn new(matches: Match<'a>, handle: Vec<Handler<'a>>) -> Self {
        let matches = if matches == Match::default() {
            Vec::new()
        } else {
            vec![matches]
        };
        Self {
            matches,
            handle: handle.into_iter().map(Step::Known).collect(),
            terminal: true,
        }
    }
}

/// All of these at once.
#[derive(Default, PartialEq, Serialize)]
pub(super) struct Match<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) host: Vec<&'a Host>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) method: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path_regexp: Option<PathRegexp>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) header: BTreeMap<&'static str, Vec<&'a str>>,
    /// In the Common Expression Language, with placeholders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remote_ip: Option<Ranges>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_ip: Option<Ranges>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) vars: BTreeMap<String, Vec<&'static str>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) vars_regexp: BTreeMap<&'static str, VarsRegexp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) not: Vec<Match<'a>>,
}

impl<'a> Match<'a> {
    pub(super) fn hosts(host: Vec<&'a Host>) -> Self {
        Self {
            host,
            ..Self::default()
        }
    }

    pub(super) fn not(of: Self) -> Self {
        Self {
            not: vec![of],
            ..Self::default()
        }
    }

    /// By the peer's own address.
    pub(super) fn remote(ranges: Vec<String>) -> Self {
        Self {
            remote_ip: Some(Ranges { ranges }),
            ..Self::default()
        }
    }

    /// By the address trusted proxies tell.
    pub(super) fn client(ranges: Vec<String>) -> Self {
        Self {
            client_ip: Some(Ranges { ranges }),
            ..Self::default()
        }
    }
}

#[derive(PartialEq, Serialize)]
pub(super) struct PathRegexp {
    pub(super) pattern: String,
}

#[derive(PartialEq, Serialize)]
pub(super) struct VarsRegexp {
    pub(super) pattern: String,
}

#[derive(PartialEq, Serialize)]
pub(super) struct Ranges {
    pub(super) ranges: Vec<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Step<'a> {
    Known(Handler<'a>),
    /// An author's own handler.
    Raw(Value),
}

#[derive(Serialize)]
#[serde(tag = "handler", rename_all = "snake_case")]
pub(super) enum Handler<'a> {
    Subroute {
        routes: Vec<Route<'a>>,
    },
    StaticResponse {
        status_code: u16,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, Vec<String>>,
    },
    Rewrite {
        path_regexp: Vec<Replace>,
    },
    Headers(Headers),
    RequestBody {
        max_size: u64,
    },
    Encode {
        encodings: BTreeMap<&'static str, BTreeMap<&'static str, Value>>,
        prefer: Vec<&'static str>,
    },
    ReverseProxy(Box<ReverseProxy<'a>>),
}

#[derive(Serialize)]
pub(super) struct Replace {
    pub(super) find: String,
    pub(super) replace: String,
}

#[derive(Default, Serialize)]
pub(super) struct Headers {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request: Option<HeaderOps>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response: Option<HeaderOps>,
}

#[derive(Default, Serialize)]
pub(super) struct HeaderOps {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) delete: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) set: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) add: BTreeMap<String, Vec<String>>,
    /// Waits for the upstream's own headers; of a response only.
    #[serde(skip_serializing_if = "is_false")]
    pub(super) deferred: bool,
}

#[derive(Default, Serialize)]
pub(super) struct ReverseProxy<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rewrite: Option<UriRewrite<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) headers: Option<Headers>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) upstreams: Vec<Dial>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dynamic_upstreams: Option<Addresses<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) load_balancing: Option<LoadBalancing<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) transport: Option<Transport>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) trusted_proxies: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) handle_response: Vec<OnResponse<'a>>,
}

#[derive(Serialize)]
pub(super) struct UriRewrite<'a> {
    pub(super) method: &'static str,
    pub(super) uri: &'a str,
}

#[derive(Serialize)]
pub(super) struct Dial {
    pub(super) dial: String,
}

/// The A records of a name.
#[derive(Serialize)]
pub(super) struct Addresses<'a> {
    pub(super) source: &'static str,
    pub(super) name: &'a str,
    pub(super) port: String,
    pub(super) refresh: String,
    pub(super) resolver: Resolver,
    pub(super) dial_timeout: &'static str,
}

#[derive(Serialize)]
pub(super) struct Resolver {
    pub(super) addresses: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct LoadBalancing<'a> {
    pub(super) selection_policy: Policy<'a>,
    pub(super) retries: u8,
}

#[derive(Serialize)]
#[serde(tag = "policy", rename_all = "snake_case")]
pub(super) enum Policy<'a> {
    RoundRobin,
    Cookie { name: &'a str },
}

#[derive(Serialize)]
pub(super) struct Transport {
    pub(super) protocol: &'static str,
    pub(super) dial_timeout: String,
    pub(super) response_header_timeout: String,
}

#[derive(Serialize)]
pub(super) struct OnResponse<'a> {
    #[serde(rename = "match")]
    pub(super) matches: StatusMatch,
    pub(super) routes: Vec<Route<'a>>,
}

#[derive(Serialize)]
pub(super) struct StatusMatch {
    pub(super) status_code: Vec<u16>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a field by reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a field by reference"
)]
fn is_zero(value: &u8) -> bool {
    *value == 0
}
