//! One look at what moves: services, their tasks, and the nodes they run on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use super::fault::Fault;
use super::http::{Ask, Http};
use super::json::{list, text};
use super::labels::STACK;
use super::wire::{Network, Node, Service, Task};
use super::{Swarm, strays};

/// The services of one stack with their tasks, and the swarm around them.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) services: Vec<Service>,
    /// Services of everybody else, in a view of the whole swarm.
    pub(crate) others: Vec<Service>,
    pub(crate) tasks: Vec<Task>,
    /// Ids of the tasks that are as their service's present spec wants them.
    pub(crate) current: BTreeSet<String>,
    pub(crate) nodes: BTreeMap<String, Node>,
    /// All networks of the swarm, whoever owns them.
    pub(crate) networks: Vec<Network>,
    /// Network ids to names, with the engine's own, which it does not list.
    pub(crate) network_names: BTreeMap<String, String>,
    /// The engine's clock.
    pub(crate) now: jiff::Timestamp,
}

/// The last view, for checks that were asked for before it began: they all see the same beat.
#[derive(Debug, Default)]
pub(crate) struct Latest(tokio::sync::Mutex<Option<(Instant, Arc<View>)>>);

impl Swarm {
    /// A view that began after this call.
    pub(crate) async fn view(&self) -> Result<Arc<View>, Fault> {
        let asked = Instant::now();
        let mut latest = self.latest.0.lock().await;
        if let Some((began, view)) = &*latest
            && *began >= asked
        {
            return Ok(Arc::clone(view));
        }
        let began = Instant::now();
        let view = Arc::new(look(&self.http, &self.scope.stack).await?);
        *latest = Some((began, Arc::clone(&view)));
        Ok(view)
    }

    /// A view with the services of others too. All are listed, because the engine finds a name only
    /// as it is spelled, yet refuses one that differs in nothing but case; and without their status,
    /// because a list with it fails as a whole when one of its services goes meanwhile.
    pub(crate) async fn wide_view(&self) -> Result<View, Fault> {
        let all = self.http.json::<Vec<Service>>(Ask::get("/services"));
        let (view, all) = tokio::try_join!(look(&self.http, &self.scope.stack), all)?;
        let is_other = |service: &Service| service.labels().get(STACK) != Some(&self.scope.stack);
        Ok(View {
            others: all.into_iter().filter(is_other).collect(),
            ..view
        })
    }
}

async fn look(http: &Http, stack: &str) -> Result<View, Fault> {
    let label = format!("{STACK}={stack}");
    let ours = json!({"label": [label]});
    let current = json!({"label": [label], "_up-to-date": ["true"]});
    let services = http.send(Ask::get("/services").filters(&ours).query("status", "true"));
    let tasks = http.json::<Vec<Task>>(Ask::get("/tasks").filters(&ours));
    let current = http.json::<Vec<Task>>(Ask::get("/tasks").filters(&current));
    let nodes = http.json::<Vec<Node>>(Ask::get("/nodes"));
    let (services, mut tasks, current, nodes, networks) =
        tokio::try_join!(services, tasks, current, nodes, networks(http))?;
    let now = services.date().unwrap_or_else(jiff::Timestamp::now);
    let services: Vec<Service> = serde_json::from_slice(&services.body)
        .map_err(|error| Fault::Lost(format!("the list of services is not understood: {error}")))?;
    let mut current = current.into_iter().map(|task| task.id).collect();
    strays::add(http, &services, &mut tasks, &mut current).await?;
    let network_names = names(
        http,
        &networks,
        services.iter().map(|service| &service.spec),
    )
    .await?;
    Ok(View {
        services,
        others: Vec::new(),
        tasks,
        current,
        nodes: nodes
            .into_iter()
            .map(|node| (node.id.clone(), node))
            .collect(),
        networks,
        network_names,
        now,
    })
}

/// The networks that services can join.
pub(crate) async fn networks(http: &Http) -> Result<Vec<Network>, Fault> {
    http.json(Ask::get("/networks").filters(&json!({"scope": ["swarm"]})))
        .await
}

/// Ids to names for all networks that `specs` refer to. The engine hides its own from lists.
pub(crate) async fn names<'a>(
    http: &Http,
    networks: &[Network],
    specs: impl Iterator<Item = &'a Value>,
) -> Result<BTreeMap<String, String>, Fault> {
    let mut names: BTreeMap<String, String> = networks
        .iter()
        .map(|network| (network.id.clone(), network.name.clone()))
        .collect();
    let hidden: BTreeSet<&str> = specs
        .flat_map(targets)
        .filter(|id| !names.contains_key(*id))
        .collect();
    for id in hidden {
        let ask = Ask::get(format!("/networks/{id}")).query("scope", "swarm");
        match http.json::<Network>(ask).await {
            Ok(network) => drop(names.insert(id.to_owned(), network.name)),
            Err(Fault::Refused(_)) => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(names)
}

/// Ids of the networks a spec names.
pub(crate) fn targets(spec: &Value) -> impl Iterator<Item = &str> {
    let all = list(spec, "/TaskTemplate/Networks")
        .iter()
        .chain(list(spec, "/Networks"));
    all.filter_map(|network| text(network, "/Target"))
}

impl View {
    pub(crate) fn tasks_of<'a>(&'a self, service: &'a Service) -> impl Iterator<Item = &'a Task> {
        self.tasks.iter().filter(|task| task.service == service.id)
    }

    pub(crate) fn is_current(&self, task: &Task) -> bool {
        self.current.contains(&task.id)
    }

    /// Whether the node a task is on is known to be gone: the task still counts as running there.
    pub(crate) fn is_lost(&self, task: &Task) -> bool {
        self.nodes.get(&task.node).is_some_and(Node::is_down)
    }
}
