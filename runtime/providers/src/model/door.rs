//! The model's calls in the engine's own form: the same request, the same status, the same JSON.
//!
//! What plans have no word for is not seen, as on the way back from a real engine.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use skep_schema::address::Kind;
use skep_schema::plan::{self, Content, PoolRange};

use super::check::missing;
use super::refusal::{Refusal, Reply};

use super::world::{Meta, UpdateState, World};
use crate::swarm::json::{flag, list, text, texts};
use crate::swarm::{read_service, write_service};

/// A request. A name may also be an id, or the beginning of one.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    Create {
        kind: Kind,
        body: Value,
    },
    Update {
        kind: Kind,
        name: String,
        /// As it stands in the query.
        version: Option<String>,
        body: Value,
    },
    /// A service to its previous spec.
    Rollback {
        name: String,
        version: Option<String>,
    },
    Remove {
        kind: Kind,
        name: String,
    },
    Inspect {
        kind: Kind,
        name: String,
    },
    List {
        kind: Kind,
        /// `{"label": ["a=b"]}`
        filters: Value,
    },
}

/// What comes back: an object, a list, a new id, or `{"message": "..."}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

type Labels = BTreeMap<String, String>;

impl World {
    /// Does what the engine does with the request, and says what the engine says.
    pub fn answer(&mut self, ask: &Ask) -> Answer {
        let reply = match ask {
            Ask::Create { kind, body } => self.create(*kind, body),
            Ask::Update {
                kind,
                name,
                version,
                body,
            } => self.update(*kind, name, version.as_deref(), body),
            Ask::Rollback { name, version } => self.roll_service_back(name, version.as_deref()),
            Ask::Remove { kind, name } => self.remove(*kind, name),
            Ask::Inspect { kind, name } => self
                .find(*kind, name)
                .map(|name| (200, self.shown(*kind, &name))),
            Ask::List { kind, filters } => Ok((200, self.listed(*kind, filters))),
        };
        let (status, body) = reply
            .unwrap_or_else(|Refusal { status, message }| (status, json!({ "message": message })));
        Answer { status, body }
    }

    fn create(&mut self, kind: Kind, body: &Value) -> Reply<(u16, Value)> {
        let name = text(body, "/Name").unwrap_or_default();
        let labels = texts(body, "/Labels");
        let id = match kind {
            Kind::Network => self.create_network(network(body))?,
            Kind::Config => self.create_config(name, labels, &data(body)?.unwrap_or_default())?,
            Kind::Secret => self.create_secret(name, labels, &data(body)?.unwrap_or_default())?,
            Kind::Service => self.create_service(self.spec(body)?)?,
            other => return Err(closed(other)),
        };
        Ok((201, json!({ "ID": id })))
    }

    fn update(
        &mut self,
        kind: Kind,
        name: &str,
        version: Option<&str>,
        body: &Value,
    ) -> Reply<(u16, Value)> {
        let version = index(kind, version)?;
        let name = self.find(kind, name)?;
        let renamed = text(body, "/Name") != Some(&name);
        match kind {
            Kind::Config | Kind::Secret if renamed => return Err(Refusal::only_labels()),
            Kind::Config => {
                let data = data(body)?;
                self.update_config(&name, version, texts(body, "/Labels"), data.as_deref())?;
            }
            Kind::Secret => {
                let data = data(body)?;
                self.update_secret(&name, version, texts(body, "/Labels"), data.as_deref())?;
            }
            Kind::Service => self.update_service(&name, version, self.spec(body)?)?,
            other => return Err(closed(other)),
        }
        Ok((200, Value::Null))
    }

    fn roll_service_back(&mut self, name: &str, version: Option<&str>) -> Reply<(u16, Value)> {
        let version = index(Kind::Service, version)?;
        let name = self.find(Kind::Service, name)?;
        // The body is the spec that is there, and must be valid though nobody reads it.
        self.check_networks(&self.services[&name].spec)?;
        self.rollback_service(&name, version)?;
        Ok((200, Value::Null))
    }

    fn remove(&mut self, kind: Kind, name: &str) -> Reply<(u16, Value)> {
        let name = self.find(kind, name)?;
        match kind {
            Kind::Network => self.remove_network(&name)?,
            Kind::Config => self.remove_config(&name)?,
            Kind::Secret => self.remove_secret(&name)?,
            Kind::Service => {
                self.remove_service(&name)?;
                return Ok((200, Value::Null));
            }
            other => return Err(closed(other)),
        }
        Ok((204, Value::Null))
    }

