//! Server-sent events, taken apart.

use http_body_util::BodyExt as _;
use hyper::body::Incoming;

/// The longest event, in bytes: a snapshot of many stacks is the longest there is.
const LONGEST: usize = 64 << 20;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: Option<u64>,
    pub(crate) word: String,
    pub(crate) data: String,
}

/// Events as they come.
pub(crate) struct Events {
    body: Incoming,
    reader: Reader,
}

impl Events {
    pub(super) fn new(body: Incoming) -> Self {
        Self {
            body,
            reader: Reader::default(),
        }
    }

    /// The next event; nothing when the other side has ended.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.reader.event() {
                return Some(event);
            }
            let frame = self.body.frame().await?.ok()?;
            self.reader.push(&frame.into_data().unwrap_or_default())?;
        }
    }
}

/// Bytes on their way to events.
#[derive(Debug, Default)]
struct Reader {
    bytes: Vec<u8>,
}

impl Reader {
    /// Nothing when it is too much.
    fn push(&mut self, more: &[u8]) -> Option<()> {
        self.bytes.extend_from_slice(more);
        (self.bytes.len() <= LONGEST).then_some(())
    }

    /// The first event that is whole. What has no data is none.
    fn event(&mut self) -> Option<Event> {
        loop {
            let end = self.bytes.windows(2).position(|two| two == b"\n\n")?;
            let block: Vec<u8> = self.bytes.drain(..end + 2).collect();
            let event = read(&String::from_utf8_lossy(&block));
            if !event.data.is_empty() {
                return Some(event);
            }
        }
    }
}

fn read(block: &str) -> Event {
    let mut event = Event::default();
    for line in block.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => event.id = value.parse().ok(),
            "event" => value.clone_into(&mut event.word),
            "data" => event.data.push_str(value),
            _ => {}
        }
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_that_come_in_pieces_are_whole() {
        let text = "retry: 3000\n\nid: 7\nevent: applied\ndata: {\"a\":1}\n\n:\n\nevent: end\ndata: {}\n\n";
        let mut reader = Reader::default();
        let mut events = Vec::new();
        for piece in text.as_bytes().chunks(5) {
            reader.push(piece).expect("it is short");
            events.extend(std::iter::from_fn(|| reader.event()));
        }
        let event = |id, word: &str, data: &str| Event {
            id,
            word: word.to_owned(),
            data: data.to_owned(),
        };
        let expected = [
            event(Some(7), "applied", "{\"a\":1}"),
            event(None, "end", "{}"),
        ];
        assert_eq!(events, expected);
    }
}
