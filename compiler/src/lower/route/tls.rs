//! Certificates of routes, and the ports that speak TLS.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::span::{At, Span};
use skep_schema::spec::{self, Declared, Gateway, Route};

use super::{Routed, proxy_of};
use crate::lower::Lower;
use crate::lower::certificate::secrets_of;
use crate::lower::plain::flag;
use crate::proxy::{self, Name, SiteTls};

impl Lower<'_, '_, '_> {
    pub(super) fn tls(
        &mut self,
        gateway: &Declared<Gateway>,
        route: &Route,
        into: &mut Routed,
    ) -> SiteTls {
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
        into: &mut Routed,
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

    pub(super) fn check_listener(
        &mut self,
        gateway: &Declared<Gateway>,
        route: &Route,
        tls: &SiteTls,
    ) {
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
        let (kind, help) = if wants_tls {
            ("that speaks TLS", "add listen 443 tls to the gateway")
        } else {
            (
                "without TLS",
                "add `tls` to the route, or listen 80 to the gateway",
            )
        };
        let message = format!("gateway `{name}` has no port {kind}");
        self.lacks(
            Diagnostic::new(Code::NoListener, tls_place(route), message)
                .and(gateway.name, "the gateway")
                .help(help),
        );
    }
}

/// Where a route says what it wants, or would.
pub(super) fn tls_place(route: &Route) -> Span {
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
