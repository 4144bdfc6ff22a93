//! The types of the daemon's API, as one set of schemas that refer to each other. The description of
//! the API takes them in.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform as _};
use serde_json::{Map, Value as Json};

use super::{page, plain_words};
use crate::api::event::{Lagged, Snapshot, StackEventLine};
use crate::api::refusal::Refusal;
use crate::api::stack::StackStatus;
use crate::api::token::{TokenInfo, TokenList, TokenMade, TokenRequest};
use crate::api::view::{
    ApprovalRequest, AuditCheck, DaemonHealth, Me, PatchReport, RouteList, ServiceList,
    ServiceView, StackList, Taken,
};
use crate::change::ChangeSet;
use crate::log::LogLine;
use crate::plan::Plan;
use crate::report::HistoryReport;

struct Schemas {
    generator: schemars::SchemaGenerator,
}

impl Schemas {
    fn with<T: JsonSchema>(mut self) -> Self {
        drop(self.generator.subschema_for::<T>());
        self
    }

    fn all(mut self) -> Map<String, Json> {
        let named = self.generator.take_definitions(true);
        let plain = named.into_iter().map(|(name, schema)| {
            let mut schema = schema.try_into().expect("a definition is a schema");
            RecursiveTransform(plain_words).transform(&mut schema);
            (name, schema.to_value())
        });
        plain.collect()
    }
}

fn schemas() -> Map<String, Json> {
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    "/components/schemas".clone_into(settings.definitions_path.to_mut());
    let generator = settings.into_generator();
    let schemas = Schemas { generator };
    schemas
        .with::<ApprovalRequest>()
        .with::<AuditCheck>()
        .with::<ChangeSet>()
        .with::<DaemonHealth>()
        .with::<HistoryReport>()
        .with::<Lagged>()
        .with::<LogLine>()
        .with::<Me>()
        .with::<PatchReport>()
        .with::<Plan>()
        .with::<Refusal>()
        .with::<RouteList>()
        .with::<ServiceList>()
        .with::<ServiceView>()
        .with::<Snapshot>()
        .with::<StackEventLine>()
        .with::<StackList>()
        .with::<StackStatus>()
        .with::<Taken>()
        .with::<TokenInfo>()
        .with::<TokenList>()
        .with::<TokenMade>()
        .with::<TokenRequest>()
        .all()
}

/// The generator numbers types that are called alike, and the table of routes names types.
#[test]
fn no_two_types_of_the_api_are_called_alike() {
    let numbered = |name: &String| name.ends_with(|last: char| last.is_ascii_digit());
    let alike: Vec<String> = schemas()
        .keys()
        .filter(|name| numbered(name))
        .cloned()
        .collect();
    // Both are reached by references alone: no route names them.
    assert_eq!(alike, ["Author2", "Verdict2"]);
}

#[test]
fn the_committed_schemas_of_the_api_are_those_of_the_types() {
    page("../api/schemas", &schemas());
}
