//! Every route there is, once: who may use it, how often, what it takes and gives. The router, the
//! description of the API and the test of who may what are all made from this table, so that no route
//! can be without any of them.

use std::future::Future;
use std::pin::Pin;

use axum::response::Response;
use skep_schema::api::access::Verb;

use super::call::Call;
use super::limits::Class;
use super::refused::Refused;
use super::{daemon, health, patch, plans, services, stacks, stream, tokens, webhooks};

/// What answers a request.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Result<Response, Refused>> + Send>>;

/// One method of one path.
pub(crate) struct Route {
    pub(crate) method: Method,
    /// What is about one stack has it as `{stack}` or as `stack` in the query.
    pub(crate) path: &'static str,
    /// What whoever asks has to be allowed; nothing where anybody may.
    pub(crate) verb: Option<Verb>,
    pub(crate) class: Class,
    /// One sentence.
    pub(crate) summary: &'static str,
    pub(crate) query: &'static [Parameter],
    pub(crate) takes: Option<Body>,
    pub(crate) gives: Gives,
    pub(crate) answer: fn(Call) -> Answering,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Put,
    Post,
    Patch,
    Delete,
}

/// A parameter in the query.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
}

/// What a request carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Body {
    pub(crate) kind: &'static str,
    /// The name of its schema in `docs/api/schemas.json`.
    pub(crate) schema: &'static str,
}

/// What an answer carries.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Gives {
    /// A value with this schema.
    Json(&'static str),
    /// Events, each with one of these schemas.
    Events(&'static [&'static str]),
    Text(&'static str),
    File,
}

const fn query(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, about }
}

const JSON: &str = "application/json";

const STACK: Parameter = query("stack", "only of this stack, such as `shop@prod`");
const SERVICES: Parameter = query("services", "`true` for what runs of them, too");
const OF_STACK: Parameter = query("stack", "the stack it is of; needed");
const AT: Parameter = query(
    "at",
    "which of several places in the files, such as `skep.kdl:12`",
);
const MERGE_PATCH: Body = Body {
    kind: "application/merge-patch+json",
    schema: "merge-patch",
};
const FROM: Parameter = query(
    "from",
    "the number of the last event that is known; as `Last-Event-ID`",
);

macro_rules! answers {
    ($handler:path) => {
        |call| Box::pin($handler(call))
    };
}

