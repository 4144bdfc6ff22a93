//! Roles, what they may do, and on which stacks.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::subject::{Subject, as_text};

/// What somebody may do. Each role may do all that the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Sees stacks, plans, changes and events.
    Viewer,
    /// Has plans made, and has stacks looked at.
    Planner,
    /// Changes what runs: pushes plans, approves, applies, holds.
    Applier,
    /// Rules the daemon itself.
    Admin,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Planner, Self::Applier, Self::Admin];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Planner => "planner",
            Self::Applier => "applier",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Role {
    type Err = BadAccess;

    fn from_str(text: &str) -> Result<Self, BadAccess> {
        let found = Self::ALL.into_iter().find(|role| role.word() == text);
        found.ok_or(BadAccess::Role)
    }
}

/// What is done. Each route of the API names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// See one stack: its state, plan, changes, history and events.
    Read,
    /// Compile or compare without changing anything.
    Plan,
    /// Have a stack looked at now. What follows is the stack's own policy.
    Sync,
    /// Hand in what a stack shall be.
    Push,
    /// Agree to changes, or take that back.
    Approve,
    /// Have changes made now.
    Apply,
    /// Keep a stack from acting by itself, or let it go on.
    Hold,
    /// See which stacks there are. Shown are only those that may be read.
    List,
    /// See the daemon's own numbers.
    Metrics,
    /// Read and verify who did what.
    Audit,
    /// Make, list and revoke tokens.
    Token,
    /// Have the daemon finish what it does, and begin nothing more.
    Drain,
    /// Copy the store.
    Backup,
    /// Have the daemon read its file again.
    Reload,
    /// Send a message to try a channel.
    Notify,
}

/// What a verb is about, and so where its role has to be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// One stack: the role is held for it.
    Stack,
    /// No stack in particular: the role is held for any.
    Anywhere,
    /// The daemon: the role is held for `*`.
    Daemon,
}

impl Verb {
    pub const ALL: [Self; 15] = [
        Self::Read,
        Self::Plan,
        Self::Sync,
        Self::Push,
        Self::Approve,
        Self::Apply,
        Self::Hold,
        Self::List,
        Self::Metrics,
        Self::Audit,
        Self::Token,
        Self::Drain,
        Self::Backup,
        Self::Reload,
        Self::Notify,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Plan => "plan",
            Self::Sync => "sync",
            Self::Push => "push",
            Self::Approve => "approve",
            Self::Apply => "apply",
            Self::Hold => "hold",
            Self::List => "list",
            Self::Metrics => "metrics",
            Self::Audit => "audit",
            Self::Token => "token",
            Self::Drain => "drain",
            Self::Backup => "backup",
            Self::Reload => "reload",
            Self::Notify => "notify",
        }
    }

    /// The least role that may.
    pub const fn least(self) -> Role {
        match self {
            Self::Read | Self::List | Self::Metrics => Role::Viewer,
            Self::Plan | Self::Sync => Role::Planner,
            Self::Push | Self::Approve | Self::Apply | Self::Hold => Role::Applier,
            Self::Audit
            | Self::Token
            | Self::Drain
            | Self::Backup
            | Self::Reload
            | Self::Notify => Role::Admin,
        }
    }

    pub const fn reach(self) -> Reach {
        match self {
            Self::Read
            | Self::Plan
            | Self::Sync
            | Self::Push
            | Self::Approve
            | Self::Apply
            | Self::Hold => Reach::Stack,
            Self::List => Reach::Anywhere,
            Self::Metrics
            | Self::Audit
            | Self::Token
            | Self::Drain
            | Self::Backup
            | Self::Reload
            | Self::Notify => Reach::Daemon,
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The name of a stack: `shop@prod`, or `shop` where a project has no environments.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StackName(String);

impl StackName {
    /// In letters.
    const LONGEST: usize = 130;

    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn project(&self) -> &str {
        self.0
            .split_once('@')
            .map_or(&self.0, |(project, _)| project)
    }

    fn has_environment(&self) -> bool {
        self.0.contains('@')
    }
}

impl FromStr for StackName {
    type Err = BadAccess;

    fn from_str(text: &str) -> Result<Self, BadAccess> {
        let is_short = text.len() <= Self::LONGEST;
        let mut parts = text.splitn(2, '@');
        if is_short && parts.all(is_part) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadAccess::Stack)
        }
    }
}

