//! A project in one environment, and what has to be looked at again when parts of it change.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Diagnostic, Severity};
use skep_schema::plan::Plan;
use skep_schema::span::Sources;
use skep_schema::spec::{Spec, Test};
use skep_schema::value::Value;

use crate::check::{Linted, check};
use crate::context::Context;
use crate::due::Due;
use crate::emit::Draft;
use crate::expand::{Frame, Loaded, frame};
use crate::lower::{Lowered, Services, lower};
use crate::proxy::Rendered;
use crate::resolve::{Resolved, resolve};
use crate::understand::{Touched, Understood};
use crate::{Allowed, expect, neighbour, report};

/// What is known of a project in one environment.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) understood: Understood,
    pub(crate) resolved: Resolved,
    linted: Linted,
    pub(crate) services: Services,
}

/// What one look at a world brought.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) allowed: Vec<Allowed>,
    pub(crate) proxies: BTreeMap<String, Rendered>,
    pub(crate) environments: Vec<String>,
    pub(crate) parameters: Vec<String>,
    lowered: Lowered,
    params: BTreeMap<String, Value>,
    sound: bool,
}

/// What a look is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// To say what is wrong.
    Check,
    /// A plan, which has the digests of all nodes.
    Plan,
}

/// The parts of files that changed since a world was looked at.
#[derive(Clone, Debug)]
pub(crate) enum Changed {
    /// Everything may be different, or nothing was looked at yet.
    All,
    /// These alone, by their place in the order in which they are read; none of them shapes the
    /// nodes of others.
    Parts(BTreeSet<usize>),
}

impl World {
    /// Runs all phases between reading and the plan, for as much as changed.
    pub(crate) fn look(
        &mut self,
        cx: &mut Context<'_>,
        loaded: &Loaded,
        changed: &Changed,
        aim: Aim,
    ) -> Look {
        let frame = frame(cx, loaded);
        let mut due = self.understand(cx, &frame, loaded, changed);
        self.understood.tell(cx, &frame);
        let Frame {
            environments,
            parameters,
            params,
            tests,
            ..
        } = frame;
        let spec = &mut self.understood.spec;
        name(spec, cx, loaded, tests);
        neighbour::join(cx, loaded, spec);
        let poisoned = &self.understood.poisoned;
        resolve(spec, poisoned, &mut due, &mut self.resolved, cx);
        neighbour::settle(cx, spec, &mut self.resolved.graph);
        let graph = &self.resolved.graph;
        check(spec, graph, &due, &mut self.linted, cx);
        expect::check(&spec.tests, &environments, cx);
        let mut lowered = lower(spec, &params, graph, due, &mut self.services, aim, cx);
        let sound = self.is_sound(cx);
        let (diagnostics, allowed) = report::settle(cx, loaded, self.understood.exempt());
        Look {
            diagnostics,
            allowed,
            proxies: std::mem::take(&mut lowered.proxies),
            environments,
            parameters,
            lowered,
            params,
            sound,
        }
    }

    /// Brings the spec up to date, and says which services that touches.
    fn understand(
        &mut self,
        cx: &Context<'_>,
        frame: &Frame<'_>,
        loaded: &Loaded,
        changed: &Changed,
    ) -> Due {
        let known = &mut self.understood;
        let touched = match changed {
            Changed::All => None,
            Changed::Parts(parts) => known.change(cx, frame, loaded, parts),
        };
        if let Some(touched) = touched {
            return self.due(&touched);
        }
        *known = Understood::of(cx, frame, loaded);
        Due::All
    }

    /// The services that have to be looked at again: those that were touched, and those that refer
    /// to what was.
    fn due(&self, touched: &Touched) -> Due {
        // These are seen by services that do not name them.
        let seen_by_all = |address: &Address| match address.kind {
            Kind::Node | Kind::Gateway | Kind::Registry => true,
            Kind::Param
            | Kind::Network
            | Kind::Volume
            | Kind::Secret
            | Kind::Config
            | Kind::Certificate
            | Kind::Service
            | Kind::Route
            | Kind::Flow => false,
        };
        let poisoned = !self.understood.poisoned.is_empty();
        if poisoned || touched.of_any || touched.others.iter().any(seen_by_all) {
            return Due::All;
        }
        let graph = &self.resolved.graph;
        let touched_at_all = touched.others.iter().chain(&touched.moved);
        let services = touched_at_all.filter(|a| a.kind == Kind::Service);
        let own = services.map(|address| address.name.clone());
        let others = touched.others.iter().flat_map(|a| graph.services_on(a));
        Due::Named(own.chain(others).collect())
    }

    fn is_sound(&self, cx: &Context<'_>) -> bool {
        let mut said = cx.decoder.diagnostics.iter();
        self.understood.is_known()
            && self.understood.poisoned.is_empty()
            && cx.wanted.is_empty()
            && said.all(|d| d.severity < Severity::Error)
    }

    /// The plan that a look at it leads to, where nothing is in its way.
    pub(crate) fn plan(&mut self, look: Look, sources: &Sources) -> Option<Plan> {
        let services = std::mem::take(&mut self.services);
        let draft = Draft::of(look.params, look.lowered, services);
        let draft = draft.filter(|_| look.sound)?;
        Some(draft.emit(&self.understood.spec, sources))
    }
}

/// Says what a spec is as a whole.
pub(crate) fn name(spec: &mut Spec, cx: &Context<'_>, loaded: &Loaded, tests: Vec<Test>) {
    let project = loaded.project.as_ref();
    spec.project = project.map_or_else(String::new, |p| p.name.value.as_str().to_owned());
    spec.edition = project.map_or(0, |p| p.edition.value);
    spec.environment.clone_from(&cx.inputs().environment);
    spec.tests = tests;
}