    fn metas(&self, kind: Kind) -> Vec<(&str, &Meta)> {
        fn all<'a, T>(
            map: &'a BTreeMap<String, T>,
            meta: impl Fn(&'a T) -> &'a Meta,
        ) -> Vec<(&'a str, &'a Meta)> {
            map.iter()
                .map(|(name, object)| (name.as_str(), meta(object)))
                .collect()
        }
        match kind {
            Kind::Network => all(&self.networks, |network| &network.meta),
            Kind::Config => all(&self.configs, |config| &config.meta),
            Kind::Secret => all(&self.secrets, |secret| &secret.meta),
            Kind::Service => all(&self.services, |service| &service.meta),
            Kind::Param
            | Kind::Registry
            | Kind::Node
            | Kind::Volume
            | Kind::Certificate
            | Kind::Gateway
            | Kind::Route
            | Kind::Flow => Vec::new(),
        }
    }

    /// The name of what is asked for: by its whole id, its name, or the only id that begins so.
    fn find(&self, kind: Kind, key: &str) -> Reply<String> {
        let all = self.metas(kind);
        let whole = all
            .iter()
            .find(|(_, meta)| meta.id == key)
            .or_else(|| all.iter().find(|(name, _)| is_named(kind, name, key)));
        if let Some((name, _)) = whole {
            return Ok((*name).to_owned());
        }
        let begun: Vec<_> = all
            .iter()
            .filter(|(_, meta)| !key.is_empty() && meta.id.starts_with(key))
            .collect();
        match begun.as_slice() {
            [(name, _)] => Ok((*name).to_owned()),
            [] => Err(Refusal::not_found(kind.word(), key)),
            [_, _, ..] => Err(Refusal::plain(
                400,
                format!(
                    "{} {key} is ambiguous ({} matches found)",
                    kind.word(),
                    begun.len()
                ),
            )),
        }
    }

    fn listed(&self, kind: Kind, filters: &Value) -> Value {
        let names = strings(filters, "/name");
        let wanted = strings(filters, "/label");
        let all = self
            .metas(kind)
            .into_iter()
            .map(|(name, _)| self.shown(kind, name));
        all.filter(|object| {
            let (name, labels) = head(object);
            let named = names.is_empty() || names.iter().any(|key| is_listed(kind, &name, key));
            named && wanted.iter().all(|pair| has(&labels, pair))
        })
        .collect()
    }

    fn shown(&self, kind: Kind, name: &str) -> Value {
        let object = |meta: &Meta, spec: Value| json!({"ID": meta.id, "Version": {"Index": meta.version}, "Spec": spec});
        match kind {
            Kind::Network => {
                let network = &self.networks[name];
                let plan::Network {
                    name,
                    driver,
                    internal,
                    attachable,
                    encrypted: _,
                    subnets: _,
                    options,
                    labels,
                    external: _,
                } = &network.spec;
                json!({
                    "Id": network.meta.id, "Name": name, "Driver": driver, "Internal": internal,
                    "Attachable": attachable, "Options": options, "Labels": labels,
                })
            }
            Kind::Config => {
                let config = &self.configs[name];
                let data = config.content.bytes().unwrap_or_default();
                let data = Content::encode(&data);
                let spec = json!({"Name": name, "Labels": config.labels, "Data": data});
                object(&config.meta, spec)
            }
            Kind::Secret => {
                let secret = &self.secrets[name];
                object(&secret.meta, json!({"Name": name, "Labels": secret.labels}))
            }
            Kind::Service => self.shown_service(name),
            Kind::Param
            | Kind::Registry
            | Kind::Node
            | Kind::Volume
            | Kind::Certificate
            | Kind::Gateway
            | Kind::Route
            | Kind::Flow => Value::Null,
        }
    }

    fn shown_service(&self, name: &str) -> Value {
        let service = &self.services[name];
        let with = write_service::Completion {
            ids: self.ids(),
            ..write_service::Completion::default()
        };
        let mut shown = json!({
            "ID": service.meta.id,
            "Version": {"Index": service.meta.version},
            "Spec": write_service::write(&service.spec, &with),
        });
        if let Some(previous) = &service.previous {
            shown["PreviousSpec"] = write_service::write(previous, &with);
        }
        if let Some(status) = &service.status {
            shown["UpdateStatus"] = json!({"State": word(status.state), "Message": status.message});
        }
        shown
    }

    fn ids(&self) -> write_service::Ids {
        let of = |kind| {
            let all = self.metas(kind).into_iter();
            all.map(|(name, meta)| (name.to_owned(), meta.id.clone()))
                .collect()
        };
        write_service::Ids {
            networks: of(Kind::Network),
            configs: of(Kind::Config),
            secrets: of(Kind::Secret),
        }
    }