/// All routes, in the order in which they are described.
pub(crate) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        path: "/healthz",
        verb: None,
        class: Class::Read,
        summary: "Whether the daemon lives",
        query: &[],
        takes: None,
        gives: Gives::Text("text/plain"),
        answer: answers!(daemon::lives),
    },
    Route {
        method: Method::Get,
        path: "/readyz",
        verb: None,
        class: Class::Read,
        summary: "Whether the daemon takes changes; 503 while it does not",
        query: &[],
        takes: None,
        gives: Gives::Text("text/plain"),
        answer: answers!(daemon::is_ready),
    },
    Route {
        method: Method::Get,
        path: "/metrics",
        verb: Some(Verb::Metrics),
        class: Class::Read,
        summary: "Numbers of the daemon and its stacks, as OpenMetrics",
        query: &[],
        takes: None,
        gives: Gives::Text("application/openmetrics-text"),
        answer: answers!(daemon::metrics),
    },
    Route {
        method: Method::Get,
        path: "/v1/openapi.json",
        verb: Some(Verb::List),
        class: Class::Read,
        summary: "This description",
        query: &[],
        takes: None,
        gives: Gives::Text(JSON),
        answer: answers!(daemon::description),
    },
    Route {
        method: Method::Get,
        path: "/v1/me",
        verb: Some(Verb::List),
        class: Class::Read,
        summary: "Who asks, and what he may",
        query: &[],
        takes: None,
        gives: Gives::Json("Me"),
        answer: answers!(daemon::me),
    },
    Route {
        method: Method::Get,
        path: "/v1/health",
        verb: Some(Verb::Metrics),
        class: Class::Read,
        summary: "How the daemon is, check by check",
        query: &[],
        takes: None,
        gives: Gives::Json("DaemonHealth"),
        answer: answers!(health::health),
    },
    Route {
        method: Method::Get,
        path: "/v1/stacks",
        verb: Some(Verb::List),
        class: Class::Read,
        summary: "The stacks that may be seen, and how they stand",
        query: &[STACK, SERVICES],
        takes: None,
        gives: Gives::Json("StackList"),
        answer: answers!(stacks::list),
    },
    Route {
        method: Method::Get,
        path: "/v1/stacks/{stack}",
        verb: Some(Verb::Read),
        class: Class::Read,
        summary: "How a stack stands",
        query: &[],
        takes: None,
        gives: Gives::Json("StackStatus"),
        answer: answers!(stacks::show),
    },
    Route {
        method: Method::Get,
        path: "/v1/stacks/{stack}/plan",
        verb: Some(Verb::Read),
        class: Class::Read,
        summary: "What a stack shall be",
        query: &[],
        takes: None,
        gives: Gives::Json("Plan"),
        answer: answers!(plans::show),
    },
    Route {
        method: Method::Put,
        path: "/v1/stacks/{stack}/plan",
        verb: Some(Verb::Push),
        class: Class::Plan,
        summary: "Hand in what a stack shall be, where its source is `pushed`",
        query: &[],
        takes: Some(Body {
            kind: JSON,
            schema: "Plan",
        }),
        gives: Gives::Json("StackStatus"),
        answer: answers!(plans::push),
    },
    Route {
        method: Method::Get,
        path: "/v1/stacks/{stack}/changes",
        verb: Some(Verb::Read),
        class: Class::Read,
        summary: "What an apply would do, as of the last look",
        query: &[],
        takes: None,
        gives: Gives::Json("ChangeSet"),
        answer: answers!(stacks::changes),
    },
    Route {
        method: Method::Post,
        path: "/v1/stacks/{stack}/look",
        verb: Some(Verb::Sync),
        class: Class::Plan,
        summary: "Have a stack looked at now",
        query: &[],
        takes: None,
        gives: Gives::Json("StackStatus"),
        answer: answers!(stacks::look),
    },
    Route {
        method: Method::Put,
        path: "/v1/stacks/{stack}/approval",
        verb: Some(Verb::Approve),
        class: Class::Apply,
        summary: "Agree to the changes that were shown, and to no others",
        query: &[],
        takes: Some(Body {
            kind: JSON,
            schema: "ApprovalRequest",
        }),
        gives: Gives::Json("StackStatus"),
        answer: answers!(stacks::approve),
    },
    Route {
        method: Method::Delete,
        path: "/v1/stacks/{stack}/approval",
        verb: Some(Verb::Approve),
        class: Class::Apply,
        summary: "Take an approval back that was not carried out",
        query: &[],
        takes: None,
        gives: Gives::Json("StackStatus"),
        answer: answers!(stacks::withdraw),
    },
    Route {
        method: Method::Post,
        path: "/v1/stacks/{stack}/retry",
        verb: Some(Verb::Apply),
        class: Class::Apply,
        summary: "Try again what failed",
        query: &[],
        takes: None,
        gives: Gives::Json("StackStatus"),
        answer: answers!(stacks::retry),
    },
    Route {
        method: Method::Get,
        path: "/v1/stacks/{stack}/revisions",
        verb: Some(Verb::Read),
        class: Class::Read,
        summary: "What was applied, the newest last",
        query: &[],
        takes: None,
        gives: Gives::Json("HistoryReport"),
        answer: answers!(stacks::revisions),
    },
    Route {
        method: Method::Get,
        path: "/v1/services",
        verb: Some(Verb::List),
        class: Class::Read,
        summary: "The services of all stacks that may be seen",
        query: &[STACK],
        takes: None,
        gives: Gives::Json("ServiceList"),
        answer: answers!(services::list),
    },
    Route {
        method: Method::Get,
        path: "/v1/services/{service}",
        verb: Some(Verb::Read),
        class: Class::Read,
        summary: "A service of a stack",
        query: &[OF_STACK],
        takes: None,
        gives: Gives::Json("ServiceView"),
        answer: answers!(services::show),
    },
    Route {
        method: Method::Patch,
        path: "/v1/services/{service}",
        verb: Some(Verb::Plan),
        class: Class::Plan,
        summary: "What a merge patch of a service would change, in its files and in the target",
        query: &[OF_STACK, AT],
        takes: Some(MERGE_PATCH),
        gives: Gives::Json("PatchReport"),
        answer: answers!(patch::show),
    },
    Route {
        method: Method::Post,
        path: "/v1/services/{service}/edits",
        verb: Some(Verb::Push),
        class: Class::Plan,
        summary: "Write a merge patch of a service into its files, where its source is a folder",
        query: &[OF_STACK, AT],
        takes: Some(MERGE_PATCH),
        gives: Gives::Json("PatchReport"),
        answer: answers!(patch::write),
    },
    Route {
        method: Method::Get,
        path: "/v1/services/{service}/logs",
        verb: Some(Verb::Read),
        class: Class::Stream,
        summary: "What the tasks of a service write",
        query: &[
            OF_STACK,
            query("tail", "the last lines of each task; 100 unless said"),
            query("since", "seconds since the epoch; only what is newer"),
            query("follow", "`true` to go on with what comes"),
        ],
        takes: None,
        gives: Gives::Events(&["LogLine"]),
        answer: answers!(stream::logs),
    },
    Route {
        method: Method::Get,
        path: "/v1/routes",
        verb: Some(Verb::List),
        class: Class::Read,
        summary: "The routes of all stacks that may be seen",
        query: &[STACK],
        takes: None,
        gives: Gives::Json("RouteList"),
        answer: answers!(services::routes),
    },
    Route {
        method: Method::Get,
        path: "/v1/events",
        verb: Some(Verb::List),
        class: Class::Stream,
        summary: "What happens to the stacks that may be seen: a snapshot, then every event once, in order",
        query: &[
            STACK,
            query(
                "type",
                "only these kinds of events, with commas between them",
            ),
            FROM,
        ],
        takes: None,
        gives: Gives::Events(&["Snapshot", "StackEventLine", "Lagged"]),
        answer: answers!(stream::events),
    },
    Route {
        method: Method::Get,
        path: "/v1/tokens",
        verb: Some(Verb::Token),
        class: Class::Read,
        summary: "The tokens there are, without their secrets",
        query: &[],
        takes: None,
        gives: Gives::Json("TokenList"),
        answer: answers!(tokens::list),
    },
    Route {
        method: Method::Post,
        path: "/v1/tokens",
        verb: Some(Verb::Token),
        class: Class::Apply,
        summary: "Make a token; the answer is the only place where it is seen",
        query: &[],
        takes: Some(Body {
            kind: JSON,
            schema: "TokenRequest",
        }),
        gives: Gives::Json("TokenMade"),
        answer: answers!(tokens::make),
    },
    Route {
        method: Method::Delete,
        path: "/v1/tokens/{token}",
        verb: Some(Verb::Token),
        class: Class::Apply,
        summary: "Revoke a token",
        query: &[],
        takes: None,
        gives: Gives::Json("TokenInfo"),
        answer: answers!(tokens::revoke),
    },
    Route {
        method: Method::Get,
        path: "/v1/audit",
        verb: Some(Verb::Audit),
        class: Class::Read,
        summary: "Who did what, as JSON lines",
        query: &[
            query("after", "the number of the last line that is known"),
            query("limit", "how many lines at most; 1000 unless said"),
        ],
        takes: None,
        gives: Gives::Text("application/jsonl"),
        answer: answers!(daemon::audit),
    },
    Route {
        method: Method::Get,
        path: "/v1/audit/check",
        verb: Some(Verb::Audit),
        class: Class::Plan,
        summary: "Whether every line of the audit is as it was written",
        query: &[],
        takes: None,
        gives: Gives::Json("AuditCheck"),
        answer: answers!(daemon::check_audit),
    },
    Route {
        method: Method::Post,
        path: "/v1/drain",
        verb: Some(Verb::Drain),
        class: Class::Apply,
        summary: "Let what runs end, and begin nothing more",
        query: &[],
        takes: None,
        gives: Gives::Json("Taken"),
        answer: answers!(daemon::drain),
    },
    Route {
        method: Method::Delete,
        path: "/v1/drain",
        verb: Some(Verb::Drain),
        class: Class::Apply,
        summary: "Go on",
        query: &[],
        takes: None,
        gives: Gives::Json("Taken"),
        answer: answers!(daemon::resume),
    },
    Route {
        method: Method::Get,
        path: "/v1/backup",
        verb: Some(Verb::Backup),
        class: Class::Apply,
        summary: "A copy of the store",
        query: &[],
        takes: None,
        gives: Gives::File,
        answer: answers!(daemon::back_up),
    },
    Route {
        method: Method::Post,
        path: "/v1/channels/{channel}/test",
        verb: Some(Verb::Notify),
        class: Class::Apply,
        summary: "Send a message by a channel of notices, to try it",
        query: &[],
        takes: None,
        gives: Gives::Json("Taken"),
        answer: answers!(daemon::try_channel),
    },
    Route {
        method: Method::Post,
        path: "/v1/webhooks/{stack}",
        verb: None,
        class: Class::Webhook,
        summary: "Tell that a stack's repository has changed; signed as its settings say",
        query: &[],
        takes: None,
        gives: Gives::Json("Taken"),
        answer: answers!(webhooks::take),
    },
];
