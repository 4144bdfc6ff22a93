//! How the tests of a project ended.

use serde::{Deserialize, Serialize};

use crate::change::ChangeSet;
use crate::diagnostic::Located;

/// What every reader must check before the rest: `skep.tests/1`.
pub const TESTS_FORMAT: &str = "skep.tests/1";

/// All tests that were run, in order of place and environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct TestReport {
    /// Always [`TESTS_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = TESTS_FORMAT)))]
    pub format: String,
    pub project: String,
    pub passed: u32,
    pub failed: u32,
    pub tests: Vec<TestResult>,
    /// Files of snapshots that no test has any more; known only where all tests were run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stale: Vec<String>,
}

/// One test in one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct TestResult {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    pub file: String,
    /// From 1.
    pub line: u32,
    pub outcome: TestOutcome,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Located>,
    /// The file of the project that its snapshot is kept in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// From the snapshot to the plan, where they differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Box<ChangeSet>>,
}

/// How one test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TestOutcome {
    Passed,
    /// It holds, and its snapshot was written anew.
    Updated,
    Failed,
}

impl TestReport {
    pub fn new(project: &str, tests: Vec<TestResult>) -> Self {
        let failed = tests.iter().filter(|t| t.outcome == TestOutcome::Failed);
        let failed = u32::try_from(failed.count()).unwrap_or(u32::MAX);
        let all = u32::try_from(tests.len()).unwrap_or(u32::MAX);
        Self {
            format: TESTS_FORMAT.to_owned(),
            project: project.to_owned(),
            passed: all.saturating_sub(failed),
            failed,
            tests,
            stale: Vec::new(),
        }
    }
}

impl TestResult {
    /// The name, and the environment where there is one: `prod is replicated (prod)`.
    pub fn title(&self) -> String {
        match &self.environment {
            Some(environment) => format!("{} ({environment})", self.name),
            None => self.name.clone(),
        }
    }
}
