//! What an editor asks: what a place means, what could stand there, where a name is used.
//!
//! Everything is read from the texts as they are written and from the one table of kinds, so that a
//! text with mistakes has as much of it as could be made out. Nothing here knows a protocol: places
//! are bytes of files, and answers are plain data.

mod action;
mod complete;
mod describe;
mod hint;
mod hover;
mod index;
mod layout;
mod live;
mod meaning;
mod mention;
mod outline;
mod spot;

pub use action::{Action, actions};
pub use complete::{Completion, Insert, Offered, complete};
pub use describe::document;
pub use hint::{Hint, Lens, hints, lenses};
pub use hover::{Hover, View, hover};
pub use index::{Found, Index};
pub use layout::{Change, block_before, layout, layout_of};
pub use live::{Live, Stands};
pub use mention::{Name, Role, Within};
pub use outline::{Symbol, folds, outline, selection, tree};
