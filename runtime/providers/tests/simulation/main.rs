//! Applies of random plans to the model swarm, in any weather, in virtual time.
//!
//! A run is told by its seed alone: `SKEP_SEED=7 cargo test -p skep-providers --test simulation`.

mod check;
mod crash;
mod dice;
mod play;
mod sequence;
mod shop;
mod weather;

use std::time::Instant;

/// Seeds of one run of the tests, the first and how many.
const SEEDS: std::ops::Range<u64> = 0..10_000;
const THREADS: u64 = 2;

/// Scenarios of which every point is tried.
const SCENARIOS: u64 = 40;

/// From which seed a failure can be had again, if one is asked for.
fn asked() -> Option<u64> {
    std::env::var("SKEP_SEED").ok()?.parse().ok()
}

#[test]
fn any_sequence_of_applies_can_be_put_right() {
    if let Some(seed) = asked() {
        return sequence::check(seed);
    }
    let start = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                let seeds = SEEDS.filter(|seed| seed % THREADS == thread);
                seeds.for_each(sequence::check);
            });
        }
    });
    println!("{} sequences in {:.1?}", SEEDS.count(), start.elapsed());
}

#[test]
fn a_crash_at_any_call_can_be_put_right() {
    let calls: usize = (0..SCENARIOS).map(crash::check).sum();
    println!("{calls} calls, each lost before its effect and after");
    assert!(calls > 300, "the scenarios are too small: {calls} calls");
}
