//! Labels of Traefik 1.

use super::{Kept, Label, Router, Understood, rule};

/// Labels beside those of a newer Traefik, which count.
pub(super) fn beside(labels: &[&Label], understood: &mut Understood) -> Result<(), Kept> {
    for label in labels {
        let word = label.key.strip_prefix("traefik.").unwrap_or_default();
        let first = word.split('.').next().unwrap_or_default();
        if !["frontend", "backend", "port", "protocol", "domain"].contains(&first) {
            return Err(label.kept("no route says this"));
        }
    }
    if let Some(label) = labels.first() {
        let reason = "labels of Traefik 1 stand beside newer ones, which count".to_owned();
        understood.near.push((label.span(), reason));
    }
    Ok(())
}

/// What the labels say where there are no newer ones.
pub(super) fn read(labels: &[&Label]) -> Result<Vec<Router>, Kept> {
    let mut router = Router::default();
    let mut fit = None;
    for label in labels {
        match label.key.strip_prefix("traefik.").unwrap_or_default() {
            "frontend.rule" => {
                router.span = Some(label.span());
                fit = rule::read_old(&label.value);
                if fit.is_none() {
                    return Err(label.kept("a route knows hosts, a path and a prefix, and the rule says something else"));
                }
            }
            "port" => router.port.clone_from(&label.value),
            "backend" | "frontend.passhostheader" | "frontend.priority" | "protocol" => {}
            "frontend.entrypoints" => router.tls |= label.value.contains("https"),
            "frontend.redirect.entrypoint" if label.value == "https" => router.tls = true,
            _ => return Err(label.kept("no route says this")),
        }
    }
    let (Some(fit), false) = (fit, router.port.is_empty()) else {
        return Ok(Vec::new());
    };
    let (path, exact) = fit.path.unwrap_or_else(|| ("/".to_owned(), false));
    Ok(vec![Router {
        hosts: fit.hosts,
        path,
        exact,
        ..router
    }])
}
