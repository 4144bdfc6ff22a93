//! The language as data: what nodes there are, what they take, and how a tree becomes typed values.
//!
//! A kind is declared once with [`node!`](crate::node): the declaration makes the Rust struct, its
//! decoder and its row in the table. Everything else (unknown words, did-you-mean, merge rules,
//! completion, reference pages) reads the table.

mod complain;
mod decode;
mod fields;
mod macros;
mod read;
mod reference;
mod suggest;
mod table;
mod taken;
mod tree;

pub(crate) use decode::Absent;
pub use decode::{Decode, Decoder, List, Map};
pub use fields::Fields;
pub(crate) use read::plain;
pub use read::{Read, Type, one_of, scalar_text};
#[cfg(test)]
pub(crate) use reference::type_in_words;
pub use reference::{reference, written};
pub use suggest::nearest;
pub use table::{Field, Key, NodeInfo, Overlay, PLANNED, PLANNED_KINDS, Shape};
pub use tree::{Arg, Literal, Node, Part, Prop, Template, Used};
