//! What paths mean at one place of a project.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::lang::{Arg, Literal, Prop, Used};

use super::each::Item;
use super::words::label;
use crate::syntax::NodeRef;

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    One(Literal),
    List(Vec<Arg>),
    Map(Vec<Prop>),
    /// An optional parameter that nobody gave a value.
    Absent,
}

impl Value {
    /// What fits everywhere and says nothing.
    pub(crate) const fn unknown() -> Self {
        Self::One(Literal::Unknown)
    }
}

/// A parameter with its value.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) value: Value,
}

pub(crate) type Params = BTreeMap<String, Bound>;

/// What paths mean in one flow, beside what they mean around it.
#[derive(Clone, Debug, Default)]
pub(crate) struct FlowScope {
    /// The flow's own parameters: each run gives them a value.
    pub(crate) params: BTreeSet<String>,
    /// A part of a flow that stands elsewhere: what it calls a parameter may be the flow's.
    pub(crate) partial: bool,
}

impl FlowScope {
    /// The scope of a flow, or of a change of one; `None` for any other node.
    pub(crate) fn of(node: NodeRef<'_>) -> Option<Self> {
        let partial = match (node.name().text, label(node)) {
            ("flow", _) => false,
            ("patch" | "add" | "defaults", Some("flow")) => true,
            (_, _) => return None,
        };
        let params = node.children().filter(|c| c.name().text == "param");
        let names = params.filter_map(label).map(str::to_owned);
        Some(Self {
            params: names.collect(),
            partial,
        })
    }
}

/// Which part of a project a value stands in.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// The head of the project, and declarations: nothing can be looked up.
    Fixed,
    /// Where parameters get their values: only the environment's name is known.
    Inputs,
    Project,
    /// A component, with the name of the instance.
    Component(Literal),
}

/// What paths mean at one place.
#[derive(Clone, Debug)]
pub(crate) struct Scope<'s> {
    pub(crate) place: Place,
    pub(crate) params: &'s Params,
    /// The environment's name; unknown where none is chosen and none has to be.
    pub(crate) environment: Option<Literal>,
    pub(crate) flow: Option<FlowScope>,
    /// The uses that led into this component, the outermost first.
    pub(crate) uses: Vec<Used>,
    /// The item that this use of a component is for.
    pub(crate) each: Option<&'s Item>,
}

impl<'s> Scope<'s> {
    /// Where no path means anything.
    pub(crate) const fn fixed(params: &'s Params) -> Self {
        Self {
            place: Place::Fixed,
            params,
            environment: None,
            flow: None,
            uses: Vec::new(),
            each: None,
        }
    }
}
