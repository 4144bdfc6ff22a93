//! Flows: workflows that are declared and checked here and run by the daemon.

use super::config::SecretUse;
use super::service::{Limits, Mount, Placement};
use super::values::{EnvValue, Image, NetworkRef, Path, Scalar, SecretRef, ServiceRef, Text, Url};
use crate::units::{Bytes, Cpu, Duration, Ratio};
use crate::{node, one_of};

one_of! {
    /// Who is told to wait when a queue is full.
    QueuePolicy {
        /// Every run waits for its turn.
        All "all",
        /// Of those that wait only the newest stays.
        Latest "latest",
        /// A run that would wait is not made.
        Skip "skip",
        /// The running one is cancelled.
        Replace "replace",
    }

    /// Whether others may hold a lock as well.
    LockMode { Exclusive "exclusive", Shared "shared" }

    /// Runs missed while nobody watched the clock.
    Missed { None "none", One "one", All "all" }

    /// What happens to a time that a clock change repeats or leaves out.
    ClockChange { Once "once", Skip "skip", Both "both" }

    /// How waits between attempts grow.
    Backoff { Fixed "fixed", Linear "linear", Exponential "exponential" }

    /// What silence means.
    OnTimeout { Reject "reject", Approve "approve" }

    /// The end of a task that a handler waits for.
    HandlerEvent { Fail "fail", Cancel "cancel" }

    /// Types of parameters, form fields and outputs.
    FlowType {
        String "string", Text "text", Int "int", Bool "bool", Float "float",
        Duration "duration", Bytes "bytes", Url "url", Map "map", List "list",
    }
}

