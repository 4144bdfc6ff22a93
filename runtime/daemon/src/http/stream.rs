//! Answers that go on: what happens, and what tasks write.
//!
//! A stream is a task that reads at the pace of its reader: what is not taken is not read, so that a
//! slow one costs no more memory than a quick one.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::body::Frame;
use skep_engine::live::Tail;
use skep_schema::address::{Address, Kind};
use skep_schema::api::event::{LAGGED_FORMAT, Lagged, SNAPSHOT_FORMAT, Snapshot};
use skep_schema::log::LogLine;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

use super::call::{Call, text_of};
use super::refused::Refused;
use crate::daemon::Shared;
use crate::home;
use crate::journal::{Follower, Next, Told};
use crate::stack::Place;

/// Between two signs of life while nothing happens.
const BEAT: Duration = Duration::from_secs(15);
/// Milliseconds after which a client that lost its connection is asked to come back.
const RETRY: u32 = 3_000;
/// For what there is to read when the daemon ends.
const LAST: Duration = Duration::from_secs(2);
/// Lines of each task, unless said.
const TAIL: u32 = 100;

/// The pieces of an answer, one at a time.
struct Pieces(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.0.poll_recv(cx);
        piece.map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// Where pieces go; whoever reads them may be gone.
struct Out(mpsc::Sender<Bytes>);

/// Nobody reads any more.
struct Gone;

impl Out {
    fn open() -> (Self, Response) {
        let (sender, pieces) = mpsc::channel(1);
        let answer = text_of("text/event-stream", Body::new(Pieces(pieces)));
        (Self(sender), answer)
    }

    async fn send(&self, text: String) -> Result<(), Gone> {
        self.0.send(text.into()).await.map_err(|_| Gone)
    }

    async fn event(&self, id: Option<u64>, word: &str, json: &str) -> Result<(), Gone> {
        let id = id.map_or_else(String::new, |id| format!("id: {id}\n"));
        self.send(format!("{id}event: {word}\ndata: {json}\n\n"))
            .await
    }

    /// A comment, which clients drop and which keeps what is between open.
    async fn beat(&self) -> Result<(), Gone> {
        self.send(":\n\n".to_owned()).await
    }
}

pub(crate) async fn events(call: Call) -> Result<Response, Refused> {
    let known = known(&call)?;
    let journal = &call.shared.journal;
    let newest = journal.newest();
    // A number that is not there yet is of a store that is gone.
    let known = known.filter(|known| *known <= newest);
    let follower = journal.follow(known.unwrap_or(newest));
    let (out, answer) = Out::open();
    let shared = call.shared.clone();
    let stream = Stream {
        kinds: kinds(&call),
        call,
        out,
    };
    go_on(shared, stream.run(follower, known.is_none()));
    Ok(answer)
}

/// Lets an answer go on. When the daemon ends, whoever reads gets a little time for what there is: one who
/// does not read must not keep it.
fn go_on(shared: Shared, work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(async move {
        shared.metrics.streams.inc();
        let ends = async {
            shared.journal.ended().await;
            sleep(LAST).await;
        };
        tokio::select! {
            () = work => {}
            () = ends => {}
        }
        shared.metrics.streams.dec();
    });
}

/// The last event that the client has.
fn known(call: &Call) -> Result<Option<u64>, Refused> {
    let header = call.parts.headers.get("last-event-id");
    let wrong = || Refused::Malformed("`Last-Event-ID` is no number".to_owned());
    match header {
        Some(text) => {
            let text = text.to_str().ok().and_then(|text| text.parse().ok());
            text.map(Some).ok_or_else(wrong)
        }
        None => call.number("from"),
    }
}

fn kinds(call: &Call) -> Vec<String> {
    let asked = call.in_query("type").unwrap_or_default();
    let words = asked.split(',').map(str::trim);
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

struct Stream {
    call: Call,
    /// All where there is none.
    kinds: Vec<String>,
    out: Out,
}

impl Stream {
    /// Ends when the client goes, is allowed no more, or the daemon ends.
    async fn run(self, mut follower: Follower, begins: bool) {
        let begun = self.begin(begins.then_some(follower.after())).await;
        let mut beat = Instant::now() + BEAT;
        let mut going = begun.is_ok();
        while going {
            going = match timeout_at(beat, follower.next()).await {
                Ok(Ok(next)) if Instant::now() < beat => self.tell(&next).await.is_ok(),
                Ok(Ok(next)) => {
                    beat = Instant::now() + BEAT;
                    self.call.is_still_allowed().await && self.tell(&next).await.is_ok()
                }
                Ok(Err(_)) => false,
                Err(_) => {
                    beat = Instant::now() + BEAT;
                    self.call.is_still_allowed().await && self.out.beat().await.is_ok()
                }
            };
        }
    }

    async fn begin(&self, snapshot: Option<u64>) -> Result<(), Gone> {
        self.out.send(format!("retry: {RETRY}\n\n")).await?;
        match snapshot {
            Some(number) => self.snapshot(number).await,
            None => Ok(()),
        }
    }

    /// The number is that after which events follow, whatever more the snapshot knows: who is cut off
    /// right behind it misses none.
    async fn snapshot(&self, number: u64) -> Result<(), Gone> {
        let views = self.call.visible();
        let snapshot = Snapshot {
            format: SNAPSHOT_FORMAT.to_owned(),
            number,
            stacks: views.iter().map(|view| (*view.status).clone()).collect(),
        };
        let json = serde_json::to_string(&snapshot).expect("plain data");
        self.out.event(Some(number), "snapshot", &json).await
    }

    async fn tell(&self, next: &Next) -> Result<(), Gone> {
        match next {
            Next::Told(told) if self.is_wanted(told) => {
                self.out
                    .event(Some(told.number), told.word, &told.json)
                    .await
            }
            Next::Told(_) => Ok(()),
            Next::Lagged(from, to) => {
                let lagged = Lagged {
                    format: LAGGED_FORMAT.to_owned(),
                    from: *from,
                    to: *to,
                };
                let json = serde_json::to_string(&lagged).expect("plain data");
                self.out.event(Some(*to), "lagged", &json).await?;
                self.snapshot(*to).await
            }
        }
    }

    fn is_wanted(&self, told: &Told) -> bool {
        let is_kind = self.kinds.is_empty() || self.kinds.iter().any(|kind| kind == told.word);
        is_kind && self.call.may_see(&told.stack)
    }
}

pub(crate) async fn logs(call: Call) -> Result<Response, Refused> {
    let tail = Tail {
        lines: call.number("tail")?.unwrap_or(TAIL),
        since: call.number("since")?,
        follow: call.in_query("follow") == Some("true"),
    };
    let view = call.view()?;
    let settings = call.shared.settings.stacks.get(&view.status.stack);
    let unknown = || Refused::Unknown("there is no plan yet".to_owned());
    let (set, plan) = settings.zip(view.plan).ok_or_else(unknown)?;
    // With the values of its secrets, so that none is shown.
    let place = Place::of(set);
    let opened = home::open(place.target, plan, place.secrets).await?;
    let address = Address::new(Kind::Service, call.in_path("service"));
    let mut lines = opened.home.logs(&address, tail).await?;
    let (out, answer) = Out::open();
    go_on(call.shared.clone(), async move {
        let _open = opened;
        let journal = &call.shared.journal;
        // However it ends, whoever reads sees that it has.
        tokio::select! {
            _ = relay(&call, &mut lines, &out) => {}
            () = journal.ended() => {}
        }
    });
    Ok(answer)
}

/// Hands on the lines. However many there are, it is looked now and then whether it still may.
async fn relay(call: &Call, lines: &mut mpsc::Receiver<LogLine>, out: &Out) -> Result<(), Gone> {
    let mut beat = Instant::now() + BEAT;
    loop {
        match timeout_at(beat, lines.recv()).await {
            Ok(Some(line)) if Instant::now() < beat => {
                let json = serde_json::to_string(&line).expect("plain data");
                out.event(None, "line", &json).await?;
            }
            Ok(None) => return out.event(None, "end", "{}").await,
            Ok(Some(_)) | Err(_) if !call.is_still_allowed().await => return Err(Gone),
            Ok(line) => {
                beat = Instant::now() + BEAT;
                let json = serde_json::to_string(&line).expect("plain data");
                out.event(None, "line", &json).await?;
            }
            Err(_) => {
                beat = Instant::now() + BEAT;
                out.beat().await?;
            }
        }
    }
}
