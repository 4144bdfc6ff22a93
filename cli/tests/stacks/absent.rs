//! What another stack, or somebody, has to make first.

use crate::support::{Project, Ran, json};
use crate::{repository, skep};

/// A command on a swarm that both projects live in.
fn on_one_swarm(all: &Project, project: &str, args: &[&str]) -> Ran {
    let file = all.path().join("model.json");
    let file = file.display().to_string();
    let target = ["--target", "model", "--model-file", &file];
    skep(all, project, &[&target, args].concat())
}

#[test]
fn what_another_stack_has_not_made_yet_is_refused_before_anything_is_written() {
    let all = repository();
    all.edit(
        "shop/skep.kdl",
        "network db.data\n",
        "network db.data; network edge\n",
    );
    all.edit(
        "shop/skep.kdl",
        "environment prod",
        "network edge\nenvironment prod",
    );
    let missing =
        "`network.\"db.data\"` (../db/skep.kdl:3) is not there: no network is called `db_data`";
    let help = "apply the stack `db` first, which makes it";
    let planned = on_one_swarm(&all, "shop", &["plan", "-o", "json"]);
    assert_eq!(planned.code, 0, "{}", planned.stderr);
    let concern = json(&planned)["concerns"][0].clone();
    assert_eq!(concern["because"], "absent");
    assert_eq!(concern["missing"]["name"], "db_data");
    assert_eq!(concern["missing"]["stack"], "db");
    let status = on_one_swarm(&all, "shop", &["status"]);
    for said in [missing, help, "external          not there"] {
        assert!(status.stdout.contains(said), "{said}: {}", status.stdout);
    }
    let refused = on_one_swarm(&all, "shop", &["apply", "--yes"]);
    assert_eq!(refused.code, 77, "{}", refused.stderr);
    for said in ["`service.api`: ", missing, help] {
        assert!(refused.stderr.contains(said), "{said}: {}", refused.stderr);
    }
    let nothing = on_one_swarm(&all, "shop", &["status"]);
    assert!(
        nothing.stdout.contains("would create"),
        "{}",
        nothing.stdout
    );
    assert!(
        !nothing.stdout.contains("as in the spec"),
        "{}",
        nothing.stdout
    );

    for project in ["db", "shop"] {
        let applied = on_one_swarm(&all, project, &["apply", "--yes"]);
        assert_eq!(applied.code, 0, "{}", applied.stderr);
    }
    let status = on_one_swarm(&all, "shop", &["status"]);
    assert!(
        status.stdout.contains("external          there"),
        "{}",
        status.stdout
    );
}

#[test]
fn all_that_nobody_made_is_named_at_once_with_what_is_near() {
    let all = repository();
    all.write(
        "shop/skep.kdl",
        "project shop edition=1\n\
         network data external name=\"db_date\"\n\
         config motd external\n\
         secret pass external name=\"api_pass\"\n\
         service api { image \"shop/api:1.2\"; network data; config motd; secret pass }\n\
         service two { image \"shop/api:1.2\"; network data }\n",
    );
    let applied = on_one_swarm(&all, "db", &["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{}", applied.stderr);
    let refused = on_one_swarm(&all, "shop", &["apply", "--yes"]);
    assert_eq!(refused.code, 77, "{}", refused.stderr);
    for said in [
        "no config is called `motd`",
        "no secret is called `api_pass`",
        "create it, or correct its name; there is `db_data`",
    ] {
        assert!(refused.stderr.contains(said), "{said}: {}", refused.stderr);
    }
    assert_eq!(
        refused
            .stderr
            .matches("no network is called `db_date`")
            .count(),
        1,
        "{}",
        refused.stderr
    );
}
