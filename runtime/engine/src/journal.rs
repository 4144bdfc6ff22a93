//! The journal of a stack: a record of each apply, kept in the target itself.
//!
//! Nothing depends on it but history and rollback: equality is always judged by looking. So one that
//! is lost, and a record nobody can read, costs no more than what it told.

mod pack;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use skep_schema::plan::Plan;
use skep_schema::revision::{Ending, Entry, REVISION_FORMAT, Revision};

use crate::provider::{Kept, ProviderError};
use crate::records::{Draft, Record, RecordKind, Records};

/// Revisions kept; what the older ones alone need can go.
pub const KEPT: usize = 10;

/// All that is left of what was applied.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    records: Vec<Record>,
    /// Unpacked when somebody wants to know: a record is as large as its plan.
    entries: OnceLock<Vec<Entry>>,
}

/// A revision that has begun.
#[derive(Debug)]
pub struct Begun(Record);

impl Journal {
    /// What would be read after these.
    pub fn of(entries: &[Entry]) -> Self {
        Self {
            records: entries.iter().map(record).collect(),
            entries: OnceLock::new(),
        }
    }

    /// # Errors
    /// The target could not be asked.
    pub async fn read(from: &dyn Records) -> Result<Self, ProviderError> {
        Ok(Self {
            records: from.records(RecordKind::Revision).await?,
            entries: OnceLock::new(),
        })
    }

    /// Those that can be read, oldest first.
    pub fn entries(&self) -> &[Entry] {
        self.entries
            .get_or_init(|| self.records.iter().filter_map(entry).collect())
    }

    /// Numbers of those that are there and cannot be read.
    pub fn unreadable(&self) -> impl Iterator<Item = u32> {
        let numbers = self.records.iter();
        let numbers = numbers.map(|record| record.draft.number.unwrap_or_default());
        numbers.filter(|number| self.get(*number).is_none())
    }

    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub fn get(&self, number: u32) -> Option<&Entry> {
        self.entries()
            .iter()
            .find(|entry| entry.revision.number == number)
    }

    pub fn last(&self) -> Option<&Entry> {
        self.entries().last()
    }

    /// The newest before the last that worked and wanted something else than the last did.
    pub fn before_last(&self) -> Option<&Entry> {
        let (last, earlier) = self.entries().split_last()?;
        let differs =
            |entry: &&Entry| entry.revision.bound().digest != last.revision.bound().digest;
        earlier
            .iter()
            .rev()
            .find(|entry| entry.is_done() && differs(entry))
    }

    /// The number of the next revision.
    pub fn next(&self) -> u32 {
        self.newest().saturating_add(1)
    }

    /// The number of the newest revision, readable or not; 0 where there is none.
    pub fn newest(&self) -> u32 {
        let numbers = self.records.iter();
        let numbers = numbers.filter_map(|record| record.draft.number);
        numbers.max().unwrap_or(0)
    }

    /// Names that a rollback to one of the kept revisions would look for.
    pub fn kept(&self, plan: &Plan) -> Kept {
        let from = self.entries().len().saturating_sub(KEPT - 1);
        let old = self.entries()[from..]
            .iter()
            .map(|entry| entry.revision.bound());
        old.chain([plan.clone()])
            .flat_map(|plan| names(&plan))
            .collect()
    }

    /// Writes a revision before its first change.
    ///
    /// # Errors
    /// The target refused it, or could not be asked.
    pub async fn begin(
        &self,
        records: &dyn Records,
        revision: &Revision,
    ) -> Result<Begun, ProviderError> {
        let draft = Draft {
            kind: RecordKind::Revision,
            number: Some(revision.number),
            state: String::new(),
            data: pack::pack(revision),
        };
        let made = records.create_record(&draft).await?;
        let all = records.records(RecordKind::Revision).await?;
        let own = all.into_iter().find(|record| record.draft == draft);
        own.filter(|_| made)
            .map(Begun)
            .ok_or_else(|| ProviderError::Rejected {
                message: format!("revision {} is there already", revision.number),
            })
    }

    /// Notes how a revision ended, and removes those that are too old.
    ///
    /// # Errors
    /// The target refused it, or could not be asked.
    pub async fn end(
        &self,
        records: &dyn Records,
        begun: Begun,
        ending: &Ending,
    ) -> Result<(), ProviderError> {
        let state = serde_json::to_string(ending).expect("plain data");
        records.rewrite_record(&begun.0, &state).await?;
        let old = (self.records.len() + 1).saturating_sub(KEPT);
        for record in &self.records[..old.min(self.records.len())] {
            records.remove_record(record).await?;
        }
        Ok(())
    }

    /// Removes all of it: the stack is gone.
    ///
    /// # Errors
    /// The target refused it, or could not be asked.
    pub async fn clear(records: &dyn Records) -> Result<(), ProviderError> {
        for record in records.records(RecordKind::Revision).await? {
            records.remove_record(&record).await?;
        }
        Ok(())
    }
}

fn names(plan: &Plan) -> Kept {
    let named = plan.nodes.iter().filter_map(|(address, node)| {
        Some((address.kind, node.payload.physical_name()?.to_owned()))
    });
    let same = plan.identity.same.iter();
    let same = same.map(|(address, name)| (address.kind, name.clone()));
    named.chain(same).collect::<BTreeSet<_>>()
}

fn record(entry: &Entry) -> Record {
    let ending = entry.ending.as_ref();
    let state = ending.map(|ending| serde_json::to_string(ending).expect("plain data"));
    Record {
        draft: Draft {
            kind: RecordKind::Revision,
            number: Some(entry.revision.number),
            state: state.unwrap_or_default(),
            data: pack::pack(&entry.revision),
        },
        id: entry.revision.number.to_string(),
        version: 0,
    }
}

fn entry(record: &Record) -> Option<Entry> {
    let revision = pack::unpack(&record.draft.data)?;
    (revision.format == REVISION_FORMAT).then(|| Entry {
        revision,
        ending: serde_json::from_str(&record.draft.state).ok(),
    })
}
