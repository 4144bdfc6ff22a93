//! Why a machine cannot take a task.

use std::fmt;

use crate::inventory::{Availability, MachineState};
use crate::units::{Bytes, Cpu};

/// One reason; its text is what people read after the name of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    Away(MachineState),
    Unavailable(Availability),
    /// Billionths of a processor.
    Cpu {
        wanted: u64,
        left: u64,
        of: u64,
    },
    /// Bytes.
    Memory {
        wanted: u64,
        left: u64,
        of: u64,
    },
    Generic {
        kind: String,
        wanted: u64,
        left: u64,
        of: u64,
    },
    Plugin {
        kind: &'static str,
        name: String,
    },
    Constraint {
        text: String,
        /// Nothing where the machine lacks the label.
        found: Option<String>,
    },
    Platform {
        has: String,
    },
    /// Another task has the port; `holder` is its service.
    Port {
        port: String,
        holder: String,
    },
    Crowd {
        most: u32,
        running: u64,
    },
}

/// What the engine's scheduler asks one after the other; a machine is counted where it first fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Filter {
    Ready,
    Resources,
    Plugins,
    Constraints,
    Platform,
    HostPort,
    MaxPerNode,
}

impl Obstacle {
    pub const fn filter(&self) -> Filter {
        match self {
            Obstacle::Away(_) | Obstacle::Unavailable(_) => Filter::Ready,
            Obstacle::Cpu { .. } | Obstacle::Memory { .. } | Obstacle::Generic { .. } => {
                Filter::Resources
            }
            Obstacle::Plugin { .. } => Filter::Plugins,
            Obstacle::Constraint { .. } => Filter::Constraints,
            Obstacle::Platform { .. } => Filter::Platform,
            Obstacle::Port { .. } => Filter::HostPort,
            Obstacle::Crowd { .. } => Filter::MaxPerNode,
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Obstacle::Away(state) => f.write_str(away(*state)),
            Obstacle::Unavailable(availability) => f.write_str(unavailable(*availability)),
            Obstacle::Cpu { wanted, left, of } => {
                let (wanted, left, of) = (Cpu(*wanted), Cpu(*left), Cpu(*of));
                write!(
                    f,
                    "has {left} of {of} CPUs left, and a task reserves {wanted}"
                )
            }
            Obstacle::Memory { wanted, left, of } => {
                let (wanted, left, of) = (Bytes(*wanted), rounded(*left), rounded(*of));
                write!(
                    f,
                    "has {left} of {of} memory left, and a task reserves {wanted}"
                )
            }
            Obstacle::Generic { kind, of: 0, .. } => write!(f, "offers no `{kind}`"),
            Obstacle::Generic {
                kind,
                wanted,
                left,
                of,
            } => {
                write!(
                    f,
                    "has {left} of {of} `{kind}` left, and a task reserves {wanted}"
                )
            }
            Obstacle::Plugin { kind, name } => write!(f, "has no {kind} `{name}`"),
            Obstacle::Constraint { text, found } => constraint(f, text, found.as_deref()),
            Obstacle::Platform { has } => write!(f, "is {has}, for which the image is not made"),
            Obstacle::Port { port, holder } => {
                write!(f, "has its port {port} in use by `{holder}`")
            }
            Obstacle::Crowd { most, running } => {
                let tasks = if *running == 1 { "task" } else { "tasks" };
                write!(
                    f,
                    "already has {running} {tasks} of it (max-per-node {most})"
                )
            }
        }
    }
}

/// `lacks label zone=a (constraint node.labels.zone==a)`
fn constraint(f: &mut fmt::Formatter<'_>, text: &str, found: Option<&str>) -> fmt::Result {
    let label = text.strip_prefix("node.labels.");
    let wanted = label.and_then(|label| label.split_once("=="));
    match (wanted, found) {
        (Some((key, value)), None) => {
            write!(f, "lacks the label `{key}={value}` (constraint `{text}`)")
        }
        (Some((key, _)), Some(found)) => {
            write!(f, "has the label `{key}={found}` (constraint `{text}`)")
        }
        (None, Some(found)) => write!(f, "is `{found}` (constraint `{text}`)"),
        (None, None) => write!(f, "does not meet the constraint `{text}`"),
    }
}

const fn away(state: MachineState) -> &'static str {
    match state {
        MachineState::Ready => "is ready",
        MachineState::Down => "is down",
        MachineState::Unknown => "has not been heard of since the managers changed",
        MachineState::Disconnected => "is disconnected",
    }
}

const fn unavailable(availability: Availability) -> &'static str {
    match availability {
        Availability::Active => "is active",
        Availability::Pause => "is paused",
        Availability::Drain => "is drained",
    }
}

/// The memory of a machine is no round number, and nobody reads eleven digits.
const fn rounded(bytes: u64) -> Bytes {
    const MIB: u64 = 1 << 20;
    if bytes >= MIB {
        Bytes(bytes / MIB * MIB)
    } else {
        Bytes(bytes)
    }
}
