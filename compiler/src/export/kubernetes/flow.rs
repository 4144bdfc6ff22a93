//! Flows that kubernetes can run: a time table and one container.

use skep_schema::address::{Address, Kind};
use skep_schema::spec::{ClockChange, Cron, Flow, Queue, QueuePolicy, Run, Task, Trigger};

use super::Export;
use super::text::seconds;
use crate::export::finding::About;
use crate::export::yaml::Map;

/// A flow that a cron job can stand for.
struct Timed<'f> {
    tables: Vec<(&'f Trigger, &'f Cron)>,
    task: &'f Task,
    run: &'f Run,
}

impl Export<'_> {
    pub(super) fn flows(&mut self) {
        let spec = self.spec;
        for (name, flow) in &spec.flows {
            let address = Address::new(Kind::Flow, name);
            let Some(node) = self.plan.nodes.get(&address) else {
                continue;
            };
            let about = About {
                address: &address,
                node,
            };
            let timed = timed(&flow.node).and_then(|timed| {
                let service = self.task_as_service(timed.task, timed.run)?;
                Ok((timed, service))
            });
            match timed {
                Ok((timed, service)) => {
                    let name = self.name_of(Kind::Service, &address);
                    let template = self.template(about, &service, &name, Some("Never"));
                    self.lost(about, &service);
                    self.cron_jobs(about, &flow.node, &timed, &name, template);
                }
                Err(reason) => {
                    let next = "run it with Skep, or with a workflow engine of the cluster";
                    self.findings.dropped(about, "", reason, next);
                }
            }
        }
    }

    fn cron_jobs(
        &mut self,
        about: About<'_>,
        flow: &Flow,
        timed: &Timed<'_>,
        name: &str,
        template: Map,
    ) {
        self.of_flow(about, flow);
        self.of_task(about, timed.task);
        let job = job(flow, timed.task, template);
        for (at, (trigger, cron)) in timed.tables.iter().enumerate() {
            let called = if at == 0 {
                name.to_owned()
            } else {
                let trigger = trigger.name.value.as_str();
                self.names
                    .take_near(Kind::Service, &format!("{name}-{trigger}"))
            };
            let tz = cron.tz.as_ref().map_or("UTC", |tz| tz.value.0.as_str());
            let mut spec = Map::default();
            spec.put("schedule", &cron.expression.value.0);
            spec.put("timeZone", tz);
            spec.put("concurrencyPolicy", concurrency(flow.queue.as_deref()));
            self.of_trigger(about, trigger, cron, &mut spec);
            let kept = flow.keep.as_ref().and_then(|keep| keep.runs.as_ref());
            spec.put_some("successfulJobsHistoryLimit", kept.map(|runs| runs.value));
            spec.put("jobTemplate", job.clone());
            let mut map = self.object("batch/v1", "CronJob", &called);
            map.put("spec", spec);
            self.objects.push(map);
        }
    }

    fn of_trigger(&mut self, about: About<'_>, trigger: &Trigger, cron: &Cron, spec: &mut Map) {
        let of = |property: &str| format!("trigger.{}.{property}", trigger.name.value.as_str());
        let dst = cron.dst.as_ref().map_or(ClockChange::Once, |at| at.value);
        let is_utc = cron.tz.as_ref().is_none_or(|tz| tz.value.0 == "UTC");
        if !is_utc {
            let reason = format!(
                "kubernetes has its own rule for the hours that a clock change repeats or leaves out, and not `{}`",
                dst.word()
            );
            self.findings.near(about, &of("dst"), &reason, "");
        }
        if let Some(missed) = &trigger.missed {
            let within = missed.within.as_ref().map(|at| seconds(at.value));
            spec.put_some("startingDeadlineSeconds", within);
            let reason = "of the times that were missed, kubernetes makes up for the last one";
            self.findings.near(about, &of("missed"), reason, "");
        }
        for (property, said) in [
            ("jitter", trigger.jitter.is_some()),
            ("only", trigger.only.iter().next().is_some()),
            ("dedupe", trigger.dedupe.is_some()),
            ("allow", trigger.allow.is_some()),
        ] {
            if said {
                let reason = "a cron job has nothing of the kind";
                self.findings.dropped(about, &of(property), reason, "");
            }
        }
    }

    fn of_flow(&mut self, about: About<'_>, flow: &Flow) {
        let Flow {
            triggers,
            queue,
            locks,
            keep,
            doc: _,
            timeout: _,
            // There is one task, and none of these: that is what `timed` looks at.
            name: _,
            params: _,
            workspace: _,
            tasks: _,
            merges: _,
            boxes: _,
            on: _,
            finally: _,
            span: _,
        } = flow;
        for trigger in triggers.iter().filter(|trigger| trigger.cron.is_none()) {
            let property = format!("trigger.{}", trigger.name.value.as_str());
            let reason = "nothing but a time table starts a cron job";
            let name = self.name_of(Kind::Service, about.address);
            let next = format!("kubectl create job --from=cronjob/{name} NAME");
            self.findings.dropped(about, &property, reason, &next);
        }
        self.queue(about, queue.as_deref());
        for lock in locks {
            let property = format!("lock.{}", lock.name.value.as_str());
            self.findings
                .dropped(about, &property, "kubernetes knows no locks", "");
        }
        let keep = keep.as_ref();
        if keep.is_some_and(|keep| keep.period.is_some() || keep.logs.is_some()) {
            let reason = "kubernetes keeps jobs and their logs by number and not by age";
            self.findings.dropped(about, "keep", reason, "");
        }
    }

    fn queue(&mut self, about: About<'_>, queue: Option<&Queue>) {
        let (limit, policy) = queued(queue);
        if limit > 1 {
            let reason = "kubernetes counts no runs: there may be any number at a time";
            self.findings.near(about, "queue.limit", reason, "");
            return;
        }
        match policy {
            QueuePolicy::Skip | QueuePolicy::Replace => {}
            QueuePolicy::All | QueuePolicy::Latest => {
                let reason =
                    "a run whose time comes while another one runs is left out, and does not wait";
                self.findings.near(about, "queue", reason, "");
            }
        }
    }

    fn of_task(&mut self, about: About<'_>, task: &Task) {
        let retry = task.retry.as_ref();
        let is_timed = retry.is_some_and(|retry| {
            retry.backoff.is_some()
                || retry.base.is_some()
                || retry.cap.is_some()
                || retry.jitter.is_some()
                || retry.on.is_some()
        });
        let of = |property: &str| format!("task.{}.{property}", task.name.value.as_str());
        for (property, said) in [
            ("retry", is_timed),
            ("out", !task.outs.is_empty()),
            ("lock", !task.locks.is_empty()),
            ("artifact", !task.artifacts.is_empty()),
            (
                "ignore-fail",
                task.ignore_fail.as_ref().is_some_and(|at| at.value),
            ),
        ] {
            if said {
                let reason = "a job has nothing of the kind";
                self.findings.dropped(about, &of(property), reason, "");
            }
        }
    }
}

