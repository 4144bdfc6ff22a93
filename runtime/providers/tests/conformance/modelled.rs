//! The model's side.

use serde_json::Value;
use skep_providers::model::{Answer, Ask, World};

use crate::play::{Swarm, play};

/// Virtual milliseconds in which any rollout of the script is over.
const LONG: u64 = 600_000;

/// In the model what a task does is told by its image and not by its command.
const FAILS: &str = "-model-fail";

pub(crate) fn answers() -> Vec<String> {
    play(&mut Modelled(World::new([0; 32])), "cf00000-")
}

struct Modelled(World);

impl Swarm for Modelled {
    fn answer(&mut self, ask: &Ask) -> Answer {
        let mut ask = ask.clone();
        if let Ask::Create { body, .. } | Ask::Update { body, .. } = &mut ask {
            fail(body);
        }
        let Answer { status, mut body } = self.0.answer(&ask);
        mend(&mut body);
        Answer { status, body }
    }

    fn pass(&mut self) -> bool {
        self.0.advance(LONG)
    }
}

fn fail(spec: &mut Value) {
    let container = &mut spec["TaskTemplate"]["ContainerSpec"];
    if container["Args"][0] == "false"
        && let Value::String(image) = &mut container["Image"]
    {
        image.push_str(FAILS);
    }
}

fn mend(value: &mut Value) {
    match value {
        Value::String(text) => *text = text.replace(FAILS, ""),
        Value::Array(list) => list.iter_mut().for_each(mend),
        Value::Object(map) => map.values_mut().for_each(mend),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
