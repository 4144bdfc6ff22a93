//! Specs in, plans out: what each declaration becomes, what is refused, and that nothing shifts.

mod editions;
mod identity;
mod lints;
mod locked;
mod plans;
mod refused;
mod stable;
mod support;
