//! nginx: one `nginx.conf`, with names resolved as requests come.

mod location;
mod quote;
mod view;

use super::model::ProxyConfig;
use super::{File, Rendered, template};

pub(super) fn render(config: &ProxyConfig) -> Rendered {
    let text = template::nginx(&view::Root::of(config));
    Rendered {
        files: vec![File {
            name: "nginx.conf",
            target: "/etc/nginx/nginx.conf",
            text,
        }],
        command: ["nginx", "-g", "daemon off;"].map(str::to_owned).to_vec(),
        extension: "conf",
    }
}

pub(super) use quote::escape;
