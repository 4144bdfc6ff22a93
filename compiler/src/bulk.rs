//! Maps of thousands of entries, made at once.

use std::collections::BTreeMap;

/// Puts entries into a map; of two with one key the last one stays. An empty map is built from the
/// sorted entries, which costs a fraction of putting in one after the other.
pub(crate) fn extend<K: Ord, V>(map: &mut BTreeMap<K, V>, entries: Vec<(K, V)>) {
    if map.is_empty() {
        *map = entries.into_iter().collect();
    } else {
        map.extend(entries);
    }
}
