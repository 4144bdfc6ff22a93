//! Who may do what. Whoever asks is made an [`Actor`] by what proves who he is, the grants give him
//! roles, and [`authorize`] alone judges by them. What no grant allows is refused: nothing about this
//! has a default.

mod access;
pub(crate) mod certificate;
pub(crate) mod groups;
pub(crate) mod oidc;
pub(crate) mod token;
pub(crate) mod tokens;

use std::collections::BTreeSet;

use skep_schema::api::access::{Reach, Role, Scope, StackName, Verb};
use skep_schema::api::audit::{Author, RequestId};
use skep_schema::api::subject::{Subject, Via};
use skep_schema::base32;
use skep_schema::event::Timestamp;

pub(crate) use self::access::Access;

/// Somebody whose name was proved. Only [`Access`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Actor {
    name: Subject,
    groups: BTreeSet<Subject>,
    via: Via,
    holds: Vec<Held>,
    /// From here on what proved his name proves nothing. Nothing where only the connection's end ends it.
    until: Option<Timestamp>,
}

/// A role that somebody has, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    role: Role,
    stacks: Scope,
}

impl Actor {
    pub(crate) fn name(&self) -> &Subject {
        &self.name
    }

    pub(crate) fn via(&self) -> &Via {
        &self.via
    }

    /// The roles he has, for those who ask what they may.
    pub(crate) fn roles(&self) -> impl Iterator<Item = (Role, &Scope)> {
        self.holds.iter().map(|held| (held.role, &held.stacks))
    }

    /// Whether what proved his name still does by itself.
    pub(crate) fn is_proved(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    fn holds(&self, least: Role, at: impl Fn(&Scope) -> bool) -> bool {
        let enough = |held: &Held| held.role >= least && at(&held.stacks);
        self.holds.iter().any(enough)
    }
}

/// That somebody may do something. What changes anything takes one, and none can be made but by
/// [`authorize`] and by the daemon for what its file tells it to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permit {
    who: Author,
    via: Option<Via>,
    verb: Verb,
    stack: Option<StackName>,
}

impl Permit {
    /// For what the daemon does by itself.
    pub(crate) fn own(verb: Verb, stack: Option<StackName>) -> Self {
        Self {
            who: Author::Daemon,
            via: None,
            verb,
            stack,
        }
    }

    pub(crate) fn who(&self) -> &Author {
        &self.who
    }

    pub(crate) fn via(&self) -> Option<&Via> {
        self.via.as_ref()
    }

    pub(crate) fn verb(&self) -> Verb {
        self.verb
    }

    pub(crate) fn stack(&self) -> Option<&StackName> {
        self.stack.as_ref()
    }
}

/// Somebody may not. It is said before anything is looked up, so that it does not tell what exists.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{who}` may not {verb}{}", place(stack.as_ref()))]
pub(crate) struct Forbidden {
    pub(crate) who: Subject,
    pub(crate) verb: Verb,
    pub(crate) stack: Option<StackName>,
}

fn place(stack: Option<&StackName>) -> String {
    stack.map_or_else(String::new, |stack| format!(" `{stack}`"))
}

impl Forbidden {
    /// What to change so that it is allowed.
    pub(crate) fn help(&self) -> String {
        let role = self.verb.least().word();
        let on = match self.verb.reach() {
            Reach::Daemon => "*",
            Reach::Anywhere => "SOME-STACK",
            Reach::Stack => self.stack.as_ref().map_or("A-STACK", StackName::as_str),
        };
        format!(
            "it takes `grant \"{}\" role=\"{role}\" stack=\"{on}\"` in the daemon's file",
            self.who
        )
    }
}

/// Whether somebody may do something, to this stack or to the daemon where none is named. A verb that
/// is about a stack is refused without one, and the other way around.
pub(crate) fn authorize(
    actor: &Actor,
    verb: Verb,
    stack: Option<&StackName>,
) -> Result<Permit, Forbidden> {
    let least = verb.least();
    let may = match (verb.reach(), stack) {
        (Reach::Stack, Some(stack)) => actor.holds(least, |scope| scope.covers(stack)),
        (Reach::Anywhere, None) => actor.holds(least, |_| true),
        (Reach::Daemon, None) => actor.holds(least, |scope| *scope == Scope::All),
        (Reach::Stack, None) | (Reach::Anywhere | Reach::Daemon, Some(_)) => false,
    };
    if may {
        Ok(Permit {
            who: Author::Known(actor.name.clone()),
            via: Some(actor.via.clone()),
            verb,
            stack: stack.cloned(),
        })
    } else {
        Err(Forbidden {
            who: actor.name.clone(),
            verb,
            stack: stack.cloned(),
        })
    }
}

/// A new request's id.
///
/// # Errors
/// The system has no random bytes.
pub(crate) fn request_id() -> Result<RequestId, NoRandom> {
    let bytes: [u8; 16] = token::random()?;
    Ok(base32::encode(&bytes)
        .parse()
        .expect("16 bytes are 26 letters of base32"))
}

/// The system gives no random bytes: nothing that has to be secret can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random bytes")]
pub(crate) struct NoRandom;

#[cfg(test)]
mod tests;
