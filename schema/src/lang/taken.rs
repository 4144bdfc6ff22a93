//! Which parts of a node were read.

const WORD: usize = u64::BITS as usize;

/// A bit for each of some parts. Few nodes have more than one word has bits, and those take no
/// memory of their own.
#[derive(Debug)]
pub(super) struct Taken {
    len: usize,
    first: u64,
    others: Vec<u64>,
}

impl Taken {
    /// None of so many.
    pub(super) fn none_of(len: usize) -> Self {
        Self {
            len,
            first: 0,
            others: vec![0; len.div_ceil(WORD).saturating_sub(1)],
        }
    }

    pub(super) fn has(&self, at: usize) -> bool {
        let word = match at / WORD {
            0 => self.first,
            other => self.others[other - 1],
        };
        word & bit(at) != 0
    }

    pub(super) fn take(&mut self, at: usize) {
        let word = match at / WORD {
            0 => &mut self.first,
            other => &mut self.others[other - 1],
        };
        *word |= bit(at);
    }

    pub(super) fn take_from(&mut self, start: usize) {
        for at in start..self.len {
            self.take(at);
        }
    }

    /// Those that were not taken, in order.
    pub(super) fn left(&self) -> impl Iterator<Item = usize> {
        (0..self.len).filter(|at| !self.has(*at))
    }
}

const fn bit(at: usize) -> u64 {
    1 << (at % WORD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_taken_alone_wherever_it_stands() {
        for at in [0, 63, 64, 127, 128, 199] {
            let mut taken = Taken::none_of(200);
            taken.take(at);
            let others: Vec<usize> = (0..200).filter(|other| *other != at).collect();
            assert!(taken.has(at));
            assert_eq!(taken.left().collect::<Vec<_>>(), others);
        }
    }

    #[test]
    fn the_rest_is_taken_to_the_end() {
        let mut taken = Taken::none_of(130);
        taken.take_from(2);
        assert_eq!(taken.left().collect::<Vec<_>>(), [0, 1]);
    }
}
