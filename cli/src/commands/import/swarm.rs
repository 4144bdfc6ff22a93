//! `skep import swarm`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use skep_compiler::lift::{Lifted, lift};
use skep_compiler::source::ROOT;
use skep_engine::drive::look;
use skep_providers::secrets::Secrets;
use skep_providers::swarm::{Endpoint, Scope, Swarm};
use skep_schema::change::ChangeSet;
use skep_schema::inventory::{Found, Running, stacks};
use skep_schema::lang::nearest;
use skep_schema::plan::Plan;
use tokio::runtime::Runtime;

use crate::args::{Global, Target};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::count;
use crate::session::{event_loop, print};

const EXAMPLES: &str = "\
Examples:
  skep import swarm                                    the stacks and services that are there
  skep import swarm blog --out blog                    a project of what `docker stack deploy` made
  skep import swarm tools --service ui --service bot   services that were made one by one
  skep -C blog plan                                    what an apply of it would do: labels, no restart

Nothing is written to the swarm. Values of variables are in the spec as they run; secrets are named, and
stay where they are. See docs/importing.md.";

/// What runs in the swarm
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// A stack of `docker stack deploy`, or with --service what the project is to be called
    #[arg(value_name = "STACK")]
    stack: Option<String>,
    /// A service, whoever made it; may be repeated
    #[arg(long = "service", value_name = "NAME", requires = "stack")]
    services: Vec<String>,
    /// The folder to write the project to
    #[arg(long, value_name = "DIR", requires = "stack")]
    out: Option<PathBuf>,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    if global.target == Target::Model {
        let failure = Failure::new(
            Exit::Usage,
            "a model swarm has nothing that Skep did not make",
        );
        return Err(failure.help("leave `--target model` out, to ask the swarm of DOCKER_HOST"));
    }
    let runtime = event_loop()?;
    let name = options.stack.as_deref().unwrap_or_default();
    let swarm = runtime.block_on(connect(global, &Plan::empty(name, None)))?;
    let found = runtime.block_on(swarm.running())?;
    if name.is_empty() {
        print(&list(&found))?;
        return Ok(Exit::Done);
    }
    let running = chosen(name, &options.services, &found)?;
    let lifted = lift(&running);
    match &options.out {
        Some(out) => write(&global.dir.join(out), &lifted)?,
        None => print(&String::from_utf8_lossy(&lifted.files[ROOT]))?,
    }
    for remark in &lifted.remarks {
        eprintln!("{}: {}", remark.node, remark.text);
    }
    eprintln!("{}", forecast(global, &runtime, &lifted)?);
    Ok(Exit::Done)
}

async fn connect(global: &Global, plan: &Plan) -> Result<Swarm, Failure> {
    let endpoint = Endpoint::choose(global.host.as_deref(), global.context.as_deref())?;
    Ok(Swarm::connect(endpoint, Scope::of(plan), Secrets::default()).await?)
}

/// Stacks with their services, and services without a stack.
fn list(found: &[Found]) -> String {
    let mut all = stacks(found);
    let alone = all.remove("").unwrap_or_default();
    let mut text = String::new();
    for (stack, services) in all {
        text.push_str(&format!("{stack}  {}\n", services.join(" ")));
    }
    for service in alone {
        text.push_str(&format!("--service {service}\n"));
    }
    if text.is_empty() {
        text.push_str("no service runs that Skep does not have\n");
    }
    text
}

fn chosen(stack: &str, services: &[String], found: &[Found]) -> Result<Running, Failure> {
    let wanted: BTreeSet<String> = services.iter().cloned().collect();
    let running = if wanted.is_empty() {
        Running::of_stack(stack, found)
    } else {
        Running::of_services(stack, &wanted, found)
    };
    let names = |running: &Running| -> BTreeSet<String> {
        let services = running
            .objects
            .iter()
            .filter_map(|object| object.as_service().ok());
        services.map(|service| service.name.clone()).collect()
    };
    let there = names(&running);
    if let Some(missing) = wanted.iter().find(|name| !there.contains(*name)) {
        let all = found
            .iter()
            .filter_map(|found| found.payload.as_service().ok());
        return Err(unknown(
            "service",
            missing,
            all.map(|service| service.name.as_str()),
        ));
    }
    if there.is_empty() {
        return Err(unknown(
            "stack",
            stack,
            stacks(found).into_keys().filter(|name| !name.is_empty()),
        ));
    }
    if let Some((service, owner)) = running.owned.first_key_value() {
        let message = format!("`{service}` belongs to the stack `{owner}` of Skep already");
        let help = "its spec is where that was applied from; `skep show` prints what was applied";
        return Err(Failure::new(Exit::Failed, message).help(help));
    }
    Ok(running)
}

fn unknown<'n>(what: &str, name: &str, all: impl Iterator<Item = &'n str>) -> Failure {
    let failure = Failure::new(Exit::Failed, format!("the swarm has no {what} `{name}`"));
    match nearest(name, all) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help("`skep import swarm` lists what is there"),
    }
}

/// Writes the project into a folder that has none.
fn write(out: &Path, lifted: &Lifted) -> Result<(), Failure> {
    let taken = lifted.files.keys().map(|path| out.join(path));
    if let Some(taken) = taken.into_iter().find(|path| path.exists()) {
        let message = format!("{} is already there", taken.display());
        return Err(Failure::new(Exit::Failed, message).help("choose another folder with --out"));
    }
    for (path, bytes) in &lifted.files {
        let path = out.join(path);
        let folder = path.parent().unwrap_or(out);
        std::fs::create_dir_all(folder).map_err(|e| Failure::file(folder, &e))?;
        std::fs::write(&path, bytes).map_err(|e| Failure::file(&path, &e))?;
    }
    let files = count(lifted.files.len() as u64, "file");
    eprintln!("wrote {files} to {}", out.display());
    Ok(())
}

/// What an apply of the project would do now.
fn forecast(global: &Global, runtime: &Runtime, lifted: &Lifted) -> Result<String, Failure> {
    let Some(plan) = lifted.compile().plan else {
        return Ok("the project has errors: `skep check` shows them".to_owned());
    };
    let changes = runtime.block_on(async {
        let swarm = connect(global, &plan).await?;
        Ok::<ChangeSet, Failure>(look(&swarm, &plan).await?.changes)
    })?;
    Ok(told(&changes))
}

fn told(changes: &ChangeSet) -> String {
    let summary = &changes.summary;
    let adopted = count(u64::from(summary.adopt), "object");
    let further: Vec<String> = [
        (u64::from(summary.create), "to create"),
        (u64::from(summary.replace), "to replace"),
        (u64::from(summary.update), "to change"),
        (summary.tasks_restarted, "of their tasks to restart"),
    ]
    .into_iter()
    .filter(|(many, _)| *many > 0)
    .map(|(many, what)| format!("{many} {what}"))
    .collect();
    if further.is_empty() {
        return format!("an apply of it takes over {adopted} and restarts nothing");
    }
    let further = further.join(", ");
    format!("an apply of it takes over {adopted}, with {further}: `skep plan` shows them")
}
