//! Databases whose data ends with their task.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::spec::{Service, ServiceMode, Spec};

use crate::context::Context;

/// An image by the last part of its name, the folder of its data, and the program that serves.
const DATABASES: &[(&str, &str, &str)] = &[
    ("mariadb", "/var/lib/mysql", "mariadbd"),
    ("mongo", "/data/db", "mongod"),
    ("mysql", "/var/lib/mysql", "mysqld"),
    ("postgres", "/var/lib/postgresql", "postgres"),
];

pub(super) fn lint(service: &Service, _: &Spec, cx: &mut Context<'_>) {
    let Some(image) = &service.image else {
        return;
    };
    let last = image.value.reference().last_word();
    let known = DATABASES.iter().find(|(name, _, _)| *name == last);
    let Some((_, folder, program)) = known else {
        return;
    };
    if is_server(service, program) && service.mount.is_empty() {
        cx.report(
            Diagnostic::new(
                Code::ForgetfulDatabase,
                image.span,
                "the data of this database is gone when its task ends",
            )
            .label(format!("it lies in {folder}, and nothing is mounted there"))
            .help(format!(
                "declare a volume and write mount volume=NAME to=\"{folder}\", or a tmpfs if it shall be lost"
            )),
        );
    }
}

/// The same images hold the clients: a dump or a migration keeps nothing.
fn is_server(service: &Service, program: &str) -> bool {
    let once = service
        .mode
        .as_ref()
        .is_some_and(|m| m.value == ServiceMode::Once);
    let first = service
        .command
        .as_ref()
        .and_then(|c| c.items.first())
        .and_then(|word| word.value.0.literal());
    let serves = first.is_none_or(|word| word.starts_with('-') || word == program);
    !once && serves && service.entrypoint.is_none() && service.external.is_none()
}
