//! Services that extend others.

use skep_schema::span::{At, Span};

use super::merge::merge;
use super::{DEEPEST, Loader};
use crate::cx::Cx;
use crate::path;
use crate::yaml::{Map, Value, Yaml};

/// A service of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    file: String,
    service: String,
}

impl Loader {
    /// Completes the services of a file with what they extend.
    pub(super) fn extend_all(&mut self, cx: &mut Cx<'_>, path: &str, tree: &mut Map) {
        let Some(Value::Map(services)) = tree.get("services").map(|yaml| yaml.value.clone()) else {
            return;
        };
        let extending = services.entries.iter().filter(|(_, service)| {
            service
                .as_map()
                .is_some_and(|map| map.get("extends").is_some())
        });
        let mut complete = Vec::new();
        for (name, service) in extending {
            let mut way = vec![Named {
                file: path.to_owned(),
                service: name.value.clone(),
            }];
            let whole = cx.inside("services", |cx| {
                cx.inside(&name.value, |cx| {
                    self.extended(cx, &services, service, &mut way)
                })
            });
            complete.push((name.clone(), whole));
        }
        if let Some(Value::Map(services)) = tree.get_mut("services").map(|yaml| &mut yaml.value) {
            for (name, service) in complete {
                services.put(name, service);
            }
        }
    }

    /// A service with what it extends under it; `siblings` are the services of its file.
    fn extended(
        &mut self,
        cx: &mut Cx<'_>,
        siblings: &Map,
        service: &Yaml,
        way: &mut Vec<Named>,
    ) -> Yaml {
        let Some(map) = service.as_map() else {
            return service.clone();
        };
        let mut own = map.clone();
        let Some((key, extends)) = map.entry("extends") else {
            return service.clone();
        };
        own.take("extends");
        let base = if way.len() > 1 {
            self.base(cx, siblings, extends, way)
        } else {
            cx.key(key, |cx| self.base(cx, siblings, extends, way))
        };
        let whole = match base {
            Some(base) => merge(base, own),
            None => own,
        };
        Yaml::new(service.span, Value::Map(whole))
    }

    fn base(
        &mut self,
        cx: &mut Cx<'_>,
        siblings: &Map,
        extends: &Yaml,
        way: &mut Vec<Named>,
    ) -> Option<Map> {
        let (service, file) = named(cx, extends)?;
        let here = way.last().map(|last| last.file.clone()).unwrap_or_default();
        let path = match &file {
            Some(file) => path::join(cx.folder(file.span), &file.value),
            None => here,
        };
        let next = Named {
            file: path.clone(),
            service: service.value.clone(),
        };
        if way.contains(&next) || way.len() > DEEPEST {
            cx.dropped(
                extends.span,
                "services extend each other in a circle",
                "take one `extends` away",
            );
            return None;
        }
        let other = match &file {
            None => siblings.clone(),
            Some(file) => self.services(cx, &path, file.span)?,
        };
        let Some(found) = other.get(&service.value) else {
            let reason = format!("there is no service `{}` to extend", service.value);
            cx.dropped(service.span, reason, "look how it is spelled");
            return None;
        };
        way.push(next);
        let whole = self.extended(cx, &other, found, way);
        way.pop();
        let mut base = whole.as_map().cloned()?;
        // What other services are needed for is not inherited.
        for left in ["depends_on", "links", "volumes_from"] {
            base.take(left);
        }
        Some(base)
    }

    fn services(&mut self, cx: &mut Cx<'_>, path: &str, span: Span) -> Option<Map> {
        let Some(tree) = self.file(cx, path, None) else {
            Self::absent(cx, path, span);
            return None;
        };
        tree.get("services").and_then(Yaml::as_map).cloned()
    }
}

/// The service that is extended, and its file where that is another.
fn named(cx: &mut Cx<'_>, extends: &Yaml) -> Option<(At<String>, Option<At<String>>)> {
    let Some(map) = extends.as_map() else {
        let name = cx.text(extends)?;
        return Some((At::new(name, extends.span), None));
    };
    let mut part = |key: &str| {
        let found = map.get(key)?;
        Some(At::new(cx.text(found)?, found.span))
    };
    let service = part("service")?;
    Some((service, part("file")))
}
