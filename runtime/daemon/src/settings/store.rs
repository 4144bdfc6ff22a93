//! Where the store is, and how long what it only adds to is kept.

use std::time::Duration;

use skep_schema::diagnostic::Code;
use skep_schema::span::At;
use skep_schema::{daemon, units};

use super::Postgres;
use super::check::{Found, path_of, refuse};

/// The least time for which an audit is kept.
const LEAST: Duration = Duration::from_hours(24);

/// The database of a store; nothing where its address is none.
pub(super) fn postgres(store: &daemon::Store, found: &mut Found) -> Option<Postgres> {
    let daemon::Store {
        span: _,
        postgres,
        password_file,
        ca,
    } = store;
    let url = postgres.value.0.as_str();
    match fault(url) {
        None => Some(Postgres {
            url: url.to_owned(),
            password: path_of(password_file.as_ref()),
            ca: path_of(ca.as_ref()),
        }),
        Some((message, help)) => {
            refuse(found, Code::BadValue, postgres.span, message, help);
            None
        }
    }
}

/// How long the audit is kept, if that can be meant.
pub(super) fn keep_audit(told: &At<units::Duration>, found: &mut Found) -> Option<Duration> {
    let age = told.value.as_std();
    if age >= LEAST {
        return Some(age);
    }
    let message = "the audit is kept for a day at least";
    let help = "write a time from \"1d\" on, such as \"400d\", or leave it out to keep all of it";
    refuse(found, Code::BadValue, told.span, message, help);
    None
}

#[cfg(feature = "postgres")]
fn fault(url: &str) -> Option<(String, &'static str)> {
    crate::store::postgres::check(url).err()
}

#[cfg(not(feature = "postgres"))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "with PostgreSQL there are good addresses"
)]
fn fault(_url: &str) -> Option<(String, &'static str)> {
    let message = "this program was built without PostgreSQL".to_owned();
    Some((
        message,
        "build it with `--features postgres`, or keep the store in a folder",
    ))
}
