use skep_schema::api::access::{Role, Scope};
use skep_schema::api::audit::Author;
use skep_schema::api::stack::{Refused, Rule};
use skep_schema::api::view::{
    AUDIT_CHECK_FORMAT, DAEMON_HEALTH_FORMAT, HeldRole, ME_FORMAT, STACKS_FORMAT,
};
use skep_schema::doctor::Health;

use super::*;

const NOW: Timestamp = Timestamp(1_795_237_269_000);
const DAY: u64 = 86_400_000;

/// A daemon of this version with one stack, and nothing wrong.
fn fine() -> Facts {
    Facts {
        name: "https://skep.example.com:7443".to_owned(),
        me: Ok(Me {
            format: ME_FORMAT.to_owned(),
            who: Author::Daemon,
            roles: vec![HeldRole {
                role: Role::Admin,
                stacks: Scope::All,
            }],
        }),
        clock: Some(NOW),
        asked: (NOW, NOW),
        certificate_ends: Some(NOW.plus(90 * DAY)),
        health: Some(Ok(DaemonHealth {
            format: DAEMON_HEALTH_FORMAT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ready: true,
            since: NOW,
            events: 7,
            checks: vec![own("store", true, "it takes what it is given")],
        })),
        stacks: Some(Ok(StackList {
            format: STACKS_FORMAT.to_owned(),
            stacks: vec![in_state(StackState::InSync)],
            services: Vec::new(),
        })),
        audit: Some(Ok(AuditCheck {
            format: AUDIT_CHECK_FORMAT.to_owned(),
            whole: true,
            found: "lines 1 to 9 are whole".to_owned(),
        })),
    }
}

fn own(name: &str, ok: bool, detail: &str) -> HealthCheck {
    HealthCheck {
        name: name.to_owned(),
        ok,
        detail: detail.to_owned(),
    }
}

fn in_state(state: StackState) -> StackStatus {
    StackStatus {
        state,
        ..StackStatus::unknown("shop@prod", NOW)
    }
}

/// What is not well, as `STATE CHECK MESSAGE`.
fn told(facts: &Facts) -> Vec<String> {
    let all = all(facts).into_iter();
    let bad = all.filter(|finding| finding.state != Health::Ok);
    let words = bad.map(|finding| {
        assert!(finding.fix.is_some(), "{finding:?}");
        let state = format!("{:?}", finding.state).to_lowercase();
        format!("{state} {} {}", finding.check, finding.message)
    });
    words.collect()
}

fn one(facts: &Facts, wanted: &str) {
    let told = told(facts);
    let is_it = matches!(told.as_slice(), [one] if one.starts_with(wanted));
    assert!(is_it, "{told:?}");
}

fn with_stack(stack: StackStatus) -> Facts {
    let mut facts = fine();
    if let Some(Ok(list)) = &mut facts.stacks {
        list.stacks = vec![stack];
    }
    facts
}

fn with_check(check: HealthCheck) -> Facts {
    let mut facts = fine();
    if let Some(Ok(health)) = &mut facts.health {
        health.checks = vec![check];
    }
    facts
}

#[test]
fn a_daemon_that_is_well_has_nothing_wrong() {
    let facts = fine();
    assert_eq!(told(&facts), [""; 0]);
    let said: Vec<String> = all(&facts).into_iter().map(|f| f.check).collect();
    let wanted = [
        "daemon",
        "certificate",
        "clock",
        "access",
        "version",
        "store",
        "audit",
        "stacks",
    ];
    assert_eq!(said, wanted);
}

#[test]
fn a_daemon_that_does_not_answer_is_one_finding() {
    let mut facts = fine();
    let failure = Failure::new(Exit::Unreachable, "https://skep.example.com:7443: refused");
    (facts.me, facts.clock, facts.certificate_ends) = (Err(failure), None, None);
    one(&facts, "fail daemon https://skep.example.com:7443: refused");
    assert_eq!(all(&facts).len(), 1);
}

