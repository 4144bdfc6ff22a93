//! What befalls one apply.

use skep_providers::model::{Fate, World};

use crate::dice::Dice;
use crate::shop::STACK;

#[derive(Clone, Debug, Default)]
pub(crate) struct Weather {
    /// Of a hundred calls that write: so many are lost on their way there, on their way back, or
    /// to somebody who was faster, or are never answered at all.
    pub(crate) lost_requests: u64,
    pub(crate) lost_replies: u64,
    pub(crate) races: u64,
    pub(crate) mute: u64,
    /// Of a hundred looks at a node.
    pub(crate) lost_checks: u64,
    /// Of a hundred looks at a node, so many show the swarm as it was some time before.
    pub(crate) stale_checks: u64,
    /// Of a hundred calls that write, so many are answered with a refusal, done or not.
    pub(crate) garbled: u64,
    /// Of a hundred inputs, so many follow a deed of somebody else.
    pub(crate) meddling: u64,
    /// The longest that a call takes, in milliseconds.
    pub(crate) latency: u64,
    /// The process is gone after so many inputs.
    pub(crate) crash: Option<u64>,
    /// It is asked to stop after so many.
    pub(crate) cancel: Option<u64>,
    /// Writes under way at a time.
    pub(crate) writes: u64,
}

impl Weather {
    pub(crate) fn fair() -> Self {
        Self {
            writes: 8,
            ..Self::default()
        }
    }

    pub(crate) fn any(dice: &mut Dice) -> Self {
        let rare = |dice: &mut Dice, percent| if dice.chance(30) { percent } else { 0 };
        // Of its own, so that a seed without these two still means what it meant.
        let mut apart = dice.clone().fork();
        Self {
            lost_requests: rare(dice, 20),
            lost_replies: rare(dice, 20),
            races: rare(dice, 30),
            mute: rare(dice, 5),
            lost_checks: rare(dice, 20),
            meddling: rare(dice, 10),
            latency: dice.below(3_000),
            stale_checks: rare(&mut apart, 20),
            garbled: rare(&mut apart, 10),
            crash: dice.chance(40).then(|| dice.below(25)),
            cancel: dice.chance(10).then(|| dice.below(25)),
            writes: 1 + dice.below(8),
        }
    }

    pub(crate) fn fates(&self, mut dice: Dice) -> impl FnMut() -> Fate + Send + 'static {
        let bounds = [self.lost_requests, self.lost_replies, self.races];
        move || {
            let fates = [Fate::LoseRequest, Fate::LoseReply, Fate::LoseRace];
            let befalls = bounds.map(|percent| dice.chance(percent));
            let first = befalls.iter().position(|befalls| *befalls);
            first.map_or(Fate::Arrive, |i| fates[i])
        }
    }
}

/// A deed of somebody else, who keeps to our objects and leaves us the labels of their owner.
pub(crate) fn meddle(world: &mut World, dice: &mut Dice) -> String {
    let ours: Vec<String> = world
        .services
        .iter()
        .filter(|(_, service)| {
            service
                .spec
                .labels
                .get("skep.stack")
                .is_some_and(|s| s == STACK)
        })
        .map(|(name, _)| name.clone())
        .collect();
    let chosen = dice.below(ours.len() as u64);
    let name = usize::try_from(chosen).ok().and_then(|i| ours.get(i));
    let Some(name) = name.cloned() else {
        return "nothing to meddle with".to_owned();
    };
    let service = world.services[&name].clone();
    let (version, mut spec) = (service.meta.version, *service.spec);
    let done = match dice.below(6) {
        0 => world.remove_service(&name),
        1 => {
            "bb:by-hand".clone_into(&mut spec.image);
            world.update_service(&name, version, spec)
        }
        2 => {
            spec.labels.remove("skep.digest");
            world.update_service(&name, version, spec)
        }
        3 => world.rollback_service(&name, version),
        _ => world.update_service(&name, version, spec),
    };
    format!("somebody meddles with {name}: {done:?}")
}
