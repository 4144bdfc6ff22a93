//! What a daemon and its clients say to each other.

pub mod access;
pub mod audit;
pub mod event;
pub mod notice;
pub mod refusal;
pub mod stack;
pub mod subject;
pub mod token;
pub mod view;
