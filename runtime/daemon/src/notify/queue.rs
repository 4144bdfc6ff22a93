//! What waits to be sent by one channel: in which order, when, and what is left out.

use std::collections::{BTreeMap, VecDeque};

use skep_schema::api::notice::Notice;
use skep_schema::event::Timestamp;

/// After a message about a stack, what follows about it is gathered for so long, in milliseconds: whoever
/// got one looks anyway.
const GATHER: u64 = 60_000;

/// Between tries when a channel fails, in milliseconds: at first, and at most.
const SOON: u64 = 1_000;
const LATE: u64 = 300_000;

/// Older news are none, in milliseconds.
const OLD: u64 = 24 * 60 * 60 * 1000;

/// Notices about one stack that are kept; of more the oldest are left out.
const MOST: usize = 20;

/// Stacks about which something is kept.
const STACKS: usize = 1_000;

/// Notices about one stack that go out together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parcel {
    pub(super) stack: String,
    /// Oldest first, never empty.
    pub(super) notices: Vec<Notice>,
    pub(super) left_out: u32,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    stacks: BTreeMap<String, Waiting>,
    /// After failures nothing is sent before this.
    pause: Option<Timestamp>,
    failures: u32,
}

#[derive(Debug, Default)]
struct Waiting {
    notices: VecDeque<Notice>,
    left_out: u32,
    not_before: Timestamp,
}

impl Parcel {
    pub(super) fn of(notice: Notice) -> Self {
        Self {
            stack: notice.stack.clone(),
            notices: vec![notice],
            left_out: 0,
        }
    }
}

impl Waiting {
    /// Leaves the oldest out where there are too many.
    fn trim(&mut self) {
        while self.notices.len() > MOST {
            self.notices.pop_front();
            self.left_out += 1;
        }
    }

    fn forget_old(&mut self, now: Timestamp) {
        while self
            .notices
            .front()
            .is_some_and(|first| now.since(first.at) > OLD)
        {
            self.notices.pop_front();
            self.left_out += 1;
        }
    }

    fn parcel(&mut self, stack: &str) -> Option<Parcel> {
        let notices: Vec<Notice> = std::mem::take(&mut self.notices).into();
        let left_out = std::mem::take(&mut self.left_out);
        (!notices.is_empty()).then(|| Parcel {
            stack: stack.to_owned(),
            notices,
            left_out,
        })
    }
}

impl Queue {
    pub(super) fn put(&mut self, notice: Notice, now: Timestamp) {
        self.stacks
            .retain(|_, waiting| !waiting.notices.is_empty() || waiting.not_before > now);
        if self.stacks.len() >= STACKS && !self.stacks.contains_key(&notice.stack) {
            return;
        }
        let waiting = self.stacks.entry(notice.stack.clone()).or_default();
        waiting.notices.push_back(notice);
        waiting.trim();
    }

