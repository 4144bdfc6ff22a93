//! The other side of a comparison without a target: a plan file, or a git revision.

use std::path::Path;

use skep_schema::change::{CHANGES_FORMAT, ChangeSet};
use skep_schema::plan::{PLAN_FORMAT, Plan};

use super::Session;
use crate::exit::Exit;
use crate::failure::Failure;

/// A plan and where it came from.
pub(crate) struct Base {
    pub(crate) plan: Plan,
    /// `plan base.json`, `revision main`
    pub(crate) name: String,
}

/// The number of a revision, `r7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u32);

impl std::str::FromStr for Number {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text
            .strip_prefix('r')
            .filter(|t| t.starts_with(|c: char| c.is_ascii_digit()));
        digits
            .and_then(|d| d.parse().ok())
            .map(Self)
            .ok_or("revisions look like r7")
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// What a file that Skep wrote holds.
pub(crate) enum Saved {
    Plan(Plan),
    Changes(ChangeSet),
}

impl Session<'_> {
    /// A plan file if there is one of that name, else a revision of the target, else the project at
    /// a git revision.
    pub(crate) fn base(&self, name: &str) -> Result<Base, Failure> {
        let path = Path::new(name);
        if path.is_file() {
            return match read_saved(path)? {
                Saved::Plan(plan) => Ok(Base {
                    plan,
                    name: format!("plan {name}"),
                }),
                Saved::Changes(_) => Err(Failure::new(
                    Exit::Failed,
                    format!("{name} holds changes, and a plan is wanted"),
                )
                .help("`skep compile -o json > plan.json` writes a plan")),
            };
        }
        if let Ok(Number(number)) = name.parse() {
            let journal = self.journal()?;
            let entry = journal.get(number).ok_or_else(|| {
                Failure::new(Exit::Failed, format!("there is no revision r{number}"))
                    .help("`skep history` lists what there is")
            })?;
            return Ok(Base {
                plan: entry.revision.bound(),
                name: format!("r{number}"),
            });
        }
        let compiled = self.project.at_revision(name, self.inputs())?;
        self.show(&compiled.diagnostics, &compiled.sources)?;
        let plan = compiled
            .plan
            .ok_or_else(|| Failure::new(Exit::Failed, format!("revision {name} has no plan")))?;
        Ok(Base {
            plan,
            name: format!("revision {name}"),
        })
    }
}

/// Reads a file that `compile` or `plan --out` wrote.
pub(crate) fn read_saved(path: &Path) -> Result<Saved, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::file(path, &e))?;
    let broken =
        |e: serde_json::Error| Failure::new(Exit::Failed, format!("{}: {e}", path.display()));
    let value: serde_json::Value = serde_json::from_str(&text).map_err(broken)?;
    match value.get("format").and_then(serde_json::Value::as_str) {
        Some(PLAN_FORMAT) => {
            let plan: Plan = serde_json::from_value(value).map_err(broken)?;
            unaltered(path, &plan)?;
            Ok(Saved::Plan(plan))
        }
        Some(CHANGES_FORMAT) => serde_json::from_value(value)
            .map(Saved::Changes)
            .map_err(broken),
        Some(other) => Err(Failure::new(
            Exit::Failed,
            format!("{} is of format `{other}`", path.display()),
        )
        .help(format!(
            "this skep reads {PLAN_FORMAT} and {CHANGES_FORMAT}"
        ))),
        None => Err(
            Failure::new(Exit::Failed, format!("{} says no format", path.display()))
                .help("it is no file that skep wrote"),
        ),
    }
}

/// What was reviewed under a digest is what is applied.
fn unaltered(path: &Path, plan: &Plan) -> Result<(), Failure> {
    let Some(message) = plan.altered(&path.display().to_string()) else {
        return Ok(());
    };
    Err(Failure::new(Exit::Failed, message)
        .help("somebody edited the plan; change the spec and compile it anew"))
}
