//! What comes in with a module, and what it sees.

use crate::place::{Place, lock_file};
use crate::support::Project;

#[test]
fn what_a_module_imports_is_pinned_here_and_seen_by_it_alone() {
    let place = Place::new();
    place.commit(
        "more",
        &[(
            "all.kdl",
            &format!(
                "import \"git:{}\" as=parts rev=\"v1\" path=\"web\"\n\
                 component pair {{ use parts.site \"left\" {{ image \"nginx:1.27.3\" }} }}\n",
                place.address("parts")
            ),
        )],
    );
    let project = Project::empty();
    let spec = |used: &str| {
        format!(
            "project shop edition=1 {{ import \"git:{}\" as=more rev=\"main\" }}\n{used}\n",
            place.address("more")
        )
    };
    project.write("skep.kdl", &spec("use more.pair both"));
    let ran = place.good(&project, &["lock", "modules"]);
    assert_eq!(ran.stdout.lines().count(), 2, "{}", ran.stdout);
    assert!(place.plan(&project).contains("service.left"));

    project.write(
        "skep.kdl",
        &spec("use more.parts.site x { image \"nginx:1.27.3\" }"),
    );
    let ran = place.skep(&project, &["check"]);
    assert!(ran.stderr.contains("SK4007"), "{}", ran.stderr);

    project.write("skep.kdl", "project shop edition=1\n");
    let ran = place.good(&project, &["lock", "modules"]);
    assert_eq!(
        ran.stdout.matches("not used any more").count(),
        2,
        "{}",
        ran.stdout
    );
    assert!(!lock_file(&project).contains("module "));
}

