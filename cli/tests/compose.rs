//! Compose files as they are: `-f`, `include`, and others who deploy the same stack.

mod support;

use serde_json::{Value, json};
use support::{Project, Ran, on_model, snapshot};

const FILE: &str = r#"services:
  web:
    image: nginx:1.27.3
    environment:
      GREETING: hello
    configs: [{source: page, target: /page}]
    secrets: [key]
    volumes: ["data:/data"]
    networks: [front]
    deploy:
      replicas: 2
      labels: {team: shop}
  db:
    image: redis:7.4.1
    networks: [front]
networks:
  front: {attachable: true}
volumes:
  data: {}
configs:
  page: {file: ./page.txt}
secrets:
  key: {file: ./key.txt}
"#;

const SOURCE: &[&str] = &["-f", "stack.yml", "--stack", "shop"];

fn project() -> Project {
    let project = Project::empty();
    project.write("stack.yml", FILE);
    project.write("page.txt", "a page\n");
    project.write("key.txt", "a key");
    project
}

fn run(project: &Project, args: &[&str]) -> Ran {
    on_model(project, &[args, SOURCE].concat())
}

fn done(project: &Project, args: &[&str]) -> String {
    let ran = run(project, args);
    assert_eq!(ran.code, 0, "{args:?}: {}{}", ran.stdout, ran.stderr);
    format!("{}{}", ran.stdout, ran.stderr)
}

/// Makes of what Skep applied what `docker stack deploy` would have made, with more labels.
fn hand_over(project: &Project, more: &[(&str, &str)]) {
    let text = std::fs::read_to_string(project.model()).expect("there is a model");
    let mut world: Value = serde_json::from_str(&text).expect("it is JSON");
    for kind in ["networks", "configs", "secrets", "services"] {
        let objects = world[kind].as_object_mut().expect("objects by name");
        objects.retain(|name, _| !name.starts_with("skep-"));
        for object in objects.values_mut() {
            let labels = match object.get("spec") {
                Some(_) => &mut object["spec"]["labels"],
                None => &mut object["labels"],
            };
            *labels = json!({"com.docker.stack.namespace": "shop"});
            for (key, value) in more.iter().filter(|_| kind == "services") {
                labels[*key] = json!(value);
            }
        }
    }
    let mut text = world.to_string();
    for kind in ["page", "key"] {
        let start = text.find(&format!("shop_{kind}-")).expect("it has a name");
        let name: String = text[start..].chars().take_while(|c| *c != '"').collect();
        text = text.replace(&name, &format!("shop_{kind}"));
    }
    project.write(".skep/model.json", &text);
}

fn deployed(more: &[(&str, &str)]) -> Project {
    let project = project();
    done(&project, &["apply", "--yes"]);
    hand_over(&project, more);
    project
}

#[test]
fn a_file_is_planned_as_it_is_and_named_by_its_lines() {
    let project = project();
    snapshot("source", "plan", &done(&project, &["plan"]));
    snapshot(
        "source",
        "explain",
        &done(&project, &["explain", "service.web"]),
    );
    assert!(!project.path().join("skep.kdl").exists());
}

#[test]
fn a_stack_of_docker_is_taken_over_and_rotated_from_then_on() {
    let project = deployed(&[]);
    let plan = done(&project, &["plan"]);
    assert!(
        plan.contains("0 tasks restart") && !plan.contains("REPLACE"),
        "{plan}"
    );
    done(&project, &["apply", "--yes"]);
    assert!(done(&project, &["plan"]).contains("nothing to do"));
    project.write("key.txt", "another key");
    let plan = done(&project, &["plan"]);
    assert!(
        plan.contains("secret.key") && !plan.contains("config.page"),
        "{plan}"
    );
    done(&project, &["apply", "--yes"]);
    project.write("page.txt", "another page\n");
    let plan = done(&project, &["plan"]);
    assert!(
        plan.contains("config.page") && !plan.contains("secret.key"),
        "{plan}"
    );
    project.write("key.txt", "a key");
    project.write("page.txt", "a page\n");
    done(&project, &["apply", "--yes"]);
    let model = std::fs::read_to_string(project.model()).expect("there is a model");
    assert!(
        model.contains("\"source\":\"shop_key\"") || model.contains("\"source\": \"shop_key\"")
    );
    assert!(done(&project, &["plan"]).contains("nothing to do"));
}

