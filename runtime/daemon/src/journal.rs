//! What happened, numbered and kept. Everyone who watches reads the same log at an own pace, so that a
//! slow reader costs no memory and loses nothing that is still kept.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use skep_schema::api::event::{STACK_EVENT_FORMAT, StackEventLine};
use skep_schema::api::stack::StackEvent;
use tokio::sync::watch;

use crate::store::{Line, Log, Store, StoreError};

/// Lines in memory: who is not further behind than that costs the store nothing.
const RECENT: usize = 2_048;
/// Lines that the store keeps.
pub(crate) const KEPT: u64 = 50_000;
/// Lines that are read from the store at once.
const PAGE: usize = 256;

/// A line as it is sent: read once, whoever it is for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) number: u64,
    pub(crate) stack: String,
    /// What kind of event it is.
    pub(crate) word: &'static str,
    /// The whole line as JSON.
    pub(crate) json: String,
}

/// The log of events, and its newest lines.
pub(crate) struct Journal {
    store: Arc<dyn Store>,
    recent: RwLock<VecDeque<Arc<Told>>>,
    newest: watch::Sender<u64>,
    ended: watch::Sender<bool>,
}

/// What a follower meets next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Told(Arc<Told>),
    /// Lines from the first number to the second are kept no more.
    Lagged(u64, u64),
}

impl Journal {
    /// Goes on after the last line that the store has.
    pub(crate) async fn open(store: Arc<dyn Store>) -> Result<Self, StoreError> {
        let last = store.last(Log::Events).await?;
        let newest = last.map_or(0, |line| line.number);
        Ok(Self {
            store,
            recent: RwLock::default(),
            newest: watch::Sender::new(newest),
            ended: watch::Sender::new(false),
        })
    }

    /// A line's body: who reads the store sees what clients see, but for the number.
    pub(crate) fn body(stack: &str, event: &StackEvent) -> Vec<u8> {
        serde_json::to_vec(&(stack, event)).expect("plain data")
    }

    /// Tells everyone lines that the store has taken, and what others appended before them.
    ///
    /// # Errors
    /// There is something before them, and the store could not be read.
    pub(crate) async fn announce(&self, lines: &[Line]) -> Result<(), StoreError> {
        let Some(first) = lines.first() else {
            return Ok(());
        };
        if first.number == self.newest() + 1 {
            self.tell(lines);
            return Ok(());
        }
        self.catch_up().await
    }

    /// Tells everyone what the store has and nobody was told yet, whoever appended it.
    pub(crate) async fn catch_up(&self) -> Result<(), StoreError> {
        loop {
            let newest = self.newest();
            let lines = self.store.read(Log::Events, newest, PAGE).await?;
            let Some(first) = lines.first() else {
                return Ok(());
            };
            if first.number > newest + 1 {
                // What is between is kept no more, and who asks for it has to be told so.
                let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
                recent.clear();
            }
            self.tell(&lines);
        }
    }

    fn tell(&self, lines: &[Line]) {
        let told = lines.iter().filter_map(read);
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        for told in told {
            recent.push_back(Arc::new(told));
        }
        let excess = recent.len().saturating_sub(RECENT);
        recent.drain(..excess);
        drop(recent);
        if let Some(last) = lines.last() {
            self.newest.send_replace(last.number);
        }
    }

    /// Lets everyone who follows come to an end, once he has what there is.
    pub(crate) fn end(&self) {
        self.ended.send_replace(true);
    }

    /// Waits for that end.
    pub(crate) async fn ended(&self) {
        let mut ended = self.ended.subscribe();
        drop(ended.wait_for(|ended| *ended).await);
    }

    pub(crate) fn newest(&self) -> u64 {
        *self.newest.borrow()
    }

    /// Follows the log after a number.
    pub(crate) fn follow(self: &Arc<Self>, after: u64) -> Follower {
        Follower {
            journal: Arc::clone(self),
            newest: self.newest.subscribe(),
            ended: self.ended.subscribe(),
            // A number from the future is of another store: what is new here begins now.
            after: after.min(self.newest()),
            page: VecDeque::new(),
        }
    }

    fn recent_after(&self, after: u64) -> Option<Arc<Told>> {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        if recent.front()?.number > after + 1 {
            return None;
        }
        // A line of a newer program, which this one cannot read, has no place here.
        let place = recent.partition_point(|told| told.number <= after);
        recent.get(place).cloned()
    }
}

/// One reader's place in the log.
pub(crate) struct Follower {
    journal: Arc<Journal>,
    newest: watch::Receiver<u64>,
    ended: watch::Receiver<bool>,
    after: u64,
    /// Lines that were read from the store and not handed out yet.
    page: VecDeque<Arc<Told>>,
}

impl Follower {
    /// The number after which it goes on.
    pub(crate) const fn after(&self) -> u64 {
        self.after
    }

    /// Waits for the next line.
    ///
    /// # Errors
    /// The store could not be read, or the daemon ends.
    pub(crate) async fn next(&mut self) -> Result<Next, StoreError> {
        loop {
            if *self.newest.borrow_and_update() > self.after {
                return self.step().await;
            }
            tokio::select! {
                biased;
                changed = self.newest.changed() => changed.map_err(|_| ended())?,
                _ = self.ended.wait_for(|ended| *ended) => return Err(ended()),
            }
        }
    }

    async fn step(&mut self) -> Result<Next, StoreError> {
        if let Some(told) = self.journal.recent_after(self.after) {
            self.page.clear();
            return Ok(self.take(told));
        }
        if self.page.is_empty() {
            let store = &self.journal.store;
            let lines = store.read(Log::Events, self.after, PAGE).await?;
            self.page = lines.iter().filter_map(read).map(Arc::new).collect();
        }
        let Some(told) = self.page.front() else {
            // All that is between is gone from the store too.
            let (from, to) = (self.after + 1, self.journal.newest());
            self.after = to;
            return Ok(Next::Lagged(from, to));
        };
        if told.number > self.after + 1 {
            let (from, to) = (self.after + 1, told.number - 1);
            self.after = to;
            return Ok(Next::Lagged(from, to));
        }
        let told = self.page.pop_front().expect("it was just seen");
        Ok(self.take(told))
    }

    fn take(&mut self, told: Arc<Told>) -> Next {
        self.after = told.number;
        Next::Told(told)
    }
}

fn ended() -> StoreError {
    StoreError::Unwritable("the daemon ends".to_owned())
}

fn read(line: &Line) -> Option<Told> {
    let (stack, event): (String, StackEvent) = serde_json::from_slice(&line.body).ok()?;
    let word = event.word();
    let whole = StackEventLine {
        format: STACK_EVENT_FORMAT.to_owned(),
        number: line.number,
        at: line.at,
        stack: stack.clone(),
        event,
    };
    Some(Told {
        number: line.number,
        stack,
        word,
        json: serde_json::to_string(&whole).expect("plain data"),
    })
}
