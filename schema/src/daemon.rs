//! The daemon's own file: which stacks it keeps, from where, who may do what, who is told.
//!
//! Declared like the nodes of specs and read by the same reader, so that mistakes in it are told in
//! the same words. Nothing in it is evaluated, and no secret stands in it: it names files that hold
//! them.

mod values;
mod window;

pub use values::{EngineUrl, LocalFile, MailServer, Socket};
pub use window::{Day, Times};

use crate::api::access::{Role, Scope};
use crate::api::subject::{IssuerUrl, Subject};
use crate::lang::{Decode, NodeInfo};
use crate::spec::{Host, Name, Scalar, Url, WebhookForm};
use crate::units::Duration;
use crate::{node, one_of};

one_of! {
    /// What happens when a stack's plan changes.
    ApplyPolicy {
        /// It is applied.
        Auto "auto",
        /// It is applied once somebody agreed to it.
        Approve "approve",
        /// It is told, and nothing else.
        Report "report",
    }

    /// What happens when something else than Skep changed a stack's objects.
    DriftPolicy {
        /// It is told, and nothing else.
        Report "report",
        /// It is changed back.
        Revert "revert",
    }

    /// What people can be told of.
    NoticeKind {
        /// An apply failed.
        Failed "failed",
        /// Something else than Skep changed a stack's objects.
        Drift "drift",
        /// A service is not healthy any more.
        Unhealthy "unhealthy",
        /// What was unhealthy, failed or broken is well again.
        Recovered "recovered",
        /// A source cannot be read or compiled; the last good plan stays.
        Source "source",
        /// Changes wait for somebody to approve them.
        Approval "approval",
        /// An apply was done.
        Applied "applied",
    }
}

