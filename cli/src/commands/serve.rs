//! `skep serve`

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use hyper::{Request, StatusCode};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use skep_daemon::logs::{self, LogForm};
use skep_daemon::{Daemon, DaemonError, Settings, SettingsError};
use skep_providers::web::{Web, empty};

use crate::args::{Global, Target};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::count;
use crate::output::diagnostics::human;
use crate::output::paint::Paint;
use crate::session::{Session, event_loop};

const EXAMPLES: &str = "\
Examples:
  skep serve                          what /etc/skep/daemon.kdl says
  skep serve --settings daemon.kdl    what another file says
  skep serve --settings daemon.kdl --check
                                      whether the file is right; nothing is started
  skep serve --probe                  whether it lives, for the health check of a container
  skep serve -C shop --target model   keep one project, on a swarm in a file, to try it out

The file: docs/daemon.md. SIGTERM ends it in good order; SIGUSR1 drains it, and once more lets it go on.";

/// Where the settings are, unless said.
const USUAL: &str = "/etc/skep/daemon.kdl";
/// What a daemon that lives needs at most for an answer.
const PROBE: Duration = Duration::from_secs(3);

/// Run the daemon: keep stacks as declared, and tell everyone what happens
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The daemon's file [default: /etc/skep/daemon.kdl, or the project at hand where there is none]
    #[arg(long, value_name = "FILE", env = "SKEP_SETTINGS")]
    settings: Option<PathBuf>,
    /// Say what is wrong with the file, and start nothing
    #[arg(long)]
    check: bool,
    /// Ask whether the daemon of this file lives, and start nothing: exit 0 when it does
    #[arg(long, conflicts_with = "check")]
    probe: bool,
    /// What is done with changes of the project at hand
    #[arg(long, value_enum, value_name = "POLICY", default_value_t)]
    apply: Apply,
    /// The form of the log
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    log: Log,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Apply {
    /// They are applied
    Auto,
    /// They are applied once somebody agreed
    Approve,
    /// They are told
    #[default]
    Report,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Log {
    /// Lines for people
    #[default]
    Human,
    /// An object a line
    Json,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let settings = settings(global, options)?;
    if options.check {
        eprintln!(
            "{} kept, and nothing is wrong",
            count(settings.count(), "stack")
        );
        return Ok(Exit::Done);
    }
    if options.probe {
        return probe(&settings);
    }
    logs::begin(match options.log {
        Log::Human => LogForm::Human,
        Log::Json => LogForm::Json,
    });
    many_files();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::new(Exit::Bug, format!("cannot start the event loop: {e}")))?;
    runtime.block_on(serve(settings))
}

/// Asks at the daemon's socket, where nobody has to say who he is.
fn probe(settings: &Settings) -> Result<Exit, Failure> {
    let socket = settings.socket().ok_or_else(|| {
        Failure::new(Exit::Unreachable, "the daemon of this file has no socket")
            .help("add `listen \"/run/skep/skep.sock\"` to its `daemon` block")
    })?;
    let said =
        |why: String| Failure::new(Exit::Unreachable, format!("{}: {why}", socket.display()));
    let answer = event_loop()?.block_on(async {
        let request = Request::get("http://localhost/healthz").body(empty());
        let web = Web::at_socket(socket.to_owned());
        tokio::time::timeout(PROBE, web.send(request)).await
    });
    match answer {
        Ok(Ok(answer)) if answer.status == StatusCode::OK => Ok(Exit::Done),
        Ok(Ok(answer)) => Err(said(format!("it answers {}", answer.status))),
        Ok(Err(error)) => Err(said(error.to_string())),
        Err(_) => Err(said(format!("no answer within {} s", PROBE.as_secs()))),
    }
}

/// As many files as the system lets the process have: each who follows events is one.
fn many_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // Where that is refused, it is as many as there were.
    let _refused = setrlimit(Resource::Nofile, raised);
}

async fn serve(settings: Settings) -> Result<Exit, Failure> {
    let mut ends = crate::signals::listen();
    let mut drains = crate::signals::drains();
    let daemon = Daemon::start(settings).await?;
    eprintln!("skep {} serves", env!("CARGO_PKG_VERSION"));
    loop {
        tokio::select! {
            _ = ends.recv() => break,
            Some(()) = drains.recv() => daemon.drain_or_resume().await,
        }
    }
    daemon.stop().await;
    Ok(Exit::Done)
}

fn settings(global: &Global, options: &Options) -> Result<Settings, Failure> {
    let named = options.settings.clone();
    let usual = Some(PathBuf::from(USUAL)).filter(|path| path.is_file());
    let is_meant = global.dir == Path::new(".") && global.target == Target::Swarm;
    let read = match named.or(usual.filter(|_| is_meant)) {
        Some(file) => Settings::read(&file),
        None => Settings::of("the project at hand", &of_project(global, options)?),
    };
    read.map_err(|error| refused(global, error))
}

/// The settings that keep one project, as they would be written.
fn of_project(global: &Global, options: &Options) -> Result<String, Failure> {
    let session = Session::open(global)?;
    let stack = session.stack()?;
    let root = session.project.root().display().to_string();
    let quoted = |text: &str| skep_compiler::edit::quoted(text);
    let at = |inside: &str| quoted(&format!("{root}/.skep/{inside}"));
    let mut lines = vec![
        format!(
            "daemon {{ state {}; listen {} }}",
            at("daemon"),
            at("daemon/skep.sock")
        ),
        format!("stack {} {{", quoted(&stack.project)),
        format!("directory {}", quoted(&root)),
    ];
    if let Some(environment) = &global.environment {
        lines.push(format!("environment {}", quoted(environment)));
    }
    for (name, value) in &global.params {
        lines.push(format!("param {} {}", quoted(name), quoted(value)));
    }
    match global.target {
        Target::Model => {
            let file = global.model_file.as_ref();
            let file = file.map(|file| quoted(&file.display().to_string()));
            lines.push(format!(
                "model {}",
                file.unwrap_or_else(|| at("model.json"))
            ));
        }
        Target::Swarm => {
            let host = global
                .host
                .as_ref()
                .map(|host| format!("host {}", quoted(host)));
            let context = global.context.as_ref();
            let context = context.map(|name| format!("context {}", quoted(name)));
            lines.extend(host.into_iter().chain(context));
        }
    }
    lines.push(match options.apply {
        Apply::Auto => "apply auto\n}".to_owned(),
        Apply::Approve => "apply approve\n}".to_owned(),
        Apply::Report => "apply report\n}".to_owned(),
    });
    Ok(lines.join("\n"))
}

fn refused(global: &Global, error: SettingsError) -> Failure {
    match error {
        SettingsError::Wrong {
            sources,
            diagnostics,
        } => {
            let paint = Paint::choose(global.color, &std::io::stderr());
            eprint!("{}", human(&diagnostics, &sources, paint));
            let count = count(diagnostics.len() as u64, "mistake");
            Failure::new(
                Exit::Failed,
                format!("{count} in the settings, so nothing is started"),
            )
        }
        unreadable @ SettingsError::Unreadable { .. } => Failure::of(Exit::Failed, &unreadable),
    }
}

impl From<DaemonError> for Failure {
    fn from(error: DaemonError) -> Self {
        Self::of(Exit::Failed, &error)
    }
}
