//! Routes as the sites of a proxy: spec values become values that a config can hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::num::{NonZeroU16, NonZeroU32, NonZeroU64};

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::plan::Protocol;
use skep_schema::span::{At, Span};
use skep_schema::spec::{self, Cidr, Declared, Gateway, Headers, Match, PathKind, Route, To};
use skep_schema::units::Duration;

use super::Lower;
use super::certificate::secrets_of;
use super::plain::{flag, value};
use crate::proxy::{
    self, Action, AuthUrl, CookieName, Cors, DnsName, FilePath, Forward, ForwardAuth, HeaderName,
    HeaderOp, HeaderValue, Health, Host, Location, Method, Millis, Name, Origin, Origins, Path,
    PathEdit, PathMatch, Proxy, RateLimit, Raw, Redirect, RedirectStatus, Rule, Site, SiteTls,
    Unfit, Upstream, Upstreams, Weight,
};
use crate::resolve::{ENGINE_NETWORKS, port_of};

/// The sites of one gateway, where they were written, and the secrets they need as files.
#[derive(Debug, Default)]
pub(super) struct Sites {
    pub(super) sites: Vec<Site>,
    /// As many as there are sites.
    pub(super) places: Vec<Places>,
    /// Path in the proxy's container to the secret that lies there.
    pub(super) secrets: BTreeMap<String, Address>,
}

/// Where a site was written.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub(super) tls: Span,
    /// As many as the site has rules.
    pub(super) rules: Vec<Span>,
}

/// One route, understood.
struct Part {
    tls: SiteTls,
    tls_place: Span,
    redirect_https: bool,
    rules: Vec<(Rule, Span)>,
}

/// How many tasks to make room for where a spec does not say.
const UNKNOWN_REPLICAS: u32 = 32;
/// How long a limit counts, and how often a proxy asks, unless written.
const PER: Duration = Duration::seconds(1);
const EVERY: Duration = Duration::seconds(10);

/// For good, and the method stays where the proxy can say so: Traefik has no 308.
const fn usual_redirect(proxy: Proxy) -> u16 {
    match proxy {
        Proxy::Traefik => 301,
        Proxy::Caddy | Proxy::Nginx | Proxy::Haproxy => 308,
    }
}

pub(super) fn proxy_of(gateway: &Gateway) -> Proxy {
    proxy(gateway.proxy.value)
}

fn proxy(proxy: spec::Proxy) -> Proxy {
    match proxy {
        spec::Proxy::Caddy => Proxy::Caddy,
        spec::Proxy::Nginx => Proxy::Nginx,
        spec::Proxy::Haproxy => Proxy::Haproxy,
        spec::Proxy::Traefik => Proxy::Traefik,
    }
}