#[test]
fn what_another_tool_deploys_is_refused_until_it_is_taken_over() {
    let project = deployed(&[("cd.doco.deployment.name", "shop")]);
    let plan = run(&project, &["plan"]);
    assert_eq!(plan.code, 0, "{}", plan.stderr);
    snapshot("source", "another-owner", &plan.stderr);
    let apply = run(&project, &["apply", "--yes"]);
    assert_eq!(apply.code, 77, "{}", apply.stderr);
    let before = std::fs::read_to_string(project.model()).expect("there is a model");
    assert!(!before.contains("skep.stack"), "nothing was written");

    let meant = run(&project, &["plan", "--take-over"]);
    assert!(!meant.stderr.contains("SK3801"), "{}", meant.stderr);
    let next = meant
        .stdout
        .lines()
        .find(|line| line.contains("skep apply"));
    let next = next.expect("it says what applies it");
    assert!(
        next.contains("apply --take-over") && next.contains("-f stack.yml --stack shop"),
        "{next}"
    );
    done(&project, &["apply", "--yes", "--take-over"]);
    assert!(done(&project, &["plan"]).contains("nothing to do"));
}

#[test]
fn what_a_label_asks_others_to_change_is_noted_and_not_refused() {
    let project = deployed(&[("shepherd.enable", "true")]);
    let silent = done(&project, &["plan"]);
    assert!(!silent.contains("Shepherd"), "the label goes: {silent}");
    project.edit(
        "stack.yml",
        "{team: shop}",
        "{team: shop, shepherd.enable: \"true\"}",
    );
    let told = done(&project, &["apply", "--yes"]);
    assert!(told.contains("note: Shepherd changes its image"), "{told}");
}

#[test]
fn mistakes_stand_in_the_yaml_and_nothing_offers_to_edit_it() {
    let project = project();
    project.edit("stack.yml", "GREETING: hello", "SMTP_PASSWORD: hunter2");
    project.edit("stack.yml", "replicas: 2", "replicas: two");
    project.edit(
        "stack.yml",
        "{attachable: true}",
        "{attachable: true, ipam: {config: [{gateway: x}]}}",
    );
    let check = project.skep(&[&["check", "-o", "concise"], SOURCE].concat());
    assert_eq!(check.code, 1);
    snapshot("source", "mistakes", &check.stdout);
    let human = project.skep(&[&["check"], SOURCE].concat());
    assert!(!human.stderr.contains("hunter2"), "{}", human.stderr);
    let fixed = project.skep(&[&["check", "--fix", "--unsafe-fixes"], SOURCE].concat());
    assert_eq!(fixed.code, 1);
    assert!(!project.path().join("skep.kdl").exists());
    project.write("stack.yml", "services: [\n");
    let broken = run(&project, &["plan"]);
    assert_eq!(broken.code, 1);
    assert!(broken.stderr.contains("SK3701") && broken.stderr.contains("stack.yml:"));
    assert!(!broken.stderr.contains("skep.kdl"), "{}", broken.stderr);
}

#[test]
fn a_value_in_clear_is_used_and_stands_nowhere() {
    let project = project();
    project.edit("stack.yml", "GREETING: hello", "SMTP_PASSWORD: hunter2");
    let told = done(&project, &["apply", "--yes"]);
    assert!(
        told.contains("SK3704") && !told.contains("hunter2"),
        "{told}"
    );
    let compiled = done(&project, &["compile", "-o", "json"]);
    assert!(!compiled.contains("hunter2"));
    assert!(done(&project, &["plan"]).contains("nothing to do"));
    project.edit("stack.yml", "hunter2", "hunter3");
    assert!(done(&project, &["plan"]).contains("service.web"));
}

