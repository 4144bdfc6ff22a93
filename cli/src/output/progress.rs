//! Progress of an apply: live on a terminal, a line for each change of state in a log.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::Duration;

use anstyle::AnsiColor;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use skep_schema::address::Address;
use skep_schema::change::{Action, ChangeSet};
use skep_schema::event::{Event, Timestamp};
use skep_schema::report::EventLine;

use crate::args;
use crate::output::paint::Paint;

/// Where the events of one apply are shown.
pub(crate) enum Progress {
    Live {
        all: MultiProgress,
        bars: BTreeMap<Address, ProgressBar>,
        paint: Paint,
    },
    Lines {
        details: BTreeMap<Address, String>,
        actions: BTreeMap<Address, Action>,
    },
    Json,
    Quiet,
}

impl Progress {
    pub(crate) fn new(wanted: args::Progress, changes: &ChangeSet, paint: Paint) -> Self {
        let ci = std::env::var_os("CI").is_some_and(|v| !v.is_empty());
        let live = || Self::Live {
            all: MultiProgress::new(),
            bars: BTreeMap::new(),
            paint,
        };
        let lines = || Self::Lines {
            details: BTreeMap::new(),
            actions: changes
                .changes
                .iter()
                .map(|c| (c.address.clone(), c.action))
                .collect(),
        };
        match wanted {
            args::Progress::Quiet => Self::Quiet,
            args::Progress::Json => Self::Json,
            args::Progress::Plain => lines(),
            args::Progress::Tty => live(),
            args::Progress::Auto if std::io::stderr().is_terminal() && !ci => live(),
            args::Progress::Auto => lines(),
        }
    }

    pub(crate) fn event(&mut self, at: Timestamp, event: &Event) {
        match self {
            Self::Live { all, bars, paint } => live(all, bars, *paint, event),
            Self::Lines { details, actions } => {
                if let Some(line) = line(details, actions, event) {
                    eprintln!("{line}");
                }
            }
            Self::Json => {
                let line = EventLine::new(at, event.clone());
                let line = serde_json::to_string(&line).expect("events are plain data");
                eprintln!("{line}");
            }
            Self::Quiet => {}
        }
    }
}

fn live(
    all: &MultiProgress,
    bars: &mut BTreeMap<Address, ProgressBar>,
    paint: Paint,
    event: &Event,
) {
    let end = |bars: &mut BTreeMap<Address, ProgressBar>, address: &Address, text: String| {
        if let Some(bar) = bars.remove(address) {
            bar.finish_and_clear();
            all.remove(&bar);
        }
        drop(all.println(text));
    };
    match event {
        Event::Begun { address, action } => {
            let style = ProgressStyle::with_template("{spinner} {prefix} {msg} {elapsed}")
                .expect("the template is well formed");
            let bar = all.add(
                ProgressBar::new_spinner()
                    .with_style(style)
                    .with_prefix(address.to_string()),
            );
            bar.set_message(action.word());
            bar.enable_steady_tick(Duration::from_millis(120));
            bars.insert(address.clone(), bar);
        }
        Event::Written { address } => {
            if let Some(bar) = bars.get(address) {
                bar.set_message("written, waiting");
            }
        }
        Event::Waiting { address, detail } => {
            if let Some(bar) = bars.get(address) {
                bar.set_message(detail.clone());
            }
        }
        Event::Done { address, millis } => {
            let mark = paint.colour(AnsiColor::Green, "ok").to_string();
            end(
                bars,
                address,
                format!("{mark} {address}  {}", seconds(*millis)),
            );
        }
        Event::Failed { address, failure } => {
            let mark = paint.colour(AnsiColor::Red, "FAILED").to_string();
            end(
                bars,
                address,
                format!("{mark} {address}  {}", failure.message),
            );
        }
        Event::Skipped { address, because } => end(
            bars,
            address,
            format!("skipped {address}, because of {because}"),
        ),
        Event::Uncollected { .. } | Event::Cancelling => {
            if let Some(text) = remark(event) {
                drop(all.println(text));
            }
        }
    }
}

fn line(
    details: &mut BTreeMap<Address, String>,
    actions: &BTreeMap<Address, Action>,
    event: &Event,
) -> Option<String> {
    match event {
        Event::Begun { address, action } => {
            let verb = match action {
                Action::Create => "creating",
                Action::Update => "updating",
                Action::Replace => "replacing",
                Action::Delete => "deleting",
                Action::Adopt => "adopting",
                Action::Forget => "forgetting",
            };
            Some(format!("[{address}] {verb}"))
        }
        Event::Written { .. } => None,
        Event::Waiting { address, detail } => {
            let news = details.insert(address.clone(), detail.clone()).as_ref() != Some(detail);
            news.then(|| format!("[{address}] waiting: {detail}"))
        }
        Event::Done { address, millis } => {
            let done = match actions.get(address) {
                Some(Action::Create) => "created",
                Some(Action::Update) => "updated",
                Some(Action::Replace) => "replaced",
                Some(Action::Delete) => "deleted",
                Some(Action::Adopt) => "adopted",
                Some(Action::Forget) => "forgotten",
                None => "ready",
            };
            Some(format!("[{address}] {done} in {}", seconds(*millis)))
        }
        Event::Failed { address, failure } => {
            Some(format!("[{address}] FAILED: {}", failure.message))
        }
        Event::Skipped { address, because } => {
            Some(format!("[{address}] skipped, because of {because}"))
        }
        Event::Uncollected { .. } | Event::Cancelling => remark(event),
    }
}

fn remark(event: &Event) -> Option<String> {
    match event {
        Event::Cancelling => {
            Some("stopping: what was begun is finished; interrupt again to stop waiting".to_owned())
        }
        Event::Uncollected { message } => Some(format!(
            "old configs and secrets are still there: {message}"
        )),
        Event::Begun { .. }
        | Event::Written { .. }
        | Event::Waiting { .. }
        | Event::Done { .. }
        | Event::Failed { .. }
        | Event::Skipped { .. } => None,
    }
}

/// `0.3s`, `31.4s`
pub(crate) fn seconds(millis: u64) -> String {
    format!("{}.{}s", millis / 1000, millis % 1000 / 100)
}
