//! What of a stack is in the swarm, in the form plans have.

use std::collections::BTreeMap;

use serde_json::json;
use skep_engine::provider::ProviderError;
use skep_schema::address::{Address, Kind};
use skep_schema::inventory::{
    Cluster, Foreign, Inventory, Machine, Observed, Readiness, Taken, external, labelled,
};
use skep_schema::place::Lacking;
use skep_schema::plan::{Fingerprints, Payload, Plan};

use super::convergence::Case;
use super::fault::Fault;
use super::find::Namesake;
use super::foreign::foreign;
use super::http::Ask;
use super::labels::{self, Labels, STACK};
use super::machine::machines;
use super::read_service::Reading;
use super::survey::{self, Object, Survey, spelled_like};
use super::view::View;
use super::wire::{Service, Stored};
use super::{Swarm, adopt};
use crate::secrets::{SecretBytes, variable_fingerprint};

impl Swarm {
    pub(crate) async fn inventory(&self, plan: &Plan) -> Result<Inventory, ProviderError> {
        let key = self.key().await?;
        let mut fingerprints = key
            .map(|key| self.secrets.fingerprints(&key, plan))
            .unwrap_or_default();
        let same = self.same(plan, &fingerprints).await;
        fingerprints.same = same.map_err(|fault| self.error(fault, None))?;
        let plan = plan.bind(&fingerprints);
        let seen = Box::pin(self.seen(&plan, key.as_ref(), fingerprints)).await;
        seen.map_err(|fault| self.error(fault, None))
    }

    async fn seen(
        &self,
        plan: &Plan,
        key: Option<&[u8; 32]>,
        fingerprints: Fingerprints,
    ) -> Result<Inventory, Fault> {
        let (view, configs, secrets, namesakes) = tokio::try_join!(
            self.wide_view(),
            self.owned("/configs"),
            self.owned("/secrets"),
            self.namesakes(plan)
        )?;
        let neighbours = self.neighbours(&view.others, plan).await?;
        let objects = self.objects(&view, &configs, &secrets, key);
        let Survey { nodes, superseded } = survey::survey(objects, &view, plan);
        let machines = machines(&view, &neighbours, &view.others);
        let nodes = nodes.into_iter().map(|(address, object)| {
            let wanted = plan.nodes.get(&address).map(|node| &node.payload);
            let observed = observed(&view, object, &address, wanted, &machines);
            (address, observed)
        });
        let mut nodes: BTreeMap<_, _> = nodes.collect();
        nodes.extend(labelled(&machines, &self.scope.stack, plan));
        let adoptable = self.adoptable(plan, &nodes, key).await?;
        let releases = self.releases(&adoptable).await?;
        let absent = self.absent(plan, &view, &namesakes).await?;
        let mut taken = self.taken(plan, &view, &namesakes);
        taken.retain(|(kind, name), _| !adopt::holds(&adoptable, *kind, name));
        Ok(Inventory {
            cluster: Cluster {
                machines,
                foreign: foreign(&self.scope.stack, &view),
                ..self.cluster(&view)
            },
            nodes,
            adoptable,
            taken,
            releases,
            absent,
            fingerprints,
            superseded: superseded
                .into_iter()
                .map(|object| (object.kind, object.name))
                .collect(),
        })
    }

    /// The configs or secrets of this stack.
    pub(crate) async fn owned(&self, path: &str) -> Result<Vec<Stored>, Fault> {
        let label = format!("{STACK}={}", self.scope.stack);
        self.http
            .json(Ask::get(path).filters(&json!({"label": [label]})))
            .await
    }

    /// All objects of this stack that were listed.
    pub(crate) fn objects(
        &self,
        view: &View,
        configs: &[Stored],
        secrets: &[Stored],
        key: Option<&[u8; 32]>,
    ) -> Vec<Object> {
        let ours = |labels: &Labels| labels.get(STACK) == Some(&self.scope.stack);
        let networks = view
            .networks
            .iter()
            .filter(|network| ours(&network.labels))
            .map(survey::network);
        let services = view
            .services
            .iter()
            .map(|service| self.service_object(service, view, key));
        networks
            .chain(configs.iter().map(survey::config))
            .chain(secrets.iter().map(survey::secret))
            .chain(services)
            .collect()
    }

    pub(crate) fn service_object(
        &self,
        service: &Service,
        view: &View,
        key: Option<&[u8; 32]>,
    ) -> Object {
        let fingerprint = self.fingerprint(key, service.name());
        survey::service(
            service,
            &Reading {
                networks: &view.network_names,
                fingerprint: &fingerprint,
            },
        )
    }

