//! What is looked at again and again: drawn in place on a terminal, told by its changes elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use skep_schema::event::Timestamp;

use super::Form;
use crate::failure::Failure;
use crate::output::paint::CLEAR;
use crate::output::time::date;
use crate::session::print;

/// The row that says whether anything can be seen.
pub(super) const TARGET: &str = "target";

/// How things stand, in each form in which they can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// All of it, for people.
    pub(super) text: String,
    /// What can change by itself, by its name.
    pub(super) rows: BTreeMap<String, String>,
    /// All of it, in one line.
    pub(super) json: String,
}

/// Where it is shown.
#[derive(Debug)]
pub(super) struct Screen {
    manner: Manner,
    before: Option<Shown>,
}

/// How what has changed is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// All of it anew, in the same place.
    InPlace,
    /// A line for each change.
    Lines,
    /// An object a line.
    Json,
}

impl Shown {
    /// The same, of what cannot be seen at present. That is no answer, and so nothing for programs.
    fn unseen(&self, message: &str) -> Self {
        let mut rows = self.rows.clone();
        rows.insert(TARGET.to_owned(), message.to_owned());
        Self {
            text: format!("{message}\n"),
            rows,
            json: String::new(),
        }
    }
}

impl Screen {
    pub(super) fn new(form: Form) -> Self {
        let manner = match form {
            Form::Json => Manner::Json,
            Form::Human if std::io::stdout().is_terminal() => Manner::InPlace,
            Form::Human => Manner::Lines,
        };
        Self {
            manner,
            before: None,
        }
    }

    pub(super) const fn manner(&self) -> Manner {
        self.manner
    }

    /// Shows that nothing can be seen at present.
    ///
    /// # Errors
    /// With the failure itself where nothing was ever seen.
    pub(super) fn lose(&mut self, at: Timestamp, failure: Failure) -> Result<(), Failure> {
        match &self.before {
            Some(before) => self.show(at, before.unseen(&failure.message)),
            None => Err(failure),
        }
    }

    /// Whether nothing was shown yet.
    pub(super) const fn is_empty(&self) -> bool {
        self.before.is_none()
    }

    /// Shows what is new.
    pub(super) fn show(&mut self, at: Timestamp, shown: Shown) -> Result<(), Failure> {
        print(&news(self.manner, self.before.as_ref(), &shown, at))?;
        self.before = Some(shown);
        Ok(())
    }
}

/// What of it has to be written, after what was written before.
fn news(manner: Manner, before: Option<&Shown>, shown: &Shown, at: Timestamp) -> String {
    if before == Some(shown) {
        return String::new();
    }
    match manner {
        Manner::InPlace => format!("{CLEAR}{}\n{}\n", shown.text, date(at)),
        Manner::Json if shown.json.is_empty() => String::new(),
        Manner::Json => format!("{}\n", shown.json),
        Manner::Lines => match before {
            None => shown.text.clone(),
            Some(before) => changed(&before.rows, &shown.rows, at),
        },
    }
}

fn changed(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
    at: Timestamp,
) -> String {
    let new = after
        .iter()
        .filter(|(name, row)| before.get(*name) != Some(row));
    let new = new.map(|(name, row)| (name, row.as_str()));
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    let gone = gone.map(|name| (name, "gone"));
    let lines = new.chain(gone).map(|(name, row)| {
        let line = format!("{}  {name}  {row}", date(at));
        format!("{}\n", line.trim_end())
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp(1_795_237_269_000);

    fn shown(rows: &[(&str, &str)]) -> Shown {
        let rows = rows.iter();
        let rows: BTreeMap<String, String> = rows
            .map(|(name, row)| ((*name).to_owned(), (*row).to_owned()))
            .collect();
        Shown {
            text: format!("{rows:?}\n"),
            json: format!("{rows:?}"),
            rows,
        }
    }

    #[test]
    fn away_from_a_terminal_only_what_changed_is_told() {
        let first = shown(&[("a", "1/2 running"), ("b", "there")]);
        let then = shown(&[("a", "2/2 running"), ("c", "there")]);
        let told = |before, now| news(Manner::Lines, before, now, AT);
        assert_eq!(told(None, &first), first.text);
        assert_eq!(told(Some(&first), &first), "");
        let lines = "2026-11-21 05:01:09 UTC  a  2/2 running\n\
                     2026-11-21 05:01:09 UTC  c  there\n\
                     2026-11-21 05:01:09 UTC  b  gone\n";
        assert_eq!(told(Some(&first), &then), lines);
    }

    #[test]
    fn a_terminal_has_all_of_it_in_the_same_place() {
        let (first, then) = (shown(&[("a", "1/2")]), shown(&[("a", "2/2")]));
        let drawn = news(Manner::InPlace, Some(&first), &then, AT);
        assert!(drawn.starts_with(CLEAR), "{drawn:?}");
        assert!(drawn.contains(&then.text), "{drawn:?}");
        assert_eq!(news(Manner::InPlace, Some(&then), &then, AT), "");
    }

    #[test]
    fn what_cannot_be_seen_is_told_once_and_has_not_changed() {
        let first = shown(&[("a", "1/2"), (TARGET, "answers")]);
        let (lost, still) = (first.unseen("no answer"), first.unseen("no answer"));
        let told = |before, now| news(Manner::Lines, Some(before), now, AT);
        let line = |words| format!("2026-11-21 05:01:09 UTC  target  {words}\n");
        assert_eq!(told(&first, &lost), line("no answer"));
        assert_eq!(told(&lost, &still), "");
        assert_eq!(told(&lost, &first), line("answers"));
    }

    #[test]
    fn programs_get_objects_and_nothing_else() {
        let first = shown(&[("a", "1/2")]);
        let lost = first.unseen("no answer");
        assert_eq!(news(Manner::Json, Some(&first), &lost, AT), "");
        let again = format!("{}\n", first.json);
        assert_eq!(news(Manner::Json, Some(&lost), &first, AT), again);
    }
}
