//! `skep logs`

use std::path::PathBuf;

use clap::Args;
use skep_engine::live::Tail;
use skep_providers::web::escaped;
use skep_schema::address::{Address, Kind};
use skep_schema::event::Timestamp;
use skep_schema::log::{LogLine, Stream};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::time::date;
use crate::server::{Event, Server};
use crate::session::{Session, event_loop, print};

const EXAMPLES: &str = "\
Examples:
  skep logs api                        the last lines of each task of service.api
  skep logs api -f --tail 10           and what comes
  skep logs api --server unix:///run/skep/skep.sock --of shop@prod
                                       by a daemon, without the project and without an engine";

/// Show what the tasks of a service write
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The service: api, or service.api
    #[arg(value_name = "SERVICE")]
    service: String,
    /// Go on with what comes
    #[arg(short = 'f', long)]
    follow: bool,
    /// A compose file that is the project, as it is; several are laid over each other
    // Declared once more, as `-f` behind this command is another word.
    #[arg(id = "compose", long = "compose-file", value_name = "FILE")]
    _compose: Vec<PathBuf>,
    /// The last lines of each task
    #[arg(long, value_name = "N", default_value_t = 100)]
    tail: u32,
    /// Only what is newer than this
    #[arg(long, value_name = "DURATION", value_parser = ago)]
    since: Option<u64>,
    /// The stack, where a daemon is asked
    #[arg(long, value_name = "STACK", requires = "server")]
    of: Option<String>,
    /// With the time of each line
    #[arg(long)]
    timestamps: bool,
}

/// Seconds since the epoch, so long ago.
fn ago(text: &str) -> Result<u64, String> {
    let duration = text.parse::<skep_schema::units::Duration>();
    let duration = duration.map_err(|e| e.message)?.as_std();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.map_err(|e| e.to_string())?;
    Ok(now.saturating_sub(duration).as_secs())
}

impl Options {
    fn name(&self) -> &str {
        self.service
            .strip_prefix("service.")
            .unwrap_or(&self.service)
    }
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    match &options.of {
        Some(stack) => event_loop()?.block_on(by_daemon(&Server::of(global)?, stack, options)),
        None => by_engine(global, options),
    }
}

fn by_engine(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let target = session.connect(&session.plan()?)?;
    let address = Address::new(Kind::Service, options.name());
    let tail = Tail {
        lines: options.tail,
        since: options.since,
        follow: options.follow,
    };
    target.runtime.block_on(async {
        let mut interrupts = crate::signals::listen();
        let mut lines = target.home.logs(&address, tail).await?;
        loop {
            let line = tokio::select! {
                line = lines.recv() => line,
                _ = interrupts.recv() => None,
            };
            let Some(line) = line else {
                return Ok(Exit::Done);
            };
            show(&line, options)?;
        }
    })
}

async fn by_daemon(server: &Server, stack: &str, options: &Options) -> Result<Exit, Failure> {
    let since = options
        .since
        .map_or_else(String::new, |since| format!("&since={since}"));
    let path = format!(
        "/v1/services/{}/logs?stack={}&tail={}&follow={}{since}",
        escaped(options.name()),
        escaped(stack),
        options.tail,
        options.follow
    );
    let mut interrupts = crate::signals::listen();
    let mut events = server.events(&path, None).await?;
    let mut last = None;
    loop {
        let next = tokio::select! {
            next = events.next() => next,
            _ = interrupts.recv() => return Ok(Exit::Done),
        };
        let Event { word, data, .. } = next.ok_or_else(|| cut_off(server, last))?;
        if word != "line" {
            return Ok(Exit::Done);
        }
        if let Ok(line) = serde_json::from_str::<LogLine>(&data) {
            show(&line, options)?;
            last = Some(line.at);
        }
    }
}

/// Lines have no numbers, and those of several tasks come in no order: to ask again could leave some out.
fn cut_off(server: &Server, last: Option<Timestamp>) -> Failure {
    let name = server.name();
    let after = last.map_or_else(String::new, |at| format!(" after {}", date(at)));
    let message = format!("the connection to {name} is lost, and with it lines{after}");
    Failure::new(Exit::Unreachable, message)
        .help("begin again with a little more than is missing, such as --since 5m")
}

fn show(line: &LogLine, options: &Options) -> Result<(), Failure> {
    let LogLine {
        at,
        task,
        node: _,
        stream,
        text,
    } = line;
    let time = if options.timestamps {
        format!("{}  ", date(*at))
    } else {
        String::new()
    };
    let line = format!("{time}{task}  {text}\n");
    match stream {
        Stream::Stdout => print(&line),
        Stream::Stderr => {
            eprint!("{line}");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::Parser as _;

    use crate::args::{Cli, Command};

    #[test]
    fn a_compose_file_and_to_follow_have_the_same_letter() {
        let words = "skep -f stack.yml logs api -f";
        let cli = Cli::try_parse_from(words.split(' ')).expect("it is understood");
        assert_eq!(cli.global.compose, [Path::new("stack.yml")]);
        assert!(matches!(cli.command, Command::Logs(options) if options.follow));
        let words = "skep logs api --compose-file stack.yml";
        let cli = Cli::try_parse_from(words.split(' ')).expect("it is understood");
        assert_eq!(cli.global.compose, [Path::new("stack.yml")]);
    }
}
