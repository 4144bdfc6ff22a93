//! The rules that a plan has to keep before anything is written.

use skep_compiler::source::Inputs;
use skep_schema::plan::{Plan, Policy, Verdict, violations};

use super::Session;
use crate::exit::Exit;
use crate::failure::Failure;

impl Session<'_> {
    /// Refuses a plan from elsewhere that breaks a rule of its own or of the project at hand, since
    /// it may have lost its own on the way.
    pub(crate) fn hold(&self, plan: &Plan) -> Result<(), Failure> {
        let mut policies = plan.policies.clone();
        policies.extend(self.policies(plan)?);
        let nodes = plan.nodes.iter();
        let nodes = nodes.map(|(address, node)| (address, &node.payload));
        let broken = violations(nodes, &policies);
        let denied = broken.iter().filter(|v| v.verdict == Verdict::Deny);
        let lines: Vec<String> = denied
            .clone()
            .map(|v| format!("{}: `{}`: {}", v.rule.code(), v.address, v.what))
            .collect();
        let Some(first) = denied.into_iter().next() else {
            return Ok(());
        };
        let message = format!(
            "the policy denies this plan\n       {}",
            lines.join("\n       ")
        );
        Err(Failure::new(Exit::Denied, message).help(first.rule.help()))
    }

    /// The project's rules for the plan's environment. A project with errors may have others than
    /// could be read, and so it has the last word.
    fn policies(&self, plan: &Plan) -> Result<Vec<Policy>, Failure> {
        let (_, compiled) = self.project.load(Inputs {
            environment: plan.environment.clone(),
            allow_unset_params: true,
            ..self.inputs()
        })?;
        let declared = compiled.spec.policies.iter();
        let policies = declared.map(|policy| policy.node.lowered()).collect();
        self.show(&compiled.diagnostics, &compiled.sources)?;
        Ok(policies)
    }
}
