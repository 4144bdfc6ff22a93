//! How stacks stand, for an editor: asked of a daemon whenever it tells that something happened.

use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, never, unbounded};
use skep_lsp::Live;
use skep_schema::api::view::StackList;
use tokio::time::{Instant, sleep, timeout_at};

use crate::args::Global;
use crate::failure::Failure;
use crate::server::{Events, Server};
use crate::session::event_loop;

/// What comes within this time is asked about once: an apply tells much at once.
const TOGETHER: Duration = Duration::from_millis(500);
/// Before a daemon that went away is called again. An editor is open for days.
const PAUSE: Duration = Duration::from_secs(15);

/// What a daemon tells of its stacks, where one is named. None is looked for: an editor opens folders
/// of which nobody knows what is in them, and what they bring must not choose who is spoken to. One
/// that cannot be meant is told of in the editor's log: all else works without.
pub(super) fn follow(global: &Global) -> Result<Receiver<Live>, Failure> {
    if global.server.is_none() {
        return Ok(never());
    }
    let server = match Server::of(global) {
        Ok(server) => server,
        Err(failure) => {
            eprintln!("{failure}");
            return Ok(never());
        }
    };
    let running = event_loop()?;
    let (tell, told) = unbounded();
    thread::spawn(move || running.block_on(go_on(&server, &tell)));
    Ok(told)
}

/// Tells as long as somebody listens.
async fn go_on(server: &Server, tell: &Sender<Live>) {
    let mut trouble = None;
    loop {
        if let Err(failure) = listen(server, tell).await {
            let message = failure.to_string();
            if trouble.as_ref() != Some(&message) {
                eprintln!("{message}");
            }
            trouble = Some(message);
        }
        // What is not known any more is not shown.
        if tell.send(Live::default()).is_err() {
            return;
        }
        sleep(PAUSE).await;
    }
}

/// Tells until the daemon hangs up, or nobody listens any more.
async fn listen(server: &Server, tell: &Sender<Live>) -> Result<(), Failure> {
    let mut events = server.events("/v1/events", None).await?;
    while events.next().await.is_some() {
        gather(&mut events).await;
        let list: StackList = server.get("/v1/stacks?services=true").await?;
        if tell.send(list.into()).is_err() {
            break;
        }
    }
    Ok(())
}

async fn gather(events: &mut Events) {
    let until = Instant::now() + TOGETHER;
    while let Ok(Some(_)) = timeout_at(until, events.next()).await {}
}
