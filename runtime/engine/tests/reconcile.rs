//! Stacks that are kept, as text: a script in, what is done and told out.

mod keep;

use insta::assert_snapshot;
use keep::script::play;

fn check(name: &str, script: &str) {
    let script: Vec<&str> = script.trim().lines().map(str::trim).collect();
    let script = script.join("\n");
    let transcript = play(&script);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../snapshots/reconcile");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(script);
    settings.bind(|| assert_snapshot!(name, transcript));
}

#[test]
fn a_plan_is_applied_and_looked_at_again() {
    check(
        "a_plan_is_applied_and_looked_at_again",
        "
        apply=auto
        source service.api=1 service.web=1
        wait 10
        wait 300
        ",
    );
}

#[test]
fn many_triggers_lead_to_one_look_with_all_their_causes() {
    check(
        "many_triggers_lead_to_one_look_with_all_their_causes",
        "
        apply=auto
        given source service.api=1
        event service-a
        wait 0
        event service-b
        event service-b
        person ann
        wait 10
        ",
    );
}

#[test]
fn a_trigger_during_an_apply_leads_to_a_look_after_it() {
    check(
        "a_trigger_during_an_apply_leads_to_a_look_after_it",
        "
        apply=auto
        source service.api=1
        wait 1
        event service-a
        wait 10
        ",
    );
}

#[test]
fn another_plan_during_a_look_is_the_one_that_counts() {
    check(
        "another_plan_during_a_look_is_the_one_that_counts",
        "
        apply=auto
        source service.api=1
        source service.api=2
        wait 10
        ",
    );
}

#[test]
fn another_plan_during_an_apply_is_not_called_in_sync_when_that_ends() {
    check(
        "another_plan_during_an_apply_is_not_called_in_sync_when_that_ends",
        "
        apply=auto
        source service.api=1
        wait 1
        source service.api=2
        wait 10
        ",
    );
}

#[test]
fn a_source_that_breaks_keeps_the_last_plan_and_deletes_nothing() {
    check(
        "a_source_that_breaks_keeps_the_last_plan_and_deletes_nothing",
        "
        apply=auto
        given source service.api=1
        source broken no such folder
        source broken no such folder
        outside service.api=9
        wait 600
        source service.api=2
        wait 10
        ",
    );
}

#[test]
fn an_empty_plan_waits_for_somebody_to_mean_it() {
    check(
        "an_empty_plan_waits_for_somebody_to_mean_it",
        "
        apply=auto
        given source service.a=1 service.b=1
        source
        wait 10
        approve ann
        wait 10
        approve ann allow-deletes=2
        wait 10
        ",
    );
}

#[test]
fn only_what_was_approved_is_applied() {
    check(
        "only_what_was_approved_is_applied",
        "
        apply=approve
        source service.api=1
        wait 10
        source service.api=2
        wait 10
        approve ann
        source service.api=3
        wait 10
        approve ann
        wait 10
        ",
    );
}

#[test]
fn what_was_approved_may_have_become_less() {
    check(
        "what_was_approved_may_have_become_less",
        "
        apply=approve
        given source service.api=1 service.web=1
        given approve ann
        source service.api=2 service.web=2
        wait 10
        hold draining
        outside service.web=2
        approve ann
        release draining
        wait 10
        ",
    );
}

#[test]
fn an_approval_can_be_withdrawn_while_it_waits() {
    check(
        "an_approval_can_be_withdrawn_while_it_waits",
        "
        apply=approve windows
        source service.api=1
        wait 10
        approve ann
        wait 10
        withdraw ann
        wait 10
        ",
    );
}

#[test]
fn where_changes_are_only_told_nobody_can_approve_them() {
    check(
        "where_changes_are_only_told_nobody_can_approve_them",
        "
        apply=report drift=revert
        source service.api=1
        wait 10
        approve ann
        wait 10
        ",
    );
}

#[test]
fn nothing_is_applied_before_a_window_opens() {
    check(
        "nothing_is_applied_before_a_window_opens",
        "
        apply=auto windows
        source service.api=1
        wait 300
        wait 3310
        ",
    );
}

#[test]
fn drift_is_told_and_left() {
    check(
        "drift_is_told_and_left",
        "
        apply=auto drift=report
        given source service.api=1 service.web=1
        outside service.api=9
        event service-api
        wait 10
        outside service.api=1
        event service-api
        wait 10
        ",
    );
}

#[test]
fn drift_is_undone_where_that_is_wanted() {
    check(
        "drift_is_undone_where_that_is_wanted",
        "
        apply=auto drift=revert
        given source service.api=1
        outside removes service.api
        event service-api
        wait 10
        ",
    );
}

