//! Traefik's configs against the fields its reference documents.
//!
//! Traefik has no checker, and drops a router that has an unknown field with a line in its log. The
//! lists here were written by hand from the reference of Traefik 3.7 ("File provider", all options);
//! they say nothing of what Traefik makes of a value.

use serde_json::Value;
use skep_compiler::proxy::{Proxy, ProxyConfig, render};

use crate::configs::{certificates, everything, extremes, shares, shop, trusting};

#[test]
fn traefik_knows_every_field() {
    for config in all() {
        let tree: Value = serde_saphyr::from_str(&render(&config).files[0].text).unwrap();
        let mut unknown = Vec::new();
        compare("", &tree, &mut unknown);
        assert_eq!(unknown, Vec::<String>::new());
    }
}

#[test]
fn traefik_knows_every_argument() {
    for config in all() {
        for argument in &render(&config).command[1..] {
            let (name, value) = argument.split_once('=').unwrap();
            let known = ARGUMENTS
                .iter()
                .any(|known| match known.split_once("NAME") {
                    None => *known == name,
                    Some((before, behind)) => name.starts_with(before) && name.ends_with(behind),
                });
            assert!(known && !value.is_empty(), "{argument}");
        }
    }
}

#[test]
fn what_routers_refer_to_is_there() {
    for config in all() {
        let tree: Value = serde_saphyr::from_str(&render(&config).files[0].text).unwrap();
        let http = &tree["http"];
        let points: Vec<String> = config
            .listens
            .iter()
            .map(|listen| format!("port{}", listen.port))
            .collect();
        for router in http["routers"].as_object().unwrap().values() {
            let service = router["service"].as_str().unwrap();
            assert!(
                service == "noop@internal" || http["services"][service].is_object(),
                "{service}"
            );
            for name in list(&router["middlewares"]) {
                assert!(http["middlewares"][&name].is_object(), "{name}");
            }
            assert!(
                list(&router["entryPoints"])
                    .iter()
                    .all(|point| points.contains(point)),
                "{router}"
            );
        }
        for service in http["services"].as_object().unwrap().values() {
            if let Some(transport) = service["loadBalancer"]["serversTransport"].as_str() {
                assert!(
                    http["serversTransports"][transport].is_object(),
                    "{transport}"
                );
            }
        }
    }
}

fn all() -> [ProxyConfig; 6] {
    [shop, everything, certificates, shares, trusting, extremes]
        .map(|config| config(Proxy::Traefik))
}

fn list(value: &Value) -> Vec<String> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

