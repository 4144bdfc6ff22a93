//! Listening to a model: it is looked at now and then, since another process may write its file.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use skep_engine::live::{Live, Stir, Tail};
use skep_engine::provider::{Promise, ProviderError};
use skep_schema::address::{Address, Kind};
use skep_schema::log::LogLine;
use tokio::sync::mpsc;

use super::{Model, Node, Shared, World};

/// Between two looks.
const PULSE: Duration = Duration::from_millis(250);
const WAITING: usize = 64;

/// Objects and machines by kind and name, as they were.
type Versions = BTreeMap<(Kind, String), As>;

#[derive(Debug, PartialEq)]
enum As {
    Version(u64),
    Machine(Box<Node>),
}

impl Live for Model {
    fn stirs(&self) -> Promise<'_, mpsc::Receiver<Stir>> {
        Box::pin(async move {
            let then = self.look(versions)?;
            let (tell, told) = mpsc::channel(WAITING);
            tokio::spawn(watch(Arc::clone(&self.shared), then, tell));
            Ok(told)
        })
    }

    fn logs<'a>(
        &'a self,
        _address: &'a Address,
        _tail: Tail,
    ) -> Promise<'a, mpsc::Receiver<LogLine>> {
        let message = "nothing runs in a model swarm, and so nothing writes a log".to_owned();
        Box::pin(async move { Err(ProviderError::Rejected { message }) })
    }
}

async fn watch(shared: Arc<Mutex<Shared>>, mut then: Versions, tell: mpsc::Sender<Stir>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(PULSE) => {}
            () = tell.closed() => return,
        }
        let now = {
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            shared.within(|world| versions(world))
        };
        let Ok(now) = now else {
            return;
        };
        for stir in between(&then, &now) {
            if tell.send(stir).await.is_err() {
                return;
            }
        }
        then = now;
    }
}

fn versions(world: &World) -> Versions {
    let of = |kind: Kind| {
        move |(name, version): (&String, u64)| ((kind, name.clone()), As::Version(version))
    };
    let services = world.services.iter().map(|(n, o)| (n, o.meta.version));
    let networks = world.networks.iter().map(|(n, o)| (n, o.meta.version));
    let configs = world.configs.iter().map(|(n, o)| (n, o.meta.version));
    let secrets = world.secrets.iter().map(|(n, o)| (n, o.meta.version));
    let machine = |(name, node): (&String, &Node)| {
        let machine = As::Machine(Box::new(node.clone()));
        ((Kind::Node, name.clone()), machine)
    };
    services
        .map(of(Kind::Service))
        .chain(networks.map(of(Kind::Network)))
        .chain(configs.map(of(Kind::Config)))
        .chain(secrets.map(of(Kind::Secret)))
        .chain(world.nodes.iter().map(machine))
        .collect()
}

fn between(then: &Versions, now: &Versions) -> Vec<Stir> {
    let stir = |(kind, name): &(Kind, String), what: &str| Stir {
        kind: *kind,
        name: name.clone(),
        what: what.to_owned(),
    };
    let gone = then.keys().filter(|key| !now.contains_key(key));
    let gone = gone.map(|key| stir(key, "removed"));
    let other = now.iter().filter_map(|(key, version)| match then.get(key) {
        None => Some(stir(key, "created")),
        Some(before) if before != version => Some(stir(key, "updated")),
        Some(_) => None,
    });
    gone.chain(other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::Secrets;

    #[tokio::test(start_paused = true)]
    async fn what_somebody_else_removes_stirs() {
        let model = Model::open(None, "shop", Secrets::default()).unwrap();
        let mut told = model.stirs().await.unwrap();
        model.by_hand(|world| world.nodes.clear()).unwrap();
        let stir = told.recv().await.unwrap();
        assert_eq!((stir.kind, stir.what.as_str()), (Kind::Node, "removed"));
    }
}
