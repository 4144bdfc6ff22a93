//! The last words of a task.

use std::time::Duration;

use super::Swarm;
use super::http::Ask;

/// Lines that are kept of each task.
const LINES: usize = 10;
/// A task on a node that is gone has no log to give.
const LIMIT: Duration = Duration::from_secs(4);
/// A line of a log may be as long as a program likes.
const LONGEST: usize = 2_000;

const HEADER: usize = 8;

impl Swarm {
    /// The last lines of a task, oldest first, without secrets; none where there is no log any more.
    pub(crate) async fn last_lines(&self, task: &str) -> Vec<String> {
        let ask = Ask::get(format!("/tasks/{task}/logs"))
            .query("stdout", "1")
            .query("stderr", "1")
            .query("tail", LINES.to_string())
            .within(LIMIT);
        let Ok(answer) = self.http.send(ask).await else {
            return Vec::new();
        };
        let text = self
            .redact
            .text(&String::from_utf8_lossy(&demultiplexed(&answer.body)));
        let lines: Vec<String> = text.lines().map(clipped).collect();
        lines[lines.len().saturating_sub(LINES)..].to_vec()
    }
}

/// Frames have a header of 8 bytes: the stream, three zeros, and the length. A terminal has none.
fn demultiplexed(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [0..=2, 0, 0, 0, a, b, c, d, ..] = *rest {
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let frame = &rest[HEADER..];
        let end = length.min(frame.len());
        text.extend_from_slice(&frame[..end]);
        rest = &frame[end..];
    }
    text.extend_from_slice(rest);
    text
}

fn clipped(line: &str) -> String {
    let printable = |c: char| {
        if c.is_control() && c != '\t' {
            '\u{fffd}'
        } else {
            c
        }
    };
    line.trim_end_matches('\r')
        .chars()
        .take(LONGEST)
        .map(printable)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(stream: u8, text: &str) -> Vec<u8> {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&[stream, 0, 0, 0], &length[..], text.as_bytes()].concat()
    }

    #[test]
    fn both_streams_are_one_text() {
        let both = [frame(1, "out\n"), frame(2, "err\n")].concat();
        assert_eq!(demultiplexed(&both), b"out\nerr\n");
    }

    #[test]
    fn what_a_terminal_wrote_has_no_frames() {
        assert_eq!(demultiplexed(b"plain\r\n"), b"plain\r\n");
    }

    #[test]
    fn a_frame_that_was_cut_off_is_kept_as_far_as_it_goes() {
        let whole = frame(1, "abcdef");
        assert_eq!(demultiplexed(&whole[..11]), b"abc");
    }

    #[test]
    fn a_log_cannot_steer_the_readers_terminal() {
        assert_eq!(clipped("\u{1b}[2Jx\r"), "\u{fffd}[2Jx");
    }
}
