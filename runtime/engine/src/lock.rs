//! One applier at a time: a lease on a stack, kept in the target itself.
//!
//! The lease is a record that is made once and from then on only rewritten by whoever saw its last
//! state, so two who reach for it never both have it. It runs out unless it is renewed: a killed
//! applier blocks nobody for long. Whoever lost it, or cannot tell, because its machine slept or
//! nothing answers, sends no further write: see [`Fence`].

mod fence;

use serde::{Deserialize, Serialize};
use skep_schema::event::Timestamp;
use tokio::sync::watch;
use tokio::time::{Duration, Instant};

use crate::provider::ProviderError;
use crate::records::{Draft, Record, RecordKind, Records};

pub use fence::Fence;

/// How long a lease is good for without being renewed.
pub const LEASE: Duration = Duration::from_secs(45);
/// How often it is renewed.
const RENEWAL: Duration = Duration::from_secs(8);
/// Before a renewal that failed is tried again.
const SOON: Duration = Duration::from_secs(1);
/// Milliseconds in which requests that write may be sent. A swarm without a leader holds one back
/// for up to 20 s and may do it then, so that much has to pass before anybody else begins, and
/// something more for clocks that differ.
const TERM: u64 = 20_000;
/// Lost races for one lease, after which somebody else has it.
const TRIES: u32 = 3;

/// Who has a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Holder {
    /// `ann@laptop`
    pub who: String,
    /// What for: `apply`.
    pub purpose: String,
    /// The process, so that another on the same machine can tell that it is gone.
    pub process: String,
    /// Tells one lease from the next.
    pub nonce: String,
}

/// A lock that somebody has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Held {
    pub holder: Holder,
    pub since: Timestamp,
    /// When it runs out unless it is renewed, on the holder's clock.
    pub until: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    #[error("{} has the lock", .0.holder.who)]
    Held(Box<Held>),
    #[error(transparent)]
    Target(#[from] ProviderError),
}

/// What a lock's record holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Free,
    Held(Held),
}

impl State {
    /// Somebody else's text is nobody's lock.
    fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or(State::Free)
    }

    fn text(&self) -> String {
        serde_json::to_string(self).expect("plain data")
    }
}

/// A lock that is ours, for as long as it is renewed.
pub struct Lease<'a> {
    records: &'a dyn Records,
    held: Held,
    taken: Instant,
    hold: watch::Sender<Hold>,
}

/// How sure it is that a lock is still ours.
struct Hold {
    /// Milliseconds after the lock was taken from which it is not sure.
    term: u64,
    /// The same on the holder's clock, which also goes on while the machine sleeps.
    until: Timestamp,
    /// Somebody else has it, or it was taken away.
    lost: bool,
    /// Why the last renewal failed.
    trouble: Option<ProviderError>,
}

impl Hold {
    /// After a renewal that began then.
    fn renewed(begun: u64, now: Timestamp) -> Self {
        Self {
            term: begun + TERM,
            until: now.plus(TERM),
            lost: false,
            trouble: None,
        }
    }
}

impl std::fmt::Debug for Lease<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease")
            .field("held", &self.held)
            .finish_non_exhaustive()
    }
}

/// Who has the lock of the stack, if anybody has.
///
/// # Errors
/// The target could not be asked.
pub async fn status(records: &dyn Records) -> Result<Option<Held>, ProviderError> {
    Ok(
        match found(records)
            .await?
            .map(|record| State::read(&record.draft.state))
        {
            Some(State::Held(held)) => Some(held),
            Some(State::Free) | None => None,
        },
    )
}

/// Takes the lock, for `holder`, unless somebody has it. A lease that has run out, and one whose
/// process `is_gone`, is nobody's.
///
/// # Errors
/// Somebody has it, or the target could not be asked.
pub async fn take<'a>(
    records: &'a dyn Records,
    holder: Holder,
    now: Timestamp,
    is_gone: &(dyn Fn(&Holder) -> bool + Sync),
) -> Result<Lease<'a>, LockError> {
    let begun = Instant::now();
    let held = Held {
        holder,
        since: now,
        until: now.plus(millis(LEASE)),
    };
    let state = State::Held(held.clone()).text();
    let mut rival = held.clone();
    for _ in 0..TRIES {
        let taken = match found(records).await? {
            None => records.create_record(&draft(state.clone())).await?,
            Some(record) => match State::read(&record.draft.state) {
                State::Held(other) if !is_over(&other, now) && !is_gone(&other.holder) => {
                    return Err(LockError::Held(Box::new(other)));
                }
                State::Held(other) => {
                    rival = other;
                    records.rewrite_record(&record, &state).await?
                }
                State::Free => records.rewrite_record(&record, &state).await?,
            },
        };
        if taken {
            return Ok(Lease {
                records,
                held,
                taken: begun,
                hold: watch::Sender::new(Hold::renewed(0, now)),
            });
        }
    }
    Err(LockError::Held(Box::new(rival)))
}

