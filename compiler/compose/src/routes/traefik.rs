//! Labels of Traefik 2 and 3.

use std::collections::BTreeMap;

use skep_schema::span::Span;

use super::{Kept, Label, Router, Understood, middleware, old, rule};
use crate::kdl::Item;

/// What labels say of each router, service and middleware: its settings by their names.
type Settings<'l> = BTreeMap<&'l str, BTreeMap<&'l str, &'l Label>>;

#[derive(Debug, Default)]
struct Read<'l> {
    routers: Settings<'l>,
    services: Settings<'l>,
    middlewares: Settings<'l>,
}

pub(super) fn read(labels: &[Label], service: &str) -> Result<Understood, Kept> {
    let own: Vec<&Label> = labels
        .iter()
        .filter(|label| label.key.starts_with("traefik."))
        .collect();
    let mut understood = Understood::default();
    if own.is_empty() || own.iter().any(|label| is_off(label)) {
        return Ok(understood);
    }
    let mut read = Read::default();
    let mut first = Vec::new();
    for label in own {
        let rest = label.key.strip_prefix("traefik.").unwrap_or_default();
        match rest {
            "enable" | "docker.lbswarm" | "swarm.lbswarm" | "constraint-label" | "tags" => {}
            "docker.network" | "swarm.network" => understood.network = Some(label.value.clone()),
            _ => match rest.strip_prefix("http.") {
                Some(rest) => read.add(rest, label)?,
                None => first.push(label),
            },
        }
    }
    if read.routers.is_empty() {
        understood.routers = old::read(&first)?;
        return Ok(understood);
    }
    old::beside(&first, &mut understood)?;
    for (name, router) in &read.routers {
        read.router(name, router, service, &mut understood)?;
    }
    Ok(understood)
}

fn is_off(label: &Label) -> bool {
    label.key == "traefik.enable" && label.value != "true"
}

impl<'l> Read<'l> {
    fn add(&mut self, rest: &'l str, label: &'l Label) -> Result<(), Kept> {
        let mut parts = rest.splitn(3, '.');
        let (kind, name, setting) = (parts.next(), parts.next(), parts.next());
        let of = match kind {
            Some("routers") => &mut self.routers,
            Some("services") => &mut self.services,
            Some("middlewares") => &mut self.middlewares,
            Some(_) | None => return Err(label.kept("no route says this")),
        };
        let (Some(name), Some(setting)) = (name, setting) else {
            return Err(label.kept("the label is not whole"));
        };
        of.entry(name).or_default().insert(setting, label);
        Ok(())
    }

    fn router(
        &self,
        name: &str,
        settings: &BTreeMap<&str, &Label>,
        service: &str,
        understood: &mut Understood,
    ) -> Result<(), Kept> {
        let Some(found) = settings.get("rule") else {
            let label = settings.values().next();
            return label.map_or(Ok(()), |label| {
                Err(label.kept(&format!("the router `{name}` has no rule")))
            });
        };
        let Some(fits) = rule::read(&found.value) else {
            return Err(found.kept(
                "a route knows hosts, a path and a prefix, and the rule says something else",
            ));
        };
        let mut router = Router {
            tls: Self::tls(settings, understood)?,
            span: Some(found.span),
            ..Router::default()
        };
        self.middlewares(settings, &mut router, service, understood)?;
        if router.only_redirects {
            "80".clone_into(&mut router.port);
        } else {
            router.port = self.port(settings, found, &mut router.children)?;
        }
        understood.routers.extend(fits.into_iter().map(|fit| {
            let (path, exact) = fit.path.unwrap_or_else(|| ("/".to_owned(), false));
            Router {
                hosts: fit.hosts,
                path,
                exact,
                ..router.clone()
            }
        }));
        Ok(())
    }

    fn tls(settings: &BTreeMap<&str, &Label>, understood: &mut Understood) -> Result<bool, Kept> {
        let mut tls = false;
        for (setting, label) in settings {
            match *setting {
                "rule" | "service" | "middlewares" | "priority" => {}
                "tls" => tls |= label.value == "true",
                "tls.certresolver" => tls = true,
                setting if setting.starts_with("tls.domains") => tls = true,
                "entrypoints" | "entrypoint" => {
                    let secure = ["https", "websecure", "secure", "websecured"];
                    let plain = ["http", "web", "insecure"];
                    let names: Vec<&str> = label.value.split(',').map(str::trim).collect();
                    if !names
                        .iter()
                        .all(|name| secure.contains(name) || plain.contains(name))
                    {
                        return Err(
                            label.kept("only Traefik's own config says what this entry point is")
                        );
                    }
                    if names.iter().any(|name| secure.contains(name)) {
                        tls = true;
                        understood.near.push((
                            label.span,
                            format!(
                                "the entry point `{}` is taken for port 443 with TLS",
                                label.value
                            ),
                        ));
                    }
                }
                _ => return Err(label.kept("no route says this")),
            }
        }
        Ok(tls)
    }

    fn middlewares(
        &self,
        settings: &BTreeMap<&str, &Label>,
        router: &mut Router,
        service: &str,
        understood: &mut Understood,
    ) -> Result<(), Kept> {
        let Some(label) = settings.get("middlewares") else {
            return Ok(());
        };
        for name in label
            .value
            .split(',')
            .map(|name| name.trim().to_lowercase())
        {
            let own = name
                .strip_suffix("@docker")
                .or_else(|| name.strip_suffix("@swarm"))
                .unwrap_or(&name);
            let Some(middleware) = self.middlewares.get(own) else {
                return Err(label.kept(&format!("the middleware `{name}` is described elsewhere")));
            };
            middleware::add(middleware, router, service, understood)?;
        }
        Ok(())
    }

    fn port(
        &self,
        settings: &BTreeMap<&str, &Label>,
        router: &Label,
        children: &mut Vec<Item>,
    ) -> Result<String, Kept> {
        let named = settings
            .get("service")
            .map(|label| label.value.to_lowercase());
        let found = match &named {
            Some(name) => self.services.get(name.as_str()),
            None => self
                .services
                .values()
                .next()
                .filter(|_| self.services.len() == 1),
        };
        let Some(found) = found else {
            return Err(router.kept("which port it leads to is said elsewhere"));
        };
        let mut port = None;
        for (setting, label) in found {
            match *setting {
                "loadbalancer.server.port" => port = Some(label.value.clone()),
                "loadbalancer.passhostheader" if label.value == "true" => {}
                "loadbalancer.server.scheme" if label.value == "http" => {}
                "loadbalancer.sticky" | "loadbalancer.sticky.cookie" if label.value == "true" => {}
                "loadbalancer.sticky.cookie.name" => {
                    children
                        .push(Item::new("sticky", label.span).prop("cookie", label.value.clone()));
                }
                "loadbalancer.healthcheck.path" => {
                    children.push(Item::new("health", label.span).arg(label.value.clone()));
                }
                _ => return Err(label.kept("no route says this")),
            }
        }
        port.ok_or_else(|| router.kept("no label says which port it leads to"))
    }
}

impl Label {
    pub(super) fn kept(&self, reason: &str) -> Kept {
        Kept {
            span: self.span,
            reason: format!("{reason} (`{}`)", self.key),
            next: "write the route by hand, and take the labels away",
        }
    }

    pub(super) const fn span(&self) -> Span {
        self.span
    }
}
