//! Records as configs: replicated by the managers, readable by nobody else, and not to be changed
//! but for their labels.

use serde_json::json;
use skep_engine::provider::{Promise, ProviderError};
use skep_engine::records::{Draft, Record, RecordKind, Records, object_name};
use skep_schema::plan::Content;

use super::Swarm;
use super::fault::{Fault, Meaning};
use super::http::Ask;
use super::labels::{Labels, RECORD, RECORD_NUMBER, RECORD_OF, RECORD_STATE};
use super::wire::Stored;

impl Records for Swarm {
    fn records(&self, kind: RecordKind) -> Promise<'_, Vec<Record>> {
        Box::pin(async move {
            let filters = json!({"label": [
                format!("{RECORD_OF}={}", self.scope.stack),
                format!("{RECORD}={}", kind.word()),
            ]});
            let ask = Ask::get("/configs").filters(&filters);
            let found: Vec<Stored> = self.asked(self.http.json(ask).await)?;
            let mut records: Vec<Record> =
                found.into_iter().filter_map(|c| read(c, kind)).collect();
            records.sort_by_key(|record| record.draft.number);
            Ok(records)
        })
    }

    fn create_record<'a>(&'a self, draft: &'a Draft) -> Promise<'a, bool> {
        Box::pin(async move {
            let body = self.record(draft, &draft.state);
            match self.http.send(Ask::post("/configs/create", &body)).await {
                Ok(_) => Ok(true),
                Err(fault) if fault.meaning() == Some(Meaning::Exists) => Ok(false),
                Err(fault) => Err(self.error(fault, None)),
            }
        })
    }

    fn rewrite_record<'a>(&'a self, record: &'a Record, state: &'a str) -> Promise<'a, bool> {
        Box::pin(async move {
            let body = self.record(&record.draft, state);
            let ask = Ask::post(format!("/configs/{}/update", record.id), &body)
                .query("version", record.version.to_string());
            let gone = [Meaning::OutOfSequence, Meaning::Missing];
            match self.http.send(ask).await {
                Ok(_) => Ok(true),
                Err(fault) if fault.meaning().is_some_and(|m| gone.contains(&m)) => Ok(false),
                Err(fault) => Err(self.error(fault, None)),
            }
        })
    }

    fn remove_record<'a>(&'a self, record: &'a Record) -> Promise<'a, ()> {
        Box::pin(async move {
            match self
                .docker
                .delete_config(&record.id)
                .await
                .map_err(super::http::of_bollard)
            {
                Err(fault) if fault.meaning() != Some(Meaning::Missing) => {
                    Err(self.error(fault, None))
                }
                Ok(()) | Err(_) => Ok(()),
            }
        })
    }
}

impl Swarm {
    fn asked<T>(&self, answer: Result<T, Fault>) -> Result<T, ProviderError> {
        answer.map_err(|fault| self.error(fault, None))
    }

    /// The whole object, since an update repeats what cannot change.
    fn record(&self, draft: &Draft, state: &str) -> serde_json::Value {
        json!({
            "Name": object_name(&self.scope.stack, draft.kind, draft.number),
            "Labels": labels(&self.scope.stack, draft, state),
            "Data": Content::encode(&draft.data),
        })
    }
}

pub(crate) fn labels(stack: &str, draft: &Draft, state: &str) -> Labels {
    let mut labels: Labels = [
        (RECORD_OF, stack),
        (RECORD, draft.kind.word()),
        (RECORD_STATE, state),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    if let Some(number) = draft.number {
        labels.insert(RECORD_NUMBER.to_owned(), number.to_string());
    }
    labels
}

/// The draft of a record with these labels, which somebody may have written by hand.
pub(crate) fn draft(kind: RecordKind, labels: &Labels, data: Vec<u8>) -> Draft {
    Draft {
        kind,
        number: labels
            .get(RECORD_NUMBER)
            .and_then(|number| number.parse().ok()),
        state: labels.get(RECORD_STATE).cloned().unwrap_or_default(),
        data,
    }
}

fn read(config: Stored, kind: RecordKind) -> Option<Record> {
    let data = Content::decode(config.spec.data.as_deref()?).ok()?;
    Some(Record {
        draft: draft(kind, &config.spec.labels, data),
        id: config.id,
        version: config.version.index,
    })
}
