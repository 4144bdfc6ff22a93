//! The lock of a stack, on a clock that jumps.

use skep_engine::lock::{Holder, LEASE, LockError, release, status, take};
use skep_engine::records::Records;
use skep_providers::model::{Fate, Model, Verb};
use skep_providers::secrets::Secrets;
use skep_schema::event::Timestamp;
use tokio::time::{Duration, Instant, sleep};

use crate::support::STACK;

pub(crate) const START: Timestamp = Timestamp(1_000_000);

pub(crate) fn model() -> Model {
    Model::open(None, STACK, Secrets::default()).expect("it is in memory")
}

pub(crate) fn holder(who: &str) -> Holder {
    Holder {
        who: who.to_owned(),
        purpose: "apply".to_owned(),
        process: "1 elsewhere".to_owned(),
        nonce: who.to_owned(),
    }
}

pub(crate) const fn lives(_: &Holder) -> bool {
    false
}

#[tokio::test(start_paused = true)]
async fn one_at_a_time_and_the_other_is_told_who() {
    let model = model();
    let lease = take(&model, holder("ann"), START, &lives)
        .await
        .expect("it is free");
    let refused = take(&model, holder("bob"), START.plus(1), &lives).await;
    let Err(LockError::Held(held)) = refused else {
        panic!("two have the lock: {refused:?}");
    };
    assert_eq!(held.holder.who, "ann");
    lease.release().await.expect("it is ours");
    assert_eq!(status(&model).await, Ok(None));
    take(&model, holder("bob"), START.plus(2), &lives)
        .await
        .expect("it is free again");
}

#[tokio::test(start_paused = true)]
async fn stacks_have_locks_of_their_own() {
    let model = model();
    let other = model.of_stack("shop@prod", Secrets::default());
    let _ours = take(&model, holder("ann"), START, &lives)
        .await
        .expect("it is free");
    let _theirs = take(&other, holder("bob"), START, &lives)
        .await
        .expect("it is another");
}

#[tokio::test(start_paused = true)]
async fn a_dead_holder_blocks_nobody_for_long() {
    let model = model();
    let _dead = take(&model, holder("ann"), START, &lives)
        .await
        .expect("it is free");
    let late = START.plus(u64::try_from(LEASE.as_millis()).expect("it is short") + 1);
    take(&model, holder("bob"), late, &lives)
        .await
        .expect("it has run out");
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_is_known_to_be_gone_blocks_nobody_at_all() {
    let model = model();
    let _dead = take(&model, holder("ann"), START, &lives)
        .await
        .expect("it is free");
    let gone = |holder: &Holder| holder.who == "ann";
    take(&model, holder("bob"), START.plus(1), &gone)
        .await
        .expect("its process is gone");
}

#[tokio::test(start_paused = true)]
async fn work_that_takes_long_keeps_its_lock() {
    let model = model();
    let lease = take(&model, holder("ann"), START, &lives)
        .await
        .expect("it is free");
    let zero = Instant::now();
    let clock = || START.plus(u64::try_from(zero.elapsed().as_millis()).expect("it is short"));
    let refused = lease
        .during(clock, async {
            sleep(LEASE * 10).await;
            take(&model, holder("bob"), clock(), &lives).await.is_err()
        })
        .await;
    assert!(refused && lease.is_good(clock()));
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_was_taken_away_is_noticed_and_not_given_back() {
    let model = model();
    let lease = take(&model, holder("ann"), START, &lives)
        .await
        .expect("it is free");
    assert!(release(&model).await.expect("it answers").is_some());
    let bob = take(&model, holder("bob"), START.plus(1), &lives)
        .await
        .expect("it is free");
    lease
        .during(|| START.plus(2), sleep(Duration::from_secs(9)))
        .await;
    assert!(
        !lease.is_good(START.plus(3)),
        "the renewal found another holder"
    );
    lease
        .release()
        .await
        .expect("there is nothing to give back");
    assert!(
        status(&model).await.expect("it answers").is_some(),
        "bob has it still"
    );
    assert!(bob.is_good(START.plus(3)));
}

/// Whatever call of whichever of the two is lost or overtaken, never do both have the lock.
#[tokio::test(start_paused = true)]
async fn a_race_has_at_most_one_winner() {
    for number in 1..=6 {
        for fate in [Fate::LoseRequest, Fate::LoseReply, Fate::LoseRace] {
            let model = model();
            model.break_with(move |call| {
                if call.number == number && call.verb != Verb::Remove {
                    fate
                } else {
                    Fate::Arrive
                }
            });
            let (ann, bob) = tokio::join!(
                take(&model, holder("ann"), START, &lives),
                take(&model, holder("bob"), START, &lives),
            );
            let winners = [ann, bob].iter().filter(|lease| lease.is_ok()).count();
            assert!(winners <= 1, "call {number}, {fate:?}");
            let locks = model.records(skep_engine::records::RecordKind::Lock).await;
            assert!(locks.expect("it answers").len() <= 1);
        }
    }
}
