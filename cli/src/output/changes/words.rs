//! The words and signs for changes.

use anstyle::AnsiColor;
use skep_schema::address::Kind;
use skep_schema::change::{Action, Change, ChangeSet, Effect, FieldChange, Reason, Summary};
use skep_schema::plan::{Mode, Order, Payload, PlanNode, SwarmNode};
use skep_schema::value::Value;

use super::image::short;

/// How dangerous a change is to what runs: the order and the headings of a change set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Risk {
    DataLoss,
    Delete,
    Downtime,
    Replace,
    Restart,
    NoRestart,
    Create,
}

impl Risk {
    pub(super) const ALL: [Risk; 7] = [
        Risk::DataLoss,
        Risk::Delete,
        Risk::Downtime,
        Risk::Replace,
        Risk::Restart,
        Risk::NoRestart,
        Risk::Create,
    ];

    pub(super) const fn of(change: &Change) -> Self {
        match change.effect {
            Effect::DataLoss => Risk::DataLoss,
            Effect::Delete => Risk::Delete,
            Effect::Downtime => Risk::Downtime,
            Effect::Replace => Risk::Replace,
            Effect::RollingRestart => Risk::Restart,
            Effect::NoRestart => Risk::NoRestart,
            Effect::Create => Risk::Create,
        }
    }

    pub(super) const fn heading(self) -> &'static str {
        match self {
            Risk::DataLoss => "DATA LOSS",
            Risk::Delete => "DELETE",
            Risk::Downtime => "DOWNTIME",
            Risk::Replace => "REPLACE",
            Risk::Restart => "RESTART",
            Risk::NoRestart => "NO RESTART",
            Risk::Create => "CREATE",
        }
    }

    pub(super) const fn colour(self) -> AnsiColor {
        match self {
            Risk::DataLoss | Risk::Delete | Risk::Downtime => AnsiColor::Red,
            Risk::Replace => AnsiColor::Magenta,
            Risk::Restart | Risk::NoRestart => AnsiColor::Yellow,
            Risk::Create => AnsiColor::Green,
        }
    }
}

pub(super) const fn sign(action: Action) -> &'static str {
    match action {
        Action::Create => "+",
        Action::Update => "~",
        Action::Replace => "±",
        Action::Delete => "-",
        Action::Adopt => "=",
        Action::Forget => ".",
    }
}

/// What happens to what runs, in a few words.
pub(super) fn effect(change: &Change) -> String {
    let tasks = count(change.tasks, "task");
    if change.address.kind == Kind::Node && !change.evicts.is_empty() {
        return format!("evicts {tasks}");
    }
    if let (Action::Delete, Some(node)) = (change.action, labels(change)) {
        return format!("takes {} off", count(node.labels.len() as u64, "label"));
    }
    match (change.effect, change.tasks) {
        (Effect::Create, _) => change
            .after
            .as_deref()
            .map_or_else(|| "new".to_owned(), created),
        (Effect::NoRestart, _) => "nothing restarts".to_owned(),
        (Effect::RollingRestart, 0) => "rolling restart".to_owned(),
        (Effect::RollingRestart, _) => format!("rolling restart, {tasks}"),
        (Effect::Replace, _) => "new object beside the old one".to_owned(),
        (Effect::Downtime, 0) => "stops, then starts".to_owned(),
        (Effect::Downtime, _) => format!("stops, then starts: {tasks}"),
        (Effect::Delete, 0) => "goes".to_owned(),
        (Effect::Delete, n) => format!("{tasks} {}", if n == 1 { "stops" } else { "stop" }),
        (Effect::DataLoss, _) => "its data is left behind".to_owned(),
    }
}

fn labels(change: &Change) -> Option<&SwarmNode> {
    change.before.as_ref()?.payload.as_node()
}

/// How a rolling update with more than one wave goes.
pub(super) fn course(change: &Change) -> Option<String> {
    let waves = change.waves()?;
    let number = waves.sizes().count() as u64;
    let first = match waves.order {
        Order::StartFirst => "the new task first",
        Order::StopFirst => "the old task first",
    };
    let (size, least) = (waves.at_once, waves.least);
    (number > 1).then(|| format!("{number} waves of {size}, {first}; takes {least} or more"))
}

