//! What holds for every project, whichever it is: see `fixtures/fuzz`.

use proptest::prelude::*;

proptest! {
    // The same inputs every time: the fuzzer looks for new ones.
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_project_of_several_files_has_the_same_plan_in_any_order(
        bytes in proptest::collection::vec(any::<u8>(), 1..200),
    ) {
        let bytes: Vec<u8> = std::iter::once(0).chain(bytes).collect();
        skep_fuzz::compile(&bytes);
    }

    #[test]
    fn edits_are_refused_or_can_be_taken_back(
        bytes in proptest::collection::vec(any::<u8>(), 1..120),
    ) {
        skep_fuzz::edits(&bytes);
    }

    #[test]
    fn a_plan_with_other_payloads_is_seen_to_be_altered(
        at in any::<[u8; 2]>(), gone in 0u8..8, new in proptest::collection::vec(any::<u8>(), 0..4),
    ) {
        skep_fuzz::plan(&[&[0], &at[..], &[gone], &new[..]].concat());
    }
}