node! {
    /// A workflow: triggers, tasks and what joins them.
    Flow "flow" {
        /// The name within the project.
        name: arg(super::Name) "NAME";
        /// What it is for.
        doc: value(Scalar) "doc";
        /// What starts a run.
        triggers: nodes(Trigger) "trigger";
        /// Values a run is given.
        params: nodes(FlowParam) "param";
        /// How many runs there may be at a time.
        queue: node(Queue) "queue";
        /// Locks held for a whole run.
        locks: nodes(Lock) "lock";
        /// How long a run may take.
        timeout: value(Duration) "timeout";
        /// What is kept of runs.
        keep: node(Keep) "keep";
        /// A folder that the tasks of a run share.
        workspace: node(Workspace) "workspace";
        /// Steps.
        tasks: nodes(Task) "task";
        /// Joins of several steps.
        merges: nodes(Merge) "merge";
        /// Containers that several tasks share, one after the other.
        boxes: nodes(TaskBox) "box";
        /// Steps for when something fails.
        on: nodes(Handler) "on" key none;
        /// Steps at the end of every run, however it went.
        finally: node(Finally) "finally";
    }

    /// Something that starts runs: exactly one source.
    Trigger "trigger" {
        /// The name within the flow.
        name: arg(super::Name) "NAME";
        /// A signed web hook.
        webhook: node(Webhook) "webhook";
        /// A person who fills in a form.
        form: node(Form) "form";
        /// A time table.
        cron: node(Cron) "cron";
        /// New commits or tags.
        git: node(GitTrigger) "git";
        /// A tag that moved in a registry.
        registry: node(RegistryTrigger) "registry";
        /// Something that happened to a node of the stack.
        event: node(EventTrigger) "event";
        /// Only when these fields of the event have these values.
        only: map(Scalar) "only";
        /// What happens to runs missed while nobody watched.
        missed: node(MissedRuns) "missed";
        /// The most by which a start is put off at random.
        jitter: value(Duration) "jitter";
        /// How a repeated delivery is known.
        dedupe: node(Dedupe) "dedupe";
        /// Who may start it.
        allow: node(Allow) "allow";
    }

    /// A signed web hook.
    Webhook "webhook" {
        /// Whose form it has: `github`, `gitlab`, `gitea`, `standard` or `plain`.
        form: arg(WebhookForm) "FORM";
        /// The secret it is signed with.
        secret: need(SecretRef) "secret";
    }

    /// A form for people.
    Form "form" {
        /// What they fill in.
        fields: nodes(FormField) "field";
    }

    /// A field of a form.
    FormField "field" {
        /// The name.
        name: arg(super::Name) "NAME";
        /// The type.
        ty: value(FlowType) "type" default "string";
        /// What it holds at first.
        default: value(Scalar) "default";
        /// A regular expression it must match.
        pattern: value(Scalar) "match";
        /// It must be filled in.
        required: flag(bool) "required";
        /// What it is for.
        doc: value(Scalar) "doc";
    }

    /// A time table.
    Cron "cron" {
        /// Minute, hour, day of the month, month, day of the week.
        expression: arg(Scalar) "EXPRESSION";
        /// The time zone.
        tz: value(Scalar) "tz" default "UTC";
        /// What a clock change means.
        dst: value(ClockChange) "dst" default "once";
    }

    /// Runs missed while nobody watched.
    MissedRuns "missed" {
        /// How many are made up for.
        policy: arg(Missed) "POLICY";
        /// How late one may be.
        within: value(Duration) "within";
        /// The most that are made up for.
        limit: value(u32) "limit";
    }

    /// New commits or tags of a repository.
    GitTrigger "git" {
        /// The repository.
        url: arg(Scalar) "URL";
        /// The ref or a pattern of refs.
        git_ref: value(Scalar) "ref";
        /// How often it is asked.
        every: value(Duration) "every" default "1m";
    }

    /// A tag that moved.
    RegistryTrigger "registry" {
        /// The image.
        image: arg(Image) "IMAGE";
        /// How often it is asked.
        every: value(Duration) "every" default "15m";
    }

    /// Something that happened to a node of the stack.
    EventTrigger "event" {
        /// Such as `service.updated`.
        kind: arg(Scalar) "KIND";
        /// Only for this service.
        service: value(ServiceRef) "service";
    }

    /// How a repeated delivery is known.
    Dedupe "dedupe" {
        /// The field that tells deliveries apart.
        by: value(Scalar) "by" default "delivery";
        /// How long it is remembered.
        keep: value(Duration) "keep" default "3d";
    }

    /// Who may.
    Allow "allow" {
        /// A role.
        role: need(Scalar) "role";
    }

    /// A value a run is given.
    FlowParam "param" {
        /// The name.
        name: arg(super::Name) "NAME";
        /// The type.
        ty: value(FlowType) "type" default "string";
        /// The trigger's field it comes from, `trigger.ref`.
        from: value(Scalar) "from";
        /// What it is where nothing gives it.
        default: value(Scalar) "default";
        /// What it is for.
        doc: value(Scalar) "doc";
    }

    /// How many runs there may be at a time.
    Queue "queue" {
        /// At most so many.
        limit: value(u32) "limit" default "1";
        /// What happens to more.
        policy: value(QueuePolicy) "policy" default "all";
    }

    /// Something only some may use at a time.
    Lock "lock" {
        /// Its name, shared by all flows of the stack.
        name: arg(super::Name) "NAME";
        /// Whether others may hold it as well.
        mode: value(LockMode) "mode" default "exclusive";
        /// How long to wait for it.
        wait: value(Duration) "wait";
    }

    /// What is kept of runs.
    Keep "keep" {
        /// The newest so many.
        runs: value(u32) "runs";
        /// For so long.
        period: value(Duration) "for";
        /// Their logs for so long.
        logs: value(Duration) "logs";
    }

    /// A folder that the tasks of a run share.
    Workspace "workspace" {
        /// The most it may hold.
        size: value(Bytes) "size";
        /// It is kept from run to run, one run at a time.
        shared: flag(bool) "shared";
    }

    /// A step: exactly one action.
    Task "task" {
        /// The name within the flow.
        name: arg(super::Name) "NAME";
        /// What it waits for: `a` ok, `a?` ok or skipped, `a!` failed, `a*` ended, `a:3` exit code 3.
        after: value(Scalar) "after";
        /// A condition over parameters and outputs.
        when: value(Scalar) "when";
        /// Runs a container.
        run: node(Run) "run";
        /// Runs a program in a task of a service.
        exec: node(Exec) "exec";
        /// Runs a program on a host.
        on_host: node(HostRun) "host";
        /// Sends an HTTP request.
        http: node(Http) "http";
        /// Waits.
        wait: value(Duration) "wait";
        /// Waits for people.
        approve: node(Approve) "approve";
        /// Checks out a repository.
        checkout: node(Checkout) "checkout";
        /// Fetches a file.
        fetch: node(Fetch) "fetch";
        /// Builds an image.
        build: node(Build) "build";
        /// Works out what an apply would change.
        plan: node(PlanTask) "plan";
        /// Applies a plan.
        apply: node(ApplyTask) "apply";
        /// Goes back to before an apply.
        rollback: node(RollbackTask) "rollback";
        /// Runs another flow.
        flow: node(FlowTask) "flow";
        /// Sends a request to a service of the stack.
        call: node(Call) "call";
        /// What later tasks may use of it.
        outs: nodes(Out) "out";
        /// One run of the task for each combination.
        matrix: node(Matrix) "matrix";
        /// How often it is tried.
        retry: node(Retry) "retry";
        /// How long an attempt may take.
        timeout: value(Duration) "timeout";
        /// Locks held meanwhile.
        locks: nodes(Lock) "lock";
        /// Secrets it sees.
        secret: nodes(SecretUse) "secret" key (name "target");
        /// Environment variables.
        env: map(EnvValue) "env";
        /// Files it leaves behind.
        artifacts: nodes(Artifact) "artifact" key none;
        /// Doing it twice is as good as once.
        idempotent: flag(bool) "idempotent";
        /// Its failure does not fail the run.
        ignore_fail: flag(bool) "ignore-fail";
    }

    /// A container.
    Run "run" {
        /// The image; a box gives its own.
        image: value(Image) "image";
        /// The program and its arguments.
        command: list(Text) "command";
        /// A line for a shell.
        shell: value(Text) "shell";
        /// Processors.
        cpu: value(Cpu) "cpu";
        /// Memory.
        memory: value(Bytes) "memory";
        /// Networks it joins.
        network: set(NetworkRef) "network";
        /// What it mounts.
        mount: nodes(Mount) "mount" key "to";
        /// Environment variables.
        env: map(EnvValue) "env";
        /// Secrets it sees.
        secret: nodes(SecretUse) "secret" key (name "target");
        /// Configs it sees.
        config: nodes(super::ConfigUse) "config" key (name "target");
        /// The user it runs as.
        user: value(Scalar) "user";
        /// The folder it starts in.
        workdir: value(Path) "workdir";
        /// What it may use at most.
        limits: node(Limits) "limits";
        /// Which nodes it runs on.
        placement: node(Placement) "placement";
    }

    /// A program in a task of a service.
    Exec "exec" {
        /// The service.
        service: need(ServiceRef) "in";
        /// Which task: `any`, or a number.
        replica: value(Scalar) "replica" default "any";
        /// The user it runs as.
        user: value(Scalar) "user";
        /// The program and its arguments.
        command: list(Text) "command";
        /// A line for a shell.
        shell: value(Text) "shell";
    }

    /// A program on a host; only where the daemon's configuration allows it.
    HostRun "host" {
        /// The program and its arguments.
        command: list(Text) "command";
        /// A line for a shell.
        shell: value(Text) "shell";
        /// The folder it starts in.
        workdir: value(Path) "workdir";
        /// Host tags it needs.
        tags: list(Scalar) "tags";
    }

    /// An HTTP request.
    Http "http" {
        /// The method.
        method: arg(super::Method) "METHOD";
        /// The URL.
        url: arg(Text) "URL";
        /// Headers.
        header: map(EnvValue) "header";
        /// A body of JSON.
        json: value(Text) "json";
        /// A body of text.
        body: value(Text) "body";
        /// What a good answer is.
        expect: node(Expect) "expect";
    }

    /// A good answer.
    Expect "expect" {
        /// The status.
        status: value(u16) "status";
        /// A text it contains.
        body: value(Scalar) "body";
        /// Ask again for so long.
        within: value(Duration) "within";
        /// With so much time between.
        every: value(Duration) "every";
    }

    /// People who agree.
    Approve "approve" {
        /// Their role.
        role: value(Scalar) "role";
        /// How many.
        quorum: value(u32) "quorum" default "1";
        /// How long they have.
        timeout: value(Duration) "timeout";
        /// What silence means.
        on_timeout: value(OnTimeout) "on-timeout" default "reject";
        /// A form they fill in.
        form: node(Form) "form";
    }

    /// A repository checked out into the workspace.
    Checkout "checkout" {
        /// The repository.
        url: arg(Text) "URL";
        /// The branch, tag or commit.
        git_ref: value(Text) "ref";
        /// How many commits.
        depth: value(u32) "depth";
        /// The folder in the workspace.
        to: value(Scalar) "to";
        /// A secret with the key or token.
        secret: value(SecretRef) "secret";
    }

    /// A file fetched into the workspace.
    Fetch "fetch" {
        /// Where from.
        url: arg(Url) "URL";
        /// Its checksum.
        sha256: value(Scalar) "sha256";
        /// The name in the workspace.
        to: value(Scalar) "to";
    }

    /// An image built from the workspace.
    Build "build" {
        /// The folder.
        context: value(Scalar) "context" default ".";
        /// The build file.
        file: value(Scalar) "file" default "Dockerfile";
        /// What the image is called.
        tag: value(Text) "tag";
        /// Send it to its registry.
        push: flag(bool) "push";
        /// Build arguments.
        args: map(Text) "arg";
    }

    /// A plan of this stack.
    PlanTask "plan" {
        /// Values set for it: an address and what it becomes.
        sets: nodes(PlanSet) "set";
        /// The environment.
        environment: value(Scalar) "environment";
    }

    /// A value set for a plan.
    PlanSet "set" {
        /// The address, `service.api.image`.
        address: arg(Scalar) "ADDRESS";
        /// What it becomes.
        value: arg(Text) "VALUE";
    }

    /// A plan applied.
    ApplyTask "apply" {
        /// The task that made the plan.
        plan: need(Scalar) "plan";
    }

    /// An apply taken back.
    RollbackTask "rollback" {
        /// The task that applied.
        of: need(Scalar) "of";
    }

    /// Another flow, run and waited for.
    FlowTask "flow" {
        /// Which.
        name: arg(Scalar) "NAME";
        /// Its parameters.
        params: map(Text) "with";
    }

    /// A request to a service of the stack.
    Call "call" {
        /// Which.
        service: need(ServiceRef) "service";
        /// The path.
        path: value(Text) "path" default "/";
        /// The method.
        method: value(super::Method) "method" default "POST";
        /// The port, by name or number.
        port: value(super::PortRef) "port";
    }

    /// Something later tasks may use.
    Out "out" {
        /// The name.
        name: arg(super::Name) "NAME";
        /// The type.
        ty: value(FlowType) "type" default "string";
    }

    /// One run of a task for each combination.
    Matrix "matrix" {
        /// What varies.
        axes: nodes(Axis) "axis";
        /// At most so many at a time.
        max_parallel: value(u32) "max-parallel";
        /// One failure ends the others.
        fail_fast: flag(bool) "fail-fast";
    }

    /// Something that varies.
    Axis "axis" {
        /// The name.
        name: arg(super::Name) "NAME";
        /// Its values.
        values: args(Scalar) "VALUE";
    }

    /// How often a task is tried.
    Retry "retry" {
        /// Attempts in all.
        max: need(u32) "max";
        /// How waits grow.
        backoff: value(Backoff) "backoff" default "exponential";
        /// The first wait.
        base: value(Duration) "base" default "1s";
        /// The longest wait.
        cap: value(Duration) "cap" default "5m";
        /// The share of a wait that is left to chance.
        jitter: value(Ratio) "jitter" default "0";
        /// The ends that are tried again: `exit:75`, `timeout`, `lost`, `error`, by spaces.
        on: value(Scalar) "on" default "error";
    }

    /// A file a task leaves behind.
    Artifact "artifact" {
        /// What the program printed, under this name.
        stdout: value(Scalar) "stdout";
        /// A file of the workspace.
        file: value(Scalar) "file";
    }

    /// A join: goes on when all, or the first, of several tasks are ok.
    Merge "merge" {
        /// The name within the flow.
        name: arg(super::Name) "NAME";
        /// All of these.
        all: value(Scalar) "all";
        /// The first of these.
        any: value(Scalar) "any";
    }

    /// A container that several tasks share.
    TaskBox "box" {
        /// The name within the flow.
        name: arg(super::Name) "NAME";
        /// The image.
        image: need(Image) "image";
        /// The tasks.
        tasks: nodes(Task) "task";
    }

    /// Steps for when something ends badly.
    Handler "on" {
        /// Which end.
        event: arg(HandlerEvent) "EVENT";
        /// Of which tasks; any of them where it is left out.
        of: value(Scalar) "of";
        /// The steps.
        tasks: nodes(Task) "task";
    }

    /// Steps at the end of every run.
    Finally "finally" {
        /// The steps.
        tasks: nodes(Task) "task";
    }
}

one_of! {
    /// How a web hook is signed.
    WebhookForm {
        Github "github", Gitlab "gitlab", Gitea "gitea", Forgejo "forgejo", Standard "standard", Plain "plain",
    }
}
