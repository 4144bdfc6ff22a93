//! What the daemon's file says about who may what, and the actors that it makes of those who came.

use std::collections::BTreeSet;

use skep_schema::api::access::{Grant, Role, Scope};
use skep_schema::api::subject::{Name, Subject, Via};
use skep_schema::api::token::TokenInfo;

use super::groups::SocketPeer;
use super::oidc::Identity;
use super::{Actor, Held};

/// Grants, and the users who need none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// Users who are the machine's owner or the daemon itself: they could do all of it by other ways.
    admins: BTreeSet<u32>,
    grants: Vec<Grant>,
}

impl Access {
    /// `own_uid` is the user that the daemon runs as.
    pub(crate) fn new(own_uid: u32, grants: Vec<Grant>) -> Self {
        let admins = BTreeSet::from([0, own_uid]);
        Self { admins, grants }
    }

    /// Who is at the other end of the socket.
    pub(crate) fn of_socket(&self, peer: &SocketPeer) -> Actor {
        let name = Subject::Uid(peer.uid);
        let mut actor = self.actor(name, peer.groups.clone(), Via::Socket);
        if self.admins.contains(&peer.uid) {
            actor.holds.push(Held {
                role: Role::Admin,
                stacks: Scope::All,
            });
        }
        actor
    }

    /// Who has shown a certificate with these names. One without a name says nothing.
    pub(crate) fn of_certificate(&self, names: &[Name]) -> Option<Actor> {
        let mut subjects = names.iter().cloned().map(Subject::Cert);
        let name = subjects.next()?;
        Some(self.actor(name, subjects.collect(), Via::Certificate))
    }

    /// Who has this token. Beside its own role a token has what grants give to its name.
    pub(crate) fn of_token(&self, token: &TokenInfo) -> Actor {
        let name = Subject::Token(token.name.clone());
        let mut actor = self.actor(name, BTreeSet::new(), Via::Token(token.id.clone()));
        actor.holds.push(Held {
            role: token.role,
            stacks: token.stacks.clone(),
        });
        actor.until = Some(token.expires);
        actor
    }

    /// Whom an issuer vouches for.
    pub(crate) fn of_identity(&self, identity: &Identity) -> Actor {
        let Identity {
            issuer,
            subject,
            groups,
            until,
        } = identity;
        let name = Subject::Oidc {
            issuer: issuer.clone(),
            subject: subject.clone(),
        };
        let group = |group: &Name| Subject::OidcGroup {
            issuer: issuer.clone(),
            group: group.clone(),
        };
        let mut actor = self.actor(name, groups.iter().map(group).collect(), Via::Oidc);
        actor.until = Some(*until);
        actor
    }

    fn actor(&self, name: Subject, groups: BTreeSet<Subject>, via: Via) -> Actor {
        let is_his = |grant: &&Grant| grant.who == name || groups.contains(&grant.who);
        let held = |grant: &Grant| Held {
            role: grant.role,
            stacks: grant.stacks.clone(),
        };
        let holds = self.grants.iter().filter(is_his).map(held).collect();
        Actor {
            name,
            groups,
            via,
            holds,
            until: None,
        }
    }
}
