//! Changes of source texts as byte splices: what is not named stays as it is, comments included.
//!
//! A wish names an address, and `sites` finds where it can be fulfilled: in the node's own file, in
//! the component it came from, where that got its parameter, or in an environment. More than one
//! place is a choice that whoever wishes has to make.

mod choose;
mod item;
mod line;
mod merge;
mod origin;
mod param;
mod place;
mod refuse;
mod rename;
mod site;
mod spell;
mod splice;
mod whole;
mod written;

pub use choose::choose;
pub use merge::{Wish, merge, unknown, wishes};
pub use origin::{Origin, Step, origins};
pub(crate) use place::child as child_place;
pub use refuse::Refusal;
pub use rename::{Object, rename, rename_use, use_called};
pub use site::{Property, Site, set, unset};
pub use spell::{quoted, string};
pub use splice::{Conflict, Splice, apply, editable, inverse, spliced};
pub use whole::{insert, remove};
pub(crate) use written::default_of;
pub use written::{Place, Written};
