//! How the daemon is, one check after another: what it needs, what it reaches, whom it can tell.

use axum::response::Response;
use skep_schema::api::view::{DAEMON_HEALTH_FORMAT, DaemonHealth, HealthCheck};

use super::call::{Call, json};
use super::refused::Refused;
use crate::condition::Condition;
use crate::daemon::{Shared, targets};
use crate::settings::Target;
use crate::views::View;

pub(crate) async fn health(call: Call) -> Result<Response, Refused> {
    let shared = &call.shared;
    let condition = &shared.condition;
    let mut checks = vec![store(condition), lease(condition), drain(condition)];
    checks.extend(of_targets(shared));
    checks.extend(shared.views.all().iter().map(source));
    checks.extend(channels(shared));
    Ok(json(&DaemonHealth {
        format: DAEMON_HEALTH_FORMAT.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ready: condition.is_ready(),
        since: condition.since,
        events: shared.journal.newest(),
        checks,
    }))
}

fn check(name: &str, ok: bool, detail: impl Into<String>) -> HealthCheck {
    HealthCheck {
        name: name.to_owned(),
        ok,
        detail: detail.into(),
    }
}

fn store(condition: &Condition) -> HealthCheck {
    let detail = if condition.is_storing() {
        "it takes what it is given"
    } else {
        "it cannot be written"
    };
    check("store", condition.is_storing(), detail)
}

fn lease(condition: &Condition) -> HealthCheck {
    let (acts, all) = condition.acting();
    let detail = format!("it acts in {acts} of {all} targets");
    check("lease", acts == all, detail)
}

fn drain(condition: &Condition) -> HealthCheck {
    let detail = if condition.is_draining() {
        "it lets what runs end, and begins nothing more"
    } else {
        "it begins what is due"
    };
    check("drain", !condition.is_draining(), detail)
}

/// Each target once, with whoever acts there and what keeps it from being seen.
fn of_targets(shared: &Shared) -> Vec<HealthCheck> {
    let (targets, stacks) = targets(&shared.settings);
    let all = targets.iter().zip(&stacks).enumerate();
    let of_one = |(number, (target, stacks)): (usize, (&Target, &Vec<String>))| {
        let acts = shared.condition.acts_in(number);
        let mut views = stacks.iter().filter_map(|name| shared.views.get(name));
        let trouble = views.find_map(|view| view.status.target_trouble.clone());
        let detail = match (&trouble, acts) {
            (Some(trouble), _) => trouble.as_str(),
            (None, true) => "this daemon acts there",
            (None, false) => "it stands by there",
        };
        let detail = format!("{} of {}: {detail}", called(target), stacks.join(", "));
        check("target", trouble.is_none(), detail)
    };
    all.map(of_one).collect()
}

fn called(target: &Target) -> String {
    match target {
        Target::Swarm {
            host: Some(host), ..
        } => host.clone(),
        Target::Swarm {
            host: None,
            context: Some(context),
        } => format!("the docker context {context}"),
        Target::Swarm {
            host: None,
            context: None,
        } => "docker's own choice".to_owned(),
        Target::Model(file) => format!("the model in {}", file.display()),
    }
}

fn source(view: &View) -> HealthCheck {
    let status = &view.status;
    let detail = match (&status.source_trouble, &status.origin) {
        (Some(trouble), _) => trouble,
        (None, Some(origin)) => origin,
        (None, None) => "it brought no plan yet",
    };
    let detail = format!("{}: {detail}", status.stack);
    check("source", status.source_trouble.is_none(), detail)
}

fn channels(shared: &Shared) -> impl Iterator<Item = HealthCheck> {
    shared.notifier.troubles().map(|(name, trouble)| {
        let detail = trouble.as_deref().unwrap_or("nothing was lost on its way");
        check("channel", trouble.is_none(), format!("{name}: {detail}"))
    })
}
