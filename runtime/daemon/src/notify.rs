//! Tells people what happens, by the channels of the settings.
//!
//! Each channel is a task with a queue of its own, so that one that hangs keeps no other waiting, and
//! nothing of the daemon waits for any. What cannot be sent is tried again for a day.

mod mail;
mod queue;
mod way;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use skep_schema::api::access::{Scope, StackName};
use skep_schema::api::notice::Notice;
use skep_schema::daemon::NoticeKind;
use skep_schema::event::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::clock::{now, until};
use crate::settings::Channel;

use queue::{Parcel, Queue};
pub(crate) use way::NotifyError;
use way::Way;
pub(crate) use words::Reader;

/// Notices that wait while one is sent.
const WAITING: usize = 256;

/// For each of what is left when the daemon ends.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// All channels.
#[derive(Debug)]
pub(crate) struct Notifier {
    channels: BTreeMap<String, Told>,
}

/// A channel, seen from those who have something to tell.
#[derive(Debug)]
struct Told {
    on: Vec<NoticeKind>,
    stacks: Vec<Scope>,
    way: Arc<Way>,
    inbox: mpsc::Sender<Notice>,
    /// Why nothing could be sent when it was last tried.
    trouble: watch::Receiver<Option<String>>,
}

impl Notifier {
    /// Begins a task for each channel. They end when this value is gone and all was tried once more.
    pub(crate) fn start(channels: &BTreeMap<String, Channel>, tasks: &mut JoinSet<()>) -> Self {
        let started = channels.iter().map(|(name, channel)| {
            let Channel { way, on, stacks } = channel;
            let (inbox, notices) = mpsc::channel(WAITING);
            let way = Arc::new(Way::of(way));
            let (tell, trouble) = watch::channel(None);
            tasks.spawn(run(name.clone(), Arc::clone(&way), notices, tell));
            let told = Told {
                on: on.clone(),
                stacks: stacks.clone(),
                way,
                inbox,
                trouble,
            };
            (name.clone(), told)
        });
        Self {
            channels: started.collect(),
        }
    }

    /// Hands a notice to all channels that want it, and waits for none.
    pub(crate) fn tell(&self, notice: &Notice) {
        let Ok(stack) = notice.stack.parse() else {
            return;
        };
        for (name, channel) in &self.channels {
            if channel.wants(notice.kind, &stack) && channel.inbox.try_send(notice.clone()).is_err()
            {
                tracing::warn!(channel = name, "a notice is lost: too many wait");
            }
        }
    }

    /// Each channel, and why nothing could be sent by it when that was last tried.
    pub(crate) fn troubles(&self) -> impl Iterator<Item = (&str, Option<String>)> {
        let all = self.channels.iter();
        all.map(|(name, channel)| (name.as_str(), channel.trouble.borrow().clone()))
    }

    /// Sends a message by one channel to try it, at once and whatever it wants otherwise. Nothing where
    /// there is no such channel.
    pub(crate) async fn test(&self, channel: &str, who: &str) -> Option<Result<(), NotifyError>> {
        let told = self.channels.get(channel)?;
        let notice = Notice {
            stack: "test".to_owned(),
            kind: NoticeKind::Applied,
            title: format!("a test of channel `{channel}`"),
            text: format!("{who} asked for it; nothing happened"),
            at: now(),
        };
        Some(told.way.send(&Parcel::of(notice)).await)
    }
}

impl Told {
    fn wants(&self, kind: NoticeKind, stack: &StackName) -> bool {
        self.on.contains(&kind) && self.stacks.iter().any(|scope| scope.covers(stack))
    }
}

/// Sends what comes in, as often and as late as its queue says.
async fn run(
    name: String,
    way: Arc<Way>,
    mut notices: mpsc::Receiver<Notice>,
    trouble: watch::Sender<Option<String>>,
) {
    let mut queue = Queue::default();
    loop {
        if let Some(parcel) = queue.take(now()) {
            let sent = way.send(&parcel).await;
            if let Err(error) = &sent {
                tracing::warn!(channel = name, stack = parcel.stack, "cannot tell: {error}");
            }
            trouble.send_replace(sent.as_ref().err().map(ToString::to_string));
            match sent {
                Ok(()) => queue.sent(),
                Err(_) => queue.failed(parcel, now()),
            }
            continue;
        }
        tokio::select! {
            notice = notices.recv() => match notice {
                Some(notice) => queue.put(notice, now()),
                None => break,
            },
            () = time_of(queue.wake()) => {}
        }
    }
    // Each stack's last notices get one more try, since nobody will have another.
    for parcel in queue.rest() {
        if !matches!(
            tokio::time::timeout(LAST_WORDS, way.send(&parcel)).await,
            Ok(Ok(()))
        ) {
            tracing::warn!(
                channel = name,
                stack = parcel.stack,
                "a notice is lost: the daemon ends"
            );
        }
    }
}

async fn time_of(at: Option<Timestamp>) {
    match at {
        Some(at) => sleep(until(at)).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
