//! One rule of a route.

use skep_schema::address::{Address, Kind};
use skep_schema::plan::Payload;
use skep_schema::span::At;
use skep_schema::spec::{Match, PathKind, Redirect, StripPrefix, To, UrlPath};
use skep_schema::units::Duration;

use super::Export;
use super::filter::{Way, filter, headers, replaced};
use super::objects::one;
use crate::export::finding::About;
use crate::export::text::largest;
use crate::export::yaml::{Map, Yaml};
use crate::proxy::Location;
use crate::resolve::port_of;

const HOUR: u64 = 3_600_000_000_000;
const MILLISECOND: u64 = 1_000_000;
const TIMES: &[(&str, u64)] = &[
    ("h", HOUR),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", MILLISECOND),
];

impl Export<'_> {
    /// A path and where it leads.
    pub(super) fn rule(&mut self, about: About<'_>, rule: &Match) -> Map {
        let kind = rule
            .kind
            .as_ref()
            .map_or(PathKind::Prefix, |kind| kind.value);
        let path = rule.path.value.as_str();
        self.unruled(about, path, rule);
        let is_closed = self.closed_to_some(about, path, rule);
        let mut filters = Vec::new();
        filters.extend(headers(Way::Request, rule.request_header.as_deref()));
        filters.extend(headers(Way::Answer, rule.header.as_deref()));
        let strip = rule.strip_prefix.as_deref();
        filters.extend(rewritten(path, kind, strip, rule.rewrite.as_ref()));
        let mut map = matching(path, kind);
        map.put_full("filters", filters);
        if !is_closed {
            map.put_full("backendRefs", self.backends(about, path, &rule.to));
        }
        let is_websocket = rule.websocket.as_ref().is_some_and(|at| at.value);
        let limit = rule.timeout.as_ref().map(|at| at.value);
        if is_websocket && limit.is_some() {
            let property = format!("match.\"{path}\".timeout");
            let reason = "a websocket is one request, so requests of the rule have no limit";
            self.findings.near(about, &property, reason, "");
        }
        map.put_full("timeouts", timeouts(limit, is_websocket));
        map
    }

    /// What a rule has no words for, and what without them is only a little less.
    fn unruled(&mut self, about: About<'_>, path: &str, rule: &Match) {
        let Match {
            retry,
            health,
            sticky,
            compress,
            rate_limit,
            max_body,
            cors,
            raw,
            // Said by the rule, or by its being closed.
            path: _,
            kind: _,
            to: _,
            strip_prefix: _,
            rewrite: _,
            header: _,
            request_header: _,
            timeout: _,
            websocket: _,
            allow: _,
            deny: _,
            basic_auth: _,
            forward_auth: _,
            span: _,
        } = rule;
        for (property, said) in [
            ("retry", retry.is_some()),
            ("health", health.is_some()),
            ("sticky", sticky.is_some()),
            ("compress", compress.as_ref().is_some_and(|at| at.value)),
            ("rate-limit", rate_limit.is_some()),
            ("max-body", max_body.is_some()),
            ("cors", cors.is_some()),
            ("raw", !raw.is_empty()),
        ] {
            if said {
                let property = format!("match.\"{path}\".{property}");
                let reason = "the standard channel of the Gateway API has no word for it";
                let next = "say it in a policy of the cluster's gateway";
                self.findings.dropped(about, &property, reason, next);
            }
        }
    }

    /// Whether only some may pass. A rule that forgot about it would let in whom it kept out, and a path
    /// without a rule belongs to a shorter one, so the rule stays and leads nowhere.
    fn closed_to_some(&mut self, about: About<'_>, path: &str, rule: &Match) -> bool {
        let mut is_closed = false;
        for (property, said) in [
            ("allow", !rule.allow.is_empty()),
            ("deny", !rule.deny.is_empty()),
            ("basic-auth", rule.basic_auth.is_some()),
            ("forward-auth", rule.forward_auth.is_some()),
        ] {
            if said {
                is_closed = true;
                let property = format!("match.\"{path}\".{property}");
                let reason = "the Gateway API cannot say who may pass, so nobody may: the rule leads nowhere";
                let next = "say it in a policy of the cluster's gateway, then add `backendRefs`";
                self.findings.dropped(about, &property, reason, next);
            }
        }
        is_closed
    }

    fn backends(&mut self, about: About<'_>, path: &str, to: &[To]) -> Vec<Yaml> {
        let mut all = Vec::new();
        for To {
            service,
            port,
            weight,
            span: _,
        } in to
        {
            let address = Address::new(Kind::Service, service.value.as_str());
            let node = self.plan.nodes.get(&address).map(|node| &node.payload);
            let declared = self.spec.services.get(service.value.as_str());
            let number = declared.and_then(|declared| {
                let (ports, _) = port_of(&declared.node, port.as_ref().map(|at| &at.value)).ok()?;
                Some(ports.first)
            });
            let (Some(Payload::Service(service)), Some(number)) = (node, number) else {
                let property = format!("match.\"{path}\".to.{}", address.name);
                let reason = "no service here stands for it, and a route leads to none elsewhere";
                let next =
                    "make a service of that name in the namespace, and add it to `backendRefs`";
                self.findings.dropped(about, &property, reason, next);
                continue;
            };
            let mut map = Map::default();
            map.put("name", self.name(Kind::Service, &service.name));
            map.put("port", number);
            map.put_some("weight", weight.as_ref().map(|at| at.value));
            all.push(Yaml::Map(map));
        }
        all
    }

    /// A path that leads elsewhere.
    pub(super) fn redirect(&mut self, about: About<'_>, redirect: &Redirect) -> Map {
        let Redirect {
            from,
            to,
            status: code,
            kind,
            span: _,
        } = redirect;
        let kind = kind.as_ref().map_or(PathKind::Exact, |kind| kind.value);
        let from = from.value.as_str();
        let mut told = location(kind, &to.value.0);
        let wanted = code.as_ref().map_or(308, |code| code.value);
        let (near, is_exact) = status(wanted);
        if !is_exact {
            let property = format!("redirect.\"{from}\".status");
            let reason = format!("the Gateway API has no {wanted}, so it is {near}");
            self.findings.near(about, &property, &reason, "");
        }
        told.put("statusCode", near);
        let mut map = matching(from, kind);
        map.put(
            "filters",
            one(filter("RequestRedirect", "requestRedirect", told)),
        );
        map
    }
}

