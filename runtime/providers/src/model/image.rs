//! What an image does, told by its name, so that failures can be had on demand.
//!
//! | the image's name contains | its tasks |
//! |---|---|
//! | `model-fail` | write a log line and exit with 3 after one second |
//! | `model-flaky` | do so once in each slot, and run from then on |
//! | `model-missing` | are rejected: no node has the image |
//! | `model-unhealthy` | run, but pass no health check |
//! | `model-slow` | need twenty seconds for the pull |
//! | none of these | run; those of a one-shot exit with 0 after one second |

const WORDS: [(&str, Image); 5] = [
    ("model-fail", Image::Fails),
    ("model-flaky", Image::Flaky),
    ("model-missing", Image::Missing),
    ("model-unhealthy", Image::Unhealthy),
    ("model-slow", Image::Slow),
];

/// How the engine begins to say that a node has no such image.
pub(crate) const NO_IMAGE: &str = "No such image";

/// Milliseconds until an image is on a node.
const PULL: u64 = 500;
const SLOW_PULL: u64 = 20_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Image {
    Runs,
    Fails,
    Flaky,
    Missing,
    Unhealthy,
    Slow,
}

impl Image {
    pub(crate) fn of(name: &str) -> Self {
        let word = WORDS.iter().find(|(word, _)| name.contains(word));
        word.map_or(Image::Runs, |(_, image)| *image)
    }

    pub(crate) const fn pull(self) -> u64 {
        match self {
            Image::Slow => SLOW_PULL,
            Image::Runs | Image::Fails | Image::Flaky | Image::Missing | Image::Unhealthy => PULL,
        }
    }
}
