//! What a plan takes for granted and nobody has made.

use skep_schema::address::Kind;
use skep_schema::inventory::{Absent, absent};
use skep_schema::plan::Plan;

use super::Swarm;
use super::fault::Fault;
use super::find::Namesake;
use super::http::Ask;
use super::service::OF_THE_ENGINE;
use super::view::View;
use super::wire::Stored;

impl Swarm {
    /// External objects of the plan that are not there. Only of a kind of which one is missing is
    /// everything listed, for a name near to it.
    pub(crate) async fn absent(
        &self,
        plan: &Plan,
        view: &View,
        namesakes: &[Namesake],
    ) -> Result<Absent, Fault> {
        let networks = view.networks.iter().map(|network| network.name.as_str());
        let networks: Vec<&str> = networks.chain(OF_THE_ENGINE).collect();
        let mut found = absent(plan, Kind::Network, &networks);
        for (kind, path) in [(Kind::Config, "/configs"), (Kind::Secret, "/secrets")] {
            let known = namesakes.iter().filter(|known| known.kind == kind);
            let known: Vec<&str> = known.map(|known| known.name.as_str()).collect();
            if !absent(plan, kind, &known).is_empty() {
                let all: Vec<Stored> = self.http.json(Ask::get(path)).await?;
                let all: Vec<&str> = all.iter().map(|stored| stored.spec.name.as_str()).collect();
                found.extend(absent(plan, kind, &all));
            }
        }
        Ok(found)
    }
}
