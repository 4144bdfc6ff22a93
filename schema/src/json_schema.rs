//! JSON Schemas of all that is written as JSON, made from the types themselves.
//!
//! They exist in the tests of this crate only, so that no other build has to make them. The pages
//! lie in `docs/schema`; `SKEP_UPDATE_DOCS=1 cargo test -p skep-schema json_schema` writes them anew.

mod api;
mod language;

use std::borrow::Cow;
use std::path::Path;

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use self::language::{LANGUAGE_FORMAT, Language};
use crate::address::{Address, Kind};
use crate::api::event::{
    LAGGED_FORMAT, Lagged, SNAPSHOT_FORMAT, STACK_EVENT_FORMAT, Snapshot, StackEventLine,
};
use crate::api::notice::{NOTICE_FORMAT, NoticeMessage};
use crate::api::refusal::{REFUSAL_FORMAT, Refusal};
use crate::api::stack::{APPROVAL_FORMAT, Approval, STACK_FORMAT, StackStatus};
use crate::api::token::{TOKEN_FORMAT, TOKENS_FORMAT, TokenList, TokenMade};
use crate::api::view::{
    AUDIT_CHECK_FORMAT, AuditCheck, DAEMON_HEALTH_FORMAT, DaemonHealth, ME_FORMAT, Me,
    PATCH_FORMAT, PatchReport, ROUTES_FORMAT, RouteList, SERVICES_FORMAT, STACKS_FORMAT,
    ServiceList, StackList,
};
use crate::change::{CHANGES_FORMAT, ChangeSet};
use crate::digest::DigestText;
use crate::doctor::{DOCTOR_FORMAT, DoctorReport};
use crate::edit::{EDIT_FORMAT, EditReport};
use crate::event::{APPLY_FORMAT, ApplyReport};
use crate::export::{EXPORT_FORMAT, ExportReport};
use crate::import::{IMPORT_FORMAT, ImportReport};
use crate::log::{LOG_FORMAT, LogLine};
use crate::plan::{PLAN_FORMAT, Plan};
use crate::report::{
    CHECK_FORMAT, CheckReport, DRIFT_FORMAT, DriftReport, EVENT_FORMAT, EventLine, GRAPH_FORMAT,
    GraphReport, HISTORY_FORMAT, HistoryReport, STATUS_FORMAT, StatusReport,
};
use crate::revision::{Entry, REVISION_FORMAT};
use crate::test::{TESTS_FORMAT, TestReport};
use crate::units::{Bytes, Cpu, Duration, FileMode, Ratio, size_units, time_units};
use crate::value::Value;

/// A type whose values are written as texts of one form.
macro_rules! text {
    ($($type:ty, $name:literal, $doc:literal, $pattern:expr;)*) => {$(
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "description": $doc, "pattern": $pattern })
            }
        }
    )*};
}

text! {
    Address, "Address", "The identity of a node: `service.api`, `route.\"shop.example.com\"`, \
        `gateway.edge.config`.", address_pattern();
    DigestText, "Digest", "A blake3 hash over a canonical form, as 26 base32 letters after the \
        version of that form.", "^w[0-9]+:[a-z2-7]{26}$";
    Duration, "Duration", "A length of time: `90s`, `1500ms`.", quantity(time_units());
    Bytes, "Size", "A size: `512MiB`, `1GB`.", quantity(size_units());
    Cpu, "Cpu", "A share of processors: `0.5`.", "^[0-9]+(\\.[0-9]+)?$";
    Ratio, "Ratio", "From 0 to 1: `0.25`.", "^[0-9]+(\\.[0-9]+)?$";
    FileMode, "FileMode", "A file mode: `0o440`.", "^0o[0-7]{3,4}$";
}

/// A whole number and its unit.
fn quantity(units: impl Iterator<Item = (&'static str, u64)>) -> String {
    let units: Vec<&str> = units.map(|(unit, _)| unit).collect();
    format!("^[0-9]+({})$", units.join("|"))
}

fn address_pattern() -> String {
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.word()).collect();
    format!("^({})\\..+$", kinds.join("|"))
}

impl JsonSchema for Value {
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<Self>();
        json_schema!({
            "description": "Any tree without fractions, which have no one spelling.",
            "type": ["null", "boolean", "integer", "string", "array", "object"],
            "items": value,
            "additionalProperties": value,
        })
    }
}

/// The schema of what is written with this format.
fn schema<T: JsonSchema>(format: &str) -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    RecursiveTransform(plain_words).transform(&mut schema);
    let id = format.replace("skep.", "https://example.org/skep/schema/");
    schema.insert("$id".to_owned(), id.into());
    schema.insert("title".to_owned(), format.into());
    schema
}

