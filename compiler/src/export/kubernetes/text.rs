//! Quantities in the spelling of kubernetes.

use skep_schema::units::{Bytes, Cpu, Duration};

use crate::export::text::largest;

const SIZES: &[(&str, u64)] = &[("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10), ("", 1)];

pub(super) fn size(size: Bytes) -> String {
    largest(size.0, SIZES).unwrap_or_else(|| "0".to_owned())
}

/// In thousandths of a processor, the least that kubernetes tells apart.
pub(super) fn cpu(cpu: Cpu) -> String {
    let milli = cpu.0.div_ceil(1_000_000);
    if milli.is_multiple_of(1000) {
        (milli / 1000).to_string()
    } else {
        format!("{milli}m")
    }
}

/// In whole seconds, rounded up.
pub(super) fn seconds(time: Duration) -> i64 {
    i64::try_from(time.0.div_ceil(1_000_000_000)).unwrap_or(i64::MAX)
}
