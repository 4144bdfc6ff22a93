//! The course of an update, told in advance.

mod stack;

use skep_schema::change::{ChangeSet, Waves};
use skep_schema::plan::{Mode, Order, Payload, Plan, Rollout, Service};
use skep_schema::units::Duration;
use stack::{observed, plan, service};

/// A service of ten tasks, with `edit` done to it.
fn before(edit: fn(&mut Service)) -> Plan {
    let base = |s: &mut Service| {
        s.replicas = Some(10);
        s.update.delay = Some(Duration::seconds(7));
        s.update.monitor = Some(Duration::seconds(2));
        edit(s);
    };
    plan([("service.a", service("a", base))])
}

fn waves(base: fn(&mut Service), edit: fn(&mut Service)) -> Option<Waves> {
    let old = before(base);
    let mut new = old.clone();
    let node = new.nodes.values_mut().next().expect("one service");
    let Payload::Service(service) = &mut node.payload else {
        unreachable!("it is a service")
    };
    edit(service);
    ChangeSet::toward(&new, &observed(&old)).changes[0].waves()
}

fn sizes(waves: Option<Waves>) -> Vec<u64> {
    waves.expect("it restarts").sizes().collect()
}

fn new_image(service: &mut Service) {
    "app:2".clone_into(&mut service.image);
}

#[test]
fn one_task_after_the_other_unless_it_is_said() {
    let plain = waves(|_| (), new_image).expect("it restarts");
    assert_eq!(plain.sizes().collect::<Vec<_>>(), [1; 10]);
    assert_eq!(plain.order, Order::StopFirst);
    assert_eq!(plain.least, Duration::seconds(10 * 7 + 2));
}

#[test]
fn the_last_wave_is_what_is_left() {
    let four = waves(|s| s.update.parallelism = Some(4), new_image);
    assert_eq!(sizes(four), [4, 4, 2]);
    assert_eq!(four.map(|w| w.least), Some(Duration::seconds(3 * 7 + 2)));
    let more = waves(|s| s.update.parallelism = Some(99), new_image);
    assert_eq!(sizes(more), [10]);
}

#[test]
fn none_at_a_time_is_all_at_once() {
    let all = waves(|s| s.update.parallelism = Some(0), new_image);
    assert_eq!(sizes(all), [10]);
    assert_eq!(all.map(|w| w.least), Some(Duration::seconds(7 + 2)));
}

#[test]
fn the_new_settings_count_and_the_defaults_where_there_are_none() {
    let changed = waves(
        |_| (),
        |s| {
            new_image(s);
            s.update = Rollout {
                order: Some(Order::StartFirst),
                ..Default::default()
            };
        },
    );
    let changed = changed.expect("it restarts");
    assert_eq!(changed.order, Order::StartFirst);
    assert_eq!(changed.least, Duration::seconds(5));
}

#[test]
fn tasks_that_go_anyway_are_in_no_wave() {
    let fewer = waves(
        |_| (),
        |s| {
            new_image(s);
            s.replicas = Some(3);
        },
    );
    assert_eq!(sizes(fewer), [1; 3]);
    let more = waves(
        |_| (),
        |s| {
            new_image(s);
            s.replicas = Some(12);
        },
    );
    assert_eq!(sizes(more), [1; 10]);
}

#[test]
fn a_global_service_has_the_tasks_that_were_seen() {
    let global = |s: &mut Service| {
        s.mode = Mode::Global;
        s.replicas = None;
    };
    assert_eq!(sizes(waves(global, new_image)), [1; 3]);
}

#[test]
fn what_restarts_nothing_or_begins_anew_has_no_waves() {
    let none: [fn(&mut Service); 4] = [
        |s| s.replicas = Some(3),
        |s| s.update.parallelism = Some(3),
        |s| s.mode = Mode::Global,
        |s| {
            new_image(s);
            s.replicas = Some(0);
        },
    ];
    for (i, edit) in none.into_iter().enumerate() {
        assert_eq!(waves(|_| (), edit), None, "{i}");
    }
    assert_eq!(waves(|s| s.replicas = Some(0), new_image), None);
    assert_eq!(waves(|s| s.mode = Mode::Once, new_image), None);
}

#[test]
fn a_delay_beyond_all_bounds_overflows_nothing() {
    let long = waves(|s| s.update.delay = Some(Duration(u64::MAX)), new_image);
    assert_eq!(long.map(|w| w.least), Some(Duration(u64::MAX)));
}