/// What a cron job makes whenever its time comes.
fn job(flow: &Flow, task: &Task, template: Map) -> Map {
    let of_flow = flow.timeout.as_ref().map(|at| at.value);
    let of_task = task.timeout.as_ref().map(|at| at.value);
    let limit = of_flow.into_iter().chain(of_task).min();
    let tries = task.retry.as_ref().map_or(1, |retry| retry.max.value);
    let mut spec = Map::default();
    spec.put_some("activeDeadlineSeconds", limit.map(seconds));
    spec.put("backoffLimit", tries.saturating_sub(1));
    spec.put("template", template);
    let mut map = Map::default();
    map.put("spec", spec);
    map
}

/// The parts of a flow that has nothing else, or why it has more than a cron job takes.
fn timed(flow: &Flow) -> Result<Timed<'_>, &'static str> {
    let tables: Vec<_> = flow
        .triggers
        .iter()
        .filter_map(|trigger| Some((trigger, trigger.cron.as_deref()?)))
        .collect();
    if tables.is_empty() {
        return Err("kubernetes starts jobs by a time table only, and the flow has none");
    }
    if !tables
        .iter()
        .all(|(_, cron)| is_plain(&cron.expression.value.0))
    {
        return Err("its time table is none that kubernetes reads");
    }
    let is_one = flow.merges.is_empty()
        && flow.boxes.is_empty()
        && flow.on.is_empty()
        && flow.finally.is_none()
        && flow.params.is_empty()
        && flow.workspace.is_none();
    let [task] = flow.tasks.as_slice() else {
        return Err("kubernetes runs no flows of several tasks");
    };
    let Some(run) = task.run.as_ref().filter(|_| is_one) else {
        return Err("a cron job is one container and nothing besides");
    };
    if task.when.is_some() || task.matrix.is_some() {
        return Err("a cron job runs whenever its time comes, and once");
    }
    Ok(Timed { tables, task, run })
}

/// Five fields of what every reader of time tables knows.
fn is_plain(table: &str) -> bool {
    let plain = |c: char| c.is_ascii_digit() || "*/,-".contains(c);
    let named = |field: &str| field.len() == 3 && field.chars().all(|c| c.is_ascii_alphabetic());
    let fields: Vec<&str> = table.split_whitespace().collect();
    fields.len() == 5
        && fields.iter().all(|field| {
            field.chars().all(plain)
                || field
                    .split([',', '-'])
                    .all(|one| named(one) || one.chars().all(plain))
        })
}

/// How many runs there may be at a time, and what becomes of more.
fn queued(queue: Option<&Queue>) -> (u32, QueuePolicy) {
    let limit = queue.and_then(|queue| queue.limit.as_ref());
    let policy = queue.and_then(|queue| queue.policy.as_ref());
    (
        limit.map_or(1, |at| at.value),
        policy.map_or(QueuePolicy::All, |at| at.value),
    )
}

fn concurrency(queue: Option<&Queue>) -> &'static str {
    match queued(queue) {
        (2.., _) => "Allow",
        (_, QueuePolicy::Replace) => "Replace",
        (_, QueuePolicy::All | QueuePolicy::Latest | QueuePolicy::Skip) => "Forbid",
    }
}
