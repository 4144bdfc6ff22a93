//! Generated documents mean the same to both readers.

use proptest::prelude::*;

use crate::documents::document;
use crate::read;
use skep_fuzz::oracle::{tree, tree_by_kdl};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_documents_give_the_tree_that_the_kdl_crate_gives(text in document()) {
        let parsed = read(&text);
        prop_assert_eq!(&parsed.diagnostics, &[], "{}", text);
        let theirs: kdl::KdlDocument = text.parse().map_err(|e| TestCaseError::fail(format!("{e:?}\n{text}")))?;
        prop_assert_eq!(tree(&parsed.document), tree_by_kdl(&theirs), "{}", text);
    }
}
