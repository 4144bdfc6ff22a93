//! Rules of Traefik: which hosts and paths.

/// One way to fit a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fit {
    pub(super) hosts: Vec<String>,
    pub(super) path: Option<(String, bool)>,
}

/// The ways to fit ``Host(`a`) && PathPrefix(`/b`)`` and its like; nothing where a route cannot say
/// the rule.
pub(super) fn read(rule: &str) -> Option<Vec<Fit>> {
    let mut fits = Vec::new();
    for way in parts(rule, "||")? {
        let mut fit = Fit::default();
        for matcher in parts(way, "&&")? {
            let (name, values) = call(matcher)?;
            match name {
                "Host" => fit.hosts.extend(values),
                "PathPrefix" | "Path" if fit.path.is_none() => match values.as_slice() {
                    [path] if is_plain(path) => fit.path = Some((path.clone(), name == "Path")),
                    _ => return None,
                },
                _ => return None,
            }
        }
        if fit.hosts.is_empty() {
            return None;
        }
        fits.push(fit);
    }
    Some(fits)
}

/// The same for `Host:a,b;PathPrefix:/c` of the first Traefik.
pub(super) fn read_old(rule: &str) -> Option<Fit> {
    let mut fit = Fit::default();
    for matcher in rule.split(';') {
        let (name, values) = matcher.split_once(':')?;
        let values: Vec<String> = values
            .split(',')
            .map(|value| value.trim().to_owned())
            .collect();
        match (name.trim(), values.as_slice()) {
            ("Host", _) => fit.hosts.extend(values),
            ("PathPrefix" | "Path", [path]) if fit.path.is_none() && is_plain(path) => {
                fit.path = Some((path.clone(), name.trim() == "Path"));
            }
            _ => return None,
        }
    }
    (!fit.hosts.is_empty()).then_some(fit)
}

fn is_plain(path: &str) -> bool {
    path.starts_with('/') && !path.contains(['{', '*', '^', '$'])
}

/// The parts between an operator; parentheses of their own are more than a route can say.
fn parts<'t>(text: &'t str, operator: &str) -> Option<Vec<&'t str>> {
    let all: Vec<&str> = text.split(operator).map(str::trim).collect();
    all.iter().all(|part| !part.is_empty()).then_some(all)
}

/// A name and the texts in its parentheses.
fn call(text: &str) -> Option<(&str, Vec<String>)> {
    let (name, rest) = text.split_once('(')?;
    let inside = rest.strip_suffix(')')?;
    let values = inside.split(',').map(|value| {
        let value = value.trim();
        let quote = value
            .chars()
            .next()
            .filter(|c| matches!(c, '`' | '"' | '\''))?;
        let value = value.strip_prefix(quote)?.strip_suffix(quote)?;
        (!value.is_empty() && !value.contains(['`', '(', ')', ' '])).then(|| value.to_owned())
    });
    Some((name.trim(), values.collect::<Option<Vec<_>>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(rule: &str) -> String {
        let fits = read(rule).unwrap_or_default();
        let all = fits.iter().map(|fit| {
            let path = fit
                .path
                .as_ref()
                .map(|(path, exact)| format!(" {path} {exact}"));
            fit.hosts.join(",") + &path.unwrap_or_default()
        });
        all.collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn hosts_and_paths_are_read() {
        assert_eq!(shown("Host(`a.b`)"), "a.b");
        assert_eq!(shown("Host(`a`, `b`) && PathPrefix(`/x`)"), "a,b /x false");
        assert_eq!(
            shown("Host(\"a\") || Host(`b`) && Path(`/y`)"),
            "a | b /y true"
        );
    }

    #[test]
    fn what_a_route_cannot_say_is_left_alone() {
        for rule in [
            "HostRegexp(`.*`)",
            "Host(`a`) && Headers(`X`, `y`)",
            "(Host(`a`) || Host(`b`)) && Path(`/`)",
            "Host(`a`",
            "Host(`a`))",
            "PathPrefix(`/`)",
            "",
        ] {
            assert_eq!(read(rule), None, "{rule}");
        }
        assert_eq!(read_old("Host:a;HeadersRegexp:x"), None);
        assert!(read_old("Host:a,b;PathPrefix:/x").is_some());
    }
}
