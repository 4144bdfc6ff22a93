//! Did you mean?

/// The candidate nearest to `word`, when it is near enough to be a slip of the fingers, or when
/// one of the two is the beginning of the other.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .filter_map(|candidate| Some((remoteness(&lower, &candidate.to_lowercase())?, candidate)))
        .min()
        .map(|(_, candidate)| candidate)
}

/// How far a candidate is from the word; beginnings come after all slips.
fn remoteness(word: &str, candidate: &str) -> Option<usize> {
    let limit = match word.chars().count() {
        0..=1 => 0,
        2 => 1,
        3..=5 => 2,
        _ => 3,
    };
    let distance = distance(word, candidate);
    let shorter = word.len().min(candidate.len());
    let begins = shorter >= 3 && (word.starts_with(candidate) || candidate.starts_with(word));
    match (distance <= limit, begins) {
        (true, _) => Some(distance),
        (false, true) => Some(limit + distance),
        (false, false) => None,
    }
}

/// Insertions, deletions, replacements and swaps of neighbours between two words.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(64).collect();
    let b: Vec<char> = b.chars().take(64).collect();
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y))
                .min(last[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_found_and_other_words_are_not() {
        let words = ["image", "replicas", "env", "mount"];
        assert_eq!(nearest("imge", words), Some("image"));
        assert_eq!(nearest("replicsa", words), Some("replicas"));
        assert_eq!(nearest("ENV", words), Some("env"));
        assert_eq!(nearest("volumes", words), None);
        assert_eq!(nearest("", words), None);
        assert_eq!(nearest("a", ["b"]), None);
    }

    #[test]
    fn a_word_cut_short_or_spelled_out_is_found() {
        let words = ["image", "env", "memory"];
        assert_eq!(nearest("environment", words), Some("env"));
        assert_eq!(nearest("mem", words), Some("memory"));
        assert_eq!(nearest("im", words), None);
    }
}
