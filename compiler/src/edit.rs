//! Changes of source texts as byte splices: what is not named stays as it is, comments included.

mod splice;
mod written;

pub use splice::{Conflict, Splice, apply, inverse};
pub(crate) use written::default_of;
pub use written::{Place, Written};
