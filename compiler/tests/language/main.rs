//! The front half of the compiler: specs in, what is wrong with them, or what they mean, out.

mod allowing;
mod components;
mod each;
mod edits;
mod environments;
mod explained;
mod files;
mod laws;
mod mending;
mod merging;
mod nodes;
mod overlays;
mod params;
mod slips;
mod soup;
mod stable;
mod support;
mod values;