#[test]
fn what_the_spec_changes_is_applied_beside_drift_that_is_left() {
    check(
        "what_the_spec_changes_is_applied_beside_drift_that_is_left",
        "
        apply=auto drift=report
        given source service.db=1 service.web=1
        outside service.db=9
        source service.db=1 service.web=2
        wait 10
        ",
    );
}

#[test]
fn what_waits_for_drift_waits_for_a_person() {
    check(
        "what_waits_for_drift_waits_for_a_person",
        "
        apply=auto drift=report
        given source service.db=1 service.web=1<service.db
        outside service.db=9
        source service.db=1 service.web=2<service.db
        wait 10
        approve ann
        wait 10
        ",
    );
}

#[test]
fn what_failed_is_not_tried_again_unasked() {
    check(
        "what_failed_is_not_tried_again_unasked",
        "
        apply=auto
        given source service.api=1 service.web=1
        fails service.api
        source service.api=2 service.web=1
        wait 900
        retry ann
        wait 900
        works service.api
        source service.api=3 service.web=1
        wait 10
        ",
    );
}

#[test]
fn what_failed_by_its_surroundings_is_tried_again_more_and_more_rarely() {
    check(
        "what_failed_by_its_surroundings_is_tried_again_more_and_more_rarely",
        "
        apply=auto
        lacks service.api
        source service.api=1
        wait 400
        works service.api
        wait 300
        ",
    );
}

#[test]
fn what_failed_is_known_even_where_history_cannot_be_written() {
    check(
        "what_failed_is_known_even_where_history_cannot_be_written",
        "
        apply=auto
        history refuses
        fails service.api
        source service.api=1
        wait 900
        ",
    );
}

#[test]
fn somebody_elses_last_word_is_not_undone_until_the_source_moves() {
    check(
        "somebody_elses_last_word_is_not_undone_until_the_source_moves",
        "
        apply=auto drift=revert
        given source service.api=2
        other bob service.api=1
        wait 600
        source service.api=3
        wait 10
        ",
    );
}

/// The daemon that was active before had the same source, and the source moved when it was gone.
#[test]
fn a_daemon_that_takes_over_goes_on_from_what_its_own_source_wanted_before() {
    check(
        "a_daemon_that_takes_over_goes_on_from_what_its_own_source_wanted_before",
        "
        apply=auto
        hold standby
        source service.api=1
        wait 10
        other skep@m1 service.api=1
        wait 10
        source service.api=2
        release standby
        wait 10
        ",
    );
}

/// A person went back to what the source wanted before: that is a last word like any other.
#[test]
fn a_way_back_to_what_the_source_wanted_before_is_not_undone() {
    check(
        "a_way_back_to_what_the_source_wanted_before_is_not_undone",
        "
        apply=auto
        source service.api=1
        wait 10
        source service.api=2
        wait 10
        other bob service.api=1
        event service-api
        wait 10
        ",
    );
}

#[test]
fn somebody_elses_last_word_is_undone_when_a_person_says_so() {
    check(
        "somebody_elses_last_word_is_undone_when_a_person_says_so",
        "
        apply=auto
        given source service.api=2
        other bob service.api=1
        event service-api
        wait 10
        approve ann
        wait 10
        ",
    );
}

#[test]
fn somebody_else_who_applies_the_same_plan_overtakes_nobody() {
    check(
        "somebody_else_who_applies_the_same_plan_overtakes_nobody",
        "
        apply=auto
        given source service.api=2
        other bob service.api=3
        source service.api=3
        wait 10
        source service.api=4
        wait 10
        ",
    );
}

#[test]
fn a_destroyed_stack_is_not_made_again_unasked() {
    check(
        "a_destroyed_stack_is_not_made_again_unasked",
        "
        apply=auto drift=revert
        given source service.api=2
        destroyed
        event service-api
        wait 600
        ",
    );
}

#[test]
fn a_lost_store_deletes_nothing() {
    check(
        "a_lost_store_deletes_nothing",
        "
        apply=auto drift=revert
        given source service.api=1 service.web=1
        source service.api=1
        hold draining
        restart without-store
        wait 600
        approve ann
        wait 10
        ",
    );
}

#[test]
fn a_lost_store_is_no_matter_where_the_last_revision_wanted_the_same() {
    check(
        "a_lost_store_is_no_matter_where_the_last_revision_wanted_the_same",
        "
        apply=auto drift=revert
        given source service.api=1 service.web=1
        outside service.api=9
        restart without-store
        wait 10
        ",
    );
}

