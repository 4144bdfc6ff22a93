//! `skep lock`: what names from elsewhere mean, and who applies now.

mod images;
mod modules;

use clap::{Args, Subcommand};
use skep_engine::lock;
use skep_engine::records::Home;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{Session, holding, print};

const EXAMPLES: &str = "\
Examples:
  skep lock                     pin what skep.lock lacks, fetch what is not here, drop what nobody uses
  skep lock --update            ask for all again: says what moved
  skep lock --update redis:7    ask for one image or module again
  skep lock --check             exit 2 when something is missing or unused; no network
  skep lock status -e prod      who has the lock of this stack
  skep lock release -e prod     take it away from a process that is known to be dead

Pinned are the tags of images and the revisions of imports from git, for all environments.

A lock runs out 45 seconds after its process died, and at once where the next apply runs on the same
machine. Whoever loses it while alive sends no further write.";

/// Pin images and modules in skep.lock; show or free the lock that lets one apply at a time
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(flatten)]
    pinning: Pinning,
    #[command(subcommand)]
    what: Option<What>,
}

/// What is asked for, and what is done with the answers.
#[derive(Debug, Args)]
pub(crate) struct Pinning {
    /// Ask for all again, or for these
    #[arg(long, value_name = "NAME", num_args = 0.., conflicts_with = "check")]
    update: Option<Vec<String>>,
    /// Change nothing and ask nobody; exit 2 if the file is out of date
    #[arg(long)]
    check: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    Images(images::Options),
    Modules(modules::Options),
    /// Say who has the lock; exit 5 when somebody has
    Status,
    /// Take the lock away
    Release,
}

pub(crate) use images::pins;

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    match &options.what {
        None => everything(global, &options.pinning),
        Some(What::Images(options)) => images::run(global, options),
        Some(What::Modules(options)) => modules::run(global, options),
        Some(What::Status) => at_home(global, async |home| status(home).await),
        Some(What::Release) => at_home(global, async |home| release(home).await),
    }
}

/// Modules first: images may be named in them.
fn everything(global: &Global, pinning: &Pinning) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    if pinning.check {
        let modules = modules::check(&session)?;
        return match modules {
            Exit::Done => images::pin(&session, pinning),
            other => Ok(other),
        };
    }
    let rest = modules::pin(
        &session,
        pinning.update.as_deref(),
        modules::Others::AreLeft,
    )?;
    let images = Pinning {
        update: pinning.update.as_ref().and(rest),
        check: false,
    };
    images::pin(&session, &images)
}

/// Does something where the stack keeps its lock.
fn at_home(
    global: &Global,
    work: impl AsyncFnOnce(&dyn Home) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let target = session.connect(&session.stack()?)?;
    target.runtime.block_on(work(target.home.as_ref()))
}

async fn status(home: &dyn Home) -> Result<Exit, Failure> {
    let held = lock::status(home).await?;
    let text = held.as_ref().map(holding);
    print(&format!(
        "{}\n",
        text.as_deref().unwrap_or("nobody has the lock")
    ))?;
    Ok(held.map_or(Exit::Done, |_| Exit::Locked))
}

async fn release(home: &dyn Home) -> Result<Exit, Failure> {
    match lock::release(home).await? {
        Some(held) => eprintln!("taken away: {}", holding(&held)),
        None => eprintln!("nobody had the lock"),
    }
    Ok(Exit::Done)
}