/// `*` stands for a name of the author's or a place in a list.
const FIELDS: &[(&str, &str)] = &[
    ("", "http tcp udp tls"),
    (".http", "routers services middlewares serversTransports"),
    (
        ".http.routers.*",
        "entryPoints middlewares service rule ruleSyntax priority tls observability",
    ),
    (".http.routers.*.tls", "options certResolver domains"),
    (
        ".http.services.*",
        "loadBalancer weighted mirroring failover highestRandomWeight",
    ),
    (
        ".http.services.*.loadBalancer",
        "sticky servers strategy healthCheck passiveHealthCheck passHostHeader responseForwarding serversTransport",
    ),
    (
        ".http.services.*.loadBalancer.servers.*",
        "url weight preservePath",
    ),
    (".http.services.*.weighted", "services sticky healthCheck"),
    (".http.services.*.weighted.services.*", "name weight"),
    (
        ".http.serversTransports.*",
        "serverName insecureSkipVerify rootCAs certificates cipherSuites minVersion maxVersion maxIdleConnsPerHost \
         forwardingTimeouts disableHTTP2 peerCertURI spiffe",
    ),
    (
        ".http.serversTransports.*.forwardingTimeouts",
        "dialTimeout responseHeaderTimeout idleConnTimeout readIdleTimeout pingTimeout",
    ),
    (
        ".http.middlewares.*",
        "addPrefix basicAuth buffering chain circuitBreaker compress contentType digestAuth errors forwardAuth \
         grpcWeb headers ipAllowList inFlightReq passTLSClientCert plugin rateLimit redirectRegex redirectScheme \
         replacePath replacePathRegex retry stripPrefix stripPrefixRegex",
    ),
    (
        ".http.middlewares.*.basicAuth",
        "users usersFile realm removeHeader headerField",
    ),
    (
        ".http.middlewares.*.buffering",
        "maxRequestBodyBytes memRequestBodyBytes maxResponseBodyBytes memResponseBodyBytes retryExpression",
    ),
    (
        ".http.middlewares.*.compress",
        "excludedContentTypes includedContentTypes minResponseBodyBytes encodings defaultEncoding",
    ),
    (
        ".http.middlewares.*.forwardAuth",
        "address tls trustForwardHeader authResponseHeaders authResponseHeadersRegex authRequestHeaders \
         addAuthCookiesToResponse headerField forwardBody maxBodySize preserveLocationHeader preserveRequestMethod",
    ),
    (
        ".http.middlewares.*.headers",
        "customRequestHeaders customResponseHeaders accessControlAllowCredentials accessControlAllowHeaders \
         accessControlAllowMethods accessControlAllowOriginList accessControlAllowOriginListRegex \
         accessControlExposeHeaders accessControlMaxAge addVaryHeader",
    ),
    (".http.middlewares.*.headers.customRequestHeaders", "*"),
    (".http.middlewares.*.headers.customResponseHeaders", "*"),
    (
        ".http.middlewares.*.ipAllowList",
        "sourceRange ipStrategy rejectStatusCode",
    ),
    (
        ".http.middlewares.*.ipAllowList.ipStrategy",
        "depth excludedIPs ipv6Subnet",
    ),
    (
        ".http.middlewares.*.rateLimit",
        "average period burst sourceCriterion redis",
    ),
    (
        ".http.middlewares.*.rateLimit.sourceCriterion",
        "ipStrategy requestHeaderName requestHost",
    ),
    (
        ".http.middlewares.*.rateLimit.sourceCriterion.ipStrategy",
        "depth excludedIPs ipv6Subnet",
    ),
    (
        ".http.middlewares.*.redirectRegex",
        "regex replacement permanent",
    ),
    (
        ".http.middlewares.*.redirectScheme",
        "scheme port permanent",
    ),
    (".http.middlewares.*.replacePathRegex", "regex replacement"),
    (".http.middlewares.*.retry", "attempts initialInterval"),
    (".tls", "certificates options stores"),
    (".tls.certificates.*", "certFile keyFile stores"),
    (
        ".tls.options.*",
        "minVersion maxVersion cipherSuites curvePreferences clientAuth sniStrict alpnProtocols \
         disableSessionTickets preferServerCipherSuites",
    ),
];

/// Maps whose keys are names of the author's.
const NAMED: [&str; 5] = [
    ".http.routers",
    ".http.services",
    ".http.middlewares",
    ".http.serversTransports",
    ".tls.options",
];

const ARGUMENTS: [&str; 8] = [
    "--global.checkNewVersion",
    "--global.sendAnonymousUsage",
    "--providers.file.filename",
    "--providers.file.watch",
    "--entryPoints.NAME.address",
    "--entryPoints.NAME.forwardedHeaders.trustedIPs",
    "--accessLog",
    "--accessLog.format",
];

fn compare(place: &str, value: &Value, unknown: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let below = if NAMED.contains(&place) { "*" } else { key };
                let fields = FIELDS
                    .iter()
                    .find(|(known, _)| *known == place)
                    .map(|(_, fields)| *fields);
                let known = below == "*"
                    || fields
                        .is_some_and(|all| all == "*" || all.split_whitespace().any(|f| f == key));
                if !known {
                    unknown.push(format!("{place}.{key}"));
                }
                compare(&format!("{place}.{below}"), value, unknown);
            }
        }
        Value::Array(list) => list
            .iter()
            .for_each(|value| compare(&format!("{place}.*"), value, unknown)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
