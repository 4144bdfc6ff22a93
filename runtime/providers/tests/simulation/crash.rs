//! Each point of an apply at which the process may end: at every call that writes, before it took
//! effect and after.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use skep_providers::model::{Fate, Model};
use skep_providers::secrets::Secrets;

use crate::check::{foreign, plant, whole};
use crate::dice::Dice;
use crate::play::Play;
use crate::sequence::arrive;
use crate::shop::{STACK, Shop};
use crate::weather::Weather;

/// The spec before and the one that is applied when the process ends.
struct Scenario {
    seed: u64,
    before: Shop,
    after: Shop,
}

/// How many calls the apply of a scenario makes, and whether all its points were survived.
///
/// # Panics
/// One was not; it is told.
pub(crate) fn check(seed: u64) -> usize {
    let mut dice = Dice::new(seed);
    let mut before = Shop::default();
    before.edit_often(20, &mut dice);
    let mut after = before.clone();
    after.edit_often(15, &mut dice);
    let mut scenario = Scenario {
        seed,
        before,
        after,
    };
    scenario.before.heal();
    scenario.after.heal();
    let calls = scenario.calls();
    for call in 1..=calls {
        for fate in [Fate::LoseRequest, Fate::LoseReply] {
            scenario.survives(call, fate);
        }
    }
    calls
}

impl Scenario {
    /// With the first spec applied.
    fn begun(&self, wrong: &mut Vec<String>) -> Model {
        let model = Model::open(None, STACK, Secrets::default()).expect("memory is always there");
        model.by_hand(plant).expect("in memory");
        self.play(&model, &self.before, wrong, |play, shop| {
            play.apply(&shop.plan(), &Weather::fair());
        });
        model
    }

    fn play(
        &self,
        model: &Model,
        shop: &Shop,
        wrong: &mut Vec<String>,
        act: impl FnOnce(&mut Play<'_>, &Shop),
    ) {
        let view = model.of_stack(STACK, shop.secrets());
        let (mut dice, mut story) = (Dice::new(self.seed), Vec::new());
        act(&mut Play::new(&view, &mut dice, wrong, &mut story), shop);
    }

    fn calls(&self) -> usize {
        let mut wrong = Vec::new();
        let model = self.begun(&mut wrong);
        let before = model.calls().len();
        self.play(&model, &self.after, &mut wrong, |play, shop| {
            play.apply(&shop.plan(), &Weather::fair());
        });
        assert_eq!(wrong, Vec::<String>::new(), "scenario {}", self.seed);
        model.calls().len() - before
    }

    fn survives(&self, last: usize, fate: Fate) {
        let mut wrong = Vec::new();
        let model = self.begun(&mut wrong);
        let others = foreign(&model);
        self.play(&model, &self.after, &mut wrong, |play, shop| {
            let (gone, mut calls) = (Arc::clone(&play.gone), 0);
            play.model.break_with(move |_| {
                calls += 1;
                gone.fetch_or(calls >= last, Ordering::Relaxed);
                if calls < last { Fate::Arrive } else { fate }
            });
            play.apply_as_it_is(&shop.plan(), &Weather::fair());
        });
        wrong.extend(whole(&model));
        arrive(
            &model,
            self.after.clone(),
            self.seed,
            &mut wrong,
            &mut Vec::new(),
        );
        if foreign(&model) != others {
            wrong.push("what is not ours has changed".to_owned());
        }
        assert!(
            wrong.is_empty(),
            "scenario {}, {fate:?} at call {last}\n{:?}\n{:?}\n{}",
            self.seed,
            self.before,
            self.after,
            wrong.join("\n")
        );
    }
}
