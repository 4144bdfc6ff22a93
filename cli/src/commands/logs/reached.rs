//! How far a log was shown, so that it is taken up there: lines have no numbers, but each task's have
//! times, in order.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use skep_schema::event::Timestamp;
use skep_schema::log::LogLine;

/// A line may be this late behind one that another task wrote after it, in milliseconds.
const LATE: u64 = 60_000;
/// A machine that is silent, or whose clock is behind, is asked again for no more than this.
const LONGEST: u64 = 3_600_000;

/// What of each task was shown.
#[derive(Debug, Default)]
pub(super) struct Reached {
    tasks: BTreeMap<String, Task>,
    /// The last line of each machine.
    nodes: BTreeMap<String, Timestamp>,
}

#[derive(Debug, Default)]
struct Task {
    shown: Moment,
    /// What was shown before the log was taken up, without what has come again.
    before: Moment,
}

/// The last moment, and how many lines were written in it.
#[derive(Clone, Copy, Debug, Default)]
struct Moment {
    at: Timestamp,
    lines: usize,
}

impl Reached {
    /// Whether a line is none that was shown before the log was taken up.
    pub(super) fn is_new(&mut self, line: &LogLine) -> bool {
        let task = self.tasks.entry(line.task.clone()).or_default();
        if task.before.takes(line.at) {
            return false;
        }
        task.shown.add(line.at);
        let last = self.nodes.entry(line.node.clone()).or_default();
        *last = line.at.max(*last);
        true
    }

    /// From when on all lines are to come again, in seconds since the epoch; nothing if none has come.
    pub(super) fn take_up(&mut self) -> Option<u64> {
        for task in self.tasks.values_mut() {
            task.before = task.shown;
        }
        let first = self.nodes.values().min()?.0;
        let last = self.nodes.values().max()?.0;
        let from = first.max(last.saturating_sub(LONGEST));
        Some(from.saturating_sub(LATE) / 1000)
    }

    /// Of the last line.
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.nodes.values().max().copied()
    }
}

impl Moment {
    fn add(&mut self, at: Timestamp) {
        match at.cmp(&self.at) {
            Ordering::Greater => *self = Self { at, lines: 1 },
            Ordering::Equal => self.lines += 1,
            Ordering::Less => {}
        }
    }

    /// Whether a line of this time is among those up to the moment, each of which is taken once.
    fn takes(&mut self, at: Timestamp) -> bool {
        if at == self.at && self.lines > 0 {
            self.lines -= 1;
            return true;
        }
        at < self.at
    }
}

#[cfg(test)]
mod tests {
    use skep_schema::log::Stream;

    use super::*;

    fn line(task: &str, node: &str, seconds: u64, text: &str) -> LogLine {
        LogLine {
            at: Timestamp(seconds * 1000),
            task: task.to_owned(),
            node: node.to_owned(),
            stream: Stream::Stdout,
            text: text.to_owned(),
        }
    }

    fn shown(reached: &mut Reached, lines: &[LogLine]) -> String {
        let new = lines.iter().filter(|line| reached.is_new(line));
        new.map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn what_comes_again_is_shown_once_and_what_was_late_is_shown() {
        let mut reached = Reached::default();
        let web = |at, text| line("web.1", "n1", at, text);
        let api = |at, text| line("api.1", "n1", at, text);
        let before = [web(100, "a"), web(101, "b"), web(101, "c"), api(130, "x")];
        assert_eq!(shown(&mut reached, &before), "abcx");
        assert_eq!(reached.take_up(), Some(70));
        // A third line of the same moment, and one that `api` was faster than.
        let again = [
            api(130, "x"),
            web(100, "a"),
            web(101, "b"),
            web(101, "c"),
            web(101, "d"),
            web(120, "e"),
            api(131, "y"),
        ];
        assert_eq!(shown(&mut reached, &again), "dey");
        reached.take_up();
        let once_more = [web(101, "b"), web(101, "c"), web(101, "d"), web(120, "e")];
        assert_eq!(shown(&mut reached, &once_more), "");
        assert_eq!(shown(&mut reached, &[web(121, "f")]), "f");
    }

    #[test]
    fn a_clock_that_goes_back_hides_nothing_of_the_first_connection() {
        let mut reached = Reached::default();
        let lines = [200, 100, 150].map(|at| line("web.1", "n1", at, "a"));
        assert_eq!(shown(&mut reached, &lines), "aaa");
    }

    #[test]
    fn a_machine_that_is_behind_is_asked_for_what_it_may_have_written() {
        let mut reached = Reached::default();
        assert_eq!(reached.take_up(), None);
        reached.is_new(&line("web.1", "n1", 10_000, ""));
        reached.is_new(&line("web.2", "n2", 9_000, ""));
        assert_eq!(reached.take_up(), Some(8_940));
        reached.is_new(&line("web.3", "n3", 1_000, ""));
        assert_eq!(reached.take_up(), Some(10_000 - 3_600 - 60));
        assert_eq!(reached.last(), Some(Timestamp(10_000_000)));
    }
}
