//! Holds the model to the engine: both are asked the same, and must answer the same.
//!
//! `cargo xtask test` runs this and brings the engine. What the engine said is kept, so that every
//! run of the tests compares the model with it.

mod engine;
mod modelled;
mod play;
mod record;
mod script;
mod state;

use engine::Engine;
use play::play;

#[test]
fn the_model_answers_as_the_engine_does() {
    let mut engine = Engine::under_test();
    let prefix = engine.prefix.clone();
    let said = play(&mut engine, &prefix);
    drop(engine);
    let other: Vec<String> = said
        .iter()
        .zip(modelled::answers())
        .filter(|(engine, model)| *engine != model)
        .map(|(engine, model)| format!("engine {engine}model {model}"))
        .collect();
    assert!(
        other.is_empty(),
        "{} calls differ:\n{}",
        other.len(),
        other.join("\n")
    );
    record::compare(&said);
}
