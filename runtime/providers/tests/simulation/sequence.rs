//! One seed: a plan, edits of it, applies in bad weather, and in the end a fair one.

use skep_providers::model::Model;
use skep_providers::secrets::Secrets;
use skep_schema::change::{Block, ChangeSet};

use crate::check::{converged, foreign, plant, tidy, whole};
use crate::dice::Dice;
use crate::play::{Play, is_done, looked};
use crate::shop::{STACK, Shop};
use crate::weather::Weather;

/// # Panics
/// Something does not hold; the seed and what happened are told.
pub(crate) fn check(seed: u64) {
    let mut story = Vec::new();
    let wrong = play(seed, &mut story);
    assert!(
        wrong.is_empty(),
        "SKEP_SEED={seed}\n{}\n{}",
        story.join("\n"),
        wrong.join("\n")
    );
}

fn play(seed: u64, story: &mut Vec<String>) -> Vec<String> {
    let mut dice = Dice::new(seed);
    let mut wrong = Vec::new();
    let model = Model::open(None, STACK, Secrets::default()).expect("memory is always there");
    model.by_hand(plant).expect("in memory");
    let others = foreign(&model);
    let mut shop = Shop::any(&mut dice);
    for _ in 0..=dice.below(4) {
        let weather = if dice.chance(30) {
            Weather::fair()
        } else {
            Weather::any(&mut dice)
        };
        story.push(format!("{weather:?}\n{shop:?}"));
        let view = model.of_stack(STACK, shop.secrets());
        let other = dice.chance(20).then(|| edited(&shop, &mut dice));
        let mut theirs = Vec::new();
        let mut play = Play::new(&view, &mut dice, &mut wrong, story);
        let report = match &other {
            None => play.apply(&shop.plan(), &weather),
            Some(other) => play.apply_late(&shop.plan(), &weather, |dice| {
                elsewhere(&model, other, dice, &mut theirs);
            }),
        };
        story.extend(other.map(|other| format!("between look and apply\n{other:?}")));
        wrong.extend(theirs);
        story.push(format!("{:?}", report.map(|report| report.outcome)));
        wrong.extend(whole(&model));
        shop = edited(&shop, &mut dice);
    }
    arrive(&model, shop, dice.roll(), &mut wrong, story);
    if foreign(&model) != others {
        wrong.push("what is not ours has changed".to_owned());
    }
    wrong.extend(whole(&model));
    wrong
}

fn edited(shop: &Shop, dice: &mut Dice) -> Shop {
    let mut edited = shop.clone();
    let edits = 1 + dice.below(3);
    edited.edit_often(edits, dice);
    edited
}

/// Another process applies another spec of the same stack.
fn elsewhere(model: &Model, shop: &Shop, dice: &mut Dice, wrong: &mut Vec<String>) {
    let view = model.of_stack(STACK, shop.secrets());
    Play::new(&view, dice, wrong, &mut Vec::new()).apply(&shop.plan(), &Weather::fair());
}

/// In fair weather the swarm becomes what the spec says, with images that work; and the first apply
/// that has something to write leaves nothing of ours that nobody needs.
pub(crate) fn arrive(
    model: &Model,
    mut shop: Shop,
    seed: u64,
    wrong: &mut Vec<String>,
    story: &mut Vec<String>,
) {
    let mut dice = Dice::new(seed);
    model.mend();
    shop.heal();
    for grown in [false, true] {
        if grown {
            shop.grow();
        }
        story.push(format!("at last\n{shop:?}"));
        let view = model.of_stack(STACK, shop.secrets());
        settle(&view, &shop, &mut dice, wrong, story);
        if grown {
            wrong.extend(tidy(&view, &shop.plan()));
        }
    }
}

/// Whether a port goes to a service that its holder has to wait for: somebody else gave it there in the
/// meantime. That is refused, and an apply between is the way out.
fn is_late(changes: &ChangeSet) -> bool {
    let blocked = changes.blocked();
    let mut late = blocked.iter().map(|blocked| &blocked.because);
    late.any(|because| matches!(because, Block::HandedOverLate { .. }))
}

/// One clean apply makes the swarm what the plan says, and a second one has nothing to do.
fn settle(
    model: &Model,
    shop: &Shop,
    dice: &mut Dice,
    wrong: &mut Vec<String>,
    story: &mut Vec<String>,
) {
    let plan = shop.plan();
    if is_late(&looked(model, &plan).changes) {
        let between = shop.without_ports();
        story.push(format!("between\n{between:?}"));
        let report = Play::new(model, dice, wrong, story).apply(&between.plan(), &Weather::fair());
        if !is_done(report.as_ref()) {
            wrong.push(format!("an apply between did not work: {report:#?}"));
        }
    }
    let report = Play::new(model, dice, wrong, story).apply(&plan, &Weather::fair());
    if !is_done(report.as_ref()) {
        wrong.push(format!("a clean apply did not work: {report:#?}"));
    }
    wrong.extend(converged(model, &plan));
    let before = model.calls().len();
    let changes = looked(model, &plan).changes;
    if !changes.is_empty() {
        return;
    }
    let again = Play::new(model, dice, wrong, story).apply(&plan, &Weather::fair());
    if !is_done(again.as_ref()) {
        wrong.push(format!("a second apply did not work: {again:#?}"));
    }
    let calls = model.calls().split_off(before);
    if !calls.is_empty() {
        wrong.push(format!("a second apply wrote: {calls:?}"));
    }
}
