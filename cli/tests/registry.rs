//! `skep lock images` before a real registry, Debian's `docker-registry`, on loopback only; and before
//! one of our own making for what that cannot do, such as tokens.

#[path = "registry/fake.rs"]
mod fake;
#[path = "registry/http.rs"]
mod http;
#[path = "registry/logins.rs"]
mod logins;
#[path = "registry/moves.rs"]
mod moves;
#[path = "registry/refusals.rs"]
mod refusals;
#[path = "registry/server.rs"]
mod server;
mod support;
#[path = "registry/tokens.rs"]
mod tokens;
