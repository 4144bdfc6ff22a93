//! `skep logs`

mod reached;

use std::path::PathBuf;

use clap::Args;
use skep_engine::live::Tail;
use skep_providers::web::escaped;
use skep_schema::address::{Address, Kind};
use skep_schema::log::{LogLine, Stream};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::time::date;
use crate::server::{Event, Events, Server, insist, lost};
use crate::session::{Session, event_loop, now, print};

use self::reached::Reached;

/// As many lines as there are.
const ALL: u32 = u32::MAX;

const EXAMPLES: &str = "\
Examples:
  skep logs api                        the last lines of each task of service.api
  skep logs api -f --tail 10           and what comes
  skep logs api --server unix:///run/skep/skep.sock --of shop@prod
                                       by a daemon, without the project and without an engine

With -f a connection to a daemon that is lost is taken up where it was.";

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
    let now = std::time::Duration::from_millis(now().0);
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
    let mut interrupts = crate::signals::listen();
    let mut reading = Reading::start(server, stack, options).await?;
    loop {
        let line = tokio::select! {
            line = reading.next() => line?,
            _ = interrupts.recv() => None,
        };
        let Some(line) = line else {
            return Ok(Exit::Done);
        };
        show(&line, options)?;
    }
}

/// A log that a daemon reads to us.
struct Reading<'r> {
    server: &'r Server,
    stack: &'r str,
    options: &'r Options,
    events: Events,
    reached: Reached,
    /// Nothing older is asked for, whatever is asked for again.
    since: Option<u64>,
}

impl<'r> Reading<'r> {
    async fn start(
        server: &'r Server,
        stack: &'r str,
        options: &'r Options,
    ) -> Result<Self, Failure> {
        let path = path(stack, options, options.tail, options.since);
        let begun = (options.tail == 0).then(|| now().0 / 1000);
        Ok(Self {
            server,
            stack,
            options,
            events: server.events(&path, None).await?,
            reached: Reached::default(),
            since: options.since.or(begun),
        })
    }

    /// The next line, unless there will be none. It is no loss to stop waiting for it and to ask again.
    async fn next(&mut self) -> Result<Option<LogLine>, Failure> {
        loop {
            let Some(Event { word, data, .. }) = self.events.next().await else {
                self.events = self.again().await?;
                continue;
            };
            if word != "line" {
                return Ok(None);
            }
            let line = serde_json::from_str::<LogLine>(&data).ok();
            if let Some(line) = line.filter(|line| self.reached.is_new(line)) {
                return Ok(Some(line));
            }
        }
    }

    /// What is read to its end is not begun again: it would be another.
    async fn again(&mut self) -> Result<Events, Failure> {
        if !self.options.follow {
            return Err(self.cut_off());
        }
        lost(self.server).await;
        let (tail, from) = match self.reached.take_up() {
            Some(from) => (ALL, Some(from)),
            None => (self.options.tail, None),
        };
        let path = path(self.stack, self.options, tail, from.max(self.since));
        // A daemon that has begun anew does not know at once what it keeps.
        let passes = |failure: &Failure| failure.exit != Exit::Denied;
        let events = insist(passes, || self.server.events(&path, None)).await;
        events.map_err(|failure| match failure.exit {
            Exit::Unreachable => self.cut_off(),
            _ => failure,
        })
    }

    fn cut_off(&self) -> Failure {
        let name = self.server.name();
        let last = self.reached.last();
        let after = last.map_or_else(String::new, |at| format!(" after {}", date(at)));
        let message = format!("the connection to {name} is lost, and with it lines{after}");
        Failure::new(Exit::Unreachable, message)
            .help("begin again with a little more than is missing, such as --since 5m")
    }
}

fn path(stack: &str, options: &Options, tail: u32, since: Option<u64>) -> String {
    let since = since.map_or_else(String::new, |since| format!("&since={since}"));
    format!(
        "/v1/services/{}/logs?stack={}&tail={tail}&follow={}{since}",
        escaped(options.name()),
        escaped(stack),
        options.follow
    )
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
