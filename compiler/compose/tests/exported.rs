//! A plan survives the way through a stack file: every plan of the repository, exported and imported.

use std::collections::BTreeMap;
use std::path::Path;

use skep_compiler::compile;
use skep_compiler::export::{Exported, STACK_FILE, compose};
use skep_compiler::source::{File, Inputs, ROOT, SourceSet};
use skep_compose::{Imported, Request, import};
use skep_project::Project;
use skep_schema::address::Kind;
use skep_schema::diagnostic::Severity;
use skep_schema::plan::{
    Mode, MountSource, Payload, Plan, SecretSource, SecretText, Security, Service, name_prefix,
};

#[expect(
    clippy::disallowed_methods,
    reason = "an export is pure, its fixtures lie on the disk"
)]
fn plans() -> Vec<Plan> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/projects");
    let folders = std::fs::read_dir(all).expect("the projects are there");
    let mut plans = Vec::new();
    for folder in folders {
        let project = Project::find(&folder.expect("it is listed").path()).expect("a project");
        let load = |environment: Option<String>| {
            let inputs = Inputs {
                environment,
                ..Inputs::default()
            };
            project.load(inputs).expect("it can be read").1
        };
        let base = load(None);
        plans.extend(base.plan);
        let others = base.environments.into_iter();
        plans.extend(others.filter_map(|name| load(Some(name)).plan));
    }
    plans
}

/// The files of an export, imported as the stack that it is.
fn imported(plan: &Plan, exported: &Exported) -> Imported {
    let mut request = Request {
        stack: Some(name_prefix(&plan.project, plan.environment.as_deref())),
        compose: vec![STACK_FILE.to_owned()],
        ..Request::default()
    };
    for (path, bytes) in &exported.files {
        let file = File::Bytes(bytes.as_slice().into());
        request.files.insert(path.clone(), file);
    }
    loop {
        let imported = import(&request);
        if imported.wanted.is_empty() {
            return imported;
        }
        let absent = imported.wanted.into_iter().map(|path| (path, File::Absent));
        request.files.extend(absent);
    }
}

fn compiled(plan: &Plan, exported: &Exported) -> Plan {
    let imported = imported(plan, exported);
    let mut set = SourceSet::default();
    let text = File::Bytes(imported.text.as_bytes().into());
    set.files.insert(ROOT.to_owned(), text);
    for (to, from) in &imported.report.copies {
        let bytes = exported.files[from].as_slice();
        set.files.insert(to.clone(), File::Bytes(bytes.into()));
    }
    loop {
        let compiled = compile(&set);
        if !compiled.wanted.is_empty() {
            set.settle(&compiled.wanted);
            continue;
        }
        let errors = compiled.diagnostics.iter();
        let errors: Vec<_> = errors.filter(|d| d.severity == Severity::Error).collect();
        assert_eq!(errors, Vec::<&_>::new(), "{}", imported.text);
        return compiled.plan.expect("without errors there is a plan");
    }
}

fn services(plan: &Plan) -> BTreeMap<String, Service> {
    let all = plan.nodes.values().filter_map(|node| match &node.payload {
        Payload::Service(service) => Some((service.name.clone(), meant(plan, service))),
        _ => None,
    });
    all.collect()
}

/// A service without what findings name, and with secrets as an apply leaves them.
fn meant(plan: &Plan, service: &Service) -> Service {
    let mut service = service.clone();
    if service.mode == Mode::Once {
        service.mode = Mode::Replicated;
    }
    service.security = Security {
        credential_spec: service.security.credential_spec.take(),
        ..Security::default()
    };
    service.groups.clear();
    service.domainname = None;
    service.dns.options.clear();
    service.placement.platforms.clear();
    service
        .reserve
        .generic
        .retain(|_, value| value.parse::<i64>().is_ok());
    for file in service.secrets.values_mut() {
        file.source = file.source.replace("-*", "");
    }
    for mount in service.mounts.values_mut() {
        if let MountSource::Tmpfs { mode, .. } = &mut mount.from {
            *mode = None;
        }
    }
    for text in service.secret_env.values_mut() {
        *text = from_where(plan, text);
    }
    service
}

/// A template with the variables of secrets in the place of their names.
fn from_where(plan: &Plan, text: &SecretText) -> SecretText {
    let mut template = text.template.clone();
    for (address, node) in &plan.nodes {
        if let Payload::Secret(secret) = &node.payload {
            let variable = match &secret.source {
                SecretSource::Env(variable) => variable.clone(),
                _ => address.name.to_uppercase().replace('-', "_"),
            };
            let secret = format!("${{secret.{}}}", address.name);
            template = template.replace(&secret, &format!("${variable}"));
        }
    }
    SecretText {
        template,
        fingerprint: None,
    }
}