/// Takes the lock away from whoever has it, and says who that was.
///
/// # Errors
/// The target could not be asked.
pub async fn release(records: &dyn Records) -> Result<Option<Held>, ProviderError> {
    for _ in 0..TRIES {
        let Some(record) = found(records).await? else {
            return Ok(None);
        };
        let State::Held(held) = State::read(&record.draft.state) else {
            return Ok(None);
        };
        if records.rewrite_record(&record, &State::Free.text()).await? {
            return Ok(Some(held));
        }
    }
    Err(ProviderError::Rejected {
        message: "the lock changes hands too fast; try again".to_owned(),
    })
}

impl Lease<'_> {
    /// Works while the lease is renewed. It is not cut short when the lease is lost: what has to
    /// stop then are writes, and the [`Fence`] stops them.
    pub async fn during<T>(
        &self,
        clock: impl Fn() -> Timestamp,
        work: impl Future<Output = T>,
    ) -> T {
        let renewals = async {
            loop {
                let failed = self.hold.borrow().trouble.is_some();
                tokio::time::sleep(if failed { SOON } else { RENEWAL }).await;
                let outcome = self.renew(clock()).await;
                self.hold.send_modify(|hold| hold.trouble = outcome.err());
            }
        };
        tokio::select! {
            biased;
            done = work => done,
            () = renewals => unreachable!("renewals never end"),
        }
    }

    /// Whether a request that writes may be sent at `now`.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.obstacle(now).is_none()
    }

    /// Whether somebody else has it, or it was taken away.
    pub fn is_lost(&self) -> bool {
        self.hold.borrow().lost
    }

    /// Why no request that writes may be sent.
    fn obstacle(&self, now: Timestamp) -> Option<ProviderError> {
        let hold = self.hold.borrow();
        if hold.lost {
            return Some(ProviderError::Denied {
                message: "the lock was lost, so nothing more is written; apply again".to_owned(),
            });
        }
        let is_sure = self.age() < hold.term && now < hold.until;
        let unsure = || ProviderError::Unreachable {
            target: "the lock".to_owned(),
            message: "no renewal was confirmed in time, so nothing is written until one is"
                .to_owned(),
        };
        (!is_sure).then(|| hold.trouble.clone().unwrap_or_else(unsure))
    }

    /// When the present term ends.
    fn end(&self) -> Instant {
        self.taken + Duration::from_millis(self.hold.borrow().term)
    }

    async fn renew(&self, now: Timestamp) -> Result<(), ProviderError> {
        let begun = self.age();
        let Some(record) = self.own().await? else {
            self.hold.send_modify(|hold| hold.lost = true);
            return Ok(());
        };
        let held = Held {
            until: now.plus(millis(LEASE)),
            ..self.held.clone()
        };
        if self
            .records
            .rewrite_record(&record, &State::Held(held).text())
            .await?
        {
            self.hold.send_replace(Hold::renewed(begun, now));
        }
        Ok(())
    }

    /// Gives it back; somebody else's is left alone.
    ///
    /// # Errors
    /// The target could not be asked: it will run out.
    pub async fn release(self) -> Result<(), ProviderError> {
        if let Some(record) = self.own().await? {
            self.records
                .rewrite_record(&record, &State::Free.text())
                .await?;
        }
        Ok(())
    }

    /// Gives it back together with its record: nothing of the stack is left to lock.
    ///
    /// # Errors
    /// The target could not be asked.
    pub async fn remove(self) -> Result<(), ProviderError> {
        if let Some(record) = self.own().await? {
            self.records.remove_record(&record).await?;
        }
        Ok(())
    }

    async fn own(&self) -> Result<Option<Record>, ProviderError> {
        let record = found(self.records).await?;
        Ok(
            record.filter(|record| match State::read(&record.draft.state) {
                State::Held(held) => held.holder.nonce == self.held.holder.nonce,
                State::Free => false,
            }),
        )
    }

    fn age(&self) -> u64 {
        millis(self.taken.elapsed())
    }
}

async fn found(records: &dyn Records) -> Result<Option<Record>, ProviderError> {
    Ok(records.records(RecordKind::Lock).await?.into_iter().next())
}

fn draft(state: String) -> Draft {
    Draft {
        kind: RecordKind::Lock,
        number: None,
        state,
        data: b"skep.lock/1".to_vec(),
    }
}

fn is_over(held: &Held, now: Timestamp) -> bool {
    now > held.until
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
