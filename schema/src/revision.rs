//! A plan that was applied: what history shows, and what a rollback goes back to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::change::{Change, ChangeSet, Summary};
use crate::digest::DigestText;
use crate::event::{ApplyReport, NodeOutcome, Outcome, Timestamp};
use crate::inventory::Verdict;
use crate::plan::{Fingerprints, Plan};

/// What every reader must check before the rest: `skep.revision/1`.
pub const REVISION_FORMAT: &str = "skep.revision/1";

/// What an apply set out to do, written before its first change. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Revision {
    /// Always [`REVISION_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = REVISION_FORMAT)))]
    pub format: String,
    /// Counts from 1 in each stack.
    pub number: u32,
    pub begun: Timestamp,
    /// Who asked for it, `ann@laptop`.
    pub by: String,
    pub purpose: Purpose,
    /// What it was to change.
    pub summary: Summary,
    /// As it was compiled: names of secrets are open.
    pub plan: Plan,
    /// What completed the names of secrets, keyed with the swarm's own key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<Address, String>,
    /// Keyed fingerprints of variables that hold a secret: node to variable to fingerprint.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<Address, BTreeMap<String, String>>,
}

/// Why there is a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    Apply,
    /// Back to what this revision wanted.
    Rollback(u32),
    Destroy,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Ending {
    pub at: Timestamp,
    pub outcome: Outcome,
    /// Nodes whose own new form did not work, so that trying it again is no use.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failed: BTreeMap<Address, DigestText>,
}

/// A revision as history has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Entry {
    pub revision: Revision,
    /// Nothing while the apply runs, and for ever when it was killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending>,
}

impl Entry {
    pub fn is_done(&self) -> bool {
        self.ending
            .as_ref()
            .is_some_and(|ending| ending.outcome == Outcome::Done)
    }
}

impl Revision {
    /// The plan with the secrets of its day. Variables that hold a secret take its value of today:
    /// old ones are nowhere.
    pub fn bound(&self) -> Plan {
        self.plan.bind(&Fingerprints {
            secrets: self.secrets.clone(),
            ..Fingerprints::default()
        })
    }
}

impl Revision {
    /// What was given to the target, to be compared with what its labels say.
    pub fn as_applied(&self) -> Plan {
        let variables = self.env.iter().flat_map(|(address, variables)| {
            let print = |(name, print): (&String, &String)| {
                ((address.clone(), name.clone()), print.clone())
            };
            variables.iter().map(print)
        });
        self.plan.bind(&Fingerprints {
            secrets: self.secrets.clone(),
            env: variables.collect(),
            ..Fingerprints::default()
        })
    }
}

impl Ending {
    /// What a report says about the changes it is for.
    pub fn of(report: &ApplyReport, changes: &ChangeSet, at: Timestamp) -> Self {
        let failed = report.nodes.iter().filter(|(_, node)| is_spoiled(node));
        let digest = |address: &Address| {
            let after = changes.get(address)?.after.as_ref()?;
            Some((address.clone(), after.digest.clone()))
        };
        Self {
            at,
            outcome: report.outcome,
            failed: failed.filter_map(|(address, _)| digest(address)).collect(),
        }
    }
}

/// Whether the node failed by its own form, and not by what was around it.
fn is_spoiled(node: &NodeOutcome) -> bool {
    let NodeOutcome::Failed(failure) = node else {
        return false;
    };
    match failure.verdict {
        Verdict::RolledBack | Verdict::Paused | Verdict::CrashLooping | Verdict::Exited => true,
        Verdict::Unschedulable
        | Verdict::NoImage
        | Verdict::Rejected
        | Verdict::TimedOut
        | Verdict::Superseded
        | Verdict::Unreachable
        | Verdict::Denied => false,
    }
}

/// Changes that did not work when they were last tried, each with the number of that revision.
/// `history` is oldest first.
pub fn failed_before(history: &[Entry], changes: &ChangeSet) -> Vec<(Address, u32)> {
    let last_try = |address: &Address, digest: &DigestText| {
        let tried = history.iter().rev().find(|entry| {
            entry.is_done()
                || entry
                    .ending
                    .as_ref()
                    .is_some_and(|e| e.failed.contains_key(address))
        })?;
        let failed = tried.ending.as_ref()?.failed.get(address)?;
        (failed == digest).then_some(tried.revision.number)
    };
    let is_written = |change: &&Change| change.was.is_none() || !change.fields.is_empty();
    let changed = changes.changes.iter().filter(is_written);
    changed
        .filter_map(|change| {
            let digest = &change.after.as_ref()?.digest;
            Some((change.address.clone(), last_try(&change.address, digest)?))
        })
        .collect()
}
