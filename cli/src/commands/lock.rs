//! `skep lock`: what tags mean, and who applies now.

mod images;

use clap::{Args, Subcommand};
use skep_engine::lock;
use skep_engine::records::Home;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{Session, holding, print};

const EXAMPLES: &str = "\
Examples:
  skep lock status -e prod      who has the lock of this stack
  skep lock release -e prod     take it away from a process that is known to be dead
  skep lock images              what tags mean today, kept in skep.lock

A lock runs out 45 seconds after its process died, and at once where the next apply runs on the same
machine. Whoever loses it while alive sends no further write.";

/// Pin images in skep.lock; show or free the lock that lets one apply at a time
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Images(images::Options),
    /// Say who has the lock; exit 5 when somebody has
    Status,
    /// Take the lock away
    Release,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    match &options.what {
        What::Images(options) => images::run(global, options),
        What::Status => at_home(global, async |home| status(home).await),
        What::Release => at_home(global, async |home| release(home).await),
    }
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
