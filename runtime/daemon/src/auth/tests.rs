use proptest::prelude::*;
use skep_schema::api::access::Grant;

use super::groups::SocketPeer;
use super::*;

/// What each role may where it is held for `shop@*`: to `shop@prod`, and to the daemon.
const MAY: &str = "
    verb     viewer  planner applier admin
    read     stack   stack   stack   stack
    plan     -       stack   stack   stack
    sync     -       stack   stack   stack
    push     -       -       stack   stack
    approve  -       -       stack   stack
    apply    -       -       stack   stack
    hold     -       -       stack   stack
    list     any     any     any     any
    metrics  -       -       -       -
    audit    -       -       -       -
    token    -       -       -       -
    drain    -       -       -       -
    backup   -       -       -       -
    reload   -       -       -       -
    notify   -       -       -       -
";

/// What only a role for `*` gives beside that.
const RULES: &str = "
    verb     viewer planner applier admin
    metrics  yes    yes     yes     yes
    audit    -      -       -       yes
    token    -      -       -       yes
    drain    -      -       -       yes
    backup   -      -       -       yes
    reload   -      -       -       yes
    notify   -      -       -       yes
";

fn cells(table: &'static str) -> impl Iterator<Item = (Verb, Role, &'static str)> {
    let rows = table.lines().filter(|line| !line.trim().is_empty()).skip(1);
    rows.flat_map(|row| {
        let mut words = row.split_whitespace();
        let name = words.next().expect("a verb");
        let verb = Verb::ALL.into_iter().find(|verb| verb.word() == name);
        let verb = verb.expect("a verb of ours");
        Role::ALL
            .into_iter()
            .zip(words)
            .map(move |(role, cell)| (verb, role, cell))
    })
}

fn stack(name: &str) -> StackName {
    name.parse().expect("a stack")
}

fn grant(who: &str, role: Role, stacks: &str) -> Grant {
    Grant {
        who: who.parse().expect("somebody"),
        role,
        stacks: stacks.parse().expect("stacks"),
    }
}

fn peer(uid: u32) -> SocketPeer {
    SocketPeer {
        uid,
        gid: uid,
        groups: BTreeSet::from([Subject::Gid(uid), "group:ops".parse().expect("a group")]),
    }
}

fn ann(role: Role, stacks: &str) -> Actor {
    Access::new(990, vec![grant("uid:1000", role, stacks)]).of_socket(&peer(1000))
}

#[test]
fn asvs_8_2_1_every_verb_for_every_role_is_as_the_table_says() {
    assert_eq!(cells(MAY).count(), Verb::ALL.len() * Role::ALL.len());
    for (verb, role, cell) in cells(MAY) {
        let actor = ann(role, "shop@*");
        let to_stack = authorize(&actor, verb, Some(&stack("shop@prod"))).is_ok();
        let to_daemon = authorize(&actor, verb, None).is_ok();
        assert_eq!(to_stack, cell == "stack", "{role:?} {verb}");
        assert_eq!(to_daemon, cell == "any", "{role:?} {verb}");
    }
    for (verb, role, cell) in cells(RULES) {
        let actor = ann(role, "*");
        assert_eq!(
            authorize(&actor, verb, None).is_ok(),
            cell == "yes",
            "{role:?} {verb}"
        );
        let as_if_for_one = authorize(&actor, verb, Some(&stack("shop@prod")));
        assert!(as_if_for_one.is_err(), "{role:?} {verb}");
    }
}

#[test]
fn asvs_8_2_2_a_role_for_one_stack_gives_nothing_on_another() {
    for verb in Verb::ALL {
        for role in Role::ALL {
            for other in ["shop2@prod", "shop", "blog@prod", "shop@staging"] {
                let actor = ann(role, "shop@prod");
                assert!(
                    authorize(&actor, verb, Some(&stack(other))).is_err(),
                    "{role:?} {verb}"
                );
            }
        }
    }
}

#[test]
fn asvs_8_1_1_who_is_known_and_has_no_grant_may_nothing() {
    let access = Access::new(990, vec![grant("uid:1000", Role::Admin, "*")]);
    let stranger = access.of_socket(&peer(1001));
    for verb in Verb::ALL {
        for stack in [None, Some(&stack("shop@prod"))] {
            assert!(authorize(&stranger, verb, stack).is_err(), "{verb}");
        }
    }
}