/// Where a redirect leads.
fn location(kind: PathKind, to: &str) -> Map {
    let mut told = Map::default();
    // A plan is made of places that can be read alone.
    let Ok(location) = Location::parse(to) else {
        return told;
    };
    if let Some((scheme, host)) = location.origin().and_then(|o| o.split_once("://")) {
        told.put("scheme", scheme);
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) => (host, port.parse::<u16>().ok()),
            None => (host, None),
        };
        told.put("hostname", host);
        told.put_some("port", port);
    }
    told.put("path", replaced(kind, location.path().escaped()));
    told
}

/// The status nearest to one, and whether it is the same.
pub(super) const fn status(wanted: u16) -> (u16, bool) {
    match wanted {
        301 => (301, true),
        302 => (302, true),
        308 => (301, false),
        _ => (302, false),
    }
}

fn matching(path: &str, kind: PathKind) -> Map {
    let mut told = Map::default();
    told.put(
        "type",
        match kind {
            PathKind::Prefix => "PathPrefix",
            PathKind::Exact => "Exact",
        },
    );
    told.put("value", path);
    let mut matched = Map::default();
    matched.put("path", told);
    let mut map = Map::default();
    map.put("matches", one(matched));
    map
}

/// What is asked for instead of the path.
fn rewritten(
    path: &str,
    kind: PathKind,
    strip: Option<&StripPrefix>,
    rewrite: Option<&At<UrlPath>>,
) -> Option<Map> {
    let to = match (strip, rewrite) {
        (_, Some(rewrite)) => replaced(PathKind::Exact, rewrite.value.as_str()),
        (Some(strip), None) => {
            let prefix = strip.path.as_ref().map_or(path, |at| at.value.as_str());
            let rest = path.strip_prefix(prefix.trim_end_matches('/'));
            let rest = rest.unwrap_or_default().trim_start_matches('/');
            replaced(kind, &format!("/{rest}"))
        }
        (None, None) => return None,
    };
    let mut told = Map::default();
    told.put("path", to);
    Some(filter("URLRewrite", "urlRewrite", told))
}

/// In the largest unit that leaves no fraction. More than five digits would be refused, so that it is
/// in whole hours then.
fn duration(time: Duration) -> Option<String> {
    let exact = largest(time.0.div_ceil(MILLISECOND) * MILLISECOND, TIMES)?;
    let digits = exact.chars().filter(char::is_ascii_digit).count();
    if digits > 5 {
        return Some(format!("{}h", time.0.div_ceil(HOUR).min(99_999)));
    }
    Some(exact)
}

fn timeouts(limit: Option<Duration>, is_websocket: bool) -> Map {
    let mut map = Map::default();
    if is_websocket {
        // No limit at all, since a connection that is kept is one request.
        map.put("request", "0s");
    } else if let Some(limit) = limit {
        map.put_some("request", duration(limit));
    }
    map
}
