//! Merge patches: what they name changes, and nothing else does.

use serde_json::{Value, json};
use skep_compiler::edit::{Refusal, merge, wishes};
use skep_compiler::source::{File, SourceSet};
use skep_fuzz::text::read;
use skep_schema::address::{Address, Kind};

use crate::support::{HEAD, one};

const SERVICE: &str = "\
// The shop's front.
service web replicas=2 { // two are enough
  image \"web:1\"   // pinned below
  env { LOG info; MODE \"a b\" }
  command serve --port 80
}
network n
";

fn patched(text: &str, patch: &Value) -> Result<String, Refusal> {
    let address = Address::new(Kind::Service, "web");
    let set = merge(&one(text), &wishes(&address, patch)?, None)?;
    Ok(text_of(&set))
}

fn text_of(set: &SourceSet) -> String {
    let text = set.text("skep.kdl").expect("it is there");
    text.strip_prefix(HEAD).expect("the head stays").to_owned()
}

/// T6 of the defects to beat.
#[test]
fn what_a_patch_does_not_name_stays_to_the_byte() {
    let after = patched(SERVICE, &json!({"replicas": 3, "env": {"LOG": "debug"}}));
    let expected = SERVICE
        .replace("replicas=2", "replicas=3")
        .replace("LOG info", "LOG debug");
    assert_eq!(after, Ok(expected));
}

#[test]
fn null_takes_away_and_a_new_block_is_made() {
    let patch =
        json!({"env": {"MODE": null, "OTHER": null, "NEW": true}, "limits": {"memory": "64MiB"}});
    let after = patched(SERVICE, &patch).expect("all can be edited");
    assert!(
        !after.contains("MODE") && !after.contains("OTHER"),
        "{after}"
    );
    assert!(
        after.contains("NEW \"true\"") && after.contains("64MiB"),
        "{after}"
    );
    assert!(after.contains("// two are enough\n"), "{after}");
    assert_eq!(read(&after).diagnostics, []);
}

#[test]
fn a_list_is_replaced_as_a_whole() {
    let after = patched(SERVICE, &json!({"command": ["serve", "--port", 81]}));
    assert_eq!(after, Ok(SERVICE.replace("--port 80", r#""--port" "81""#)));
}

/// RFC 7396: a patch twice is the patch once.
#[test]
fn the_same_patch_again_changes_nothing() {
    let patch = json!({"replicas": 3, "env": {"MODE": null, "LOG": "x"}, "stop": {"grace": "5s"}});
    let once = patched(SERVICE, &patch).expect("all can be edited");
    assert_eq!(patched(&once, &patch), Ok(once.clone()));
}

/// T9: the same schema as for files.
#[test]
fn an_unknown_property_is_refused_with_the_nearest() {
    for patch in [json!({"replica": 3}), json!({"replica": null})] {
        let Err(Refusal::No { message, help }) = patched(SERVICE, &patch) else {
            panic!("`replica` is no property");
        };
        assert!(message.contains("replica"), "{message}");
        assert!(help.contains("replicas"), "{help}");
    }
}

#[test]
fn a_wrong_value_is_an_error_at_its_place() {
    let after = patched(SERVICE, &json!({"mode": "bogus"})).expect("it can be written");
    let found = skep_compiler::compile(&one(&after)).diagnostics;
    assert!(
        found.iter().any(|d| d.message.contains("bogus")),
        "{found:?}"
    );
}

#[test]
fn what_is_no_patch_is_refused() {
    let deep = (0..40).fold(json!(1), |inside, _| json!({"limits": inside}));
    for patch in [
        json!([]),
        json!("x"),
        json!({"command": [null]}),
        json!({"env": [{"A": 1}]}),
        deep,
    ] {
        assert!(
            matches!(patched(SERVICE, &patch), Err(Refusal::No { .. })),
            "{patch}"
        );
    }
}

#[test]
fn a_service_that_is_not_there_is_named() {
    let Err(Refusal::No { message, .. }) = patched("network n\n", &json!({"replicas": 1})) else {
        panic!("there is no service");
    };
    assert!(message.contains("web"), "{message}");
}

/// The lines of later places move when the first wish is fulfilled.
#[test]
fn all_of_a_patch_goes_where_it_was_said_that_it_goes() {
    let text = format!("{HEAD}{SERVICE}environment prod {{\n  // production\n}}\n");
    let mut sources = one("");
    let file = File::Bytes(text.as_bytes().into());
    sources.files.insert("skep.kdl".to_owned(), file);
    sources.inputs.environment = Some("prod".to_owned());
    let patch =
        json!({"env": {"LOG": "debug"}, "health": {"http": "/up", "every": "9s"}, "replicas": 3});
    let address = Address::new(Kind::Service, "web");
    let wishes = wishes(&address, &patch).expect("it is a patch");
    let Err(Refusal::Several(sites)) = merge(&sources, &wishes, None) else {
        panic!("it could be for all environments, or for one");
    };
    let prod = sites
        .iter()
        .find(|site| site.text.ends_with("environment prod"));
    let at = prod.expect("it is one of the places").place();
    let set = merge(&sources, &wishes, Some(&at)).expect("the place is named");
    let after = text_of(&set);
    let (service, prod) = after.split_once("environment prod").expect("it stays");
    assert_eq!(service, SERVICE);
    for word in ["LOG debug", "/up", "9s", "replicas 3", "// production"] {
        assert!(prod.contains(word), "{word}: {prod}");
    }
    let wrong = merge(&sources, &wishes, Some("skep.kdl:999"));
    assert!(matches!(wrong, Err(Refusal::Several(_))));
}
