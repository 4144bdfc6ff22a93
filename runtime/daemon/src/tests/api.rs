//! The API as clients see it.

use axum::http::{Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use skep_schema::api::stack::{StackState, Wait};

use super::lab::{Lab, plan};
use crate::http::openapi::description;

const WEB: &str = "service web { image \"web:1\" }\n";

fn waiting() -> StackState {
    StackState::Changes {
        waits_for: Wait::Approval,
    }
}

#[tokio::test]
async fn a_plan_that_is_pushed_is_approved_by_its_changes_id_and_applied() {
    let mut lab = Lab::open("apply approve").await;
    let body = serde_json::to_value(plan(WEB)).expect("plain data");
    let (status, _) = lab.send("PUT", "/v1/stacks/shop/plan", &body).await;
    assert_eq!(status, StatusCode::OK);
    lab.until(waiting()).await;
    let (_, changes) = lab.json("/v1/stacks/shop/changes").await;
    let approval = json!({"changes": changes["id"]});
    let (status, told) = lab.send("PUT", "/v1/stacks/shop/approval", &approval).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    drop(lab.hear("applied").await);
    drop(lab.hear("looked").await);
    lab.until(StackState::InSync).await;
    let (_, services) = lab.json("/v1/services").await;
    assert_eq!(
        services["services"][0]["address"], "service.web",
        "{services}"
    );
    let (_, history) = lab.json("/v1/stacks/shop/revisions").await;
    assert_eq!(
        history["revisions"][0]["revision"]["by"], "uid:0",
        "{history}"
    );
}

#[tokio::test]
async fn changes_that_moved_since_they_were_shown_are_not_approved() {
    let mut lab = Lab::open("apply approve").await;
    lab.push(WEB).await;
    lab.until(waiting()).await;
    let (_, changes) = lab.json("/v1/stacks/shop/changes").await;
    lab.push("service other { image \"web:1\" }\n").await;
    while lab.json("/v1/stacks/shop/changes").await.1["id"] == changes["id"] {
        drop(lab.hear("looked").await);
    }
    let approval = json!({"changes": changes["id"]});
    let (status, _) = lab.send("PUT", "/v1/stacks/shop/approval", &approval).await;
    assert_eq!(status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn stacks_have_their_services_where_those_are_asked_for() {
    let mut lab = Lab::open("apply auto").await;
    lab.push(WEB).await;
    lab.until(StackState::InSync).await;
    // A look between the two answers moves the time of the last one.
    let (plain, whole) = loop {
        let (_, plain) = lab.json("/v1/stacks").await;
        let (_, whole) = lab.json("/v1/stacks?services=true&stack=shop").await;
        if plain["stacks"][0]["looked"] == whole["stacks"][0]["looked"] {
            break (plain, whole);
        }
    };
    assert!(plain.get("services").is_none(), "{plain}");
    assert_eq!(whole["stacks"], plain["stacks"]);
    assert_eq!(whole["services"][0]["address"], "service.web");
    let stack = &whole["stacks"][0];
    assert_eq!(stack["policy"], json!({"apply": "auto", "drift": "report"}));
    assert_eq!(stack["applied"], stack["plan"]);
    let (_, other) = lab.json("/v1/stacks?services=true&stack=other").await;
    assert_eq!(other["stacks"], json!([]));
    assert!(other.get("services").is_none(), "{other}");
}

#[tokio::test]
async fn health_tells_of_each_target_source_and_channel() {
    let notify = "notify \"ops\" {\n webhook \"https://127.0.0.1:1/\"\n}";
    let mut lab = Lab::with("apply auto", notify).await;
    lab.push(WEB).await;
    lab.until(StackState::InSync).await;
    let (_, health) = lab.json("/v1/health").await;
    let checks = health["checks"].as_array().expect("checks").iter();
    let checks = checks.map(|check| {
        assert_eq!(check["ok"], true, "{check}");
        let word = |name: &str| check[name].as_str().unwrap_or_default().to_owned();
        (word("name"), word("detail"))
    });
    let checks: Vec<(String, String)> = checks.collect();
    let names: Vec<&str> = checks.iter().map(|(name, _)| name.as_str()).collect();
    let wanted = ["store", "lease", "drain", "target", "source", "channel"];
    assert_eq!(names, wanted);
    let told = |name: &str, detail: &str| {
        let of_one = checks.iter().find(|(check, _)| check == name);
        assert!(
            of_one.is_some_and(|(_, told)| told.ends_with(detail)),
            "{checks:?}"
        );
    };
    told("target", "model.json of shop: this daemon acts there");
    told("source", "shop: pushed by ann");
    told("channel", "ops: nothing was lost on its way");
}

/// T9: what is sent is read like files, and nothing of it is guessed.
#[tokio::test]
async fn asvs_15_3_3_a_plan_that_was_altered_or_is_another_stacks_is_refused() {
    let lab = Lab::open("apply report").await;
    let whole = serde_json::to_value(plan(WEB)).expect("plain data");
    let mut altered = whole.clone();
    altered["nodes"]["service.web"]["payload"]["image"] = "evil:1".into();
    let mut other = whole;
    other["stack"] = "other".into();
    for body in [altered, other, json!({}), json!([])] {
        let (status, told) = lab.send("PUT", "/v1/stacks/shop/plan", &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{told}");
    }
    let (_, found) = lab.json("/v1/stacks/shop").await;
    assert!(found.get("plan").is_none(), "{found}");
}

/// Every answer is what the description says.
#[tokio::test]
async fn answers_are_as_they_are_described() {
    let mut lab = Lab::open("apply auto").await;
    lab.push(WEB).await;
    lab.until(StackState::InSync).await;
    let description = description();
    let paths = [
        "/v1/me",
        "/v1/health",
        "/v1/stacks",
        "/v1/stacks/{stack}",
        "/v1/stacks/{stack}/plan",
        "/v1/stacks/{stack}/changes",
        "/v1/stacks/{stack}/revisions",
        "/v1/services",
        "/v1/routes",
        "/v1/tokens",
        "/v1/audit/check",
    ];
    for path in paths {
        let (status, answer) = lab.json(&path.replace("{stack}", "shop")).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        let given = &description["paths"][path]["get"]["responses"]["200"]["content"];
        let mut schema = given["application/json"]["schema"].clone();
        schema["components"] = description["components"].clone();
        let wrong = skep_fixtures::described::mistakes_by(&schema, &answer);
        assert!(wrong.is_empty(), "{path}: {wrong:?}");
    }
}

/// ASVS 16.2.1: whoever changes something is on record before it is done.
#[tokio::test]
async fn asvs_16_2_1_what_is_done_is_in_the_audit_and_the_audit_is_whole() {
    let lab = Lab::open("apply report").await;
    let (status, _) = lab.send("POST", "/v1/stacks/shop/look", &Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    let audit = lab.get("/v1/audit").await;
    let text = String::from_utf8_lossy(&audit.body).into_owned();
    assert!(
        text.contains("\"verb\":\"sync\"") && text.contains("uid:0"),
        "{text}"
    );
    let (_, check) = lab.json("/v1/audit/check").await;
    assert_eq!(check["whole"], true, "{check}");
}

#[tokio::test]
async fn a_backup_is_a_store_that_opens() {
    let lab = Lab::open("apply report").await;
    lab.push(WEB).await;
    let copy = lab.get("/v1/backup").await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = crate::store::sqlite::file(folder.path());
    std::fs::write(file, &copy.body).expect("it can be written");
    let store = crate::store::sqlite::Sqlite::open(folder.path()).expect("it opens");
    let plans = crate::store::Store::list(&store, crate::store::Shelf::Plan).await;
    assert_eq!(plans.expect("it can be read").len(), 1);
}

impl Lab {
    pub(super) async fn send(&self, method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://localhost{path}"))
            .header("content-type", "application/json")
            .body(Full::new(
                serde_json::to_vec(body).expect("plain data").into(),
            ));
        let answer = self.web().send(request).await.expect("an answer");
        let value = serde_json::from_slice(&answer.body).unwrap_or_default();
        (answer.status, value)
    }

    async fn json(&self, path: &str) -> (StatusCode, Value) {
        let answer = self.get(path).await;
        let value = serde_json::from_slice(&answer.body).unwrap_or_default();
        (answer.status, value)
    }
}
