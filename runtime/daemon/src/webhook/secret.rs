//! Secrets that two sides know, read from a file for each use, so that one can be replaced any time.

use std::fmt;
use std::io;
use std::path::Path;

use skep_schema::plan::Content;

/// A shorter secret could be guessed, in bytes.
const SHORTEST: usize = 16;

/// Before a secret that is written in Base64, as Standard Webhooks has it.
const CODED: &str = "whsec_";

/// A secret to sign with. It is shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret {
    key: Vec<u8>,
    /// Whether it was written as a key, and not as a word that could be a token.
    is_key: bool,
}

/// Why a file has no secrets. Nothing of the file is in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoSecret {
    #[error("the secret cannot be read from {path}: {source}")]
    Unreadable { path: String, source: io::Error },
    #[error("line {line} of {path} is no secret: {why}")]
    Unfit {
        path: String,
        line: usize,
        why: &'static str,
    },
    #[error("there is no secret in {path}")]
    Empty { path: String },
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl Secret {
    /// The secrets of a file, one a line: while one is replaced, the old one and the new one.
    ///
    /// # Errors
    /// There is none, or one that is too short to be one.
    pub(crate) fn read(file: &Path) -> Result<Vec<Self>, NoSecret> {
        let path = file.display().to_string();
        let text = std::fs::read_to_string(file).map_err(|source| NoSecret::Unreadable {
            path: path.clone(),
            source,
        })?;
        let lines = text.lines().map(str::trim).enumerate();
        let lines = lines.filter(|(_, line)| !line.is_empty());
        let secrets = lines.map(|(at, line)| {
            Self::of(line).map_err(|why| NoSecret::Unfit {
                path: path.clone(),
                line: at + 1,
                why,
            })
        });
        let secrets: Vec<Self> = secrets.collect::<Result<_, _>>()?;
        if secrets.is_empty() {
            return Err(NoSecret::Empty { path });
        }
        Ok(secrets)
    }

    /// A secret as it is written.
    pub(crate) fn of(text: &str) -> Result<Self, &'static str> {
        let coded = text.strip_prefix(CODED);
        let key = match coded {
            Some(coded) => {
                Content::decode(coded).map_err(|_| "what follows `whsec_` is not Base64")?
            }
            None => text.as_bytes().to_vec(),
        };
        if key.len() < SHORTEST {
            return Err("it is shorter than 16 bytes");
        }
        Ok(Self {
            key,
            is_key: coded.is_some(),
        })
    }

    /// For the one place that signs with it.
    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }

    /// The secret where it may be sent as it is.
    pub(crate) fn token(&self) -> Option<&[u8]> {
        (!self.is_key).then_some(&self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_secret_a_line_or_none_at_all() {
        let file = tempfile::NamedTempFile::new().expect("there is room for a file");
        let read = |text: &str| {
            std::fs::write(file.path(), text).expect("it is ours");
            match Secret::read(file.path()) {
                Ok(secrets) => format!("{secrets:?}"),
                Err(error) => error
                    .to_string()
                    .replace(&*file.path().to_string_lossy(), "FILE"),
            }
        };
        assert_eq!(read("correct horse battery\n"), "[(secret)]");
        assert_eq!(
            read("  correct horse battery\r\n\n0123456789abcdef"),
            "[(secret), (secret)]"
        );
        assert_eq!(read("\n \n"), "there is no secret in FILE");
        assert_eq!(
            read("short\n"),
            "line 1 of FILE is no secret: it is shorter than 16 bytes"
        );
        let coded = "line 2 of FILE is no secret: what follows `whsec_` is not Base64";
        assert_eq!(read("\nwhsec_?\n"), coded);
    }
}