#[test]
fn modules_that_import_each_other_are_refused() {
    let place = Place::new();
    for (one, other) in [("left", "right"), ("right", "left")] {
        let text = format!(
            "import \"git:{}\" as=other rev=\"main\"\ncomponent c {{ }}\n",
            place.address(other)
        );
        place.commit(one, &[("all.kdl", &text)]);
    }
    let project = Project::empty();
    project.write(
        "skep.kdl",
        &format!(
            "project shop edition=1 {{ import \"git:{}\" as=left rev=\"main\" }}\n",
            place.address("left")
        ),
    );
    place.good(&project, &["lock", "modules"]);
    let ran = place.skep(&project, &["check"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("import each other"), "{}", ran.stderr);
    assert!(ran.stderr.contains("imported here"), "{}", ran.stderr);
}

#[test]
fn nothing_in_a_module_leads_out_of_it() {
    let place = Place::new();
    let root = place.path("parts");
    std::fs::write(root.join("secret.txt"), "outside").expect("a file beside the module");
    std::os::unix::fs::symlink("../secret.txt", root.join("web/link.txt")).expect("a link");
    let component = |path: &str| {
        format!(
            "component leak {{ service x {{ image \"a:1\"; env {{ X (file)\"{path}\" }} }} }}\n"
        )
    };
    for (path, code) in [
        ("../secret.txt", "SK2005"),
        ("/etc/hostname", "SK2005"),
        ("link.txt", "SK3002"),
        ("secret.txt", "SK3002"),
        ("skep.kdl", "SK3002"),
    ] {
        place.commit("parts", &[("web/leak.kdl", &component(path))]);
        let project = place.project("main");
        project.write("secret.txt", "of the project");
        project.edit(
            "skep.kdl",
            "use parts.site web { image \"nginx:1.27.3\" }",
            "use parts.leak x",
        );
        place.good(&project, &["lock", "modules"]);
        let ran = place.skep(&project, &["check"]);
        assert!(ran.stderr.contains(code), "{path}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("parts@main:leak.kdl:1"),
            "{path}: {}",
            ran.stderr
        );
    }
}

#[test]
fn names_and_addresses_are_met_with_the_fix() {
    let place = Place::new();
    for (import, said) in [
        ("\"git:/x\" as=a", "needs a `rev`"),
        (
            "\"git:https://u:p@example.org/x\" as=a rev=\"v1\"",
            "a login cannot stand",
        ),
        (
            "\"git:http://example.org/x\" as=a rev=\"v1\"",
            "no repository that can be asked",
        ),
        (
            "\"git:ext::sh\" as=a rev=\"v1\"",
            "no repository that can be asked",
        ),
        (
            "\"git:/x\" as=a rev=\"--upload-pack=x\"",
            "no tag, branch or commit",
        ),
        (
            "\"git:/x\" as=a rev=\"v1\" path=\"../y\"",
            "not a folder inside the repository",
        ),
        ("\"std:web\" as=a rev=\"v1\"", "of an import from git only"),
    ] {
        let project = Project::empty();
        project.write(
            "skep.kdl",
            &format!("project shop edition=1 {{ import {import} }}\n"),
        );
        let ran = place.skep(&project, &["check"]);
        assert!(ran.stderr.contains(said), "{import}: {}", ran.stderr);
    }
    let project = place.project("v9");
    let ran = place.skep(&project, &["lock", "modules"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("no such tag, branch or commit"),
        "{}",
        ran.stderr
    );
    let ran = place.skep(&project, &["lock", "modules", "--update", "part"]);
    assert!(
        ran.stderr.contains("did you mean `parts`?"),
        "{}",
        ran.stderr
    );
}

#[test]
fn two_imports_of_one_name_are_refused() {
    let place = Place::new();
    let project = place.project("v1");
    project.edit(
        "skep.kdl",
        "path=\"web\"",
        "path=\"web\"\n    import \"std:site\" as=parts",
    );
    place.good(&project, &["lock", "modules"]);
    let ran = place.skep(&project, &["check"]);
    assert!(ran.stderr.contains("SK2013"), "{}", ran.stderr);
}

#[test]
fn fixes_leave_modules_alone() {
    let place = Place::new();
    let text =
        "component site { service (fmt)\"${name}\" { image \"nginx:1.27.3\"; replcas 2 } }\n";
    place.commit("parts", &[("web/site.kdl", text)]);
    let project = place.project("main");
    project.edit("skep.kdl", "web { image \"nginx:1.27.3\" }", "web");
    place.good(&project, &["lock", "modules"]);
    let before = place.cached();
    let ran = place.skep(&project, &["check", "--fix", "--unsafe-fixes"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("SK2002") && ran.stderr.contains("parts@main:site.kdl:1"),
        "{}",
        ran.stderr
    );
    assert_eq!(place.cached(), before);
    place.good(&project, &["fmt"]);
    let ran = place.skep(&project, &["set", "service.web.replicas", "2"]);
    assert_ne!(ran.code, 0, "{}", ran.stdout);
}

#[test]
fn what_a_module_includes_is_its_own() {
    let place = Place::new();
    let site = |include: &str| {
        format!("include \"{include}\"\ncomponent here {{ network (fmt)\"${{name}}\" }}\n")
    };
    place.commit(
        "parts",
        &[
            ("web/site.kdl", &site("more/*.kdl")),
            (
                "web/more/deep.kdl",
                "component deep { network (fmt)\"${name}-deep\" }\n",
            ),
            ("outside.kdl", "component outside { }\n"),
        ],
    );
    let project = place.project("main");
    project.edit(
        "skep.kdl",
        "use parts.site web { image \"nginx:1.27.3\" }",
        "use parts.deep web",
    );
    place.good(&project, &["lock", "modules"]);
    assert!(place.plan(&project).contains("web-deep"));

    for (include, code) in [("../outside.kdl", "SK4012"), ("outside.kdl", "SK3002")] {
        place.commit("parts", &[("web/site.kdl", &site(include))]);
        place.good(&project, &["lock", "modules", "--update"]);
        let ran = place.skep(&project, &["check"]);
        assert!(
            ran.stderr.contains(code) && ran.stderr.contains("imported here"),
            "{}",
            ran.stderr
        );
    }
    let beside = "import \"../other\" as=other\ncomponent here { }\n";
    place.commit("parts", &[("web/site.kdl", beside)]);
    place.good(&project, &["lock", "modules", "--update"]);
    let ran = place.skep(&project, &["check"]);
    assert!(
        ran.stderr.contains("leads out of `parts@main`"),
        "{}",
        ran.stderr
    );
    place.commit(
        "parts",
        &[("web/site.kdl", "service x { image \"a:1\" }\n")],
    );
    place.good(&project, &["lock", "modules", "--update"]);
    let ran = place.skep(&project, &["check"]);
    assert!(
        ran.stderr.contains("`service` cannot be imported"),
        "{}",
        ran.stderr
    );
}

#[test]
fn modules_of_modules_end_somewhere() {
    let place = Place::new();
    for nth in 0..10 {
        let next = place.address(&format!("r{}", nth + 1));
        let text = format!("import \"git:{next}\" as=next rev=\"main\"\ncomponent c {{ }}\n");
        place.commit(&format!("r{nth}"), &[("all.kdl", &text)]);
    }
    let project = Project::empty();
    let first = place.address("r0");
    project.write(
        "skep.kdl",
        &format!("project shop edition=1 {{ import \"git:{first}\" as=r rev=\"main\" }}\n"),
    );
    let ran = place.good(&project, &["lock", "modules"]);
    assert_eq!(ran.stdout.lines().count(), 8, "{}", ran.stdout);
    let ran = place.skep(&project, &["check"]);
    assert!(ran.stderr.contains("SK4009"), "{}", ran.stderr);
}

#[test]
fn a_module_has_a_size() {
    let place = Place::new();
    let names: Vec<String> = (0..2_001).map(|nth| format!("web/f{nth}")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    place.commit("parts", &files);
    let project = place.project("main");
    let ran = place.skep(&project, &["lock", "modules"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("more than 2000 files or 16 MiB"),
        "{}",
        ran.stderr
    );
    assert!(!project.path().join("skep.lock").exists());
}

#[test]
fn a_module_gets_the_content_of_a_file_and_not_its_path() {
    let place = Place::new();
    let text = "\
component by-path { param p type=string; config (fmt)\"${name}\" { file (var)param.p } }
component by-text { param p type=string; config (fmt)\"${name}\" { text (var)param.p } }
";
    place.commit("parts", &[("web/conf.kdl", text)]);
    let project = place.project("main");
    project.write("mine.txt", "of-the-project");
    project.edit(
        "skep.kdl",
        "use parts.site web { image \"nginx:1.27.3\" }",
        "use parts.by-text c { p (file)\"mine.txt\" }",
    );
    place.good(&project, &["lock", "modules"]);
    place.plan(&project);
    project.edit("skep.kdl", "by-text c { p (file)", "by-path c { p ");
    let ran = place.skep(&project, &["check"]);
    assert!(
        ran.stderr.contains("SK3002") && ran.stderr.contains("in `parts@main`"),
        "{}",
        ran.stderr
    );
}
