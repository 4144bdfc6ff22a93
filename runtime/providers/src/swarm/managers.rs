//! The managers of a swarm, for whoever has to find another one or to bring them back.

use skep_engine::provider::ProviderError;

use super::fault::{Meaning, Refusal};
use super::wire::SwarmInfo;

/// The addresses of a swarm's managers, as one of them knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Managers {
    /// In order, the one that was asked among them.
    all: Vec<String>,
    others: Vec<String>,
}

/// Whether the manager that was asked finds no leader. It waits 20 s for one before it says so.
pub(crate) fn is_leaderless(swarm: &SwarmInfo) -> bool {
    let said = Refusal {
        status: 500,
        message: swarm.error.clone(),
    };
    said.meaning() == Meaning::Leaderless
}

impl Managers {
    pub(crate) fn of(swarm: &SwarmInfo) -> Self {
        let peers = swarm.remote_managers.iter();
        let mut known: Vec<(String, bool)> = peers
            .map(|peer| {
                let host = peer.addr.rsplit_once(':').map(|(host, _)| host);
                (
                    host.unwrap_or(&peer.addr).to_owned(),
                    peer.node == swarm.node,
                )
            })
            .collect();
        known.sort();
        let others = known.iter().filter(|(_, is_asked)| !is_asked);
        Self {
            others: others.map(|(host, _)| host.clone()).collect(),
            all: known.iter().map(|(host, _)| host.clone()).collect(),
        }
    }

    /// Why nothing can be read or written, and which managers have to agree.
    pub(crate) fn leaderless(&self, target: &str) -> ProviderError {
        let count = self.all.len();
        let message = if count < 2 {
            "its manager cannot decide alone".to_owned()
        } else {
            let enough = count / 2 + 1;
            let all = self.all.join(", ");
            format!("{enough} of its {count} managers have to be up and reach each other ({all})")
        };
        ProviderError::Leaderless {
            target: target.to_owned(),
            message,
        }
    }

    /// The words of a failed connection, with the managers that could be asked instead.
    pub(crate) fn instead(&self, words: String) -> String {
        if self.others.is_empty() {
            return words;
        }
        let others = self.others.join(", ");
        format!("{words}; the swarm has other managers: {others}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn swarm(json: &str) -> SwarmInfo {
        serde_json::from_str(json).expect("it is JSON")
    }

    fn three(error: &str) -> SwarmInfo {
        let managers = r#"[{"NodeID":"b","Addr":"10.0.0.2:2377"},{"NodeID":"a","Addr":"10.0.0.1:2377"},
            {"NodeID":"c","Addr":"[fd00::3]:2377"}]"#;
        swarm(&format!(
            r#"{{"NodeID":"a","Error":"{error}","RemoteManagers":{managers}}}"#
        ))
    }

    #[test]
    fn a_swarm_without_a_leader_is_known_by_what_its_manager_says() {
        let words = [
            "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible",
            "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
        ];
        for words in words {
            assert!(is_leaderless(&three(words)), "{words}");
        }
        assert!(!is_leaderless(&three("")));
        assert!(!is_leaderless(&swarm(r#"{"RemoteManagers":null}"#)));
    }

    #[test]
    fn the_managers_that_have_to_agree_are_named() {
        let managers = Managers::of(&three("x"));
        assert_eq!(
            managers.leaderless("here").to_string(),
            "the swarm at here has no leader: 2 of its 3 managers have to be up and reach each other \
             (10.0.0.1, 10.0.0.2, [fd00::3])"
        );
        assert_eq!(
            managers.instead("gone".to_owned()),
            "gone; the swarm has other managers: 10.0.0.2, [fd00::3]"
        );
    }

    #[test]
    fn a_swarm_of_one_manager_has_no_other() {
        let alone =
            swarm(r#"{"NodeID":"a","RemoteManagers":[{"NodeID":"a","Addr":"10.0.0.1:2377"}]}"#);
        assert_eq!(Managers::of(&alone).instead("gone".to_owned()), "gone");
    }
}
