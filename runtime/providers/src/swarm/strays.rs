//! Tasks that are a stack's and do not say so.
//!
//! A task keeps the labels that its service had when it was made: one that was adopted since cannot
//! be found by ours. Asking for each service would cost a stack of many services more than all the
//! rest, so only those are asked for of which the engine counts more than were found.

use std::collections::BTreeSet;

use serde_json::json;

use super::fault::Fault;
use super::http::{Ask, Http};
use super::wire::{Service, State, Task};

/// Adds to `tasks`, and to those of them that are `current`, what was not found by a label.
pub(crate) async fn add(
    http: &Http,
    services: &[Service],
    tasks: &mut Vec<Task>,
    current: &mut BTreeSet<String>,
) -> Result<(), Fault> {
    let ids: Vec<&str> = services
        .iter()
        .filter(|service| lacks_tasks(service, tasks))
        .map(|service| service.id.as_str())
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let all = json!({"service": ids});
    let up_to_date = json!({"service": ids, "_up-to-date": ["true"]});
    let all = http.json::<Vec<Task>>(Ask::get("/tasks").filters(&all));
    let up_to_date = http.json::<Vec<Task>>(Ask::get("/tasks").filters(&up_to_date));
    let (all, up_to_date) = tokio::try_join!(all, up_to_date)?;
    let known: BTreeSet<String> = tasks.iter().map(|task| task.id.clone()).collect();
    tasks.extend(all.into_iter().filter(|task| !known.contains(&task.id)));
    current.extend(up_to_date.into_iter().map(|task| task.id));
    Ok(())
}

fn lacks_tasks(service: &Service, tasks: &[Task]) -> bool {
    let runs = |task: &&Task| task.service == service.id && task.status.state == State::Running;
    let seen = tasks.iter().filter(runs).count() as u64;
    let counted = service
        .service_status
        .map_or(0, |status| status.running_tasks);
    seen < counted
}
