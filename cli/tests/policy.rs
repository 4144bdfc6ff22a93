//! The project's rules hold at compile and again at apply, wherever a plan comes from.

mod support;

use skep_schema::plan::Plan;
use support::{Project, on_model};

const WEB: &str = "project shop edition=1\nservice web { image \"registry.example.com/web:1\"; cap { add NET_ADMIN } }\n";
const DENY: &str = "policy { capabilities deny }\n";

fn project(text: &str) -> Project {
    let project = Project::empty();
    project.write("skep.kdl", text);
    project
}

fn compiled(project: &Project) -> String {
    let ran = project.skep(&["compile", "-o", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stdout
}

/// The plan with the digests of what it holds now.
fn signed(plan: &str) -> String {
    let mut plan: Plan = serde_json::from_str(plan).expect("it is a plan");
    for (address, node) in &mut plan.nodes {
        node.digest = node.payload.digest(address.kind);
    }
    plan.digest = Plan::digest_of(&plan.nodes);
    serde_json::to_string(&plan).expect("plain data")
}

fn refused(project: &Project) {
    let file = project.path().join("plan.json").display().to_string();
    let ran = on_model(project, &["apply", &file, "--yes"]);
    assert_eq!(ran.code, 77, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("SK5304: `service.web`"),
        "{}",
        ran.stderr
    );
    assert!(!project.model().exists(), "something was written");
}

#[test]
fn a_plan_without_rules_is_held_to_those_of_the_project() {
    let project = project(WEB);
    project.write("plan.json", &compiled(&project));
    project.write(
        "skep.kdl",
        "project shop edition=1\npolicy { capabilities deny }\n",
    );
    refused(&project);
}

#[test]
fn a_plan_is_held_to_the_rules_that_it_carries() {
    let project = project(
        &format!("{}{DENY}", WEB.replace("NET_ADMIN", "CHOWN"))
            .replace("capabilities deny", "capabilities deny allow=CHOWN"),
    );
    let plan = compiled(&project);
    assert!(plan.contains("CHOWN"));
    project.write("skep.kdl", "project shop edition=1\n");
    let edited = plan.replacen("\"CAP_CHOWN\"", "\"CAP_NET_ADMIN\"", 1);
    project.write("plan.json", &signed(&edited));
    refused(&project);
}

#[test]
fn a_plan_that_was_edited_is_no_longer_what_its_digest_says() {
    let project = project(WEB);
    let plan = compiled(&project);
    let applied = |plan: &str| {
        project.write("plan.json", plan);
        let file = project.path().join("plan.json").display().to_string();
        on_model(&project, &["apply", &file, "--yes"])
    };
    let ran = applied(&plan.replacen("\"CAP_NET_ADMIN\"", "\"CAP_CHOWN\"", 1));
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("`service.web` in PROJECT/plan.json"),
        "{}",
        ran.stderr
    );
    let mut fewer: Plan = serde_json::from_str(&plan).expect("it is a plan");
    fewer.nodes.pop_first();
    let ran = applied(&serde_json::to_string(&fewer).expect("plain data"));
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("the nodes in PROJECT/plan.json"),
        "{}",
        ran.stderr
    );
    assert_eq!(applied(&plan).code, 0);
}

#[test]
fn a_plan_that_keeps_the_rules_is_applied() {
    let project = project(&format!(
        "{}{DENY}",
        WEB.replace("cap { add NET_ADMIN }", "")
    ));
    project.write("plan.json", &compiled(&project));
    let file = project.path().join("plan.json").display().to_string();
    let ran = on_model(&project, &["apply", &file, "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn an_environment_is_stricter_than_the_rest() {
    let project = project(&format!(
        "{WEB}policy {{ capabilities warn }}\nenvironment prod {{ add policy {{ capabilities deny }} }}\n"
    ));
    assert_eq!(project.skep(&["compile"]).code, 0);
    let prod = project.skep(&["compile", "-e", "prod"]);
    assert_eq!(prod.code, 1);
    assert!(
        prod.stderr.contains("the capability `NET_ADMIN` is added"),
        "{}",
        prod.stderr
    );
}

#[test]
fn a_denied_plan_is_none_even_where_the_lint_is_allowed() {
    let project = project(&format!("{WEB}{DENY}allow SK5304 \"we want it\"\n"));
    let ran = project.skep(&["compile"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
}
