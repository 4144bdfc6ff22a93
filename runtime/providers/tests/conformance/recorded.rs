//! Holds the model to what the engine answered when it was last asked.

mod modelled;
mod play;
mod record;
mod script;
mod state;

#[test]
fn the_model_answers_as_the_engine_did() {
    record::compare(&modelled::answers());
}