impl Lower<'_, '_, '_> {
    /// Hosts that the same routes speak of become one site, with the matches of all these routes.
    pub(super) fn sites(
        &mut self,
        gateway: &Declared<Gateway>,
        routes: &[&Declared<Route>],
    ) -> Sites {
        let mut all = Sites::default();
        let mut parts: Vec<Part> = Vec::new();
        for route in routes {
            self.within(route, |lower| {
                lower.partial |= gateway.partial;
                parts.push(lower.route(gateway, &route.node, &mut all));
            });
        }
        for (numbers, hosts) in self.hosts(routes) {
            let [first, ..] = numbers.as_slice() else {
                continue;
            };
            let first = &parts[*first];
            for other in numbers
                .iter()
                .map(|number| &parts[*number])
                .filter(|other| other.tls != first.tls)
            {
                self.report_disagreement(&hosts[0], first, other);
            }
            let mut rules: Vec<(Rule, Span)> = numbers
                .iter()
                .flat_map(|number| &parts[*number].rules)
                .cloned()
                .collect();
            rules.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
            let (rules, places) = rules.into_iter().unzip();
            all.sites.push(Site {
                hosts,
                tls: first.tls.clone(),
                redirect_https: first.redirect_https,
                rules,
            });
            all.places.push(Places {
                tls: first.tls_place,
                rules: places,
            });
        }
        all
    }

    /// The routes that speak of a host, by number, and all hosts of which the same routes speak.
    fn hosts(&mut self, routes: &[&Declared<Route>]) -> BTreeMap<Vec<usize>, Vec<Host>> {
        let mut speakers: BTreeMap<Host, BTreeSet<usize>> = BTreeMap::new();
        for (number, route) in routes.iter().enumerate() {
            for host in &route.node.hosts {
                if let Some(host) =
                    self.fit(Host::parse(host.value.as_str()), &host.value, host.span)
                {
                    speakers.entry(host).or_default().insert(number);
                }
            }
        }
        let mut groups: BTreeMap<Vec<usize>, Vec<Host>> = BTreeMap::new();
        for (host, numbers) in speakers {
            groups
                .entry(numbers.into_iter().collect())
                .or_default()
                .push(host);
        }
        groups
    }

    fn report_disagreement(&mut self, host: &Host, first: &Part, other: &Part) {
        self.error(
            Diagnostic::new(
                Code::SameMatch,
                other.tls_place,
                format!("two routes for `{host}` disagree about `tls`"),
            )
            .and(first.tls_place, "the other one")
            .help("a host has one certificate: write the same `tls` in both"),
        );
    }

    fn route(&mut self, gateway: &Declared<Gateway>, route: &Route, into: &mut Sites) -> Part {
        let tls = self.tls(gateway, route, into);
        let mut rules = Vec::new();
        for rule in &route.matches {
            let forward = self.forward(gateway, rule, into);
            rules.extend(forward.map(|forward| (forward, rule.span)));
        }
        for redirect in &route.redirect {
            rules.extend(self.redirect(redirect, proxy_of(&gateway.node)).map(|rule| (rule, redirect.span)));
        }
        self.check_listener(gateway, route, &tls);
        Part {
            tls,
            tls_place: tls_place(route),
            redirect_https: value(route.redirect_https.as_ref()).unwrap_or(true),
            rules,
        }
    }

    fn tls(&mut self, gateway: &Declared<Gateway>, route: &Route, into: &mut Sites) -> SiteTls {
        let Some(tls) = &route.tls else {
            return SiteTls::Off;
        };
        match tls.value.0.as_str() {
            "off" => SiteTls::Off,
            "auto" => SiteTls::Auto,
            name => self
                .certificate(gateway, route, &At::new(name, tls.span), into)
                .unwrap_or(SiteTls::Off),
        }
    }

    fn certificate(
        &mut self,
        gateway: &Declared<Gateway>,
        route: &Route,
        name: &At<&str>,
        into: &mut Sites,
    ) -> Option<SiteTls> {
        let Some(certificate) = self.spec.certificates.get(name.value) else {
            self.whole = false;
            return None;
        };
        for host in &route.hosts {
            self.check_covered(certificate, host, name);
        }
        let parsed = self.fit(Name::parse(name.value), &name.value, name.span)?;
        let (cert, key) = proxy::certificate_paths(proxy_of(&gateway.node), &parsed);
        let [cert_secret, key_secret] = secrets_of(name.value, &certificate.node);
        into.secrets.insert(cert.as_str().to_owned(), cert_secret);
        into.secrets.insert(key.as_str().to_owned(), key_secret);
        Some(SiteTls::Files { cert, key })
    }

    fn check_covered(
        &mut self,
        certificate: &Declared<spec::Certificate>,
        host: &At<spec::Host>,
        name: &At<&str>,
    ) {
        let hosts = &certificate.node.hosts;
        if hosts.is_empty()
            || hosts
                .iter()
                .any(|cover| covers(cover.value.as_str(), host.value.as_str()))
        {
            return;
        }
        let message = format!(
            "the certificate `{}` is not valid for `{}`",
            name.value, host.value
        );
        self.error(
            Diagnostic::new(Code::WrongCertificate, name.span, message)
                .and(host.span, "this host")
                .and(certificate.name, "its `hosts` are here")
                .help("name another certificate, or add the host if the certificate has it"),
        );
    }

    fn check_listener(&mut self, gateway: &Declared<Gateway>, route: &Route, tls: &SiteTls) {
        let wants_tls = *tls != SiteTls::Off;
        let listens = &gateway.node.listen;
        if listens.is_empty()
            || listens
                .iter()
                .any(|listen| flag(listen.tls.as_ref()) == wants_tls)
        {
            return;
        }
        let name = gateway.node.name.value.as_str();
        let (message, help) = match wants_tls {
            true => (
                format!("gateway `{name}` has no port that speaks TLS"),
                "add listen 443 tls to the gateway",
            ),
            false => (
                format!("gateway `{name}` has no port without TLS"),
                "add `tls` to the route, or listen 80 to the gateway",
            ),
        };
        self.lacks(
            Diagnostic::new(Code::NoListener, tls_place(route), message)
                .and(gateway.name, "the gateway")
                .help(help),
        );
    }

    fn forward(
        &mut self,
        gateway: &Declared<Gateway>,
        rule: &Match,
        into: &mut Sites,
    ) -> Option<Rule> {
        let Match {
            span: _,
            path,
            kind,
            to,
            strip_prefix,
            rewrite,
            header,
            request_header,
            timeout,
            retry,
            health,
            sticky,
            websocket,
            compress,
            rate_limit,
            allow,
            deny,
            basic_auth,
            forward_auth,
            max_body,
            cors,
            raw,
        } = rule;
        let path = self.path_match(path, value(kind.as_ref()).unwrap_or(PathKind::Prefix))?;
        let upstreams = self.upstreams(gateway, rule, to)?;
        let mut forward = Forward::new(upstreams);
        forward.path = self.path_edit(&path, strip_prefix.as_ref(), rewrite.as_ref());
        forward.response_headers = self.header_ops(header.as_ref());
        forward.request_headers = self.header_ops(request_header.as_ref());
        forward.timeout = timeout
            .as_ref()
            .and_then(|timeout| self.millis(timeout.value, timeout.span));
        forward.retries = retry.as_ref().and_then(|retry| self.retries(retry));
        forward.health = health.as_ref().and_then(|health| self.route_health(health));
        forward.sticky = sticky.as_ref().and_then(|sticky| {
            self.fit(
                CookieName::parse(sticky.cookie.value.as_str()),
                &sticky.cookie.value,
                sticky.cookie.span,
            )
        });
        forward.websocket = flag(websocket.as_ref());
        forward.compress = flag(compress.as_ref());
        forward.rate_limit = rate_limit.as_ref().and_then(|limit| self.rate_limit(limit));
        forward.allow = self.ranges(allow);
        forward.deny = self.ranges(deny);
        forward.basic_auth = basic_auth
            .as_ref()
            .and_then(|auth| self.password_file(&auth.secret, into));
        forward.forward_auth = forward_auth
            .as_ref()
            .and_then(|auth| self.forward_auth(auth));
        forward.max_body = max_body
            .as_ref()
            .and_then(|most| self.at_least_one(most.value.0, most.span, NonZeroU64::new));
        forward.cors = cors.as_ref().and_then(|cors| self.cors(cors));
        forward.raw = self.raw(proxy_of(&gateway.node), raw);
        Some(Rule {
            path,
            action: Action::Forward(Box::new(forward)),
        })
    }

    fn redirect(&mut self, redirect: &spec::Redirect, proxy: Proxy) -> Option<Rule> {
        let path = self.path_match(
            &redirect.from,
            value(redirect.kind.as_ref()).unwrap_or(PathKind::Exact),
        )?;
        let to = self.fit(
            Location::parse(&redirect.to.value.0),
            &redirect.to.value.0,
            redirect.to.span,
        )?;
        let code = value(redirect.status.as_ref()).unwrap_or_else(|| usual_redirect(proxy));
        let status = RedirectStatus::from_code(code).ok_or(Unfit::Rule(
            "is no status of a redirect: use 301, 302, 303, 307 or 308",
        ));
        let place = redirect
            .status
            .as_ref()
            .map_or(redirect.span, |status| status.span);
        let status = self.fit(status, &code, place)?;
        Some(Rule {
            path,
            action: Action::Redirect(Redirect { to, status }),
        })
    }

    fn path_match(&mut self, path: &At<spec::UrlPath>, kind: PathKind) -> Option<PathMatch> {
        let parsed = self.fit(Path::parse(path.value.as_str()), &path.value, path.span)?;
        Some(match kind {
            PathKind::Prefix => PathMatch::Prefix(parsed),
            PathKind::Exact => PathMatch::Exact(parsed),
        })
    }

    fn path_edit(
        &mut self,
        path: &PathMatch,
        strip: Option<&spec::StripPrefix>,
        rewrite: Option<&At<spec::UrlPath>>,
    ) -> PathEdit {
        if let (Some(strip), Some(rewrite)) = (strip, rewrite) {
            self.error(
                Diagnostic::new(
                    Code::Contradiction,
                    rewrite.span,
                    "`rewrite` and `strip-prefix` both change the path",
                )
                .and(strip.span, "`strip-prefix` is here")
                .help("keep one of them: `rewrite` puts its path in the place of the matched one"),
            );
        }
        let stripped = strip.and_then(|strip| self.strip(path, strip));
        let rewritten =
            rewrite.and_then(|to| self.fit(Path::parse(to.value.as_str()), &to.value, to.span));
        stripped
            .or(rewritten.map(PathEdit::Rewrite))
            .unwrap_or(PathEdit::Keep)
    }

    fn strip(&mut self, path: &PathMatch, strip: &spec::StripPrefix) -> Option<PathEdit> {
        let prefix = match &strip.path {
            Some(written) => Some(self.fit(
                Path::parse(written.value.as_str()),
                &written.value,
                written.span,
            )?),
            None => None,
        };
        let edit = path.strip(prefix.as_ref());
        if edit.is_none() {
            let prefix = prefix.as_ref().map_or("", |prefix| prefix.escaped());
            let message = format!("`{prefix}` is not in front of `{}`", path.path());
            self.error(
                Diagnostic::new(Code::Contradiction, strip.span, message)
                    .help("strip the matched path or its first segments"),
            );
        }
        edit
    }

    fn upstreams(
        &mut self,
        gateway: &Declared<Gateway>,
        rule: &Match,
        to: &[To],
    ) -> Option<Upstreams> {
        let mut all: Vec<&To> = to.iter().collect();
        all.sort_by(|a, b| a.service.value.cmp(&b.service.value));
        let found: Vec<Upstream> = all
            .into_iter()
            .filter_map(|to| self.upstream(gateway, to))
            .collect();
        if to.is_empty() || to.len() > 16 {
            let message = if to.is_empty() {
                "this match leads nowhere"
            } else {
                "this match leads to more than 16 services"
            };
            self.lacks(
                Diagnostic::new(Code::MissingValue, rule.span, message)
                    .help("write `to SERVICE port=NAME`, up to 16 times"),
            );
        }
        Upstreams::new(found)
    }

    fn upstream(&mut self, gateway: &Declared<Gateway>, to: &To) -> Option<Upstream> {
        let name = to.service.value.as_str();
        let found = self.spec.services.get(name);
        let port = found.and_then(|service| {
            port_of(&service.node, to.port.as_ref().map(|port| &port.value)).ok()
        });
        let (Some(service), Some((ports, protocol))) = (found, port) else {
            self.whole = false;
            return None;
        };
        self.check_reach(gateway, service, to);
        if protocol != Protocol::Tcp || ports.first != ports.last {
            let place = to.port.as_ref().map_or(to.span, |port| port.span);
            self.error(
                Diagnostic::new(
                    Code::Contradiction,
                    place,
                    "a route needs one port that speaks TCP",
                )
                .help("name a port without `protocol=udp`"),
            );
        }
        let physical = self.service_name(name)?;
        let tasks = format!("tasks.{physical}");
        let weight = u64::from(value(to.weight.as_ref()).unwrap_or(1));
        let place = to.weight.as_ref().map_or(to.span, |weight| weight.span);
        Some(Upstream {
            name: self.fit(DnsName::parse(&tasks), &tasks, to.service.span)?,
            port: NonZeroU16::new(ports.first)?,
            weight: self.fit(Weight::new(weight), &weight, place)?,
            slots: Upstream::slots_for(replicas(&service.node)),
        })
    }

    /// Proxy and service have to meet on a network; where somebody else looks after one, there is
    /// nothing to check unless networks are written.
    fn check_reach(
        &mut self,
        gateway: &Declared<Gateway>,
        service: &Declared<spec::Service>,
        to: &To,
    ) {
        let written: Vec<&str> = service
            .node
            .network
            .iter()
            .map(|network| network.name.value.as_str())
            .collect();
        let of_gateway: Vec<&str> = gateway
            .node
            .network
            .iter()
            .map(|network| network.value.as_str())
            .collect();
        let foreign = |external: bool, written: &[&str]| external && written.is_empty();
        if service.partial
            || foreign(service.node.external.is_some(), &written)
            || foreign(gateway.node.external.is_some(), &of_gateway)
        {
            return;
        }
        let service_on = self.reachable_on(written);
        let gateway_on = self.reachable_on(of_gateway);
        if service_on
            .iter()
            .any(|network| gateway_on.contains(network))
        {
            return;
        }
        let name = gateway.node.name.value.as_str();
        let message = format!(
            "gateway `{name}` shares no network with service `{}`",
            to.service.value.as_str()
        );
        self.lacks(
            Diagnostic::new(Code::OutOfReach, to.service.span, message)
                .and(gateway.name, "the gateway")
                .and(service.name, "the service")
                .help("let one of them join a network of the other"),
        );
    }

    /// The physical names of networks on which others can be met.
    fn reachable_on(&self, written: Vec<&str>) -> BTreeSet<String> {
        let joined = self.joined(written.into_iter());
        let nodes = joined
            .into_iter()
            .filter(|name| !ENGINE_NETWORKS.contains(name));
        nodes
            .filter_map(|name| {
                self.nodes
                    .get(&Address::new(Kind::Network, name))?
                    .payload
                    .physical_name()
            })
            .map(str::to_owned)
            .collect()
    }

    /// In an order in which nothing depends on the order of writing: away, replaced, added.
    fn header_ops(&mut self, headers: Option<&Headers>) -> Vec<HeaderOp> {
        let Some(headers) = headers else {
            return Vec::new();
        };
        let mut ops = Vec::new();
        for name in &headers.remove {
            let parsed = self.fit(
                HeaderName::parse(name.value.as_str()),
                &name.value,
                name.span,
            );
            ops.extend(parsed.map(HeaderOp::Remove));
        }
        for (name, value) in headers.set.iter() {
            ops.extend(
                self.header(name, value)
                    .map(|(name, value)| HeaderOp::Set(name, value)),
            );
        }
        for (name, value) in headers.add.iter() {
            ops.extend(
                self.header(name, value)
                    .map(|(name, value)| HeaderOp::Add(name, value)),
            );
        }
        ops.sort_by_key(|op| match op {
            HeaderOp::Remove(name) => (0, name.clone()),
            HeaderOp::Set(name, _) => (1, name.clone()),
            HeaderOp::Add(name, _) => (2, name.clone()),
        });
        ops
    }

    fn header(
        &mut self,
        name: &At<String>,
        value: &At<spec::Scalar>,
    ) -> Option<(HeaderName, HeaderValue)> {
        let parsed = self.fit(HeaderName::parse(&name.value), &name.value, name.span)?;
        Some((
            parsed,
            self.fit(
                HeaderValue::parse(&value.value.0),
                &value.value.0,
                value.span,
            )?,
        ))
    }

    fn route_health(&mut self, health: &spec::RouteHealth) -> Option<Health> {
        let every = value(health.every.as_ref()).unwrap_or(EVERY);
        let place = health
            .every
            .as_ref()
            .map_or(health.span, |every| every.span);
        Some(Health {
            path: self.fit(
                Path::parse(health.path.value.as_str()),
                &health.path.value,
                health.path.span,
            )?,
            every: self.millis(every, place)?,
        })
    }

    fn rate_limit(&mut self, limit: &spec::RateLimit) -> Option<RateLimit> {
        let count = self.at_least_one(limit.count.value, limit.count.span, NonZeroU32::new)?;
        let per = value(limit.per.as_ref()).unwrap_or(PER);
        let per = self.millis(per, limit.per.as_ref().map_or(limit.span, |per| per.span))?;
        // The spec's burst comes on top of the count; the model's bucket holds both.
        let burst = NonZeroU32::new(
            limit
                .count
                .value
                .saturating_add(value(limit.burst.as_ref()).unwrap_or(0)),
        );
        self.fit(
            RateLimit::new(count, per, burst),
            &limit.count.value,
            limit.span,
        )
    }

    fn password_file(
        &mut self,
        secret: &At<spec::SecretRef>,
        into: &mut Sites,
    ) -> Option<FilePath> {
        let path = format!("/run/secrets/{}", secret.value.as_str());
        into.secrets.insert(
            path.clone(),
            Address::new(Kind::Secret, secret.value.as_str()),
        );
        self.fit(FilePath::parse(&path), &path, secret.span)
    }

    fn forward_auth(&mut self, auth: &spec::ForwardAuth) -> Option<ForwardAuth> {
        let url = self.fit(
            AuthUrl::parse(auth.url.value.as_str()),
            &auth.url.value,
            auth.url.span,
        )?;
        let mut copy = Vec::new();
        if let Some(names) = &auth.copy {
            for name in names.value.0.split_whitespace() {
                copy.extend(self.fit(HeaderName::parse(name), &name, names.span));
            }
        }
        Some(ForwardAuth { url, copy })
    }

    fn cors(&mut self, cors: &spec::Cors) -> Option<Cors> {
        let any = cors.origin.iter().find(|origin| origin.value.0 == "*");
        let mut origins = Vec::new();
        for origin in cors.origin.iter().filter(|origin| origin.value.0 != "*") {
            origins.extend(self.fit(Origin::parse(&origin.value.0), &origin.value.0, origin.span));
        }
        if any.is_some() != origins.is_empty() {
            self.lacks(
                Diagnostic::new(
                    Code::Contradiction,
                    cors.span,
                    "`cors` needs origins, or `*` and no other",
                )
                .help("write origin \"https://www.example.com\""),
            );
        }
        let mut methods = Vec::new();
        for method in &cors.method {
            methods.extend(self.fit(
                Method::parse(method.value.as_str()),
                &method.value,
                method.span,
            ));
        }
        let mut headers = Vec::new();
        for header in &cors.header {
            headers.extend(self.fit(
                HeaderName::parse(header.value.as_str()),
                &header.value,
                header.span,
            ));
        }
        let max_age = cors
            .max_age
            .as_ref()
            .and_then(|age| self.millis(age.value, age.span));
        let origins = if any.is_some() {
            Origins::Any
        } else {
            Origins::Listed(origins)
        };
        let cors_value = Cors::new(origins).allowing(methods, headers, max_age);
        match &cors.credentials {
            Some(credentials) if credentials.value => self.fit(
                cors_value.with_credentials(),
                &"origin \"*\"",
                credentials.span,
            ),
            Some(_) | None => Some(cors_value),
        }
    }

    /// Text for the gateway's own proxy; what is for another one is pointed out.
    pub(super) fn raw(&mut self, proxy: Proxy, all: &[spec::Raw]) -> Vec<Raw> {
        let mut kept = Vec::new();
        for raw in all {
            let wanted = self::proxy(raw.proxy.value);
            let message = match wanted == proxy {
                true => format!("this goes into the config of {proxy} as it is"),
                false => {
                    format!("this is for {wanted}, and the gateway runs {proxy}: it is left out")
                }
            };
            self.cx.report(
                Diagnostic::new(Code::RawText, raw.span, message)
                    .help("use a property of the route where there is one"),
            );
            if wanted == proxy {
                kept.extend(self.fit(
                    Raw::new(proxy, &raw.text.value),
                    &"this text",
                    raw.text.span,
                ));
            }
        }
        kept
    }

    pub(super) fn ranges(&mut self, all: &[At<Cidr>]) -> Vec<proxy::Cidr> {
        let mut ranges: Vec<proxy::Cidr> = Vec::new();
        for range in all {
            ranges.extend(self.fit(
                proxy::Cidr::parse(range.value.as_str()),
                &range.value,
                range.span,
            ));
        }
        ranges.sort_unstable();
        ranges.dedup();
        ranges
    }

    fn retries(&mut self, retry: &At<u32>) -> Option<u8> {
        let few = u8::try_from(retry.value).map_err(|_| Unfit::Rule("is more than 255 tries"));
        self.fit(few, &retry.value, retry.span)
    }

    fn millis(&mut self, duration: Duration, span: Span) -> Option<Millis> {
        self.fit(Millis::new(duration.as_std()), &duration, span)
    }

    fn at_least_one<N: Copy + Display, T>(
        &mut self,
        number: N,
        span: Span,
        read: fn(N) -> Option<T>,
    ) -> Option<T> {
        self.fit(
            read(number).ok_or(Unfit::Rule("is too little: write 1 or more")),
            &number,
            span,
        )
    }

    /// A value that a config can hold, or what keeps it from that.
    pub(super) fn fit<T>(
        &mut self,
        value: Result<T, Unfit>,
        text: &dyn Display,
        span: Span,
    ) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(unfit) => {
                self.error(Diagnostic::new(
                    Code::BadProxyValue,
                    span,
                    format!("`{text}` {unfit}"),
                ));
                None
            }
        }
    }
}

fn tls_place(route: &Route) -> Span {
    route.tls.as_ref().map_or(route.span, |tls| tls.span)
}

/// `*.example.com` covers one label in front, and the same wildcard.
fn covers(cover: &str, host: &str) -> bool {
    let behind = host.split_once('.').map(|(_, behind)| behind);
    cover == host
        || cover
            .strip_prefix("*.")
            .is_some_and(|domain| behind == Some(domain) && !host.starts_with('*'))
}

fn replicas(service: &spec::Service) -> u32 {
    let global = value(service.mode.as_ref()) == Some(spec::ServiceMode::Global);
    let unknown = global || service.external.is_some();
    if unknown {
        UNKNOWN_REPLICAS
    } else {
        value(service.replicas.as_ref()).unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_wildcard_stands_for_one_label() {
        assert!(covers("*.example.com", "shop.example.com"));
        assert!(covers("*.example.com", "*.example.com"));
        assert!(covers("example.com", "example.com"));
        for host in ["example.com", "a.b.example.com", "shop.example.org"] {
            assert!(!covers("*.example.com", host), "{host}");
        }
        assert!(!covers("shop.example.com", "*.example.com"));
    }
}
