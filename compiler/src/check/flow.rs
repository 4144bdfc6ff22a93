//! Flows: tasks that exist, in an order that can be, with values that are there in time.

mod after;
mod expression;
mod paths;
mod shape;
mod steps;

use skep_schema::spec::Flow;

use crate::context::Context;
use steps::Steps;

pub(super) fn check(flow: &Flow, cx: &mut Context<'_>) {
    shape::triggers(flow, cx);
    let main = Steps::main(flow, cx);
    check_steps(flow, &main, &main, cx);
    for handler in &flow.on {
        if let Some(of) = &handler.of {
            after::names(&main, &of.value.0, of.span, cx);
        }
        let steps = Steps::beside(&handler.tasks, cx);
        check_steps(flow, &steps, &main, cx);
    }
    if let Some(finally) = &flow.finally {
        let steps = Steps::beside(&finally.tasks, cx);
        check_steps(flow, &steps, &main, cx);
    }
}

/// `main` holds the tasks that handlers may look back at: all of them have ended by then.
fn check_steps(flow: &Flow, steps: &Steps<'_>, main: &Steps<'_>, cx: &mut Context<'_>) {
    let order = after::order(steps, cx);
    for task in steps.tasks() {
        shape::task(task, cx);
        let scope = paths::Scope {
            flow,
            steps,
            main,
            order: &order,
            task,
        };
        scope.check(cx);
        shape::targets(&scope, cx);
    }
}
