//! The log read back: whether it is whole, and as lines for others to keep.

use skep_schema::api::audit::{AuditRecord, Matter};

use crate::store::{Line, Log, Store, StoreError, chained};

/// Lines that are read at a time.
pub(super) const PAGE: usize = 1000;

/// A place in the log that was whole once. Who keeps one elsewhere sees also that the log's end was cut
/// off, or that all of it was written anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) number: u64,
    pub(crate) chain: [u8; 32],
}

impl Mark {
    pub(super) const fn of(line: &Line) -> Self {
        Self {
            number: line.number,
            chain: line.chain,
        }
    }
}

/// What a walk along the chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing was ever written.
    Empty,
    /// Every line is as it was written. `first` is above 1 where older ones were let go of, and a line that
    /// is left says so.
    Whole { first: u64, last: Mark },
    /// This line is the first that is not, whatever the later ones are.
    Broken { number: u64, fault: Fault },
}

impl Verdict {
    const fn misses_a_line(&self) -> bool {
        matches!(
            self,
            Self::Broken {
                fault: Fault::Missing,
                ..
            }
        )
    }
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("it is missing")]
    Missing,
    #[error("it, or one before it, was changed")]
    Changed,
    #[error("it is another than the one that was marked")]
    NotAsMarked,
    #[error("it is no record of an audit")]
    Unreadable,
}

/// Walks the whole log. With a mark, the line that it names must be there and have its chain.
pub(crate) async fn verify(store: &dyn Store, mark: Option<Mark>) -> Result<Verdict, StoreError> {
    loop {
        let begins = first(store).await?;
        let verdict = walk(store, mark).await?;
        // What was let go of on the way is not missing.
        if !verdict.misses_a_line() || first(store).await? == begins {
            return Ok(verdict);
        }
    }
}

/// The number of the first line that is left.
async fn first(store: &dyn Store) -> Result<Option<u64>, StoreError> {
    let lines = store.read(Log::Audit, 0, 1).await?;
    Ok(lines.first().map(|line| line.number))
}

async fn walk(store: &dyn Store, mark: Option<Mark>) -> Result<Verdict, StoreError> {
    let mut walk = Walk {
        first: None,
        last: None,
        forgotten: None,
        mark,
    };
    loop {
        let after = walk.last.map_or(0, |last| last.number);
        let lines = store.read(Log::Audit, after, PAGE).await?;
        if lines.is_empty() {
            return Ok(walk.end());
        }
        if let Some((number, fault)) = lines.iter().find_map(|line| walk.step(line)) {
            return Ok(Verdict::Broken { number, fault });
        }
    }
}

struct Walk {
    first: Option<Line>,
    last: Option<Mark>,
    /// The last line that was let go of, by what was written when it was.
    forgotten: Option<Mark>,
    mark: Option<Mark>,
}

impl Walk {
    /// What is wrong with the next line, and its number.
    fn step(&mut self, line: &Line) -> Option<(u64, Fault)> {
        let wanted = self.last.map_or(line.number, |last| last.number + 1);
        if line.number != wanted {
            return Some((wanted, Fault::Missing));
        }
        let fault = self.fault(line);
        self.first.get_or_insert_with(|| line.clone());
        self.last = Some(Mark::of(line));
        fault.map(|fault| (line.number, fault))
    }

    fn fault(&mut self, line: &Line) -> Option<Fault> {
        let before = match self.last {
            Some(last) => Some(last.chain),
            None => (line.number == 1).then_some([0; 32]),
        };
        // What the first line that is left was bound to is told by a later one.
        let is_bound = before.is_none_or(|before| is_bound(line, &before));
        let is_marked = self
            .mark
            .is_none_or(|mark| mark.number != line.number || mark.chain == line.chain);
        if !is_bound {
            return Some(Fault::Changed);
        }
        if !is_marked {
            return Some(Fault::NotAsMarked);
        }
        let Ok(record) = serde_json::from_slice::<AuditRecord>(&line.body) else {
            return Some(Fault::Unreadable);
        };
        // Of two that look at once, the slower one may have seen less.
        let forgotten = record.what.iter().filter_map(forgotten);
        self.forgotten = forgotten
            .chain(self.forgotten)
            .max_by_key(|mark| mark.number);
        None
    }

    /// What is wrong with where the log begins.
    fn fault_of_first(&self) -> Option<(u64, Fault)> {
        let first = self.first.as_ref().filter(|first| first.number > 1)?;
        let forgotten = self.forgotten.map_or(0, |forgotten| forgotten.number);
        if forgotten + 1 != first.number {
            return Some((forgotten + 1, Fault::Missing));
        }
        let before = self.forgotten?.chain;
        (!is_bound(first, &before)).then_some((first.number, Fault::Changed))
    }

    fn end(self) -> Verdict {
        if let Some((number, fault)) = self.fault_of_first() {
            return Verdict::Broken { number, fault };
        }
        let reached = self.last.map_or(0, |last| last.number);
        let lost = self.mark.filter(|mark| mark.number > reached);
        match (lost, self.first, self.last) {
            (Some(_), _, _) => Verdict::Broken {
                number: reached + 1,
                fault: Fault::Missing,
            },
            (None, Some(first), Some(last)) => Verdict::Whole {
                first: first.number,
                last,
            },
            (None, _, _) => Verdict::Empty,
        }
    }
}

fn is_bound(line: &Line, before: &[u8; 32]) -> bool {
    chained(before, line.number, line.at, &line.body) == line.chain
}

fn forgotten(matter: &Matter) -> Option<Mark> {
    let Matter::Forgotten { up_to, chain } = matter else {
        return None;
    };
    let chain = blake3::Hash::from_hex(chain).ok()?;
    Some(Mark {
        number: *up_to,
        chain: *chain.as_bytes(),
    })
}

/// Lines after a number as lines of JSON, see [`skep_schema::api::audit::AuditLine`], and the number of
/// the last one. The records' texts are those that the chain is over.
///
/// # Errors
/// A line is no record of an audit.
pub(crate) async fn export(
    store: &dyn Store,
    after: u64,
    limit: usize,
) -> Result<(String, u64), StoreError> {
    let lines = store.read(Log::Audit, after, limit).await?;
    let mut text = String::new();
    for line in &lines {
        text.push_str(&exported(line)?);
    }
    Ok((text, lines.last().map_or(after, |line| line.number)))
}

fn exported(line: &Line) -> Result<String, StoreError> {
    let broken = || StoreError::Broken(format!("line {} of the audit is no record", line.number));
    let record = str::from_utf8(&line.body).map_err(|_| broken())?;
    serde_json::from_str::<AuditRecord>(record).map_err(|_| broken())?;
    let Line { number, at, .. } = line;
    let chain = hex(&line.chain);
    let at = at.0;
    Ok(format!(
        "{{\"number\":{number},\"at\":{at},\"chain\":\"{chain}\",\"record\":{record}}}\n"
    ))
}

pub(super) fn hex(chain: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*chain).to_hex().to_string()
}
