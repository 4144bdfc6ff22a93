//! What looks like a secret.

pub(crate) use skep_compiler::looks_secret;

/// Whether a variable's value is a secret that stands there in clear: by its name, or because it is
/// an address with a password in it. A path is none, nor is a text without anything in it.
pub(crate) fn in_clear(key: &str, value: &str) -> bool {
    let named = looks_secret(key) && !value.is_empty() && !value.starts_with('/');
    named || has_password(value)
}

/// `scheme://user:password@host`
fn has_password(value: &str) -> bool {
    let authority = value
        .split_once("://")
        .and_then(|(_, rest)| rest.split(['/', '?', '#']).next());
    let user = authority.and_then(|text| text.rsplit_once('@').map(|(user, _)| user));
    user.and_then(|user| user.split_once(':'))
        .is_some_and(|(_, password)| !password.is_empty())
}

#[cfg(test)]
mod tests {
    use super::in_clear;

    #[test]
    fn secrets_are_known_by_their_key_or_by_a_password_in_an_address() {
        for (key, value, secret) in [
            ("DB_PASSWORD", "x", true),
            ("DB_PASSWORD", "", false),
            ("DB_PASSWORD_FILE", "/run/secrets/x", false),
            ("DB_PASSWORD", "/run/secrets/x", false),
            ("URL", "postgres://u:p@db/x", true),
            ("URL", "postgres://u@db/x", false),
            ("URL", "http://db:80/a@b", false),
        ] {
            assert_eq!(in_clear(key, value), secret, "{key}={value}");
        }
    }
}