/// Doc comments link to Rust names and are broken into lines, neither of which belongs here.
fn plain_words(schema: &mut Schema) {
    let is_format = schema
        .get("const")
        .is_some_and(|format| format.as_str().is_some_and(|f| f.starts_with("skep.")));
    let Some(serde_json::Value::String(text)) = schema.get_mut("description") else {
        return;
    };
    if is_format {
        "The form and its version: to be checked before the rest.".clone_into(text);
    }
    let paragraphs = text.split("\n\n").map(|lines| lines.replace('\n', " "));
    *text = paragraphs.collect::<Vec<_>>().join("\n\n");
    *text = text.replace("[`", "`").replace("`]", "`");
    while let Some(start) = text.find("`(crate::") {
        let end = text[start..].find(')').expect("a link is closed") + start;
        text.replace_range(start + 1..=end, "");
    }
}

fn all() -> Vec<(&'static str, Schema)> {
    vec![
        ("apply", schema::<ApplyReport>(APPLY_FORMAT)),
        ("approval", schema::<Approval>(APPROVAL_FORMAT)),
        ("audit-check", schema::<AuditCheck>(AUDIT_CHECK_FORMAT)),
        ("changes", schema::<ChangeSet>(CHANGES_FORMAT)),
        ("check", schema::<CheckReport>(CHECK_FORMAT)),
        (
            "daemon-health",
            schema::<DaemonHealth>(DAEMON_HEALTH_FORMAT),
        ),
        ("doctor", schema::<DoctorReport>(DOCTOR_FORMAT)),
        ("drift", schema::<DriftReport>(DRIFT_FORMAT)),
        ("edit", schema::<EditReport>(EDIT_FORMAT)),
        ("export", schema::<ExportReport>(EXPORT_FORMAT)),
        ("event", schema::<EventLine>(EVENT_FORMAT)),
        ("graph", schema::<GraphReport>(GRAPH_FORMAT)),
        ("history", schema::<HistoryReport>(HISTORY_FORMAT)),
        ("import", schema::<ImportReport>(IMPORT_FORMAT)),
        ("lagged", schema::<Lagged>(LAGGED_FORMAT)),
        ("language-schema", schema::<Language>(LANGUAGE_FORMAT)),
        ("log", schema::<LogLine>(LOG_FORMAT)),
        ("me", schema::<Me>(ME_FORMAT)),
        ("notice", schema::<NoticeMessage>(NOTICE_FORMAT)),
        ("patch", schema::<PatchReport>(PATCH_FORMAT)),
        ("plan", schema::<Plan>(PLAN_FORMAT)),
        ("refusal", schema::<Refusal>(REFUSAL_FORMAT)),
        ("revision", schema::<Entry>(REVISION_FORMAT)),
        ("routes", schema::<RouteList>(ROUTES_FORMAT)),
        ("services", schema::<ServiceList>(SERVICES_FORMAT)),
        ("snapshot", schema::<Snapshot>(SNAPSHOT_FORMAT)),
        ("stack", schema::<StackStatus>(STACK_FORMAT)),
        ("stack-event", schema::<StackEventLine>(STACK_EVENT_FORMAT)),
        ("stacks", schema::<StackList>(STACKS_FORMAT)),
        ("status", schema::<StatusReport>(STATUS_FORMAT)),
        ("tests", schema::<TestReport>(TESTS_FORMAT)),
        ("token", schema::<TokenMade>(TOKEN_FORMAT)),
        ("tokens", schema::<TokenList>(TOKENS_FORMAT)),
    ]
}

/// The folder that the program prints them from.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schema");

/// Compares a page with the committed one, or writes it where that is asked for.
#[expect(clippy::disallowed_methods, reason = "a test that compares files")]
fn page(name: &str, data: &impl serde::Serialize) {
    let path = Path::new(FOLDER).join(format!("{name}.json"));
    let text = serde_json::to_string_pretty(data).expect("a schema is plain data") + "\n";
    if std::env::var_os("SKEP_UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(FOLDER).expect("the docs folder can be written");
        std::fs::write(&path, &text).expect("the docs folder can be written");
    }
    assert!(
        std::fs::read_to_string(&path).is_ok_and(|there| there == text),
        "docs/schema/{name}.json is stale: SKEP_UPDATE_DOCS=1 cargo test -p skep-schema json_schema"
    );
}

#[test]
fn the_committed_schemas_are_those_of_the_types() {
    for (name, schema) in all() {
        page(name, &schema);
    }
}

#[test]
fn the_committed_language_is_the_table() {
    page("language", &Language::new());
}

#[test]
fn every_type_is_described() {
    for (name, schema) in all() {
        let definitions = schema.get("$defs").and_then(serde_json::Value::as_object);
        let undescribed: Vec<&String> = definitions
            .into_iter()
            .flatten()
            .filter(|(_, definition)| definition.get("description").is_none())
            .map(|(name, _)| name)
            .collect();
        assert!(undescribed.is_empty(), "{name}: {undescribed:?}");
        assert!(schema.get("description").is_some(), "{name}");
    }
}
