//! Templates of the proxies whose configs are text, and the files that go with them.

/// `nginx.conf`
pub const NGINX: &str = include_str!("../proxy/nginx.conf.tera");

/// `haproxy.cfg`
pub const HAPROXY: &str = include_str!("../proxy/haproxy.cfg.tera");

/// Lets HAProxy ask an auth service; loaded by a config that needs it.
pub const HAPROXY_FORWARD_AUTH: &str = include_str!("../proxy/forward-auth.lua");

/// Starts HAProxy with user lists made from htpasswd files.
pub const HAPROXY_START: &str = include_str!("../proxy/start-haproxy.sh");