#[test]
fn a_daemon_that_was_killed_during_an_apply_goes_on() {
    check(
        "a_daemon_that_was_killed_during_an_apply_goes_on",
        "
        apply=auto
        source service.api=1 service.web=1
        wait 2
        restart
        wait 10
        ",
    );
}

#[test]
fn what_was_approved_goes_on_after_a_kill() {
    check(
        "what_was_approved_goes_on_after_a_kill",
        "
        apply=approve
        source service.api=1 service.web=1
        wait 2
        approve ann
        wait 2
        restart
        wait 20
        ",
    );
}

#[test]
fn what_was_approved_goes_on_where_it_was_cut_short() {
    check(
        "what_was_approved_goes_on_where_it_was_cut_short",
        "
        apply=approve
        source service.api=1 service.web=1
        wait 2
        approve ann
        wait 2
        hold standby
        wait 20
        release standby
        wait 20
        ",
    );
}

#[test]
fn what_was_withdrawn_while_it_ran_does_not_go_on() {
    check(
        "what_was_withdrawn_while_it_ran_does_not_go_on",
        "
        apply=approve
        source service.api=1 service.web=1
        wait 2
        approve ann
        wait 2
        withdraw bob
        restart
        wait 20
        ",
    );
}

#[test]
fn what_was_approved_does_not_go_on_where_somebody_changed_it() {
    check(
        "what_was_approved_does_not_go_on_where_somebody_changed_it",
        "
        apply=approve
        given source service.api=1 service.web=1
        given approve ann
        source service.api=2 service.web=2
        wait 2
        approve ann
        wait 2
        restart
        outside service.web=9
        wait 20
        ",
    );
}

#[test]
fn a_target_that_is_not_there_is_asked_more_and_more_rarely() {
    check(
        "a_target_that_is_not_there_is_asked_more_and_more_rarely",
        "
        apply=auto
        given source service.api=1
        target down
        person ann
        wait 200
        target up
        person bob
        wait 10
        ",
    );
}

#[test]
fn somebody_else_who_has_the_lock_is_waited_for() {
    check(
        "somebody_else_who_has_the_lock_is_waited_for",
        "
        apply=auto
        lock held
        source service.api=1
        wait 20
        lock free
        wait 20
        ",
    );
}

#[test]
fn services_that_stop_working_are_told_once() {
    check(
        "services_that_stop_working_are_told_once",
        "
        apply=auto
        given source service.api=1 service.web=1
        ill service.api
        event service-api
        wait 10
        event service-api
        wait 10
        source service.api=2 service.web=1
        wait 1
        well service.api
        wait 10
        ",
    );
}

#[test]
fn draining_lets_an_apply_end_and_begins_nothing() {
    check(
        "draining_lets_an_apply_end_and_begins_nothing",
        "
        apply=auto
        source service.api=1
        wait 1
        hold draining
        event service-a
        wait 1000
        release draining
        wait 10
        ",
    );
}

#[test]
fn standby_asks_the_apply_that_runs_to_end() {
    check(
        "standby_asks_the_apply_that_runs_to_end",
        "
        apply=auto
        source service.api=1
        wait 1
        hold standby
        wait 1000
        ",
    );
}

#[test]
fn a_clock_that_is_set_back_stops_nothing() {
    check(
        "a_clock_that_is_set_back_stops_nothing",
        "
        apply=auto
        source service.api=1
        clock says 100000
        wait 10
        clock says 100
        wait 320
        ",
    );
}

#[test]
fn an_approval_says_whether_what_failed_is_tried_again() {
    check(
        "an_approval_says_whether_what_failed_is_tried_again",
        "
        apply=approve
        given source service.api=1
        given approve ann
        given source service.api=2
        fails service.api
        approve ann
        wait 10
        approve ann
        wait 10
        works service.api
        approve ann retry
        wait 10
        ",
    );
}

#[test]
fn whoever_approves_is_told_first_what_has_to_be_meant() {
    check(
        "whoever_approves_is_told_first_what_has_to_be_meant",
        "
        apply=approve
        given source service.a=1 service.b=1
        given approve ann
        source
        wait 10
        approve ann allow-deletes=2
        wait 10
        ",
    );
}

#[test]
fn somebody_who_is_faster_than_an_apply_has_the_last_word() {
    check(
        "somebody_who_is_faster_than_an_apply_has_the_last_word",
        "
        apply=auto
        given source service.api=1
        source service.api=2
        wait 1
        other bob service.api=3
        wait 10
        ",
    );
}