#[test]
fn whoever_is_not_known_is_told_what_proves_it() {
    let mut facts = fine();
    facts.me = Err(Failure::new(Exit::Denied, "nothing says who asks"));
    one(&facts, "fail access nothing says who asks");
    let fixes: Vec<String> = all(&facts).into_iter().filter_map(|f| f.fix).collect();
    assert!(fixes.concat().contains("SKEP_TOKEN"), "{fixes:?}");
}

#[test]
fn certificates_and_clocks_are_told_of_before_they_hurt() {
    let mut facts = fine();
    facts.certificate_ends = Some(NOW.plus(13 * DAY));
    one(&facts, "warn certificate it ends in 13 days");
    let mut facts = fine();
    facts.clock = Some(NOW.plus(61_000));
    one(&facts, "warn clock the daemon is 1 min ahead of");
    facts.clock = Some(Timestamp(NOW.0 - 62_000));
    one(&facts, "warn clock the daemon is 1 min behind");
    facts.clock = Some(Timestamp(NOW.0 - 10_900));
    assert_eq!(told(&facts), [""; 0], "it says whole seconds");
}

#[test]
fn what_the_daemon_finds_of_itself_has_a_cause_and_a_cure() {
    let worse = ["store", "target", "source"];
    let all = ["store", "target", "source", "lease", "drain", "channel"];
    for name in all.into_iter().chain(["of-a-newer-one"]) {
        let facts = with_check(own(name, false, "why"));
        let state = if worse.contains(&name) {
            "fail"
        } else {
            "warn"
        };
        one(&facts, &format!("{state} {name} why"));
    }
}

#[test]
fn another_version_is_told() {
    let mut facts = fine();
    if let Some(Ok(health)) = &mut facts.health {
        "0.0.7".clone_into(&mut health.version);
    }
    one(&facts, "warn version it is skep 0.0.7");
}

#[test]
fn whoever_may_see_less_is_told_so_and_sees_what_is_his() {
    let mut facts = with_stack(StackStatus {
        source_trouble: Some("it does not compile".to_owned()),
        ..in_state(StackState::Unknown)
    });
    (facts.health, facts.audit) = (None, None);
    let told = told(&facts);
    assert!(told[0].starts_with("warn health"), "{told:?}");
    assert_eq!(told[1], "fail stack `shop@prod`: it does not compile");
    assert!(
        told[2].starts_with("warn stack `shop@prod`: unknown"),
        "{told:?}"
    );
}

#[test]
fn a_broken_audit_fails() {
    let mut facts = fine();
    if let Some(Ok(audit)) = &mut facts.audit {
        audit.whole = false;
        "line 7: it is not bound".clone_into(&mut audit.found);
    }
    one(&facts, "fail audit line 7: it is not bound");
}

#[test]
fn stacks_that_need_somebody_are_told_and_those_that_only_wait_are_not() {
    let refused = Refused {
        rule: Rule::FailedBefore,
        message: "it failed before".to_owned(),
        help: None,
        unless: None,
    };
    let told_of = |state: StackState| {
        let refused = Some(refused.clone());
        told(&with_stack(StackStatus {
            refused,
            ..in_state(state)
        }))
        .concat()
    };
    let waits = |waits_for| told_of(StackState::Changes { waits_for });
    let by = |by| told_of(StackState::Held { by });
    assert_eq!(told_of(StackState::Applying), "");
    assert_eq!(by(Hold::Standby), "");
    assert_eq!(waits(Wait::Window { opens: Some(NOW) }), "");
    assert_eq!(waits(Wait::Report), "");
    let failed = told_of(StackState::Failed { again: None });
    assert!(
        failed.starts_with("fail stack `shop@prod`: failed"),
        "{failed}"
    );
    assert!(failed.ends_with(": it failed before"), "{failed}");
    let held = by(Hold::Overtaken);
    assert!(held.starts_with("warn stack `shop@prod`: held"), "{held}");
    let never = Wait::Window { opens: None };
    for wait in [Wait::Approval, Wait::Consent, Wait::Source, never] {
        let told = waits(wait);
        assert!(
            told.starts_with("warn stack `shop@prod`: changes"),
            "{told}"
        );
    }
}
