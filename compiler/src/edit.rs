//! Changes of source texts as byte splices: what is not named stays as it is, comments included.

mod splice;

pub use splice::{Conflict, Splice, apply, inverse};
