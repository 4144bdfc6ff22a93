//! Joins the nodes into one swarm.

use super::Node;

/// Makes all nodes managers of one swarm, so that any one of them may be lost.
pub(super) fn form(nodes: &[Node]) -> Result<(), String> {
    let (first, others) = nodes.split_first().expect("an engine has a node");
    first.docker(&["swarm", "init", "--advertise-addr", &first.address()])?;
    if others.is_empty() {
        return Ok(());
    }
    let token = first.docker(&["swarm", "join-token", "--quiet", "manager"])?;
    let leader = format!("{}:2377", first.address());
    for node in others {
        node.docker(&["swarm", "join", "--token", &token, &leader])?;
    }
    Ok(())
}

/// One line a node, then the swarm as its first reachable manager sees it.
pub(super) fn status(nodes: &[Node]) -> String {
    let list = [
        "node",
        "ls",
        "--format",
        "{{.Hostname}} {{.Status}} {{.ManagerStatus}}",
    ];
    let seen = nodes.iter().find_map(|node| node.docker(&list).ok());
    let mut lines: Vec<String> = nodes.iter().map(node_line).collect();
    lines.push(seen.unwrap_or_else(|| "no manager answers".to_owned()));
    lines.join("\n")
}

fn node_line(node: &Node) -> String {
    let facts = "engine {{.ServerVersion}}, storage {{.Driver}}, cgroup v{{.CgroupVersion}}";
    let state = if node.is_alive() {
        node.docker(&["info", "--format", facts])
            .unwrap_or_else(|error| error)
    } else {
        "crashed".to_owned()
    };
    format!(
        "n{} {} {}: {state}",
        node.index,
        node.address(),
        node.host()
    )
}