fn created(node: &PlanNode) -> String {
    match &node.payload {
        Payload::Service(service) => match service.mode {
            Mode::Global => format!("one task on each node, {}", short(&service.image)),
            Mode::Once => format!("runs once, {}", short(&service.image)),
            Mode::Replicated => {
                format!(
                    "{}, {}",
                    count(service.replicas.unwrap_or(1).into(), "task"),
                    short(&service.image)
                )
            }
        },
        Payload::Config(config) => config
            .content
            .as_ref()
            .and_then(|content| content.bytes().ok())
            .map_or_else(String::new, |bytes| count(bytes.len() as u64, "byte")),
        Payload::Network(network) => format!("{} network", network.driver),
        Payload::Node(node) => count(node.labels.len() as u64, "label"),
        Payload::Volume(_) => "made by the mounts that use it".to_owned(),
        Payload::Secret(_) | Payload::Declared(_) => String::new(),
    }
}

/// Why it changes.
pub(super) fn reason(change: &Change) -> Option<&'static str> {
    match change.reason {
        Reason::NotInSpec => Some("not in the spec any more"),
        Reason::Drift if change.action == Action::Create => {
            Some("removed outside Skep; goes back to the spec")
        }
        Reason::Drift => Some("changed outside Skep; goes back to the spec"),
        Reason::New | Reason::Spec | Reason::Dependency => None,
    }
}

/// Renames that nobody declared, each with the line that declares it.
pub(super) fn moves(changes: &ChangeSet) -> Vec<String> {
    let likely = changes.likely_moves().into_iter();
    likely
        .map(|(old, new)| {
            format!(
                "if {new} is {old} renamed, this line keeps its object:\n  \
                 moved from=\"{old}\" to=\"{new}\""
            )
        })
        .collect()
}

/// What becomes of whose object, for a change that is about that.
pub(super) fn identity(change: &Change) -> Vec<String> {
    let was = change.was.as_ref().map(|was| format!("was {was}"));
    let known = change
        .before
        .as_deref()
        .and_then(|node| node.payload.physical_name());
    let name = known.unwrap_or_default();
    let taken = match change.action {
        Action::Adopt => Some(format!("takes over `{name}`")),
        Action::Forget => Some(format!("`{name}` stays, and is ours no more")),
        Action::Create | Action::Update | Action::Replace | Action::Delete => None,
    };
    was.into_iter()
        .chain(taken)
        .chain(left_stack(change))
        .collect()
}

/// What of Docker's own command cannot reach the object any more.
fn left_stack(change: &Change) -> Option<String> {
    let is_mark = |field: &&FieldChange| field.path == ["labels", "com.docker.stack.namespace"];
    let mark = change.fields.iter().find(is_mark);
    match (change.action, mark?.before.as_ref()?) {
        (Action::Adopt, Value::Text(stack)) => Some(format!(
            "`docker stack rm {stack}` will not remove it any more"
        )),
        (_, _) => None,
    }
}

/// `1 task`, `3 tasks`
pub(crate) fn count(n: u64, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

/// The one line that stands first and last.
pub(crate) fn verdict(summary: &Summary) -> String {
    let Summary {
        create,
        update,
        update_no_restart,
        replace,
        delete,
        adopt,
        forget,
        noop,
        tasks_restarted,
        downtime,
        data_loss,
    } = summary;
    let changes = create + update + update_no_restart + replace + delete + adopt + forget;
    if changes == 0 {
        return format!("nothing to do · {noop} unchanged");
    }
    let counts = [
        (*create, "create"),
        (*update, "restart"),
        (*update_no_restart, "update without restart"),
        (*replace, "replace"),
        (*delete, "delete"),
        (*adopt, "adopt"),
        (*forget, "forget"),
        (*downtime, "with downtime"),
        (*data_loss, "with data loss"),
    ];
    let mut parts = vec![count(changes.into(), "change")];
    parts.extend(
        counts
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, word)| format!("{n} {word}")),
    );
    if *tasks_restarted > 0 || *adopt > 0 {
        let verb = if *tasks_restarted == 1 {
            "restarts"
        } else {
            "restart"
        };
        parts.push(format!("{} {verb}", count(*tasks_restarted, "task")));
    }
    parts.push(format!("{noop} unchanged"));
    parts.join(" · ")
}
