//! `skep events`

use clap::{Args, ValueEnum};
use skep_providers::web::escaped;
use skep_schema::api::event::{Lagged, Snapshot, StackEventLine};
use skep_schema::api::stack::StackEvent;
use skep_schema::event::Event as NodeEvent;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::progress::seconds;
use crate::output::stacks::{counts, ended, line, table};
use crate::output::time::date;
use crate::server::{Event, Following, Server};
use crate::session::{event_loop, print};

const EXAMPLES: &str = "\
Examples:
  skep events                         of all stacks that the daemon keeps
  skep events shop@prod               of one
  skep events --type applied,drift    of these kinds
  skep events -o json                 an object a line, for scripts

A connection that is lost is taken up where it was: no event is missed, and none comes twice.";

/// Follow what a daemon's stacks do
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Only of this stack
    #[arg(value_name = "STACK")]
    stack: Option<String>,
    /// Only events of these kinds
    #[arg(long = "type", value_name = "KIND", value_delimiter = ',')]
    kinds: Vec<String>,
    /// The form of a line
    #[arg(short = 'o', long, value_enum, value_name = "FORM", default_value_t)]
    output: Form,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    #[default]
    Human,
    /// skep.stack-event/1, and skep.snapshot/1 at first
    Json,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let server = Server::of(global)?;
    event_loop()?.block_on(follow(&server, options))
}

async fn follow(server: &Server, options: &Options) -> Result<Exit, Failure> {
    let path = path(options);
    let mut interrupts = crate::signals::listen();
    let mut events = Following::start(server, path).await?;
    loop {
        tokio::select! {
            event = events.next() => show(&event?, options.output)?,
            _ = interrupts.recv() => return Ok(Exit::Done),
        }
    }
}

fn path(options: &Options) -> String {
    let stack = options
        .stack
        .iter()
        .map(|name| format!("stack={}", escaped(name)));
    let kinds = options.kinds.join(",");
    let kinds = (!kinds.is_empty()).then(|| format!("type={}", escaped(&kinds)));
    let query: Vec<String> = stack.chain(kinds).collect();
    format!("/v1/events?{}", query.join("&"))
}

fn show(event: &Event, form: Form) -> Result<(), Failure> {
    if form == Form::Json {
        return print(&format!("{}\n", event.data));
    }
    let text = match event.word.as_str() {
        "snapshot" => read::<Snapshot>(event).map(|snapshot| table(&snapshot.stacks)),
        "lagged" => read::<Lagged>(event)
            .map(|Lagged { from, to, .. }| format!("events {from} to {to} are kept no more\n")),
        _ => read::<StackEventLine>(event).map(|told| words(&told)),
    };
    print(&text.unwrap_or_default())
}

/// What a newer daemon says in words that this program does not know is left out.
pub(crate) fn read<T: serde::de::DeserializeOwned>(event: &Event) -> Option<T> {
    serde_json::from_str(&event.data).ok()
}

/// One that happened, in a line.
pub(crate) fn words(told: &StackEventLine) -> String {
    let StackEventLine {
        at, stack, event, ..
    } = told;
    format!("{}  {stack}  {}\n", date(*at), said(event))
}

/// An event in one line.
fn said(event: &StackEvent) -> String {
    let word = event.word();
    match event {
        StackEvent::State { state } => line(state),
        StackEvent::Planned { origin, .. } => format!("{word}: {origin}"),
        StackEvent::SourceLost { message }
        | StackEvent::TargetLost { message }
        | StackEvent::Overtaken { message }
        | StackEvent::NotApplied { message } => format!("{word}: {message}"),
        StackEvent::Drift { nodes } => {
            let nodes: Vec<String> = nodes.iter().map(ToString::to_string).collect();
            format!("{word}: {}", nodes.join(", "))
        }
        StackEvent::Approved { who, .. } | StackEvent::Withdrawn { who } => {
            format!("{word} by {who}")
        }
        StackEvent::ApprovalVoid { who, message } => format!("{word} ({who}): {message}"),
        StackEvent::Refused { refused } => format!("{word}: {}", refused.message),
        StackEvent::Applied { last } => format!("{word}: it {}", ended(last.outcome)),
        StackEvent::Unhealthy { address, message } => format!("{word}: {address}: {message}"),
        StackEvent::Recovered { address } => format!("{word}: {address}"),
        StackEvent::Node { event } => of_node(event),
        StackEvent::SourceFound
        | StackEvent::Looked { .. }
        | StackEvent::TargetFound
        | StackEvent::DriftOver => word.to_owned(),
        StackEvent::Applying { summary, .. } => format!("{word}: {}", counts(summary)),
    }
}

/// What became true of a node, in one line.
fn of_node(event: &NodeEvent) -> String {
    match event {
        NodeEvent::Begun { address, action } => format!("{address}: {} begins", action.word()),
        NodeEvent::Written { address } => format!("{address}: written"),
        NodeEvent::Waiting { address, detail } => format!("{address}: waits: {detail}"),
        NodeEvent::Done { address, millis } => format!("{address}: done in {}", seconds(*millis)),
        NodeEvent::Failed { address, failure } => format!("{address}: FAILED: {}", failure.message),
        NodeEvent::Skipped { address, because } => {
            format!("{address}: skipped, because of {because}")
        }
        NodeEvent::Cancelling => "stopping: what was begun is finished".to_owned(),
        NodeEvent::Uncollected { message } => format!("old ones are still there: {message}"),
    }
}
