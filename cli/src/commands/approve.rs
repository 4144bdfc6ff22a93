//! `skep approve`

use clap::Args;
use hyper::Method;
use skep_providers::web::escaped;
use skep_schema::api::stack::{Consent, StackStatus};
use skep_schema::api::view::ApprovalRequest;
use skep_schema::change::ChangeSet;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::{Heading, terminal};
use crate::output::paint::Paint;
use crate::output::stacks::table;
use crate::server::Server;
use crate::session::{self, Answer, confirm, event_loop, print};

const EXAMPLES: &str = "\
Examples:
  skep approve shop@prod              show what waits, ask, and agree to exactly that
  skep approve shop@prod --withdraw   take it back, if nothing came of it yet";

/// Agree to the changes of a stack that a daemon keeps
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The stack
    #[arg(value_name = "STACK")]
    stack: String,
    /// Do not ask
    #[arg(short = 'y', long)]
    yes: bool,
    /// Take back what was agreed to
    #[arg(long)]
    withdraw: bool,
    #[command(flatten)]
    consent: session::Consent,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let server = Server::of(global)?;
    let status = event_loop()?.block_on(async {
        if options.withdraw {
            let path = path(options, "approval");
            return server.tell::<StackStatus>(Method::DELETE, &path).await;
        }
        let changes: ChangeSet = server.get(&path(options, "changes")).await?;
        show(global, options, &changes)?;
        let request = ApprovalRequest {
            changes: changes.id.clone(),
            consent: consent(options),
        };
        let path = path(options, "approval");
        server.send(Method::PUT, &path, &request).await
    })?;
    print(&table(&[status]))?;
    Ok(Exit::Done)
}

fn path(options: &Options, what: &str) -> String {
    format!("/v1/stacks/{}/{what}", escaped(&options.stack))
}

fn show(global: &Global, options: &Options, changes: &ChangeSet) -> Result<(), Failure> {
    let heading = Heading {
        stack: options.stack.clone(),
        against: "what the daemon saw last".to_owned(),
        next: None,
    };
    let paint = Paint::choose(global.color, &std::io::stderr());
    eprint!("{}", terminal(changes, &heading, paint));
    if options.yes || changes.is_empty() {
        return Ok(());
    }
    let question = format!("Agree to these changes of {}?", options.stack);
    confirm(&question, &Answer::Yes, "skep approve STACK --yes")
}

fn consent(options: &Options) -> Consent {
    let session::Consent {
        allow_deletes,
        retry,
        allow_unplaced,
        take_over,
    } = options.consent;
    Consent {
        allow_deletes,
        retry,
        allow_unplaced,
        take_over,
        ..Consent::default()
    }
}
