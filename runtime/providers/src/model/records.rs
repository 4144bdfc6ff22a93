//! Records of a stack, as configs like those of a real swarm.

use skep_engine::provider::{Promise, ProviderError};
use skep_engine::records::{Draft, Record, RecordKind, Records, object_name};
use skep_schema::address::{Address, Kind};

use super::fault::Verb;
use super::objects::{Labels, RECORD, RECORD_OF};
use super::{Model, Trouble};
use crate::swarm::records::{draft, labels};

impl Records for Model {
    fn records(&self, kind: RecordKind) -> Promise<'_, Vec<Record>> {
        Box::pin(async move {
            self.look(|world| {
                let ours = world
                    .configs
                    .iter()
                    .filter(|(_, c)| self.keeps(&c.labels, kind));
                let records = ours.filter_map(|(name, config)| {
                    Some(Record {
                        draft: draft(kind, &config.labels, config.content.bytes().ok()?),
                        id: name.clone(),
                        version: config.meta.version,
                    })
                });
                let mut records: Vec<Record> = records.collect();
                records.sort_by_key(|record| record.draft.number);
                records
            })
        })
    }

    fn create_record<'a>(&'a self, draft: &'a Draft) -> Promise<'a, bool> {
        Box::pin(async move {
            let name = object_name(&self.stack, draft.kind, draft.number);
            let labels = labels(&self.stack, draft, &draft.state);
            let sent = self.send(Verb::Create, Kind::Config, &name, |world| {
                world.create_config(&name, labels, &draft.data)
            });
            match sent {
                Err(Trouble::Refused(refusal)) if refusal.status == 409 => Ok(false),
                sent => self.done(&name, sent.map(|_id| ())),
            }
        })
    }

    fn rewrite_record<'a>(&'a self, record: &'a Record, state: &'a str) -> Promise<'a, bool> {
        Box::pin(async move {
            let labels = labels(&self.stack, &record.draft, state);
            let sent = self.send(Verb::Update, Kind::Config, &record.id, |world| {
                world.update_config(&record.id, record.version, labels, None)
            });
            match sent {
                Err(Trouble::Refused(r)) if r.is_race() || r.status == 404 => Ok(false),
                sent => self.done(&record.id, sent),
            }
        })
    }

    fn remove_record<'a>(&'a self, record: &'a Record) -> Promise<'a, ()> {
        Box::pin(async move {
            let sent = self.send(Verb::Remove, Kind::Config, &record.id, |world| {
                world.remove_config(&record.id)
            });
            match sent {
                Err(Trouble::Refused(refusal)) if refusal.status == 404 => Ok(()),
                sent => self.done(&record.id, sent).map(|_| ()),
            }
        })
    }
}

impl Model {
    fn keeps(&self, labels: &Labels, kind: RecordKind) -> bool {
        let is = |label: &str, value: &str| labels.get(label).is_some_and(|text| text == value);
        is(RECORD_OF, &self.stack) && is(RECORD, kind.word())
    }

    fn done(&self, name: &str, sent: Result<(), Trouble>) -> Result<bool, ProviderError> {
        self.answered(&Address::new(Kind::Config, name), sent)
            .map(|()| true)
    }
}
