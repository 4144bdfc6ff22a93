//! HAProxy: `haproxy.cfg`, a list of its certificates, a small Lua program where an auth service is
//! asked, and a start script where htpasswd files have to become user lists.

mod backend;
mod quote;
mod view;

use super::model::ProxyConfig;
use super::{File, Rendered, template};

const CONFIG: &str = "/usr/local/etc/haproxy/haproxy.cfg";
const START: &str = "/usr/local/etc/haproxy/start.sh";

pub(super) fn render(config: &ProxyConfig) -> Rendered {
    let root = view::Root::of(config);
    let mut files = vec![File {
        name: "haproxy.cfg",
        target: CONFIG,
        text: template::haproxy(&root),
    }];
    if root.asks_auth {
        let text = skep_stdlib::proxy::HAPROXY_FORWARD_AUTH.to_owned();
        files.push(File {
            name: "forward-auth.lua",
            target: "/usr/local/etc/haproxy/forward-auth.lua",
            text,
        });
    }
    if !root.certs.is_empty() {
        let text = root.certs.join("\n") + "\n";
        files.push(File {
            name: "certificates.list",
            target: "/usr/local/etc/haproxy/certificates.list",
            text,
        });
    }
    let mut command = ["haproxy", "-f", CONFIG].map(str::to_owned).to_vec();
    if !root.users.is_empty() {
        let text = skep_stdlib::proxy::HAPROXY_START.to_owned();
        files.push(File {
            name: "start.sh",
            target: START,
            text,
        });
        command = ["sh", START].map(str::to_owned).to_vec();
        command.extend(
            root.users
                .iter()
                .map(|users| format!("{}={}", users.list, users.file)),
        );
    }
    Rendered {
        files,
        command,
        extension: "cfg",
    }
}

pub(super) use quote::{escape, format};
