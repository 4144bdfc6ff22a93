//! The middlewares of one router, in the order in which a request passes them.

use serde_json::{Map, Value, json};

use super::{literally, replacement};
use crate::proxy::COMPRESSED;
use crate::proxy::cidr::Cidr;
use crate::proxy::cors::{Cors, Origins};
use crate::proxy::model::{
    Forward, HeaderOp, PathEdit, PathMatch, ProxyConfig, Redirect, RedirectStatus,
};
use crate::proxy::time::RateLimit;
use crate::proxy::value::{HeaderName, Method, Origin};

pub(super) struct Chain<'a> {
    prefix: &'a str,
    all: &'a mut Map<String, Value>,
    pub(super) names: Vec<String>,
}

impl<'a> Chain<'a> {
    pub(super) fn new(prefix: &'a str, all: &'a mut Map<String, Value>) -> Self {
        Self {
            prefix,
            all,
            names: Vec::new(),
        }
    }

    fn push(&mut self, name: &str, middleware: Value) {
        let name = format!("{}-{name}", self.prefix);
        self.all.insert(name.clone(), middleware);
        self.names.push(name);
    }

    pub(super) fn redirect(&mut self, path: &PathMatch, redirect: &Redirect) {
        let origin = redirect
            .to
            .origin
            .as_deref()
            .map_or_else(|| "${1}".to_owned(), |origin| origin.replace('$', "$$"));
        let authority = "^(https?://[^/]+)";
        let (regex, target) = match path {
            PathMatch::Exact(_) => {
                let to = redirect.to.path.escaped().replace('$', "$$");
                (
                    format!("{authority}[^?]*([?].*)?$"),
                    format!("{origin}{to}${{2}}"),
                )
            }
            PathMatch::Prefix(from) => {
                let segments = format!("{authority}(?:/+[^/?]+){{{}}}", from.segments());
                match redirect.to.path.stem() {
                    "" => (format!("{segments}/*(.*)$"), format!("{origin}/${{2}}")),
                    _ => (
                        format!("{segments}(.*)$"),
                        format!("{origin}{}${{2}}", replacement(&redirect.to.path)),
                    ),
                }
            }
        };
        let permanent = match redirect.status {
            RedirectStatus::MovedPermanently | RedirectStatus::Permanent => true,
            RedirectStatus::Found | RedirectStatus::SeeOther | RedirectStatus::Temporary => false,
        };
        let redirect = json!({ "regex": regex, "replacement": target, "permanent": permanent });
        self.push("redirect", json!({ "redirectRegex": redirect }));
    }

    pub(super) fn forward(&mut self, config: &ProxyConfig, path: &PathMatch, forward: &Forward) {
        let client = client(config);
        if !forward.allow.is_empty() || !forward.deny.is_empty() {
            let mut list = json!({ "sourceRange": allowed(forward) });
            list.as_object_mut()
                .expect("an object")
                .extend(client.clone().map(|by| ("ipStrategy".to_owned(), by)));
            self.push("allow", json!({ "ipAllowList": list }));
        }
        if let Some(limit) = forward.rate_limit {
            self.push("rate", json!({ "rateLimit": rate(limit, client) }));
        }
        if let Some(cors) = &forward.cors {
            self.push("cors", json!({ "headers": self::cors(cors) }));
        }
        if let Some(size) = forward.max_body() {
            self.push(
                "body",
                json!({ "buffering": { "maxRequestBodyBytes": size } }),
            );
        }
        if let Some(file) = &forward.basic_auth {
            self.push(
                "basic-auth",
                json!({ "basicAuth": { "usersFile": file.as_str() } }),
            );
        }
        if let Some(auth) = &forward.forward_auth {
            let copy: Vec<&str> = auth.copy.iter().map(HeaderName::as_str).collect();
            let mut question = json!({ "address": auth.url.to_string() });
            if !copy.is_empty() {
                question["authResponseHeaders"] = copy.into();
            }
            self.push("auth", json!({ "forwardAuth": question }));
        }
        self.headers(forward);
        if forward.compress {
            self.push(
                "compress",
                json!({ "compress": { "includedContentTypes": COMPRESSED } }),
            );
        }
        if forward.retries() > 0 {
            self.push(
                "retry",
                json!({ "retry": { "attempts": u16::from(forward.retries()) + 1 } }),
            );
        }
        self.edit(path, &forward.path);
        for (index, raw) in forward.raw.iter().enumerate() {
            self.push(&format!("raw{}", index + 1), raw.json());
        }
    }

