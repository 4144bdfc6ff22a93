//! Where the store is.

use skep_schema::daemon;
use skep_schema::diagnostic::Code;

use super::Postgres;
use super::check::{Found, path_of, refuse};

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

#[cfg(feature = "postgres")]
fn fault(url: &str) -> Option<(String, &'static str)> {
    crate::store::postgres::check(url).err()
}

#[cfg(not(feature = "postgres"))]
fn fault(_url: &str) -> Option<(String, &'static str)> {
    let message = "this program was built without PostgreSQL".to_owned();
    Some((
        message,
        "build it with `--features postgres`, or keep the store in a folder",
    ))
}