#[test]
fn what_is_exported_and_imported_makes_the_same_services() {
    let mut seen = 0;
    for plan in plans() {
        let exported = compose(&plan);
        let again = services(&compiled(&plan, &exported));
        let text = String::from_utf8_lossy(&exported.files[STACK_FILE]);
        for (name, service) in services(&plan) {
            assert_eq!(again.get(&name), Some(&service), "{}\n{text}", plan.stack);
            seen += 1;
        }
        assert_eq!(again.len(), services(&plan).len(), "{text}");
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn three_projects_are_exported_as_they_were() {
    let plans = plans();
    for stack in ["shop", "works", "fleet"] {
        let plan = plans.iter().find(|plan| plan.stack == stack);
        let plan = plan.expect("the stack is one of the fixtures");
        let exported = compose(plan);
        let mut text = String::from_utf8_lossy(&exported.files[STACK_FILE]).into_owned();
        for finding in &exported.findings {
            let (grade, key, reason, next) = (
                finding.grade.word(),
                &finding.key,
                &finding.reason,
                &finding.next,
            );
            text.push_str(&format!("# {grade} {key}: {reason}; {next}\n"));
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../snapshots/export"),
        );
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(format!("compose_{stack}"), text));
    }
}

/// Where no engine answers, a deploy reads the whole file before it says so: that goes for every version
/// of docker's program, and `docker stack config` came with the 23rd. A file whose version is newer than
/// the program is refused for that and nothing else.
#[test]
#[expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "what reads an export is docker, from the disk"
)]
fn docker_takes_every_export() {
    let mut taken = 0;
    for plan in plans() {
        let exported = compose(&plan);
        let folder = tempfile::tempdir().expect("a folder can be made");
        for (path, bytes) in &exported.files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("it lies in the folder"))
                .expect("a folder can be made");
            std::fs::write(&path, bytes).expect("a file can be written");
        }
        let text = String::from_utf8_lossy(&exported.files[STACK_FILE]).into_owned();
        let variables = text.split("${").skip(1);
        let variables = variables.filter_map(|rest| Some((rest.split_once("?}")?.0, "x")));
        let nowhere = folder.path().join("no.sock").display().to_string();
        let output = std::process::Command::new("docker")
            .args(["--host", &format!("unix://{nowhere}")])
            .args(["stack", "deploy", "-c", STACK_FILE, "x"])
            .envs(variables)
            .current_dir(folder.path())
            .output()
            .expect("docker's program is there");
        let told = String::from_utf8_lossy(&output.stderr);
        let is_newer = ["3.12", "3.13"].iter().any(|version| {
            text.contains(&format!("version: \"{version}\"\n"))
                && told.contains(&format!("unsupported Compose file version: {version}"))
        });
        let is_taken = told.contains(&nowhere);
        assert!(is_taken || is_newer, "{}: {told}\n{text}", plan.stack);
        taken += usize::from(is_taken);
    }
    assert!(taken > 10, "{taken}");
}

#[test]
fn a_second_export_equals_the_first() {
    for plan in plans() {
        let first = compose(&plan);
        let second = compose(&compiled(&plan, &first));
        let text =
            |exported: &Exported| String::from_utf8_lossy(&exported.files[STACK_FILE]).into_owned();
        let (first_text, second_text) = (text(&first), text(&second));
        let mut lines = first_text.lines().zip(second_text.lines());
        assert_eq!(lines.find(|(one, two)| one != two), None, "{}", plan.stack);
        assert_eq!(second.files, first.files, "{}", plan.stack);
    }
}

#[test]
fn no_export_says_less_than_its_findings_tell() {
    for plan in plans() {
        let exported = compose(&plan);
        for (address, node) in &plan.nodes {
            let waits = node.needs.keys().any(|needed| {
                let needed = plan.nodes.get(needed).map(|node| &node.payload);
                matches!(needed, Some(Payload::Service(_)))
            });
            let told = |part: &str| {
                let key = format!("{address}{part}");
                exported.findings.iter().any(|f| f.key.starts_with(&key))
            };
            let is_service = matches!(node.payload, Payload::Service(_));
            assert_eq!(told(".needs."), waits && is_service, "{address}");
            if address.kind == Kind::Flow {
                assert!(told(""), "{address}");
            }
        }
    }
}
