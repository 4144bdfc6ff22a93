//! A project's stack as it is in its target.

use std::time::Duration;

use skep_engine::drive::{Look, look};
use skep_schema::address::Address;
use skep_schema::inventory::Readiness;
use skep_schema::place::Lacking;
use skep_schema::plan::{Mode, Payload, Plan, Target};
use skep_schema::report::{NodeStatus, STATUS_FORMAT, Standing, StatusReport};

use super::screen::{Screen, Shown, TARGET};
use super::{Form, Options};
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::session::{Connection, Session, now, print, to_json};

/// Between two looks of `--watch`; the help says it.
const EVERY: Duration = Duration::from_secs(3);

pub(super) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let plan = session.plan()?;
    let target = session.connect(&plan)?;
    if options.watch {
        let screen = Screen::new(options.output);
        let looking = watch(&session, &plan, &target, screen);
        return target.runtime.block_on(looking);
    }
    let seen = target.runtime.block_on(look(target.home.as_ref(), &plan))?;
    let report = report(&plan, &seen);
    print(&match options.output {
        Form::Json => to_json(&report),
        Form::Human => table(&report, &seen, &session.cluster_name(&report.cluster)),
    })?;
    Ok(if options.exit_code && !is_fine(&report) {
        Exit::Failed
    } else {
        Exit::Done
    })
}

/// Looks again and again until it is interrupted. A target that cannot be seen for a while is told of.
async fn watch(
    session: &Session<'_>,
    plan: &Plan,
    target: &Connection,
    mut screen: Screen,
) -> Result<Exit, Failure> {
    let mut interrupts = crate::signals::listen();
    loop {
        match look(target.home.as_ref(), plan).await {
            Ok(seen) => screen.show(now(), shown(session, &report(plan, &seen), &seen))?,
            Err(error) => screen.lose(now(), error.into())?,
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = interrupts.recv() => return Ok(Exit::Done),
        }
    }
}

fn report(plan: &Plan, seen: &Look) -> StatusReport {
    StatusReport {
        format: STATUS_FORMAT.to_owned(),
        stack: plan.stack.clone(),
        cluster: seen.inventory.cluster.clone(),
        nodes: rows(seen),
        concerns: seen.changes.concerns.clone(),
    }
}

fn is_fine(report: &StatusReport) -> bool {
    report.nodes.iter().all(|row| {
        row.sync == Standing::InSync
            && matches!(row.readiness, None | Some(Readiness::Ready { .. }))
    })
}

fn shown(session: &Session<'_>, report: &StatusReport, seen: &Look) -> Shown {
    let rows = report.nodes.iter().map(|row| {
        let line = format!("{}  {}", sync(row, seen), state(row, seen));
        (row.address.to_string(), line)
    });
    let concerns = report.concerns.iter().map(|concern| {
        let address = format!("{} (place)", concern.address);
        (address, concern.message.clone())
    });
    let answers = (TARGET.to_owned(), "answers".to_owned());
    Shown {
        text: table(report, seen, &session.cluster_name(&report.cluster)),
        rows: rows.chain(concerns).chain([answers]).collect(),
        json: serde_json::to_string(report).expect("schema types are plain data"),
    }
}

/// Everything wanted or there, in order of address; nodes without an object of their own left out.
fn rows(seen: &Look) -> Vec<NodeStatus> {
    let wanted = seen
        .plan
        .nodes
        .iter()
        .filter(|(_, n)| n.target == Target::Swarm)
        .map(|(a, _)| a);
    let mut addresses: Vec<&Address> = wanted.chain(seen.inventory.nodes.keys()).collect();
    addresses.sort();
    addresses.dedup();
    addresses
        .into_iter()
        .map(|address| row(seen, address))
        .collect()
}

fn row(seen: &Look, address: &Address) -> NodeStatus {
    let observed = seen.inventory.nodes.get(address).map(|o| &o.payload);
    let wanted = seen.plan.nodes.get(address).map(|n| &n.payload);
    let name = |payload: Option<&Payload>| payload?.physical_name().map(str::to_owned);
    let change = seen.changes.get(address);
    NodeStatus {
        address: address.clone(),
        name: name(observed).or_else(|| name(wanted)),
        sync: change.map_or(Standing::InSync, |change| change.action.into()),
        readiness: seen
            .inventory
            .nodes
            .get(address)
            .map(|o| o.readiness.clone()),
    }
}

fn table(report: &StatusReport, seen: &Look, cluster: &str) -> String {
    let mut out = format!("{} on {cluster}\n", report.stack);
    let width = |row: &NodeStatus| row.address.to_string().chars().count();
    let widest = report.nodes.iter().map(width).max().unwrap_or(0);
    for row in &report.nodes {
        let (address, sync) = (row.address.to_string(), sync(row, seen));
        let line = format!("  {address:<widest$}  {sync:<16}  {}", state(row, seen));
        out.push_str(line.trim_end());
        out.push('\n');
    }
    for row in &report.nodes {
        if let Some(Readiness::Failed(failure)) = &row.readiness {
            out.push_str(&output::report::failed(&row.address, failure));
        }
    }
    for concern in &report.concerns {
        out.push_str(&format!("\n{}: {}\n", concern.address, concern.message));
        for line in Lacking::lines(&concern.machines) {
            out.push_str(&format!("  {line}\n"));
        }
        out.push_str(&format!("  help: {}\n", concern.help()));
    }
    out
}

fn sync(row: &NodeStatus, seen: &Look) -> String {
    match seen.changes.get(&row.address) {
        Some(change) => format!("would {}", change.action.word()),
        None if is_external(seen, &row.address) => "external".to_owned(),
        None => "as in the spec".to_owned(),
    }
}

fn state(row: &NodeStatus, seen: &Look) -> String {
    match &row.readiness {
        None if is_granted(seen, &row.address) => "there".to_owned(),
        None => "not there".to_owned(),
        Some(Readiness::Ready { .. }) if is_once(seen, &row.address) => "ran to its end".to_owned(),
        Some(readiness) => readiness.words(),
    }
}

/// Whether it is somebody else's to make. A machine is nobody's: its labels are as the spec says, or not.
fn is_external(seen: &Look, address: &Address) -> bool {
    let node = seen.plan.nodes.get(address);
    node.is_some_and(|node| node.payload.is_external() && node.payload.as_node().is_none())
}

/// Whether it is external, and there.
fn is_granted(seen: &Look, address: &Address) -> bool {
    let node = seen.plan.nodes.get(address);
    node.is_some_and(|node| seen.inventory.grants(&node.payload))
}

/// Whether it is a service that ends.
fn is_once(seen: &Look, address: &Address) -> bool {
    let observed = seen.inventory.nodes.get(address);
    observed.is_some_and(|o| o.payload.as_service().is_ok_and(|s| s.mode == Mode::Once))
}
