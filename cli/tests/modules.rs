//! Imports from git, with real repositories: what is pinned, and that nothing else is ever compiled.

#[path = "modules/cache.rs"]
mod cache;
#[path = "modules/content.rs"]
mod content;
#[path = "modules/pins.rs"]
mod pins;
#[path = "modules/place.rs"]
mod place;
mod support;
