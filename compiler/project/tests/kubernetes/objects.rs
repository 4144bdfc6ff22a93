//! What of the manifests speaks of what else of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::given::{Given, fixtures, timed};

/// Objects by kind and name.
type Known = BTreeSet<(String, String)>;

fn text(value: &Value, way: &str) -> String {
    let found = value.pointer(way).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}

fn known(objects: &[Value]) -> Known {
    let all = objects.iter();
    all.map(|object| (text(object, "/kind"), text(object, "/metadata/name")))
        .collect()
}

fn list<'v>(value: &'v Value, way: &str) -> impl Iterator<Item = &'v Value> {
    let items = value.pointer(way).and_then(Value::as_array);
    items.into_iter().flatten()
}

/// The template of an object's pods.
fn template(object: &Value) -> Option<&Value> {
    let of_cron = object.pointer("/spec/jobTemplate/spec/template");
    of_cron.or_else(|| object.pointer("/spec/template"))
}

/// What the pods of a template name.
fn used_by(pod: &Value) -> Known {
    let mut used = Known::new();
    for volume in list(pod, "/spec/volumes") {
        for (kind, way) in [
            ("ConfigMap", "/configMap/name"),
            ("Secret", "/secret/secretName"),
            ("PersistentVolumeClaim", "/persistentVolumeClaim/claimName"),
        ] {
            used.insert((kind.to_owned(), text(volume, way)));
        }
    }
    for variable in list(pod, "/spec/containers/0/env") {
        used.insert((
            "Secret".to_owned(),
            text(variable, "/valueFrom/secretKeyRef/name"),
        ));
    }
    for login in list(pod, "/spec/imagePullSecrets") {
        used.insert(("Secret".to_owned(), text(login, "/name")));
    }
    used.insert((
        "ServiceAccount".to_owned(),
        text(pod, "/spec/serviceAccountName"),
    ));
    used
}

fn used(object: &Value) -> Known {
    let mut used = template(object).map(used_by).unwrap_or_default();
    used.insert(("Service".to_owned(), text(object, "/spec/serviceName")));
    for listener in list(object, "/spec/listeners") {
        for reference in list(listener, "/tls/certificateRefs") {
            used.insert(("Secret".to_owned(), text(reference, "/name")));
        }
    }
    for parent in list(object, "/spec/parentRefs") {
        used.insert(("Gateway".to_owned(), text(parent, "/name")));
    }
    for backend in list(object, "/spec/rules").flat_map(|rule| list(rule, "/backendRefs")) {
        used.insert(("Service".to_owned(), text(backend, "/name")));
    }
    used.retain(|(_, name)| !name.is_empty());
    used
}

fn all() -> Vec<Given> {
    let mut all = fixtures();
    all.push(timed());
    all
}

#[test]
fn what_is_referred_to_is_there_or_told() {
    let mut told = 0;
    for given in all() {
        let objects = given.objects();
        let known = known(&objects);
        let findings = given.exported().findings;
        for (kind, name) in objects.iter().flat_map(used) {
            if known.contains(&(kind.clone(), name.clone())) {
                continue;
            }
            let is_told = findings.iter().any(|finding| {
                let words = finding.next.split([' ', '`']);
                words.into_iter().any(|word| word == name)
            });
            assert!(is_told, "{}: {kind} {name}", given.plan.stack);
            told += 1;
        }
    }
    assert!(told > 20, "{told}");
}

#[test]
fn routes_name_listeners_and_ports_that_are_there() {
    let mut seen = 0;
    for given in all() {
        let objects = given.objects();
        let named = |kind: &str, name: &str| {
            let is_it = |o: &&Value| text(o, "/kind") == kind && text(o, "/metadata/name") == name;
            objects.iter().find(is_it).cloned()
        };
        for route in objects.iter().filter(|o| text(o, "/kind") == "HTTPRoute") {
            for parent in list(route, "/spec/parentRefs") {
                let section = text(parent, "/sectionName");
                if section.is_empty() {
                    continue;
                }
                let gateway = named("Gateway", &text(parent, "/name")).expect("it is there");
                let listeners: Vec<_> = list(&gateway, "/spec/listeners")
                    .filter(|listener| text(listener, "/name") == section)
                    .collect();
                assert_eq!(listeners.len(), 1, "{section}");
                let host = text(listeners[0], "/hostname");
                let is_served = list(route, "/spec/hostnames").any(|h| h.as_str() == Some(&host));
                assert!(host.is_empty() || is_served, "{host}");
                seen += 1;
            }
            for backend in list(route, "/spec/rules").flat_map(|rule| list(rule, "/backendRefs")) {
                let service = named("Service", &text(backend, "/name")).expect("it is there");
                let has_port = list(&service, "/spec/ports").any(|p| p["port"] == backend["port"]);
                assert!(has_port, "{backend}");
            }
        }
    }
    assert!(seen > 20, "{seen}");
}

