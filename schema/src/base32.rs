//! Bytes as letters that are chosen by a double click and survive being read aloud: digests, ids, tokens.

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Lowercase base32 without padding.
pub fn encode(bytes: &[u8]) -> String {
    first(bytes, (bytes.len() * 8).div_ceil(5))
}

/// The first letters of that.
pub fn first(bytes: &[u8], count: usize) -> String {
    let byte = |nth: usize| bytes.get(nth).copied().unwrap_or(0);
    let five_bits = |nth: usize| {
        let (place, bit) = (nth * 5 / 8, nth * 5 % 8);
        u16::from_be_bytes([byte(place), byte(place + 1)]) >> (11 - bit) & 31
    };
    let letter = |nth| char::from(ALPHABET[usize::from(five_bits(nth))]);
    (0..count).map(letter).collect()
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
