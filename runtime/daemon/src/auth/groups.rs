//! Who is at the other end of a unix socket: the user and group that the kernel says, and the groups
//! that this machine's own files put him in.
//!
//! Groups that come from elsewhere, such as a directory server, are not seen: a grant to `uid:` or to
//! the primary group works for their members.

use std::collections::BTreeSet;

use skep_schema::api::subject::Subject;

/// Who connected, as he was when he did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SocketPeer {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// His groups, by number and by name.
    pub(crate) groups: BTreeSet<Subject>,
}

impl SocketPeer {
    /// Reads the machine's files anew, so that a group that was taken away is gone with the next
    /// connection. Files that cannot be read put nobody in any group.
    pub(crate) fn now(uid: u32, gid: u32) -> Self {
        let text = |path| std::fs::read_to_string(path).unwrap_or_default();
        Self::by(uid, gid, &text("/etc/passwd"), &text("/etc/group"))
    }

    /// By what these two files say.
    fn by(uid: u32, gid: u32, passwd: &str, group: &str) -> Self {
        let users: BTreeSet<&str> = passwd.lines().filter_map(|line| user(line, uid)).collect();
        let mut groups = BTreeSet::from([Subject::Gid(gid)]);
        for line in group.lines() {
            groups.extend(membership(line, gid, &users).into_iter().flatten());
        }
        Self { uid, gid, groups }
    }
}

/// The name in a line of `passwd`, if it is this user's.
fn user(line: &str, uid: u32) -> Option<&str> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty())?;
    let number = fields.nth(1)?;
    (number == uid.to_string()).then_some(name)
}

/// The two names of a line's group, if the user is in it.
fn membership(line: &str, gid: u32, users: &BTreeSet<&str>) -> Option<[Subject; 2]> {
    let mut fields = line.split(':');
    let name = fields.next()?.parse().ok()?;
    let number: u32 = fields.nth(1)?.parse().ok()?;
    let mut members = fields.next()?.split(',');
    let is_in = number == gid || members.any(|member| users.contains(member));
    is_in.then_some([Subject::Gid(number), Subject::Group(name)])
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n\
        bob:x:1001:1001::/:/bin/sh\n:x:1002:0::/:\nbad line\n";
    const GROUP: &str = "root:x:0:\nann:x:1000:\nops:x:50:bob,ann\ndev:x:51:annabel\nempty:x:52:\n\
        broken:x:nan:ann\nshort\n";

    fn groups(uid: u32, gid: u32) -> Vec<String> {
        let peer = SocketPeer::by(uid, gid, PASSWD, GROUP);
        peer.groups.iter().map(Subject::to_string).collect()
    }

    #[test]
    fn a_user_is_in_the_groups_that_name_him_whole() {
        assert_eq!(
            groups(1000, 1000),
            ["gid:50", "gid:1000", "group:ann", "group:ops"]
        );
        assert_eq!(groups(1001, 1001), ["gid:50", "gid:1001", "group:ops"]);
    }

    #[test]
    fn a_user_without_a_name_is_in_his_own_group_alone() {
        assert_eq!(groups(1002, 7), ["gid:7"]);
        assert_eq!(groups(4000, 0), ["gid:0", "group:root"]);
    }

    #[test]
    fn files_that_cannot_be_read_put_nobody_anywhere() {
        let peer = SocketPeer::by(1000, 1000, "", "");
        assert_eq!(peer.groups, BTreeSet::from([Subject::Gid(1000)]));
    }
}
