//! Values used in tasks: parameters, outputs of tasks that have ended, and what a run knows.

use std::collections::BTreeMap;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::{Template, nearest};
use skep_schema::span::{At, Span};
use skep_schema::spec::{EnvValue, Flow, FlowType, Task};

use super::after::Order;
use super::expression::{self, Ty};
use super::steps::{Step, Steps};
use crate::context::Context;

/// What a run knows of itself.
const RUN: &[&str] = &[
    "id", "flow", "number", "trigger", "summary", "failure", "started",
];

/// Where a task stands.
pub(super) struct Scope<'s, 'a> {
    pub(super) flow: &'a Flow,
    pub(super) steps: &'s Steps<'a>,
    pub(super) main: &'s Steps<'a>,
    pub(super) order: &'s Order<'a>,
    pub(super) task: &'a Task,
}

/// Whether a text ends up where other users of a machine can read it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// On a command line or in a URL.
    Anyone,
    /// In a header, a body or a variable.
    TheProgram,
}

impl Scope<'_, '_> {
    pub(super) fn check(&self, cx: &mut Context<'_>) {
        for (template, reader) in texts(self.task) {
            for path in template.paths() {
                self.path(path, reader, cx);
            }
        }
        if let Some(when) = &self.task.when {
            let kind = |path: &[&str], cx: &mut Context<'_>| {
                self.kind(path, when.span, Reader::Anyone, cx)
            };
            expression::check(&when.value.0, when.span, kind, cx);
        }
    }

    fn path(&self, path: &At<Vec<String>>, reader: Reader, cx: &mut Context<'_>) {
        let words: Vec<&str> = path.value.iter().map(String::as_str).collect();
        self.kind(&words, path.span, reader, cx);
    }

    /// The type of what a path leads to; reports one that leads nowhere, or there too early.
    fn kind(&self, path: &[&str], span: Span, reader: Reader, cx: &mut Context<'_>) -> Ty {
        match path {
            ["param", name] => self.param(name, span, cx),
            ["task", task, output] => self.output(task, output, span, cx),
            ["matrix", axis] => self.axis(axis, span, cx),
            ["trigger", ..] | ["service", _, "host"] => Ty::Text,
            ["service", _, "port", _] => Ty::Number,
            ["run", word] if RUN.contains(word) => Ty::Unknown,
            ["secret", _] if reader == Reader::TheProgram => Ty::Text,
            ["secret", _] => {
                cx.report(
                    Diagnostic::new(
                        Code::SecretHere,
                        span,
                        "a secret would be readable here by others",
                    )
                    .help("give it to the task instead: secret NAME env=VARIABLE"),
                );
                Ty::Unknown
            }
            _ => {
                let message = format!("`{}` leads nowhere", path.join("."));
                cx.report(Diagnostic::new(Code::UnknownPath, span, message).help(
                    "here fit param.NAME, task.NAME.OUTPUT, matrix.AXIS, trigger.FIELD and run.WORD",
                ));
                Ty::Unknown
            }
        }
    }

    fn param(&self, name: &str, span: Span, cx: &mut Context<'_>) -> Ty {
        let declared: BTreeMap<&str, FlowType> = self
            .flow
            .params
            .iter()
            .map(|p| {
                (
                    p.name.value.as_str(),
                    p.ty.as_ref().map_or(FlowType::String, |t| t.value),
                )
            })
            .collect();
        match declared.get(name) {
            Some(ty) => Ty::of(*ty),
            None => missing(
                cx,
                Code::UnknownPath,
                span,
                "this flow has no parameter",
                name,
                declared.keys().copied(),
            ),
        }
    }

    fn output(&self, task: &str, output: &str, span: Span, cx: &mut Context<'_>) -> Ty {
        let here = self.steps.get(task);
        let Some(Step::Task(found)) = here.or_else(|| self.main.get(task)) else {
            let names = self.steps.names().chain(self.main.names());
            return missing(
                cx,
                Code::UnknownName,
                span,
                "no task is called",
                task,
                names,
            );
        };
        let known = found.outs.iter().map(|o| o.name.value.as_str());
        let Some(out) = found.outs.iter().find(|o| o.name.value.as_str() == output) else {
            return missing(
                cx,
                Code::UnknownOutput,
                span,
                &format!("task `{task}` has no output"),
                output,
                known,
            );
        };
        let me = self.task.name.value.as_str();
        let early = here.is_some()
            && self
                .order
                .get(me)
                .is_some_and(|before| !before.contains(task));
        if early {
            cx.report(
                Diagnostic::new(
                    Code::OutputTooEarly,
                    span,
                    format!("`{task}` may not have ended when `{me}` begins"),
                )
                .and(found.name.span, "the task it comes from")
                .help(format!("add `{task}` to the `after` of `{me}`")),
            );
        }
        Ty::of(out.ty.as_ref().map_or(FlowType::String, |t| t.value))
    }

    fn axis(&self, axis: &str, span: Span, cx: &mut Context<'_>) -> Ty {
        let axes: Vec<&str> = self
            .task
            .matrix
            .iter()
            .flat_map(|m| &m.axes)
            .map(|a| a.name.value.as_str())
            .collect();
        if axes.contains(&axis) {
            return Ty::Text;
        }
        missing(
            cx,
            Code::UnknownPath,
            span,
            "this task's matrix has no axis",
            axis,
            axes,
        )
    }
}

