//! The engine's grammar of names.

use super::refusal::{Refusal, Reply};

/// A DNS label in which `_` is allowed; its dots would break the task's name.
pub(crate) fn service(name: &str) -> Reply<()> {
    if name.is_empty() {
        return Err(Refusal::invalid("meta: name must be provided"));
    }
    if !framed(name, |byte| matches!(byte, b'-' | b'_')) {
        return Err(Refusal::invalid(
            "name must be valid as a DNS name component",
        ));
    }
    if name.len() > 63 {
        return Err(Refusal::invalid("name must be 63 characters or fewer"));
    }
    Ok(())
}

/// A config's or a secret's.
pub(crate) fn file(name: &str) -> Reply<()> {
    if name.is_empty() {
        return Err(Refusal::invalid("name must be provided"));
    }
    if name.len() > 64 || !framed(name, |byte| matches!(byte, b'-' | b'_' | b'.')) {
        return Err(Refusal::invalid(
            "invalid name, only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end character must be [a-zA-Z0-9]",
        ));
    }
    Ok(())
}

/// Letters and digits at both ends, and also `inner` between them.
fn framed(name: &str, inner: impl Fn(u8) -> bool) -> bool {
    let bytes = name.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    ends.iter()
        .all(|end| end.is_some_and(u8::is_ascii_alphanumeric))
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || inner(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_named_like_a_host() {
        for name in ["a", "k7--b", "k7_b", "A-1", &"a".repeat(63)] {
            assert_eq!(service(name), Ok(()), "{name}");
        }
        let grammar =
            "rpc error: code = InvalidArgument desc = name must be valid as a DNS name component";
        for name in ["-a", "a-", "a.b", "a/b", "ä", "a b", "_a"] {
            assert_eq!(service(name).expect_err(name).message, grammar);
        }
        assert_eq!(
            service(&"a".repeat(64)).expect_err("too long").message,
            "rpc error: code = InvalidArgument desc = name must be 63 characters or fewer"
        );
        assert_eq!(
            service("").expect_err("empty").message,
            "rpc error: code = InvalidArgument desc = meta: name must be provided"
        );
    }

    #[test]
    fn a_file_may_have_dots_and_one_letter_more() {
        for name in ["app.toml", "a", &"a".repeat(64)] {
            assert_eq!(file(name), Ok(()), "{name}");
        }
        for name in [".a", "a.", "a/b", "a b", &"a".repeat(65)] {
            assert!(
                file(name)
                    .expect_err(name)
                    .message
                    .contains("only 64 [a-zA-Z0-9-_.] characters allowed")
            );
        }
        assert!(
            file("")
                .expect_err("empty")
                .message
                .ends_with("desc = name must be provided")
        );
    }
}
