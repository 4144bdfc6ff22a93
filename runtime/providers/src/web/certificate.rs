//! When a certificate ends, read out of its bytes.

use skep_schema::event::Timestamp;

/// Tags of DER, as RFC 5280 uses them in a certificate.
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// When the certificate of a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends(pub(crate) Timestamp);

/// The end of a certificate's validity; nothing where it is in no form that RFC 5280 knows.
pub(crate) fn ends(certificate: &[u8]) -> Option<Ends> {
    let (_, outer, _) = value(certificate)?;
    let (_, mut rest, _) = value(outer)?;
    if rest.first() == Some(&VERSION) {
        rest = value(rest)?.2;
    }
    // The serial number, the algorithm and the issuer stand before it.
    for _ in 0..3 {
        rest = value(rest)?.2;
    }
    let (tag, validity, _) = value(rest)?;
    let (_, _, after) = value(validity)?;
    let (kind, text, _) = value(after)?;
    (tag == SEQUENCE).then_some(())?;
    time(kind, std::str::from_utf8(text).ok()?).map(Ends)
}

/// A value's tag, its bytes, and what follows it.
fn value(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        (digits.len() <= 4).then_some(())?;
        let length = digits
            .iter()
            .fold(0, |sum, &digit| sum << 8 | usize::from(digit));
        (length, rest)
    };
    let (inside, rest) = rest.split_at_checked(length)?;
    Some((tag, inside, rest))
}

/// `301231235959Z`, or the same with four digits for the year.
fn time(kind: u8, text: &str) -> Option<Timestamp> {
    let text = match kind {
        UTC_TIME if text.get(..2)? < "50" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let time = jiff::civil::DateTime::strptime("%Y%m%d%H%M%SZ", text).ok()?;
    let since = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some(Timestamp(since.as_millisecond().try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_time_are_read() {
        let at = |kind, text| time(kind, text).map(|at| at.0);
        assert_eq!(at(UTC_TIME, "261121050109Z"), Some(1_795_237_269_000));
        assert_eq!(
            at(GENERALIZED_TIME, "20261121050109Z"),
            Some(1_795_237_269_000)
        );
        assert_eq!(at(UTC_TIME, "500101000000Z"), None, "before 1970");
        assert_eq!(at(UTC_TIME, "tomorrow"), None);
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        for bytes in [
            &b""[..],
            b"\x30",
            b"\x30\x03\x30\x01",
            b"\x30\x85\x01\x01\x01\x01\x01",
        ] {
            assert_eq!(ends(bytes), None, "{bytes:?}");
        }
    }
}
