//! The API over HTTP.

pub(crate) mod body;
mod call;
mod daemon;
pub(crate) mod headers;
mod health;
pub(crate) mod identify;
pub(crate) mod limits;
pub(crate) mod openapi;
mod patch;
mod plans;
pub(crate) mod refused;
pub(crate) mod router;
pub(crate) mod routes;
mod services;
pub(crate) mod site;
mod stacks;
mod stream;
mod tokens;
mod webhooks;