fn is_part(text: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    text.starts_with(|first: char| first.is_ascii_alphanumeric()) && text.chars().all(plain)
}

impl fmt::Display for StackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

as_text!(
    StackName,
    "the name of a stack",
    "StackName",
    "The name of a stack: `shop@prod`."
);

/// Which stacks a role is held for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// `*`: every stack, and the daemon itself.
    All,
    /// `shop@*`: every environment of a project. Not `shop`, which has none.
    Project(String),
    /// `shop@prod`
    One(StackName),
}

impl Scope {
    pub fn covers(&self, stack: &StackName) -> bool {
        match self {
            Self::All => true,
            Self::Project(project) => stack.has_environment() && stack.project() == project,
            Self::One(name) => name == stack,
        }
    }
}

impl FromStr for Scope {
    type Err = BadAccess;

    fn from_str(text: &str) -> Result<Self, BadAccess> {
        if text == "*" {
            return Ok(Self::All);
        }
        match text.strip_suffix("@*") {
            Some(project) if is_part(project) => Ok(Self::Project(project.to_owned())),
            Some(_) => Err(BadAccess::Scope),
            None => text.parse().map(Self::One).map_err(|_| BadAccess::Scope),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Project(project) => write!(f, "{project}@*"),
            Self::One(name) => name.fmt(f),
        }
    }
}

as_text!(
    Scope,
    "`*`, `shop@*` or `shop@prod`",
    "Scope",
    "Which stacks a role is held for: `*`, `shop@*`, `shop@prod`."
);

/// Somebody's role. Whoever has no grant may nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub who: Subject,
    pub role: Role,
    pub stacks: Scope,
}

/// What is wrong with a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAccess {
    #[error("a role is `viewer`, `planner`, `applier` or `admin`")]
    Role,
    #[error("a stack is named like `shop@prod`")]
    Stack,
    #[error("stacks are named like `shop@prod`, `shop@*` or `*`")]
    Scope,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(text: &str) -> Scope {
        text.parse().expect("a scope")
    }

    #[test]
    fn a_scope_covers_what_it_names_and_nothing_that_only_looks_like_it() {
        let cases = [
            ("*", "shop@prod", true),
            ("*", "shop", true),
            ("shop@*", "shop@prod", true),
            ("shop@*", "shop", false),
            ("shop@*", "shop2@prod", false),
            ("shop@*", "sho@prod", false),
            ("shop@prod", "shop@prod", true),
            ("shop@prod", "shop@prod2", false),
            ("shop@prod", "Shop@prod", false),
            ("shop", "shop", true),
            ("shop", "shop@prod", false),
        ];
        for (pattern, stack, covered) in cases {
            let stack = stack.parse().expect("a stack");
            assert_eq!(scope(pattern).covers(&stack), covered, "{pattern} {stack}");
        }
    }

    #[test]
    fn nothing_but_the_three_forms_is_a_scope() {
        let bad = [
            "",
            "**",
            "*@prod",
            "@*",
            "shop@",
            "@prod",
            "shop@*x",
            "sh*p@prod",
            "a@b@*",
            "a@b@c",
            " *",
            "shop@prod ",
            "../x",
            "shop/prod",
            "shop@..",
            "-shop",
            "shop@%2e",
            "shop\n@prod",
        ];
        for text in bad {
            assert!(text.parse::<Scope>().is_err(), "{text:?}");
        }
        for text in ["*", "shop@*", "shop", "shop@prod", "a.b-c_d@x"] {
            assert_eq!(scope(text).to_string(), text);
        }
    }

    #[test]
    fn words_are_those_that_are_serialized() {
        for role in Role::ALL {
            assert_eq!(serde_json::json!(role), role.word());
            assert_eq!(role.word().parse(), Ok(role));
        }
        for verb in Verb::ALL {
            assert_eq!(serde_json::json!(verb), verb.word());
        }
        assert!("Admin".parse::<Role>().is_err());
    }

    #[test]
    fn what_rules_the_daemon_is_for_admins_alone() {
        for verb in Verb::ALL {
            let rules = verb.reach() == Reach::Daemon && verb != Verb::Metrics;
            assert_eq!(verb.least() == Role::Admin, rules, "{verb}");
        }
    }
}