node! {
    /// All of the daemon's file.
    Root "daemon.kdl" {
        /// The daemon itself.
        daemon: node(Daemon) "daemon";
        /// What it keeps.
        stacks: nodes(Stack) "stack" key none;
        /// Who may do what.
        grants: nodes(Grant) "grant" key none;
        /// Who tells who somebody is.
        issuers: nodes(Issuer) "oidc";
        /// Who is told what happens.
        channels: nodes(Channel) "notify";
    }

    /// The daemon itself.
    Daemon "daemon" {
        /// The folder in which it keeps its store and copies of git repositories.
        state: value(LocalFile) "state" default "/var/lib/skep";
        /// Where the store is, if not in that folder.
        store: node(Store) "store";
        /// How long the audit is kept; without it, for ever.
        keep_audit: value(Duration) "keep-audit";
        /// Where it is spoken to; without one, at `/run/skep/skep.sock`.
        listen: nodes(Listen) "listen";
    }

    /// A store that several daemons share, so that each knows what was approved, pushed and made before it.
    Store "store" {
        /// The database: `postgresql://USER@HOST/DATABASE`, or `postgresql://USER@/DATABASE?host=FOLDER` for a
        /// socket. A host that is not this machine is spoken to by TLS.
        postgres: need(Scalar) "postgres";
        /// The file with the password.
        password_file: value(LocalFile) "password-file";
        /// Authorities to trust the server by, in PEM, beside those of this machine.
        ca: value(LocalFile) "ca";
    }

    /// A place where the daemon is spoken to: a unix socket, or an address with TLS.
    Listen "listen" {
        /// The path of a socket, or an address with a port such as `0.0.0.0:7443`.
        at: arg(Socket) "ADDRESS";
        /// The group whose members may connect to the socket, beside its owner.
        group: value(Name) "group";
        /// TLS, without which no address is listened on.
        tls: node(Tls) "tls";
        /// The names by which clients reach the address. A request for any other is refused, so that no
        /// web page can lead a browser here under a name of its own.
        hosts: set(Host) "host";
    }

    /// TLS. Files that change are read again.
    Tls "tls" {
        /// The certificate, with those between it and its authority, in PEM.
        certificate: need(LocalFile) "certificate";
        /// Its private key, in PEM.
        key: need(LocalFile) "key";
        /// Authorities whose certificates clients may show, in PEM; without it, none is asked for.
        clients: value(LocalFile) "clients";
    }

    /// A project in one environment, kept as its source has it. It is called `PROJECT@ENVIRONMENT`, or
    /// `PROJECT` without an environment, and a source that has another project is refused.
    Stack "stack" {
        /// The project's name.
        project: arg(Name) "PROJECT";
        /// The environment.
        environment: value(Name) "environment";
        /// Its source: a folder of this machine, looked at whenever something in it changes.
        directory: value(LocalFile) "directory";
        /// Its source: a git repository.
        git: node(GitSource) "git";
        /// Its source: plans that are sent to the daemon.
        pushed: flag(bool) "pushed";
        /// Values of the project's parameters.
        params: map(Scalar) "param";
        /// Folders in which the values of its secrets lie, each in a file that is called as the plan has
        /// it, a variable in a file of its name. Values are read from nowhere else, but for a `directory`,
        /// which is the last of these folders itself.
        secrets: set(LocalFile) "secrets";
        /// What happens when the plan changes.
        apply: value(ApplyPolicy) "apply" default "report";
        /// What happens when something else changed the stack's objects.
        drift: value(DriftPolicy) "drift" default "report";
        /// How often all of it is looked at, whatever happens or not.
        every: value(Duration) "every" default "5m";
        /// Times at which it is looked at as well.
        schedules: nodes(Schedule) "schedule" key none;
        /// When it may be changed; without one, always. Several are alternatives.
        windows: nodes(Window) "window" key none;
        /// The engine to speak to, as in `DOCKER_HOST`; without one, the one docker would speak to.
        host: value(EngineUrl) "host";
        /// The docker context to use.
        context: value(Scalar) "context";
        /// The file of a model swarm, for trying things out.
        model: value(LocalFile) "model";
    }

    /// A git repository and what in it is followed.
    GitSource "git" {
        /// The repository: `https://..`, `ssh://..`, `user@host:path`, or an absolute path.
        repository: arg(Scalar) "REPOSITORY";
        /// The branch, tag or commit that is followed.
        rev: value(Scalar) "ref" default "main";
        /// The project's folder in it; without one, its top.
        path: value(Scalar) "path";
        /// How often it is asked.
        every: value(Duration) "every" default "1m";
        /// Calls that say it has changed.
        webhook: node(Webhook) "webhook";
    }

    /// Calls that say a repository has changed, so that it is asked at once. All they can do is that.
    Webhook "webhook" {
        /// Whose form they have: `github`, `gitea` and `forgejo` sign alike, `gitlab` sends its token or
        /// signs, `standard` is that of Standard Webhooks, `plain` is Skep's own.
        form: arg(WebhookForm) "FORM";
        /// The file with the secret they are signed with. Two lines are two secrets, either of which
        /// will do.
        secret_file: need(LocalFile) "secret-file";
    }

    /// Times at which a stack is looked at.
    Schedule "schedule" {
        /// Minute, hour, day of the month, month, day of the week.
        times: arg(Scalar) "TIMES";
        /// The time zone, such as `Europe/Berlin`.
        zone: value(Scalar) "zone" default "UTC";
    }

    /// When a stack may be changed.
    Window "window" {
        /// Days, times or both: `mon-fri 09:00-17:00`. What ends before it begins ends on the next day.
        times: arg(Times) "TIMES";
        /// The time zone, such as `Europe/Berlin`.
        zone: value(Scalar) "zone" default "UTC";
    }

    /// What somebody may do. Who is in no grant may do nothing.
    Grant "grant" {
        /// `uid:1000`, `gid:1000` and `group:ops` on the socket, `token:NAME`, `cert:NAME` for client
        /// certificates, `oidc:ISSUER#SUBJECT` and `oidc-group:ISSUER#GROUP`.
        who: arg(Subject) "WHO";
        /// What they may do: a `viewer` looks, a `planner` has plans made too, an `applier` approves and
        /// applies too, an `admin` rules the daemon too.
        role: need(Role) "role";
        /// The stacks this is about: `shop@prod`, `shop@*`, `*`.
        stack: need(Scope) "stack";
    }

    /// Somebody who tells by signed tokens who others are, by `OpenID` Connect.
    Issuer "oidc" {
        /// The issuer, as its tokens have it.
        issuer: arg(IssuerUrl) "ISSUER";
        /// Whom its tokens must be meant for.
        audience: need(Scalar) "audience";
        /// The claim that lists somebody's groups.
        groups: value(Scalar) "groups";
        /// Authorities to trust its server by, in PEM, beside those of this machine.
        ca: value(LocalFile) "ca";
    }

    /// A way to tell people what happens.
    Channel "notify" {
        /// What it is called.
        name: arg(Name) "NAME";
        /// By a call.
        webhook: node(HookChannel) "webhook";
        /// By ntfy.
        ntfy: node(NtfyChannel) "ntfy";
        /// By mail.
        smtp: node(MailChannel) "smtp";
        /// What is told; without it, everything but `applied`.
        on: set(NoticeKind) "on";
        /// The stacks it is told of; without it, all.
        stacks: set(Scope) "stack";
    }

    /// A call with what happened, in JSON.
    HookChannel "webhook" {
        /// The address, where it is no secret.
        url: opt_arg(Url) "URL";
        /// The file with the address, where whoever knows it may send.
        url_file: value(LocalFile) "url-file";
        /// The file with a secret to sign calls with, as `webhook "standard"` and `webhook "plain"` read
        /// them.
        secret_file: value(LocalFile) "secret-file";
        /// Authorities to trust the server by, in PEM, beside those of this machine.
        ca: value(LocalFile) "ca";
    }

    /// A topic of an ntfy server.
    NtfyChannel "ntfy" {
        /// The server and the topic: `https://ntfy.sh/TOPIC`.
        url: arg(Url) "URL";
        /// The file with the token to send with.
        token_file: value(LocalFile) "token-file";
        /// Authorities to trust the server by, in PEM, beside those of this machine.
        ca: value(LocalFile) "ca";
    }

    /// Mail.
    MailChannel "smtp" {
        /// The server: `smtps://HOST` for TLS from the start, `smtp://HOST` for `STARTTLS`, which is
        /// insisted on but on this machine itself. Ports are 465 and 587 unless one is written.
        server: arg(MailServer) "SERVER";
        /// The sender.
        from: need(Scalar) "from";
        /// The receivers.
        to: set(Scalar) "to";
        /// The user to log in as.
        user: value(Scalar) "user";
        /// The file with that user's password.
        password_file: value(LocalFile) "password-file";
        /// Authorities to trust the server by, in PEM, beside those of this machine.
        ca: value(LocalFile) "ca";
    }
}

/// The nodes that the file has at its top.
pub const SETTINGS: &[&NodeInfo] = &[
    Daemon::INFO,
    Stack::INFO,
    Grant::INFO,
    Issuer::INFO,
    Channel::INFO,
];
