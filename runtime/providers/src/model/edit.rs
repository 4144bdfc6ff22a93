//! Writing only what changes: to the engine a default that is written out is a change too.

use serde_json::{Map, Value};
use skep_schema::plan::Service;

use crate::swarm::normal;

/// The new spec, with the properties of the old one wherever both mean the same.
pub(super) fn edited(old: &Service, new: &Service) -> Service {
    let (meant, means) = (
        properties(&normal::service(old)),
        properties(&normal::service(new)),
    );
    let same_program = normal::is_same_program(old, new);
    let (old, mut spec) = (properties(old), properties(new));
    let names: Vec<String> = old.keys().chain(spec.keys()).cloned().collect();
    for name in names {
        // The normal form has the whole name of the host in one property.
        let place = if name == "domainname" {
            "hostname"
        } else {
            name.as_str()
        };
        let same = meant.get(place) == means.get(place) || name == "image" && same_program;
        if !same {
            continue;
        }
        match old.get(&name) {
            Some(value) => drop(spec.insert(name, value.clone())),
            None => drop(spec.remove(&name)),
        }
    }
    serde_json::from_value(Value::Object(spec)).expect("each property was that of a service")
}

fn properties(service: &Service) -> Map<String, Value> {
    match serde_json::to_value(service) {
        Ok(Value::Object(properties)) => properties,
        Ok(_) | Err(_) => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use skep_schema::plan::Condition;

    use super::*;

    #[test]
    fn what_means_the_same_stays_as_it_was() {
        let old = Service {
            image: "bb".to_owned(),
            user: Some("a".to_owned()),
            ..Service::default()
        };
        let mut new = Service {
            image: "docker.io/library/bb:latest".to_owned(),
            ..Service::default()
        };
        new.restart.condition = Some(Condition::Any);
        new.hostname = Some("h".to_owned());
        new.domainname = Some("d".to_owned());
        let expected = Service {
            user: None,
            hostname: new.hostname.clone(),
            domainname: new.domainname.clone(),
            ..old.clone()
        };
        assert_eq!(edited(&old, &new), expected);
        assert_eq!(edited(&new, &new), new);
    }

    #[test]
    fn another_tag_for_the_same_digest_is_not_written() {
        let old = Service {
            image: "bb:1@sha256:00".to_owned(),
            ..Service::default()
        };
        let new = Service {
            image: "bb:2@sha256:00".to_owned(),
            user: Some("a".to_owned()),
            ..Service::default()
        };
        let expected = Service {
            user: new.user.clone(),
            ..old.clone()
        };
        assert_eq!(edited(&old, &new), expected);
    }

    #[test]
    fn what_changes_is_written_as_the_plan_has_it() {
        let old = Service {
            image: "bb:1".to_owned(),
            ..Service::default()
        };
        let new = Service {
            image: "bb:2".to_owned(),
            ..Service::default()
        };
        assert_eq!(edited(&old, &new), new);
    }
}
