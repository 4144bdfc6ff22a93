//! Projects that import each other: what is exported, what it is called, and that nothing of another
//! stack is ever ours.

#[path = "stacks/absent.rs"]
mod absent;
mod support;

use std::process::Command;

use support::{Project, Ran};

const DB: &str = "\
project db edition=1
param tag default=\"17.2\"
network data
network inner
service postgres {
    image (fmt)\"postgres:${param.tag}\"; network data; network inner; port sql 5432
    health { tcp port=sql }; mount volume=rows to=\"/var/lib/postgresql/data\"
}
volume rows
service cache { image \"redis:7.2.1\"; network inner; port redis 6379 }
export service.postgres network.data doc=\"for the shop\"
environment prod { set tag \"17.3\" }
";

const SHOP: &str = "\
project shop edition=1 { import \"../db\" as=db }
service api {
    image \"shop/api:1.2\"; network db.data
    env { HOST (var)service.db.postgres.host; PORT (var)service.db.postgres.port.sql }
}
environment prod { }
environment test { }
";

/// A repository with the projects `db` and `shop`.
fn repository() -> Project {
    let all = Project::empty();
    all.write("db/skep.kdl", DB);
    all.write("shop/skep.kdl", SHOP);
    git(&all, &["init", "-q"]);
    all
}

fn git(all: &Project, args: &[&str]) {
    let ran = Command::new("git")
        .current_dir(all.path())
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
        .args(args)
        .output()
        .expect("git can be run");
    assert!(ran.status.success(), "{args:?}");
}

fn skep(all: &Project, project: &str, args: &[&str]) -> Ran {
    let folder = all.path().join(project);
    let output = Command::new(env!("CARGO_BIN_EXE_skep"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("XDG_CACHE_HOME", all.path().join(".cache"))
        .arg("-C")
        .arg(folder)
        .args(args)
        .output()
        .expect("the binary can be run");
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn plan(all: &Project, args: &[&str]) -> serde_json::Value {
    let ran = skep(all, "shop", &[&["compile", "-o", "json"], args].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    support::json(&ran)
}

/// What is wrong with the shop, once an edit was made.
fn wrong(file: &str, from: &str, to: &str) -> String {
    let all = repository();
    all.edit(file, from, to);
    let ran = skep(&all, "shop", &["check"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    ran.stderr
}

#[test]
fn names_are_those_of_the_same_environment_or_of_none() {
    let all = repository();
    for (args, stack) in [
        (&[][..], "db"),
        (&["-e", "prod"], "db-prod"),
        (&["-e", "test"], "db"),
    ] {
        let text = plan(&all, args).to_string();
        assert!(
            text.contains(&format!("\"HOST\":\"{stack}_postgres\"")),
            "{text}"
        );
        assert!(text.contains("\"PORT\":\"5432\""), "{text}");
        assert!(
            text.contains(&format!("\"name\":\"{stack}_data\"")),
            "{text}"
        );
    }
    all.edit("shop/skep.kdl", "as=db", "as=db environment=prod");
    assert!(plan(&all, &[]).to_string().contains("db-prod_postgres"));
}

#[test]
fn only_what_is_used_is_in_a_plan_and_what_else_changes_there_is_no_change_here() {
    let all = repository();
    let before = plan(&all, &[]);
    let text = before.to_string();
    for foreign in ["inner", "cache", "rows", "17.2"] {
        assert!(!text.contains(foreign), "{foreign}: {text}");
    }
    all.edit("db/skep.kdl", "postgres:${param.tag}", "postgres:16");
    all.edit("db/skep.kdl", "; network inner; port sql", "; port sql");
    all.edit("db/skep.kdl", "redis:7.2.1", "redis:7.2.2");
    assert_eq!(plan(&all, &[])["digest"], before["digest"]);
    assert!(before["digest"].is_string());
    all.edit("db/skep.kdl", "port sql 5432", "port sql 5433");
    assert_ne!(plan(&all, &[])["digest"], before["digest"]);
    all.edit("shop/skep.kdl", "; network db.data\n    env", "\n    env");
    all.edit("shop/skep.kdl", "env { HOST", "// env { HOST");
    assert!(
        !plan(&all, &[]).to_string().contains("db_"),
        "nothing is used any more"
    );
}

#[test]
fn nothing_of_another_stack_is_applied_or_destroyed() {
    let all = repository();
    let model = ["--target", "model"];
    let ran = skep(&all, "db", &[&model[..], &["apply", "--yes"]].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    std::fs::create_dir_all(all.path().join("shop/.skep")).expect("a folder");
    let file = ".skep/model.json";
    let copy = |from: &str, to: &str| {
        let path = |project: &str| all.path().join(project).join(file);
        std::fs::copy(path(from), path(to)).expect("the swarm can be handed on");
    };
    copy("db", "shop");
    let ran = skep(&all, "shop", &[&model[..], &["apply", "--yes"]].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    copy("shop", "db");
    let ran = skep(
        &all,
        "db",
        &[&model[..], &["plan", "--detailed-exitcode"]].concat(),
    );
    assert_eq!(ran.code, 0, "the database is as it was: {}", ran.stdout);
    let ran = skep(&all, "shop", &[&model[..], &["destroy", "--yes"]].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    copy("shop", "db");
    let ran = skep(
        &all,
        "db",
        &[&model[..], &["plan", "--detailed-exitcode"]].concat(),
    );
    assert_eq!(ran.code, 0, "the database is as it was: {}", ran.stdout);
}

#[test]
fn what_is_not_exported_or_not_there_is_told_apart() {
    let text = wrong(
        "shop/skep.kdl",
        "service.db.postgres.host",
        "service.db.cache.host",
    );
    assert!(
        text.contains("SK3010") && text.contains("export service.cache"),
        "{text}"
    );
    assert!(
        text.contains("../db/skep.kdl:10"),
        "both places are shown: {text}"
    );
    let text = wrong(
        "shop/skep.kdl",
        "service.db.postgres.host",
        "service.db.postgras.host",
    );
    assert!(
        text.contains("SK3001") && text.contains("write `db.postgres`"),
        "{text}"
    );
    let text = wrong("shop/skep.kdl", "postgres.port.sql", "postgres.port.sqll");
    assert!(text.contains("SK3003"), "{text}");
    let text = wrong(
        "db/skep.kdl",
        "export service.postgres network.data",
        "export network.data",
    );
    assert!(
        text.contains("does not export the service `postgres`"),
        "{text}"
    );
    let text = wrong("shop/skep.kdl", "network db.data", "network db.inner");
    assert!(text.contains("SK3010"), "{text}");
    let text = wrong("shop/skep.kdl", "network db.data", "network dbs.data");
    assert!(text.contains("SK3001"), "{text}");
}

#[test]
fn a_route_reaches_another_stack_on_a_network_that_both_have() {
    let all = repository();
    let route = "network edge\ngateway front { proxy caddy; network edge; listen 80 }\n\
                 route db.localhost { match \"/\" { to db.postgres port=sql } }\n";
    all.write("shop/skep.kdl", &format!("{SHOP}{route}"));
    let ran = skep(&all, "shop", &["check"]);
    assert!(ran.stderr.contains("SK3201"), "{}", ran.stderr);
    all.edit(
        "shop/skep.kdl",
        "network edge; listen",
        "network edge; network db.data; listen",
    );
    let ran = skep(&all, "shop", &["check"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(plan(&all, &[]).to_string().contains("tasks.db_postgres"));

    // A third party's network that both name is one as well.
    all.edit(
        "db/skep.kdl",
        "network inner\n",
        "network inner external name=\"shared\"\n",
    );
    let ours = "network ours external name=\"shared\"\n";
    all.edit(
        "shop/skep.kdl",
        "network edge; network db.data",
        "network edge; network ours",
    );
    all.write("shop/more.kdl", ours);
    all.edit("shop/skep.kdl", "as=db }", "as=db; include \"more.kdl\" }");
    let ran = skep(&all, "shop", &["check"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn a_name_that_means_nothing_is_warned_of() {
    let all = repository();
    all.edit("shop/skep.kdl", "; network db.data\n", "\n");
    let ran = skep(&all, "shop", &["check"]);
    assert!(ran.stderr.contains("SK5011"), "{}", ran.stderr);
}

#[test]
fn two_projects_may_import_each_other() {
    let all = repository();
    all.edit(
        "db/skep.kdl",
        "project db edition=1",
        "project db edition=1 { import \"../shop\" as=shop }",
    );
    all.write("shop/skep.kdl", &format!("{SHOP}export service.api\n"));
    all.edit(
        "shop/skep.kdl",
        "network db.data\n",
        "network db.data; port http 80\n",
    );
    all.edit(
        "db/skep.kdl",
        "health { tcp port=sql };",
        "env { API (var)service.shop.api.host };",
    );
    for project in ["db", "shop"] {
        let ran = skep(&all, project, &["check"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
}

#[test]
fn mistakes_elsewhere_are_told_at_the_import_when_they_matter() {
    let text = wrong("db/skep.kdl", "volume rows\n", "volume rows {\n");
    assert!(
        text.contains("SK4013") && text.contains("../db/skep.kdl"),
        "{text}"
    );
    let all = repository();
    all.edit("db/skep.kdl", "volume rows\n", "volume rows colour=red\n");
    assert_eq!(
        skep(&all, "shop", &["check"]).code,
        0,
        "another node's mistake is not ours"
    );
    let text = wrong("shop/skep.kdl", "../db\" as=db", "../bd\" as=db");
    assert!(text.contains("there is no file `../bd/skep.kdl`"), "{text}");
    assert!(
        text.contains("1 error\n"),
        "one mistake is one error: {text}"
    );
    let text = wrong("shop/skep.kdl", "as=db", "as=db environment=prd");
    assert!(
        text.contains("SK4010") && text.contains("environment=prod"),
        "{text}"
    );
}

#[test]
fn nothing_leads_out_of_the_repository() {
    let all = repository();
    std::fs::remove_dir_all(all.path().join(".git")).expect("the repository can go");
    let ran = skep(&all, "shop", &["check"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("of one git repository"),
        "{}",
        ran.stderr
    );

    // The shop is a repository of its own: what is beside it is somebody else's.
    std::fs::create_dir(all.path().join("shop/.git")).expect("a folder");
    let ran = skep(&all, "shop", &["check"]);
    assert!(ran.stderr.contains("cannot be read"), "{}", ran.stderr);

    let all = repository();
    let outside = Project::empty();
    outside.write("skep.kdl", DB);
    std::fs::remove_dir_all(all.path().join("db")).expect("the folder can go");
    std::os::unix::fs::symlink(outside.path(), all.path().join("db")).expect("a link");
    let ran = skep(&all, "shop", &["check"]);
    assert!(
        ran.stderr.contains("outside the repository"),
        "{}",
        ran.stderr
    );

    for way in ["../*", "../x/../db", "../../db/../../etc", "../db/../db"] {
        let text = wrong("shop/skep.kdl", "\"../db\"", &format!("\"{way}\""));
        assert!(
            text.contains("SK4013") || text.contains("SK3002"),
            "{way}: {text}"
        );
    }
    // Nobody includes what is beside them.
    let text = wrong(
        "shop/skep.kdl",
        "import \"../db\" as=db",
        "include \"../db/skep.kdl\"",
    );
    assert!(text.contains("SK4012"), "{text}");
}

#[test]
fn a_revision_reads_the_other_project_as_it_was_then() {
    let all = repository();
    all.edit(
        "db/skep.kdl",
        "project db edition=1",
        "project db edition=1\ninclude \"more/*.kdl\"",
    );
    all.write("db/more/net.kdl", "network more\n");
    git(&all, &["add", "-A"]);
    git(&all, &["commit", "-q", "-m", "one"]);
    all.edit("db/skep.kdl", "port sql 5432", "port sql 5433");
    let ran = skep(&all, "shop", &["plan", "--base", "HEAD"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("5432") && ran.stdout.contains("5433"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_graph_says_whose_a_node_is() {
    let all = repository();
    for (form, said) in [
        ("tree", "service.\"db.postgres\"  (by name)  (of db)"),
        ("json", "\"stack\": \"db\""),
        ("dot", "of db"),
        ("mermaid", "of db"),
        ("svg", "of db"),
    ] {
        let ran = skep(&all, "shop", &["graph", "-o", form]);
        assert!(ran.stdout.contains(said), "{form}: {}", ran.stdout);
    }
}

#[test]
fn a_module_from_git_may_be_a_project() {
    let all = repository();
    git(&all, &["add", "-A"]);
    git(&all, &["commit", "-q", "-m", "one"]);
    git(&all, &["tag", "v1"]);
    let elsewhere = Project::empty();
    elsewhere.write("shop/skep.kdl", SHOP);
    let address = format!("git:{}\" rev=v1 path=db", all.path().display());
    elsewhere.edit("shop/skep.kdl", "../db\"", &address);
    let ran = skep(&elsewhere, "shop", &["lock", "modules"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let text = plan(&elsewhere, &["-e", "prod"]).to_string();
    assert!(
        text.contains("db-prod_postgres") && text.contains("db@v1:skep.kdl"),
        "{text}"
    );
}

#[test]
fn nothing_writes_to_another_project() {
    let all = repository();
    let before = std::fs::read_to_string(all.path().join("db/skep.kdl")).expect("the project");
    let ran = skep(&all, "shop", &["fmt"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for args in [
        &["set", "service.\"db.postgres\".port.sql", "1"][..],
        &["rename", "service.\"db.postgres\"", "service.x"],
        &["remove", "service.\"db.postgres\""],
    ] {
        assert_ne!(skep(&all, "shop", args).code, 0, "{args:?}");
    }
    let after = std::fs::read_to_string(all.path().join("db/skep.kdl")).expect("the project");
    assert_eq!(after, before);
    // What is renamed there is renamed in what it exports.
    let ran = skep(&all, "db", &["rename", "service.postgres", "service.sql"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let ran = skep(&all, "shop", &["check"]);
    assert!(
        ran.stderr.contains("has no service called `postgres`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_node_that_was_moved_or_adopted_there_has_its_first_name() {
    let all = repository();
    all.edit(
        "db/skep.kdl",
        "volume rows\n",
        "volume rows\nmoved from=service.pg to=service.postgres\n",
    );
    assert!(plan(&all, &[]).to_string().contains("\"HOST\":\"db_pg\""));
    all.edit(
        "db/skep.kdl",
        "moved from=service.pg to=service.postgres",
        "adopt service.postgres name=\"old_pg\"",
    );
    assert!(plan(&all, &[]).to_string().contains("\"HOST\":\"old_pg\""));
}

#[test]
fn a_template_names_what_is_imported() {
    let all = repository();
    all.write(
        "shop/app.tera",
        "{{ service[\"db.postgres\"].host }}:{{ service[\"db.postgres\"].port.sql }}",
    );
    all.edit(
        "shop/skep.kdl",
        "network db.data\n",
        "network db.data; config app target=\"/app\"\n",
    );
    all.edit(
        "shop/skep.kdl",
        "environment test",
        "config app template=\"app.tera\"\nenvironment test",
    );
    let text = plan(&all, &[]).to_string();
    assert!(text.contains("db_postgres:5432"), "{text}");
}

#[test]
fn no_component_comes_from_a_project() {
    let text = wrong(
        "shop/skep.kdl",
        "environment prod",
        "use db.site web\nenvironment prod",
    );
    assert!(
        text.contains("SK4007") && text.contains("`db` is a project"),
        "{text}"
    );
}

#[test]
fn an_export_is_of_what_is_there_and_ours() {
    for (export, code) in [
        ("service.nobody", "SK3001"),
        ("volume.rows", "SK3009"),
        ("service.other", "SK3009"),
        ("postgres", "SK2005"),
    ] {
        let all = repository();
        let more = format!("service other {{ external stack=x }}\nexport {export}\n");
        all.write("db/skep.kdl", &format!("{DB}{more}"));
        let ran = skep(&all, "db", &["check"]);
        assert!(ran.stderr.contains(code), "{export}: {}", ran.stderr);
    }
}

#[test]
fn a_service_and_a_network_may_have_one_name() {
    let all = repository();
    all.edit("db/skep.kdl", "service postgres", "service data");
    all.edit(
        "db/skep.kdl",
        "export service.postgres",
        "export service.data",
    );
    all.edit(
        "shop/skep.kdl",
        "env { HOST (var)service.db.postgres.host; PORT (var)service.db.postgres.port.sql }",
        "",
    );
    let text = plan(&all, &[]).to_string();
    assert!(
        text.contains("db_data\"") && !text.contains("service.\\\"db.data"),
        "{text}"
    );
}

#[test]
fn no_default_of_ours_is_told_of_what_another_stack_makes() {
    let all = repository();
    for (address, is_theirs) in [
        ("service.\"db.postgres\"", true),
        ("network.\"db.data\"", true),
        ("service.api", false),
    ] {
        let told = skep(&all, "shop", &["explain", address]);
        assert_eq!(told.code, 0, "{}", told.stderr);
        let ours = told.stdout.contains("edition");
        assert_eq!(ours, !is_theirs, "{address}: {}", told.stdout);
    }
}