    /// Turns the values of a service's variables into fingerprints.
    pub(crate) fn fingerprint<'a>(
        &'a self,
        key: Option<&'a [u8; 32]>,
        service: &'a str,
    ) -> impl Fn(&str, &str) -> Option<String> + 'a {
        move |variable, value| {
            let value = SecretBytes::new(value.as_bytes().to_vec());
            Some(variable_fingerprint(
                key?,
                &self.scope.stack,
                service,
                variable,
                &value,
            ))
        }
    }

    /// Configs and secrets that may have a name the plan wants or refers to: one request for each kind
    /// of which the plan has any.
    async fn namesakes(&self, plan: &Plan) -> Result<Vec<Namesake>, Fault> {
        let stored = |kind, path: &'static str| async move {
            let found = self.named(kind, path, plan).await?;
            let namesake = |stored: Stored| Namesake {
                kind,
                name: stored.spec.name,
                labels: stored.spec.labels,
            };
            Ok(found.into_iter().map(namesake).collect::<Vec<_>>())
        };
        let (configs, secrets) = tokio::try_join!(
            stored(Kind::Config, "/configs"),
            stored(Kind::Secret, "/secrets")
        )?;
        Ok(configs.into_iter().chain(secrets).collect())
    }

    async fn named(&self, kind: Kind, path: &str, plan: &Plan) -> Result<Vec<Stored>, Fault> {
        let names: Vec<&str> = wanted(plan)
            .filter(|(k, _)| *k == kind)
            .map(|(_, name)| name)
            .chain(external(plan, kind))
            .collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        self.http
            .json(Ask::get(path).filters(&json!({"name": names})))
            .await
    }

    fn taken(
        &self,
        plan: &Plan,
        view: &View,
        namesakes: &[Namesake],
    ) -> BTreeMap<(Kind, String), Taken> {
        let networks = view
            .networks
            .iter()
            .map(|network| (Kind::Network, network.name.as_str(), &network.labels));
        let stored = namesakes
            .iter()
            .map(|other| (other.kind, other.name.as_str(), &other.labels));
        let services: Vec<Labels> = view.others.iter().map(Service::labels).collect();
        let services = view.others.iter().zip(&services);
        let services = services.map(|(other, labels)| (Kind::Service, other.name(), labels));
        let foreign: Vec<_> = networks
            .chain(stored)
            .filter(|(_, _, labels)| labels.get(STACK) != Some(&self.scope.stack))
            .chain(services)
            .collect();
        wanted(plan)
            .filter_map(|(kind, name)| {
                let (_, _, labels) = foreign
                    .iter()
                    .find(|(k, held, _)| *k == kind && same_name(held, name))?;
                Some(((kind, name.to_owned()), labels::taken(labels)))
            })
            .collect()
    }

    fn cluster(&self, view: &View) -> Cluster {
        Cluster {
            name: self.name.clone(),
            id: self.id.clone(),
            api: self.version.to_string(),
            nodes: u32::try_from(view.nodes.len()).unwrap_or(u32::MAX),
            machines: Vec::new(),
            foreign: Foreign::default(),
        }
    }
}

/// Kinds and names of all objects that the plan makes.
fn wanted(plan: &Plan) -> impl Iterator<Item = (Kind, &str)> {
    let payloads = plan
        .nodes
        .values()
        .map(|node| &node.payload)
        .filter(|payload| !payload.is_external());
    payloads.filter_map(|payload| Some((payload.object()?, payload.physical_name()?)))
}

/// The engine tells objects apart without regard to case.
pub(crate) fn same_name(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn observed(
    view: &View,
    object: Object,
    address: &Address,
    wanted: Option<&Payload>,
    machines: &[Machine],
) -> Observed {
    let service = view.services.iter().find(|service| service.id == object.id);
    let readiness = match (&object.payload, service) {
        (Payload::Service(spec), Some(service)) => {
            let case = Case {
                view,
                service,
                spec,
            };
            Lacking::explain(case.readiness().readiness, spec, machines)
        }
        _ => Readiness::Ready {
            running: 0,
            desired: 0,
        },
    };
    Observed {
        digest: labels::digest(&object.labels),
        was: labels::Owner::of(&object.labels)
            .map(|owner| owner.address)
            .filter(|carried| carried != address),
        payload: spelled_like(object.payload, wanted),
        readiness,
    }
}