    fn spec(&self, body: &Value) -> Reply<plan::Service> {
        let names = self.metas(Kind::Network).into_iter();
        let networks = names
            .map(|(name, meta)| (meta.id.clone(), name.to_owned()))
            .collect();
        let reading = read_service::Reading {
            networks: &networks,
            fingerprint: &|_, _| None,
        };
        let image = text(body, "/TaskTemplate/ContainerSpec/Image");
        self.refer(Kind::Secret, body)?;
        self.refer(Kind::Config, body)?;
        Ok(plan::Service {
            image: image.unwrap_or_default().to_owned(),
            labels: texts(body, "/Labels"),
            ..read_service::read(body, &reading)
        })
    }

    /// A file is found by its id, and its name must be the one beside it.
    fn refer(&self, kind: Kind, body: &Value) -> Reply<()> {
        let (at, id, name) = match kind {
            Kind::Secret => ("/Secrets", "/SecretID", "/SecretName"),
            _ => ("/Configs", "/ConfigID", "/ConfigName"),
        };
        let all: BTreeMap<&str, &str> = self
            .metas(kind)
            .into_iter()
            .map(|(name, meta)| (meta.id.as_str(), name))
            .collect();
        let references = list(body, &format!("/TaskTemplate/ContainerSpec{at}")).iter();
        let named = references.filter_map(|one| Some((text(one, name)?, text(one, id)?)));
        let unknown = named
            .filter(|(name, id)| all.get(id) != Some(name))
            .map(|(name, _)| name);
        missing(kind.word(), &unknown.collect::<Vec<_>>())
    }
}

/// Of configs and secrets any spelling will do.
fn is_named(kind: Kind, name: &str, key: &str) -> bool {
    match kind {
        Kind::Config | Kind::Secret => name.eq_ignore_ascii_case(key),
        _ => name == key,
    }
}

fn is_listed(kind: Kind, name: &str, key: &str) -> bool {
    let head = name.get(..key.len());
    match kind {
        Kind::Network => name == key,
        Kind::Config | Kind::Secret => head.is_some_and(|head| head.eq_ignore_ascii_case(key)),
        _ => head == Some(key),
    }
}

fn network(body: &Value) -> plan::Network {
    let range = |range: &Value| PoolRange {
        subnet: text(range, "/Subnet").unwrap_or_default().to_owned(),
        gateway: text(range, "/Gateway").map(str::to_owned),
    };
    plan::Network {
        name: text(body, "/Name").unwrap_or_default().to_owned(),
        driver: text(body, "/Driver").unwrap_or_default().to_owned(),
        internal: flag(body, "/Internal"),
        attachable: flag(body, "/Attachable"),
        encrypted: false,
        subnets: list(body, "/IPAM/Config").iter().map(range).collect(),
        options: texts(body, "/Options"),
        labels: texts(body, "/Labels"),
        external: false,
    }
}

fn data(body: &Value) -> Reply<Option<Vec<u8>>> {
    let Some(text) = text(body, "/Data") else {
        return Ok(None);
    };
    let bytes = Content::decode(text)
        .map_err(|_| Refusal::plain(400, "illegal base64 data at input byte 0".to_owned()))?;
    Ok(Some(bytes))
}

fn index(kind: Kind, version: Option<&str>) -> Reply<u64> {
    let version = version.unwrap_or_default();
    let refusal = || match kind {
        Kind::Service => format!(
            "invalid service version '{version}': strconv.ParseUint: parsing {version:?}: invalid syntax"
        ),
        other => format!("invalid {other} version"),
    };
    version.parse().map_err(|_| Refusal::plain(400, refusal()))
}

/// Nothing of this kind is asked of the engine.
fn closed(kind: Kind) -> Refusal {
    Refusal::plain(404, format!("the model takes no calls about a {kind}"))
}

fn strings<'a>(filters: &'a Value, pointer: &str) -> Vec<&'a str> {
    list(filters, pointer)
        .iter()
        .filter_map(Value::as_str)
        .collect()
}

fn head(object: &Value) -> (String, Labels) {
    let spec = object.get("Spec").unwrap_or(object);
    let name = text(spec, "/Name").unwrap_or_default().to_owned();
    (name, texts(spec, "/Labels"))
}

fn has(labels: &Labels, pair: &str) -> bool {
    match pair.split_once('=') {
        Some((key, value)) => labels.get(key).is_some_and(|found| found == value),
        None => labels.contains_key(pair),
    }
}

const fn word(state: UpdateState) -> &'static str {
    match state {
        UpdateState::Updating => "updating",
        UpdateState::Paused => "paused",
        UpdateState::Completed => "completed",
        UpdateState::RollbackStarted => "rollback_started",
        UpdateState::RollbackPaused => "rollback_paused",
        UpdateState::RollbackCompleted => "rollback_completed",
    }
}