    /// An empty value removes a header.
    fn headers(&mut self, forward: &Forward) {
        let of = |ops: &[HeaderOp]| -> Map<String, Value> {
            let value = |op: &HeaderOp| match op {
                HeaderOp::Set(_, value) | HeaderOp::Add(_, value) => value.as_str().to_owned(),
                HeaderOp::Remove(_) => String::new(),
            };
            ops.iter()
                .map(|op| (op.name().to_string(), value(op).into()))
                .collect()
        };
        let both = [
            ("customRequestHeaders", of(&forward.request_headers)),
            ("customResponseHeaders", of(&forward.response_headers)),
        ];
        let headers: Map<String, Value> = both
            .into_iter()
            .filter(|(_, ops)| !ops.is_empty())
            .map(|(name, ops)| (name.to_owned(), ops.into()))
            .collect();
        if !headers.is_empty() {
            self.push("headers", json!({ "headers": headers }));
        }
    }

    fn edit(&mut self, path: &PathMatch, edit: &PathEdit) {
        match (edit, path) {
            (PathEdit::Keep, _) => {}
            (PathEdit::Strip { segments }, _) => {
                self.replace(&format!("^(?:/+[^/]+){{{segments}}}/*(.*)$"), "/${1}");
            }
            (PathEdit::Rewrite(to), PathMatch::Exact(from)) => {
                let to = to.escaped().replace('$', "$$");
                self.replace(&format!("^{}$", literally(from.escaped())), &to);
            }
            (PathEdit::Rewrite(to), PathMatch::Prefix(from)) if to.stem().is_empty() => {
                self.edit(
                    path,
                    &PathEdit::Strip {
                        segments: from.segments(),
                    },
                );
            }
            (PathEdit::Rewrite(to), PathMatch::Prefix(from)) => {
                let behind = format!("^(?:/+[^/]+){{{}}}(.*)$", from.segments());
                self.replace(&behind, &format!("{}${{1}}", replacement(to)));
            }
        }
    }

    fn replace(&mut self, regex: &str, replacement: &str) {
        self.push(
            "path",
            json!({ "replacePathRegex": { "regex": regex, "replacement": replacement } }),
        );
    }
}

/// How the client's address is found behind trusted proxies: the last one that is none of theirs.
fn client(config: &ProxyConfig) -> Option<Value> {
    let trusted: Vec<String> = config
        .trusted_proxies
        .iter()
        .map(ToString::to_string)
        .collect();
    (!trusted.is_empty()).then(|| json!({ "excludedIPs": trusted }))
}

/// Traefik has no list of the denied, so they are taken out of the list of the allowed.
fn allowed(forward: &Forward) -> Vec<String> {
    let all = if forward.allow.is_empty() {
        &Cidr::ALL[..]
    } else {
        &forward.allow
    };
    let ranges = Cidr::difference(all, &forward.deny);
    match ranges.as_slice() {
        // An empty list means everybody.
        [] => vec!["255.255.255.255/32".to_owned()],
        ranges => ranges.iter().map(ToString::to_string).collect(),
    }
}

fn rate(limit: RateLimit, client: Option<Value>) -> Value {
    let mut rate = json!({ "average": limit.count(), "period": limit.per().to_string(), "burst": limit.burst() });
    if let Some(by) = client {
        rate["sourceCriterion"] = json!({ "ipStrategy": by });
    }
    rate
}

fn cors(cors: &Cors) -> Value {
    let origins: Vec<&str> = match &cors.origins {
        Origins::Any => vec!["*"],
        Origins::Listed(origins) => origins.iter().map(Origin::as_str).collect(),
    };
    let mut headers = json!({ "accessControlAllowOriginList": origins, "addVaryHeader": cors.origins != Origins::Any });
    if !cors.methods.is_empty() {
        headers["accessControlAllowMethods"] = cors.methods.iter().map(Method::as_str).collect();
    }
    if !cors.headers.is_empty() {
        headers["accessControlAllowHeaders"] =
            cors.headers.iter().map(HeaderName::as_str).collect();
    }
    if cors.credentials {
        headers["accessControlAllowCredentials"] = true.into();
    }
    if let Some(age) = cors.max_age {
        headers["accessControlMaxAge"] = age.seconds().into();
    }
    headers
}