#[test]
fn root_and_the_daemons_own_user_rule_over_the_socket_and_nowhere_else() {
    let access = Access::new(990, Vec::new());
    for uid in [0, 990] {
        let actor = access.of_socket(&peer(uid));
        assert!(authorize(&actor, Verb::Token, None).is_ok());
        assert!(authorize(&actor, Verb::Apply, Some(&stack("shop@prod"))).is_ok());
    }
    let in_roots_group = SocketPeer {
        gid: 0,
        groups: BTreeSet::from([Subject::Gid(0)]),
        ..peer(1000)
    };
    assert!(authorize(&access.of_socket(&in_roots_group), Verb::List, None).is_err());
    let named = access.of_certificate(&["uid:0".parse().expect("a name")]);
    let named = named.expect("a name makes an actor");
    assert!(authorize(&named, Verb::List, None).is_err());
}

#[test]
fn a_group_gives_its_members_what_it_has() {
    let access = Access::new(990, vec![grant("group:ops", Role::Applier, "shop@*")]);
    let actor = access.of_socket(&peer(1000));
    assert!(authorize(&actor, Verb::Apply, Some(&stack("shop@prod"))).is_ok());
}

#[test]
fn asvs_6_8_1_one_name_at_two_issuers_is_two_people() {
    let granted = "oidc:https://a.example#ann";
    let access = Access::new(990, vec![grant(granted, Role::Admin, "*")]);
    let of = |issuer: &str, subject: &str| {
        access.of_identity(&oidc::Identity {
            issuer: issuer.parse().expect("an issuer"),
            subject: subject.parse().expect("a name"),
            groups: BTreeSet::new(),
            until: Timestamp(0),
        })
    };
    assert!(authorize(&of("https://a.example", "ann"), Verb::Token, None).is_ok());
    for (issuer, subject) in [
        ("https://b.example", "ann"),
        ("https://a.example/", "ann"),
        ("https://a.example", "Ann"),
        ("https://b.example", "https://a.example#ann"),
    ] {
        let actor = of(issuer, subject);
        assert!(
            authorize(&actor, Verb::Token, None).is_err(),
            "{}",
            actor.name()
        );
    }
}

#[test]
fn a_certificate_without_a_name_is_nobodys() {
    assert_eq!(Access::new(990, Vec::new()).of_certificate(&[]), None);
}

#[test]
fn a_refusal_says_what_would_allow_it() {
    let refused = authorize(
        &ann(Role::Viewer, "shop@*"),
        Verb::Apply,
        Some(&stack("shop@prod")),
    );
    let refused = refused.expect_err("viewers do not apply");
    assert_eq!(refused.to_string(), "`uid:1000` may not apply `shop@prod`");
    assert_eq!(
        refused.help(),
        "it takes `grant \"uid:1000\" role=\"applier\" stack=\"shop@prod\"` in the daemon's file"
    );
    let refused = authorize(&ann(Role::Admin, "shop@*"), Verb::Drain, None).expect_err("no");
    assert_eq!(refused.to_string(), "`uid:1000` may not drain");
    assert!(refused.help().contains("stack=\"*\""));
}

fn any_role() -> impl Strategy<Value = Role> {
    prop::sample::select(&Role::ALL)
}

fn any_verb() -> impl Strategy<Value = Verb> {
    prop::sample::select(&Verb::ALL)
}

proptest! {
    /// More grants never take anything away, and a higher role may all that a lower one may.
    #[test]
    fn what_is_allowed_grows_with_roles_and_grants(
        role in any_role(), higher in any_role(), verb in any_verb(),
        scope in "\\*|shop@\\*|shop@prod|blog", on in "shop@prod|shop@dev|blog", to_daemon: bool,
    ) {
        let on = stack(&on);
        let on = (!to_daemon).then_some(&on);
        let may = |grants: Vec<Grant>| {
            let actor = Access::new(990, grants).of_socket(&peer(1000));
            authorize(&actor, verb, on).is_ok()
        };
        let lower = may(vec![grant("uid:1000", role, &scope)]);
        let both = may(vec![grant("uid:1000", role, &scope), grant("group:ops", higher, &scope)]);
        prop_assert!(!lower || both);
        if higher >= role {
            prop_assert!(!lower || may(vec![grant("uid:1000", higher, &scope)]));
        }
        prop_assert!(!may(vec![grant("uid:1001", Role::Admin, "*")]));
    }
}
