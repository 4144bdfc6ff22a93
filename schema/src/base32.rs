//! Bytes as letters that are chosen by a double click and survive being read aloud: digests, ids, tokens.

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Lowercase base32 without padding.
pub fn encode(bytes: &[u8]) -> String {
    first(bytes, (bytes.len() * 8).div_ceil(5))
}

/// The first letters of that; what is asked for beyond its end are those of zeros.
pub fn first(bytes: &[u8], count: usize) -> String {
    let mut letters = String::with_capacity(count.next_multiple_of(8));
    let mut rest = bytes;
    while letters.len() < count {
        let mut five = [0; 8];
        let (some, others) = rest.split_at(rest.len().min(5));
        five[3..3 + some.len()].copy_from_slice(some);
        let bits = u64::from_be_bytes(five);
        let letter = |nth: u32| char::from(ALPHABET[(bits >> (35 - 5 * nth) & 31) as usize]);
        letters.extend((0..8).map(letter));
        rest = others;
    }
    letters.truncate(count);
    letters
}

/// Whether a text is so many of these letters.
pub fn is_letters(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| ALPHABET.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648, section 10, in lowercase and without padding.
    #[test]
    fn bytes_are_the_letters_that_the_rfc_says() {
        let cases = [
            ("", ""),
            ("f", "my"),
            ("fo", "mzxq"),
            ("foo", "mzxw6"),
            ("foob", "mzxw6yq"),
            ("fooba", "mzxw6ytb"),
            ("foobar", "mzxw6ytboi"),
        ];
        for (bytes, letters) in cases {
            assert_eq!(encode(bytes.as_bytes()), letters);
        }
    }
}
