//! The configs of the four proxies: as files to review, with hostile values, and against the documented fields.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail where it stands"
)]

#[path = "proxy/abilities.rs"]
mod abilities;
#[path = "proxy/configs.rs"]
mod configs;
#[path = "proxy/escaping.rs"]
mod escaping;
#[path = "proxy/fields.rs"]
mod fields;
#[path = "proxy/structure.rs"]
mod structure;

use configs::{certificates, everything, raw_texts, raws, shares, shop, trusting};
use skep_compiler::proxy::{Proxy, ProxyConfig, Rendered, render, unsupported};

#[test]
fn a_shop() {
    check("shop", shop);
}

#[test]
fn everything_a_proxy_can_do() {
    check("everything", everything);
}

#[test]
fn certificates_from_files() {
    check("certificates", certificates);
}

#[test]
fn services_that_share_requests() {
    check("shares", shares);
}

#[test]
fn behind_trusted_proxies() {
    check("trusting", trusting);
}

#[test]
fn raw_text_goes_in_as_it_is() {
    for proxy in Proxy::ALL {
        let text = render(&raws(proxy)).files[0].text.clone();
        let [beside, inside] = raw_texts(proxy);
        match proxy {
            Proxy::Nginx | Proxy::Haproxy => {
                assert!(text.contains(beside) && text.contains(inside));
            }
            Proxy::Caddy => assert!(
                text.contains("\"grace_period\": \"5s\"") && text.contains("\"mark\": \"raw\"")
            ),
            Proxy::Traefik => {
                let middleware = "site1-rule1-raw1:\n      contentType: {}";
                assert!(text.contains("minVersion: \"VersionTLS10\"") && text.contains(middleware));
            }
        }
    }
}

fn check(name: &str, config: fn(Proxy) -> ProxyConfig) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots/proxy");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for proxy in Proxy::ALL {
            let config = config(proxy);
            assert_eq!(
                unsupported(&config),
                [],
                "{proxy} cannot do all of `{name}`"
            );
            insta::assert_snapshot!(format!("{name}_{proxy}"), written(&render(&config)));
        }
    });
}

/// All that comes with a config. Files that are the same in every gateway are named only.
fn written(rendered: &Rendered) -> String {
    let Rendered {
        files,
        command,
        extension,
    } = rendered;
    let rest: Vec<&str> = files[1..].iter().map(|file| file.target).collect();
    format!(
        "command: {command:?}\nkept as: .{extension}\nbeside: {rest:?}\n-- {}\n{}",
        files[0].target, files[0].text
    )
}
