//! Other projects, as far as a project that imports them reads them.

use std::sync::Arc;

use skep_schema::span::{At, Span};
use skep_schema::spec::Name;

use super::load::Loaded;
use crate::lock::Lock;

/// Another project that is imported.
#[derive(Debug)]
pub(crate) struct Neighbour {
    /// Where it was imported.
    pub(crate) span: Span,
    /// How the import names it: `../db`.
    pub(crate) from: String,
    /// The environment that the import asks for.
    pub(crate) environment: Option<At<Name>>,
    pub(crate) loaded: Loaded,
    pub(crate) lock: Option<Arc<Lock>>,
}
