//! The stacks that a daemon keeps.

use std::time::Duration;

use skep_providers::web::escaped;
use skep_schema::api::event::StackEventLine;
use skep_schema::api::stack::{StackEvent, StackState, StackStatus};
use skep_schema::api::view::{ServiceView, StackList};
use skep_schema::inventory::Readiness;
use skep_schema::report::Standing;
use tokio::time::{Instant, timeout_at};

use super::screen::{Manner, Screen, Shown};
use super::{Form, Options};
use crate::commands::events::{read, words};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::stacks::{full, line, runs_how};
use crate::server::{Event, Following, Server, insist, is_away};
use crate::session::{now, print, to_json};

/// What comes within this time is drawn together: an apply tells much at once.
const TOGETHER: Duration = Duration::from_millis(300);

pub(super) async fn run(server: &Server, options: &Options) -> Result<Exit, Failure> {
    if options.watch {
        return watch(server, options).await;
    }
    let list = ask(server, options).await?;
    print(&match options.output {
        Form::Json => to_json(&list),
        Form::Human => full(&list),
    })?;
    Ok(if options.exit_code && !is_fine(&list) {
        Exit::Failed
    } else {
        Exit::Done
    })
}

async fn ask(server: &Server, options: &Options) -> Result<StackList, Failure> {
    let stack = narrowed(options);
    let list: StackList = server
        .get(&format!("/v1/stacks?{stack}services=true"))
        .await?;
    match &options.stack {
        Some(stack) if list.stacks.is_empty() => {
            let message = format!("no stack `{stack}` is kept there, or you may not see it");
            let help = "`skep status --server ..` without a name lists those that you may see";
            Err(Failure::new(Exit::Failed, message).help(help))
        }
        Some(_) | None => Ok(list),
    }
}

fn narrowed(options: &Options) -> String {
    let stack = options.stack.as_deref();
    stack.map_or_else(String::new, |name| format!("stack={}&", escaped(name)))
}

fn is_fine(list: &StackList) -> bool {
    list.stacks.iter().all(is_well) && list.services.iter().all(runs)
}

fn is_well(stack: &StackStatus) -> bool {
    stack.state == StackState::InSync
        && stack.source_trouble.is_none()
        && stack.target_trouble.is_none()
        && stack.unhealthy.is_empty()
}

fn runs(service: &ServiceView) -> bool {
    service.sync == Standing::InSync && matches!(service.readiness, Some(Readiness::Ready { .. }))
}

/// Shows how all stands, and then what becomes of it, until it is interrupted.
async fn watch(server: &Server, options: &Options) -> Result<Exit, Failure> {
    let mut interrupts = crate::signals::listen();
    let path = format!("/v1/events?{}", narrowed(options));
    let mut watched = Watched {
        server,
        options,
        events: Following::start(server, path).await?,
        screen: Screen::new(options.output),
    };
    tokio::select! {
        ended = watched.go_on() => ended.map(|()| Exit::Done),
        _ = interrupts.recv() => Ok(Exit::Done),
    }
}

struct Watched<'s> {
    server: &'s Server,
    options: &'s Options,
    events: Following<'s>,
    screen: Screen,
}

impl Watched<'_> {
    /// Ends only when the daemon is gone for good.
    async fn go_on(&mut self) -> Result<(), Failure> {
        loop {
            let event = self.events.next().await?;
            if event.word == "snapshot" {
                self.draw().await?;
            } else if let Some(told) = read::<StackEventLine>(&event).filter(matters) {
                self.tell(&event, &told).await?;
            }
        }
    }

    async fn tell(&mut self, event: &Event, told: &StackEventLine) -> Result<(), Failure> {
        match self.screen.manner() {
            Manner::Lines => print(&words(told)),
            Manner::Json => print(&format!("{}\n", event.data)),
            Manner::InPlace => {
                self.gather().await?;
                self.draw().await
            }
        }
    }

    async fn gather(&mut self) -> Result<(), Failure> {
        let until = Instant::now() + TOGETHER;
        while let Ok(event) = timeout_at(until, self.events.next()).await {
            event?;
        }
        Ok(())
    }

    async fn draw(&mut self) -> Result<(), Failure> {
        let list = if self.screen.is_empty() {
            ask(self.server, self.options).await?
        } else {
            insist(is_away, || ask(self.server, self.options)).await?
        };
        self.screen.show(now(), shown(&list))
    }
}

fn shown(list: &StackList) -> Shown {
    let stacks = list.stacks.iter();
    let stacks = stacks.map(|stack| (stack.stack.clone(), line(&stack.state)));
    let services = list.services.iter().map(|service| {
        let name = format!("{} {}", service.stack, service.address);
        (name, runs_how(service))
    });
    Shown {
        text: full(list),
        rows: stacks.chain(services).collect(),
        json: serde_json::to_string(list).expect("schema types are plain data"),
    }
}

/// A look that showed nothing new is nothing of how a stack stands.
const fn matters(told: &StackEventLine) -> bool {
    !matches!(told.event, StackEvent::Looked { .. })
}
