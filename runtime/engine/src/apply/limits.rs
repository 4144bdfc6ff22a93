//! How long and how hard an apply tries.

/// Bounds of one apply; all times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Writes under way at a time.
    pub writes: usize,
    /// From the moment a node begins until it must have arrived.
    pub deadline: u64,
    /// Between two checks of a node.
    pub poll: u64,
    /// How often an unreachable target is tried in a row before giving up.
    pub attempts: u32,
    /// How long a target that answers and has no leader is tried before giving up.
    pub election: u64,
    /// Before the second try; it doubles from try to try, up to 16 seconds.
    pub backoff: u64,
}

/// Six tries take about half a minute. An election took three managers 9 to 28 s, and once more than 50
/// after a line had been cut: managers that lost each other try again ever less often, in the end every
/// two minutes.
impl Default for Limits {
    fn default() -> Self {
        Self {
            writes: 8,
            deadline: 600_000,
            poll: 500,
            attempts: 6,
            election: 180_000,
            backoff: 1_000,
        }
    }
}

impl Limits {
    /// The pause after the try with this number, the first being 1.
    pub(super) fn pause(&self, tries: u32) -> u64 {
        let doubled = 1u64
            .checked_shl(tries.saturating_sub(1))
            .unwrap_or(u64::MAX);
        self.backoff.saturating_mul(doubled).min(16_000)
    }
}