#[test]
fn a_file_is_part_of_a_project_beside_its_kdl() {
    let project = project();
    std::fs::create_dir(project.path().join("deploy")).expect("a new folder");
    for file in ["stack.yml", "page.txt", "key.txt"] {
        let to = project.path().join("deploy").join(file);
        std::fs::rename(project.path().join(file), to).expect("it is there");
    }
    let kdl = "project shop edition=1\ninclude \"deploy/stack.yml\"\n\
               service extra {\n    image \"busybox:1.36.1\"\n    network front\n    needs db\n}\n";
    project.write("skep.kdl", kdl);
    let plan = on_model(&project, &["plan"]);
    assert_eq!(plan.code, 0, "{}", plan.stderr);
    snapshot("source", "include", &plan.stdout);
    for edit in [
        &["set", "service.web.replicas", "4"][..],
        &["rename", "service.web", "service.site"],
        &["remove", "volume.data"],
    ] {
        let refused = project.skep(edit);
        assert_eq!(refused.code, 1, "{edit:?}: {}", refused.stderr);
        assert!(
            refused.stderr.contains("deploy/stack.yml"),
            "{edit:?}: {}",
            refused.stderr
        );
    }
    let text = std::fs::read_to_string(project.path().join("deploy/stack.yml"));
    assert_eq!(text.expect("it is there"), FILE);
}

#[test]
fn commands_about_kdl_say_what_to_do_instead() {
    let project = project();
    let refused = run(&project, &["set", "service.web.replicas", "4"]);
    assert_eq!(refused.code, 64);
    let help = "skep import compose stack.yml --out FOLDER";
    assert!(refused.stderr.contains(help), "{}", refused.stderr);
    let alone = on_model(&project, &["plan", "--stack", "shop"]);
    assert_eq!(alone.code, 64, "{}", alone.stderr);
}

#[test]
fn profiles_and_a_file_of_variables_are_those_of_docker() {
    let project = Project::empty();
    let text = r"services:
  web:
    image: nginx:${TAG:?is missing}
  tools:
    image: busybox:1.36.1
    profiles: [debug, tools]
";
    project.write("stack.yml", text);
    project.write(".env", "TAG=1.27.3\n");
    project.write("other.env", "TAG=1.27.4\n");
    let plain = done(&project, &["plan"]);
    assert!(plain.contains("nginx:1.27.3"), "{plain}");
    assert!(!plain.contains("busybox"), "{plain}");
    let advice = done(&project, &["check"]);
    assert!(
        advice.contains("--profile debug or --profile tools"),
        "{advice}"
    );
    let chosen = ["plan", "--profile", "tools", "--env-file", "other.env"];
    let chosen = done(&project, &chosen);
    assert!(chosen.contains("nginx:1.27.4"), "{chosen}");
    assert!(chosen.contains("busybox:1.36.1"), "{chosen}");
    let again = chosen.lines().find(|line| line.contains("skep apply"));
    let again = again.expect("it says what applies it");
    assert!(
        again.contains("--profile tools --env-file other.env"),
        "{again}"
    );
    let missing = run(&project, &["plan", "--env-file", "nowhere.env"]);
    assert_eq!(missing.code, 1, "{}", missing.stderr);
    assert!(missing.stderr.contains("nowhere.env"), "{}", missing.stderr);
    let alone = on_model(&project, &["plan", "--profile", "tools"]);
    assert_eq!(alone.code, 64, "{}", alone.stderr);
}

#[test]
fn what_a_variable_without_a_value_names_is_not_taken_for_what_runs() {
    let project = project();
    project.edit("stack.yml", "nginx:1.27.3", "nginx:${TAG}");
    project.edit("stack.yml", "./page.txt", "$DIR/page.txt");
    project.edit("stack.yml", "./key.txt", "$DIR/key.txt");
    let plan = run(&project, &["plan"]);
    assert_eq!(plan.code, 1, "{}", plan.stdout);
    snapshot("source", "unset_variables", &plan.stderr);
    // A file of variables may be where the rest is not: a check does without.
    done(&project, &["check"]);
    project.write(".env", "TAG=1.27.3\nDIR=.\n");
    let plan = done(&project, &["plan"]);
    assert!(
        plan.contains("config.page") && plan.contains("nginx:1.27.3"),
        "{plan}"
    );
}