fn missing<'a>(
    cx: &mut Context<'_>,
    code: Code,
    span: Span,
    what: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Ty {
    let diagnostic = Diagnostic::new(code, span, format!("{what} `{name}`"));
    cx.report(match nearest(name, known) {
        Some(near) => diagnostic
            .label(format!("did you mean `{near}`?"))
            .help(format!("write `{near}`")),
        None => diagnostic.help("declare it first, or take the reference away"),
    });
    Ty::Unknown
}

/// Every text of a task in which values may stand.
fn texts(task: &Task) -> Vec<(&Template, Reader)> {
    let lists = [
        task.run.as_ref().and_then(|r| r.command.as_ref()),
        task.exec.as_ref().and_then(|e| e.command.as_ref()),
        task.on_host.as_ref().and_then(|h| h.command.as_ref()),
    ];
    let singles = [
        task.run.as_ref().and_then(|r| r.shell.as_ref()),
        task.exec.as_ref().and_then(|e| e.shell.as_ref()),
        task.on_host.as_ref().and_then(|h| h.shell.as_ref()),
        task.http.as_ref().map(|h| &h.url),
        task.checkout.as_ref().map(|c| &c.url),
        task.checkout.as_ref().and_then(|c| c.git_ref.as_ref()),
        task.build.as_ref().and_then(|b| b.tag.as_ref()),
        task.call.as_ref().and_then(|c| c.path.as_ref()),
    ];
    let inner = [
        task.http.as_ref().and_then(|h| h.json.as_ref()),
        task.http.as_ref().and_then(|h| h.body.as_ref()),
    ];
    let words = lists.into_iter().flatten().flat_map(|l| &l.items);
    let args = task
        .build
        .iter()
        .flat_map(|b| b.args.iter())
        .map(|(_, v)| v);
    let open = words.chain(singles.into_iter().flatten()).chain(args);
    let sets = task.plan.iter().flat_map(|p| &p.sets).map(|s| &s.value);
    let with = task
        .flow
        .iter()
        .flat_map(|f| f.params.iter())
        .map(|(_, v)| v);
    let closed = inner.into_iter().flatten().chain(sets).chain(with);
    let env = task
        .env
        .iter()
        .chain(task.run.iter().flat_map(|r| r.env.iter()));
    let headers = task.http.iter().flat_map(|h| h.header.iter());
    let values = env.chain(headers).filter_map(|(_, v)| match &v.value {
        EnvValue::Text(template) => Some(template),
        EnvValue::Secret(_) => None,
    });
    open.map(|t| (&t.value.0, Reader::Anyone))
        .chain(closed.map(|t| (&t.value.0, Reader::TheProgram)))
        .chain(values.map(|t| (t, Reader::TheProgram)))
        .collect()
}
