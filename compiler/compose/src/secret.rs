//! What looks like a secret.

use skep_compiler::looks_secret as is_telltale;

/// Further ends of names: what is taken for a secret by mistake has to be given once, what is not
/// stands in a file for good.
const MORE: &[&str] = &["_PASS", "_PWD", "_KEY", "_SALT", "_CREDENTIALS"];

/// Whether the name of a variable says that its value is a secret.
pub(crate) fn looks_secret(key: &str) -> bool {
    let upper = key.to_ascii_uppercase();
    is_telltale(key) || MORE.iter().any(|end| upper.ends_with(end))
}

/// Whether a variable's value is a secret that stands there in clear: by its name, or because it is
/// an address with a password in it. A path is none, nor is a switch.
pub(crate) fn in_clear(key: &str, value: &str) -> bool {
    let flag = ["", "true", "false", "yes", "no", "0", "1"].contains(&value);
    let named = looks_secret(key) && !flag && !value.starts_with('/');
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
            ("SMTP_PASS", "x", true),
            ("USE_KEY", "true", false),
            ("COMPASS", "x", false),
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
