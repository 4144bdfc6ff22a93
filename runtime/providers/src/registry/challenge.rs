//! What a registry asks for when it wants to know who we are: `WWW-Authenticate`.

use std::collections::BTreeMap;

/// A way to say who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    /// Somebody else is to be asked for a token.
    Bearer {
        realm: String,
        service: Option<String>,
        scope: Option<String>,
    },
}

impl Challenge {
    /// The best of several: a token says less about us than a password.
    pub(super) fn best<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut all: Vec<Self> = headers.filter_map(Self::read).collect();
        let bearer = all
            .iter()
            .position(|challenge| matches!(challenge, Self::Bearer { .. }));
        let chosen = bearer.unwrap_or(0);
        (!all.is_empty()).then(|| all.swap_remove(chosen))
    }

    fn read(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut words = parameters(rest);
        Some(Self::Bearer {
            realm: words.remove("realm")?,
            service: words.remove("service"),
            scope: words.remove("scope"),
        })
    }
}

/// `key="value",key=value`; values in quotes may hold commas.
fn parameters(text: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut rest = text;
    while let Some((key, after)) = rest.split_once('=') {
        let key = key.trim_matches([' ', ',']).to_ascii_lowercase();
        let (value, behind) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        all.insert(key, value.trim().to_owned());
        rest = behind;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(headers: &[&str]) -> Option<Challenge> {
        Challenge::best(headers.iter().copied())
    }

    #[test]
    fn a_token_is_asked_for_where_the_registry_says() {
        let header = r#"Bearer realm="https://auth.example.com/token", service="r.test",scope="repository:a/b:pull,push""#;
        let bearer = Challenge::Bearer {
            realm: "https://auth.example.com/token".to_owned(),
            service: Some("r.test".to_owned()),
            scope: Some("repository:a/b:pull,push".to_owned()),
        };
        assert_eq!(best(&[header]), Some(bearer.clone()));
        assert_eq!(best(&["Basic realm=\"x\"", header]), Some(bearer));
    }

    #[test]
    fn words_without_quotes_and_in_other_case_are_understood() {
        let short = Challenge::Bearer {
            realm: "https://a.test/t".to_owned(),
            service: Some("x".to_owned()),
            scope: None,
        };
        assert_eq!(
            best(&["bearer Realm=https://a.test/t,service=x"]),
            Some(short)
        );
        assert_eq!(best(&["BASIC realm=\"a, b\""]), Some(Challenge::Basic));
    }

    #[test]
    fn what_is_not_understood_is_no_challenge() {
        assert_eq!(best(&[]), None);
        assert_eq!(best(&["Bearer service=\"x\"", "Negotiate", ""]), None);
    }
}