fn is_selected(labels: &Value, selector: &Value) -> bool {
    let wanted = selector.as_object().expect("a selector is a map");
    !wanted.is_empty() && wanted.iter().all(|(key, value)| labels[key] == *value)
}

#[test]
fn every_selector_selects_its_own_pods_alone() {
    let mut seen = BTreeMap::new();
    for given in all() {
        let objects = given.objects();
        let pods: Vec<(String, &Value)> = objects
            .iter()
            .filter_map(|o| {
                Some((
                    text(o, "/metadata/name"),
                    &template(o)?["metadata"]["labels"],
                ))
            })
            .collect();
        let selected = |selector: &Value| -> Vec<&str> {
            let hit = pods
                .iter()
                .filter(|(_, labels)| is_selected(labels, selector));
            hit.map(|(name, _)| name.as_str()).collect()
        };
        for object in &objects {
            let (kind, name) = (text(object, "/kind"), text(object, "/metadata/name"));
            let selector = match kind.as_str() {
                "Deployment" | "DaemonSet" | "StatefulSet" => {
                    &object["spec"]["selector"]["matchLabels"]
                }
                "Service" => &object["spec"]["selector"],
                "NetworkPolicy" if name.starts_with("open-") => {
                    &object["spec"]["podSelector"]["matchLabels"]
                }
                _ => continue,
            };
            let pods = selected(selector);
            assert_eq!(
                pods.len(),
                1,
                "{}: {kind} {name} selects {pods:?}",
                given.plan.stack
            );
            if kind != "Service" && kind != "NetworkPolicy" {
                assert_eq!(pods, [name.as_str()], "{kind}");
            }
            *seen.entry(kind).or_insert(0) += 1;
        }
    }
    let (services, deployments) = (seen["Service"], seen["Deployment"]);
    assert!(services > 50 && deployments > 30, "{seen:?}");
}

#[test]
fn pods_of_a_network_reach_each_other_and_no_others() {
    let given = timed();
    let objects = given.objects();
    let networks = |name: &str| -> BTreeSet<String> {
        let is_it = |o: &&Value| text(o, "/metadata/name") == name && template(o).is_some();
        let object = objects.iter().find(is_it).expect("it is there");
        let labels = &template(object).expect("it has pods")["metadata"]["labels"];
        let policies = objects.iter().filter(|o| {
            text(o, "/kind") == "NetworkPolicy" && text(o, "/metadata/name").starts_with("network-")
        });
        policies
            .filter(|p| is_selected(labels, &p["spec"]["podSelector"]["matchLabels"]))
            .map(|p| {
                let from = &p["spec"]["ingress"][0]["from"][0]["podSelector"];
                assert_eq!(*from, p["spec"]["podSelector"]);
                text(p, "/metadata/name")
            })
            .collect()
    };
    let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(
        networks("app-one"),
        of(&["network-back-end", "network-edge", "network-other-net"])
    );
    assert_eq!(networks("db"), of(&["network-back-end"]));
    assert_eq!(networks("pinned"), BTreeSet::new());
}

#[test]
fn names_are_labels_and_no_two_objects_have_the_same() {
    for given in all() {
        let objects = given.objects();
        assert_eq!(known(&objects).len(), objects.len(), "{}", given.plan.stack);
        for object in &objects {
            let name = text(object, "/metadata/name");
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(name.starts_with(|c: char| c.is_ascii_lowercase()), "{name}");
            assert!(
                name.len() < 64 && name.chars().all(fits) && !name.ends_with('-'),
                "{name}"
            );
        }
    }
}

/// All texts at a way into each item of a list, which have to be there once each.
fn once(pod: &Value, of: &str, way: &str) -> BTreeSet<String> {
    let texts: Vec<String> = list(pod, of).map(|item| text(item, way)).collect();
    let distinct: BTreeSet<String> = texts.iter().cloned().collect();
    assert_eq!(distinct.len(), texts.len(), "{of}: {texts:?}");
    distinct
}

#[test]
fn pods_mount_the_volumes_that_they_have() {
    let mut seen = 0;
    for object in all().iter().flat_map(Given::objects) {
        let Some(pod) = template(&object) else {
            continue;
        };
        let mut volumes = once(pod, "/spec/volumes", "/name");
        let own = once(&object, "/spec/volumeClaimTemplates", "/metadata/name");
        assert!(volumes.is_disjoint(&own), "{volumes:?}");
        volumes.extend(own);
        once(pod, "/spec/containers/0/volumeMounts", "/mountPath");
        once(pod, "/spec/containers/0/env", "/name");
        let mounts = list(pod, "/spec/containers/0/volumeMounts");
        let used: BTreeSet<String> = mounts.map(|mount| text(mount, "/name")).collect();
        assert_eq!(used, volumes);
        seen += used.len();
    }
    assert!(seen > 40, "{seen}");
}
