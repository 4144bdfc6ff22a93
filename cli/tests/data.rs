//! What is written as data: its schemas, and what is said in it alone.

mod support;

use support::{Project, json};

const NAMES: &[&str] = &[
    "plan",
    "changes",
    "apply",
    "event",
    "status",
    "drift",
    "history",
    "revision",
    "check",
    "tests",
    "edit",
    "export",
    "graph",
    "stack",
    "stacks",
    "stack-event",
    "snapshot",
    "lagged",
    "approval",
    "services",
    "routes",
    "log",
    "patch",
    "refusal",
    "me",
    "daemon-health",
    "audit-check",
    "token",
    "tokens",
    "notice",
];

#[test]
fn the_program_prints_every_schema() {
    let project = Project::empty();
    for name in NAMES {
        let ran = project.skep(&["schema", name]);
        let schema = json(&ran);
        assert_eq!(schema["title"], format!("skep.{name}/1"), "{name}");
        assert_eq!(
            schema["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
        let committed = format!("{}/../docs/schema/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let committed = std::fs::read_to_string(committed).expect("the page is there");
        assert_eq!(ran.stdout, committed);
    }
    assert_eq!(project.skep(&["schema", "planet"]).code, 64);
}

#[test]
fn the_language_is_data() {
    let language = json(&Project::empty().skep(&["schema", "language"]));
    let field = |node: &str, word: &str| {
        let fields = language["nodes"][node]["fields"].as_array();
        let fields = fields.expect("a node has fields").iter();
        let mut named = fields.filter(|field| field["word"] == word);
        named.next().expect("the field is there").clone()
    };
    let health = field("Service", "health");
    assert_eq!(health["written"], "block");
    let inside = health["node"].as_str().expect("a block is a node");
    assert_eq!(language["nodes"][inside]["word"], "health");
    assert_eq!(field(inside, "every")["type"], "duration");
    assert_eq!(field("Service", "port")["written"], "blocks");
    assert_eq!(field("Project", "edition")["required"], true);
    assert_eq!(language["types"]["duration"]["units"]["s"], 1_000_000_000);
}

const ALLOWED: &str = r#"project shop edition=1
network net
service web {
    image nginx
    network net
    limits memory="64MiB"
    allow SK5001 "built by the same run"
}
"#;

#[test]
fn what_is_allowed_and_why_is_in_the_report() {
    let project = Project::empty();
    project.write("skep.kdl", ALLOWED);
    let report = json(&project.skep(&["check", "-o", "json"]));
    let allowed = &report["allowed"][0];
    assert_eq!(allowed["code"], "SK5001");
    assert_eq!(allowed["reason"], "built by the same run");
    assert_eq!(allowed["node"], "service.web");
    assert_eq!(allowed["place"]["start"]["line"], 7);
    assert_eq!(allowed["silenced"][0]["line"], 4);
    assert!(
        report["diagnostics"]
            .as_array()
            .is_some_and(|all| all.iter().all(|d| d["code"] != "SK5001"))
    );
}

#[test]
fn what_is_allowed_is_suppressed_in_sarif() {
    let project = Project::empty();
    project.write("skep.kdl", &ALLOWED.replace("    network net\n", ""));
    let log = json(&project.skep(&["check", "-o", "sarif"]));
    let results = log["runs"][0]["results"]
        .as_array()
        .expect("there are results");
    let of = |code: &str| {
        results
            .iter()
            .find(|r| r["ruleId"] == code)
            .expect("it was found")
    };
    let suppression = &of("SK5001")["suppressions"][0];
    assert_eq!(suppression["kind"], "inSource");
    assert_eq!(suppression["justification"], "built by the same run");
    assert_eq!(
        suppression["location"]["physicalLocation"]["region"]["startLine"],
        6
    );
    let others = results.iter().filter(|r| r["ruleId"] != "SK5001");
    let mut others = others.peekable();
    assert!(others.peek().is_some());
    assert!(others.all(|r| r["suppressions"].as_array().is_some_and(Vec::is_empty)));
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array();
    assert!(rules.is_some_and(|rules| rules.iter().any(|rule| rule["id"] == "SK5001")));
}
