//! The last words of a task.

use std::collections::BTreeMap;
use std::time::Duration;

use skep_schema::log::Stream;
use tokio::task::JoinSet;

use super::Swarm;
use super::http::Ask;

/// Lines that are kept of each task.
const LINES: usize = 10;
/// A task on a node that is gone has no log to give, and a manager asks a busy one for seconds.
const LIMIT: Duration = Duration::from_secs(10);
/// A line of a log may be as long as a program likes.
const LONGEST: usize = 2_000;

/// Of a line that does not end, in bytes: what comes after is dropped.
const LONGEST_HELD: usize = 64 << 10;

const HEADER: usize = 8;

impl Swarm {
    /// The last lines of each of these tasks, oldest first, without secrets; no lines where there is
    /// no log any more. All are asked for at once, so that nodes that are gone cost their time once.
    pub(crate) async fn last_lines(&self, tasks: Vec<String>) -> BTreeMap<String, Vec<String>> {
        let mut asked = JoinSet::new();
        for task in tasks {
            let http = self.http.clone();
            asked.spawn(async move {
                let ask = Ask::get(format!("/tasks/{task}/logs"))
                    .query("stdout", "1")
                    .query("stderr", "1")
                    .query("tail", LINES.to_string())
                    .within(LIMIT);
                (task, http.send(ask).await)
            });
        }
        let answers = asked.join_all().await.into_iter();
        let told = answers.filter_map(|(task, answer)| Some((task, answer.ok()?)));
        told.map(|(task, answer)| (task, self.lines_of(&answer.body)))
            .collect()
    }

    fn lines_of(&self, body: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(&demultiplexed(body)).into_owned();
        let lines: Vec<String> = self.redact.text(&text).lines().map(clipped).collect();
        lines[lines.len().saturating_sub(LINES)..].to_vec()
    }
}

/// A log on its way: what came of it, up to the last line that is whole.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    rest: Vec<u8>,
    /// Lines that are not whole yet, of each stream.
    lines: [Vec<u8>; 2],
}

impl Frames {
    /// Takes in more bytes and hands out the lines that are whole now.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<(Stream, Vec<u8>)> {
        self.rest.extend_from_slice(bytes);
        let mut out = Vec::new();
        loop {
            let (stream, start, end) = match *self.rest {
                [stream @ 0..=2, 0, 0, 0, a, b, c, d, ..] => {
                    let length = u32::from_be_bytes([a, b, c, d]) as usize;
                    (of_number(stream), HEADER, HEADER + length)
                }
                [0..=2, ..] | [] => return out,
                // A terminal has no frames.
                _ => (Stream::Stdout, 0, self.rest.len()),
            };
            if self.rest.len() < end {
                return out;
            }
            let payload: Vec<u8> = self.rest.drain(..end).skip(start).collect();
            self.take(stream, &payload, &mut out);
        }
    }

    /// What is left when nothing more comes.
    pub(crate) fn rest(&mut self) -> Vec<(Stream, Vec<u8>)> {
        let both = [Stream::Stdout, Stream::Stderr].into_iter();
        let left = both.zip(std::mem::take(&mut self.lines));
        left.filter(|(_, line)| !line.is_empty()).collect()
    }

    fn take(&mut self, stream: Stream, payload: &[u8], out: &mut Vec<(Stream, Vec<u8>)>) {
        let line = &mut self.lines[usize::from(stream == Stream::Stderr)];
        for &byte in payload {
            if byte == b'\n' {
                out.push((stream, std::mem::take(line)));
            } else if line.len() < LONGEST_HELD {
                line.push(byte);
            }
        }
    }
}

const fn of_number(stream: u8) -> Stream {
    if stream == 2 {
        Stream::Stderr
    } else {
        Stream::Stdout
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

pub(crate) fn clipped(line: &str) -> String {
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
    fn a_log_that_comes_in_pieces_has_whole_lines() {
        let both = [frame(1, "one\ntw"), frame(2, "err\n"), frame(1, "o\nlast")].concat();
        let mut frames = Frames::default();
        let mut lines: Vec<_> = both.chunks(3).flat_map(|part| frames.push(part)).collect();
        lines.extend(frames.rest());
        let told: Vec<_> = lines
            .iter()
            .map(|(stream, line)| (*stream, std::str::from_utf8(line).unwrap()))
            .collect();
        let out = Stream::Stdout;
        assert_eq!(
            told,
            [
                (out, "one"),
                (Stream::Stderr, "err"),
                (out, "two"),
                (out, "last")
            ]
        );
    }

    #[test]
    fn a_terminal_that_is_followed_has_lines_too() {
        let mut frames = Frames::default();
        assert_eq!(
            frames.push(b"plain\r\nmo"),
            [(Stream::Stdout, b"plain\r".to_vec())]
        );
        assert_eq!(frames.rest(), [(Stream::Stdout, b"mo".to_vec())]);
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
