//! Names as the language takes them.

use std::collections::BTreeSet;

/// The most letters of a name.
const LONGEST: usize = 63;

/// A variable's name as a parameter is called: `POSTGRES_DB` is `postgres-db`.
pub(crate) fn kebab(variable: &str) -> String {
    fitting(&variable.to_lowercase().replace('_', "-"))
}

/// The nearest name that the language takes: other letters become dashes.
pub(crate) fn fitting(name: &str) -> String {
    let letter = |c: char| match c {
        c if c.is_ascii_alphanumeric() || c == '-' || c == '_' => c,
        _ => '-',
    };
    let clean: String = name.chars().map(letter).take(LONGEST).collect();
    match clean.trim_matches(['-', '_']) {
        "" => "x".to_owned(),
        name => name.to_owned(),
    }
}

/// The name, or the name with the first number behind it that nothing else has.
pub(crate) fn free(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut found = name.to_owned();
    let mut number = 2;
    while !taken.insert(found.clone()) {
        let room: String = name.chars().take(LONGEST - 7).collect();
        found = format!("{room}-{number}");
        number += 1;
    }
    found
}