    /// What is to be sent now, if anything is.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<Parcel> {
        if self.pause.is_some_and(|pause| pause > now) {
            return None;
        }
        for waiting in self.stacks.values_mut() {
            waiting.forget_old(now);
        }
        let ready = |waiting: &Waiting| !waiting.notices.is_empty() && waiting.not_before <= now;
        let mut all = self.stacks.iter_mut();
        let (stack, waiting) = all.find(|(_, waiting)| ready(waiting))?;
        waiting.not_before = now.plus(GATHER);
        waiting.parcel(stack)
    }

    /// When [`Queue::take`] has something, unless more is put in.
    pub(super) fn wake(&self) -> Option<Timestamp> {
        let waiting = self.stacks.values().filter(|w| !w.notices.is_empty());
        let first = waiting.map(|waiting| waiting.not_before).min()?;
        Some(first.max(self.pause.unwrap_or_default()))
    }

    /// What was taken is out.
    pub(super) fn sent(&mut self) {
        self.pause = None;
        self.failures = 0;
    }

    /// What was taken is not out, and is tried again later.
    pub(super) fn failed(&mut self, parcel: Parcel, now: Timestamp) {
        let Parcel {
            stack,
            notices,
            left_out,
        } = parcel;
        let waiting = self.stacks.entry(stack).or_default();
        waiting.left_out += left_out;
        for notice in notices.into_iter().rev() {
            waiting.notices.push_front(notice);
        }
        waiting.trim();
        waiting.not_before = now;
        let pause = SOON.saturating_mul(1 << self.failures.min(20)).min(LATE);
        self.failures = self.failures.saturating_add(1);
        self.pause = Some(now.plus(pause));
    }

    /// All that is left, whenever it was to be sent.
    pub(super) fn rest(mut self) -> Vec<Parcel> {
        let all = self.stacks.iter_mut();
        all.filter_map(|(stack, waiting)| waiting.parcel(stack))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use skep_schema::daemon::NoticeKind;

    use super::*;

    fn notice(stack: &str, title: &str, at: u64) -> Notice {
        Notice {
            stack: stack.to_owned(),
            kind: NoticeKind::Failed,
            title: title.to_owned(),
            text: String::new(),
            at: Timestamp(at),
        }
    }

    fn titles(parcel: Option<&Parcel>) -> Vec<&str> {
        let notices = parcel.map(|parcel| parcel.notices.as_slice());
        let notices = notices.unwrap_or_default().iter();
        notices.map(|notice| notice.title.as_str()).collect()
    }

    #[test]
    fn the_first_goes_at_once_and_what_follows_is_gathered() {
        let mut queue = Queue::default();
        queue.put(notice("shop", "a", 0), Timestamp(0));
        assert_eq!(titles(queue.take(Timestamp(0)).as_ref()), ["a"]);
        queue.sent();
        queue.put(notice("shop", "b", 1), Timestamp(1));
        queue.put(notice("blog", "c", 1), Timestamp(1));
        queue.put(notice("shop", "d", 2), Timestamp(2));
        assert_eq!(titles(queue.take(Timestamp(2)).as_ref()), ["c"]);
        assert_eq!(queue.take(Timestamp(59_999)), None);
        assert_eq!(queue.wake(), Some(Timestamp(60_000)));
        assert_eq!(titles(queue.take(Timestamp(60_000)).as_ref()), ["b", "d"]);
        assert_eq!(queue.wake(), None);
    }

    #[test]
    fn what_fails_is_tried_again_less_and_less_often_and_nothing_is_lost() {
        let mut queue = Queue::default();
        queue.put(notice("shop", "a", 0), Timestamp(0));
        let (mut now, mut waits) = (Timestamp(0), Vec::new());
        for _ in 0..8 {
            let parcel = queue.take(now).expect("it is due");
            queue.failed(parcel, now);
            assert_eq!(queue.take(now), None);
            let next = queue.wake().expect("it is tried again");
            waits.push(next.since(now) / 1000);
            now = next;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128]);
        queue.put(notice("shop", "b", now.0), now);
        assert_eq!(titles(queue.take(now).as_ref()), ["a", "b"]);
    }

    #[test]
    fn there_is_an_end_to_what_is_kept() {
        let mut queue = Queue::default();
        for n in 0..50 {
            queue.put(notice("shop", &n.to_string(), n), Timestamp(n));
        }
        let parcel = queue.take(Timestamp(50)).expect("it is due");
        assert_eq!((parcel.notices.len(), parcel.left_out), (MOST, 30));
        assert_eq!(parcel.notices[0].title, "30");
        queue.failed(parcel, Timestamp(50));
        assert_eq!(
            queue.take(Timestamp(OLD + 100)),
            None,
            "after a day it is no news"
        );
        for n in 0..2 * STACKS {
            queue.put(
                notice(&format!("s{n}"), "a", OLD + 100),
                Timestamp(OLD + 100),
            );
        }
        assert!(queue.rest().len() <= STACKS);
    }
}
