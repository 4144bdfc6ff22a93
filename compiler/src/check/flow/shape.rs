//! Whether triggers and tasks are what they have to be: one source, one action, the right target.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::span::Span;
use skep_schema::spec::{Flow, Task, Trigger};

use super::paths::Scope;
use super::steps::Step;
use crate::context::Context;
use crate::cron;

const SOURCES: &str = "webhook, form, cron, git, registry, event";
const ACTIONS: &str = "run, exec, host, http, wait, approve, checkout, fetch, build, plan, apply, rollback, flow, call";

pub(super) fn triggers(flow: &Flow, cx: &mut Context<'_>) {
    for trigger in &flow.triggers {
        let sources = sources(trigger);
        exactly_one(sources, trigger.span, "trigger", "source", SOURCES, cx);
        if let Some(cron) = &trigger.cron
            && let Some(refused) = cron::refused(&cron.expression)
        {
            cx.report(refused);
        }
        for (key, value) in trigger
            .form
            .iter()
            .flat_map(|f| &f.fields)
            .filter_map(|f| Some((f, f.default.as_ref()?)))
        {
            if key.required.as_ref().is_some_and(|r| r.value) {
                cx.report(
                    Diagnostic::new(
                        Code::Contradiction,
                        value.span,
                        "a field with a default is always filled in",
                    )
                    .help("leave out `required` or `default`"),
                );
            }
        }
    }
}

fn sources(trigger: &Trigger) -> usize {
    let Trigger {
        span: _,
        name: _,
        webhook,
        form,
        cron,
        git,
        registry,
        event,
        only: _,
        missed: _,
        jitter: _,
        dedupe: _,
        allow: _,
    } = trigger;
    let all = [
        webhook.is_some(),
        form.is_some(),
        cron.is_some(),
        git.is_some(),
        registry.is_some(),
        event.is_some(),
    ];
    all.iter().filter(|there| **there).count()
}

pub(super) fn task(task: &Task, cx: &mut Context<'_>) {
    exactly_one(actions(task), task.span, "task", "action", ACTIONS, cx);
}

fn actions(task: &Task) -> usize {
    let Task {
        span: _,
        name: _,
        after: _,
        when: _,
        run,
        exec,
        on_host,
        http,
        wait,
        approve,
        checkout,
        fetch,
        build,
        plan,
        apply,
        rollback,
        flow,
        call,
        outs: _,
        matrix: _,
        retry: _,
        timeout: _,
        locks: _,
        secret: _,
        env: _,
        artifacts: _,
        idempotent: _,
        ignore_fail: _,
    } = task;
    let all = [
        run.is_some(),
        exec.is_some(),
        on_host.is_some(),
        http.is_some(),
        wait.is_some(),
        approve.is_some(),
        checkout.is_some(),
        fetch.is_some(),
        build.is_some(),
        plan.is_some(),
        apply.is_some(),
        rollback.is_some(),
        flow.is_some(),
        call.is_some(),
    ];
    all.iter().filter(|there| **there).count()
}

fn exactly_one(count: usize, span: Span, node: &str, what: &str, list: &str, cx: &mut Context<'_>) {
    let message = match count {
        1 => return,
        0 => format!("this {node} has no {what}"),
        _ => format!("this {node} has more than one {what}"),
    };
    cx.report(
        Diagnostic::new(Code::ExactlyOne, span, message)
            .help(format!("write exactly one of {list}")),
    );
}

/// `apply plan=` wants a task that plans, `rollback of=` one that applies.
pub(super) fn targets(scope: &Scope<'_, '_>, cx: &mut Context<'_>) {
    if let Some(apply) = &scope.task.apply {
        target(
            scope,
            &apply.plan.value.0,
            apply.plan.span,
            "plan",
            |t| t.plan.is_some(),
            cx,
        );
    }
    if let Some(rollback) = &scope.task.rollback {
        target(
            scope,
            &rollback.of.value.0,
            rollback.of.span,
            "apply",
            |t| t.apply.is_some(),
            cx,
        );
    }
}

fn target(
    scope: &Scope<'_, '_>,
    name: &str,
    span: Span,
    wanted: &str,
    fits: impl Fn(&Task) -> bool,
    cx: &mut Context<'_>,
) {
    let found = scope.steps.get(name).or_else(|| scope.main.get(name));
    if let Some(Step::Task(task)) = found
        && fits(task)
    {
        return;
    }
    let message = format!("`{name}` is no task with `{wanted}`");
    cx.report(
        Diagnostic::new(Code::WrongTask, span, message).help(format!(
            "name a task of this flow whose action is `{wanted}`"
        )),
    );
}
