//! Formats of a store: each is one step from the one before.
//!
//! A store says which format it has, and the oldest program that can go on with it. A step that only adds
//! leaves the programs before it able to: so a program can be taken back by one version.

use super::StoreError;

/// How the tables become those of the next format. A step that was given out is never altered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// The oldest program that reads and writes the tables rightly after it, by the format it knows.
    pub(crate) oldest: u32,
    pub(crate) sql: &'static str,
}

/// What a store says of itself. A new one is of no format, and anybody can go on with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) number: u32,
    pub(crate) oldest: u32,
}

/// What there is to do, and what the store is afterwards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) steps: &'static [Step],
    pub(crate) to: Format,
}

impl Format {
    /// The way from here for a program that knows these steps. There is none back, and none is needed.
    ///
    /// # Errors
    /// The store is of a program that is too new for this one.
    pub(crate) fn way(self, steps: &'static [Step]) -> Result<Way, StoreError> {
        let known = u32::try_from(steps.len()).expect("formats are counted by hand");
        if self.oldest > known {
            return Err(StoreError::Newer {
                found: self.number,
                oldest: self.oldest,
                known,
            });
        }
        let done = usize::try_from(self.number).unwrap_or(usize::MAX);
        let steps = steps.get(done..).unwrap_or_default();
        let oldest = steps.iter().map(|step| step.oldest);
        let to = Format {
            number: self.number.max(known),
            oldest: oldest.fold(self.oldest, u32::max),
        };
        Ok(Way { steps, to })
    }
}
