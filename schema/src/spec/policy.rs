//! Rules of the project for its own plans.

use std::collections::BTreeSet;

use super::values::Scalar;
use crate::plan::{self, Verdict};
use crate::{node, one_of};

one_of!(@read Verdict { Warn "warn", Deny "deny" });

node! {
    /// Rules for all plans of the project: `warn` says where one is broken, `deny` lets no such plan
    /// come to be, nor be applied. With `add policy { .. }` in an environment a rule holds only there.
    /// Where several policies judge one thing, the strictest does.
    Policy "policy" {
        /// Images have a digest, or a tag that is not `latest`.
        floating_tags: value(Verdict) "floating-tags";
        /// Services and gateways limit the memory of a task.
        unlimited: value(Verdict) "unlimited";
        /// Images come from the registries that are listed.
        registries: node(Listed) "registries";
        /// No capability is added that is not listed, and neither seccomp nor AppArmor is switched off.
        capabilities: node(Listed) "capabilities";
        /// Nothing of a machine's disk is mounted but what is listed, by binds or by volume options.
        binds: node(Listed) "binds";
        /// No task is on a machine's own network.
        host_network: value(Verdict) "host-network";
        /// No setting of the kernel is changed that is not listed.
        sysctls: node(Listed) "sysctls";
        /// Of the ports below 1024 only those that are listed are published, by services and gateways.
        low_ports: node(Listed) "low-ports";
    }

    /// A rule with what it lets pass.
    Listed "registries" {
        /// `warn` or `deny`.
        verdict: arg(Verdict) "VERDICT";
        /// Registries or folders of them, capabilities, folders of machines, settings or ports.
        allow: set(Scalar) "allow";
    }
}

impl Policy {
    /// The form that a plan carries.
    pub fn lowered(&self) -> plan::Policy {
        let listed = |rule: Option<&Listed>| {
            rule.map(|rule| plan::Listed {
                verdict: rule.verdict.value,
                allow: allowed(rule),
            })
        };
        plan::Policy {
            floating_tags: self.floating_tags.map(|at| at.value),
            unlimited: self.unlimited.map(|at| at.value),
            registries: listed(self.registries.as_deref()),
            capabilities: listed(self.capabilities.as_deref()),
            binds: listed(self.binds.as_deref()),
            host_network: self.host_network.map(|at| at.value),
            sysctls: listed(self.sysctls.as_deref()),
            low_ports: listed(self.low_ports.as_deref()),
        }
    }
}

fn allowed(rule: &Listed) -> BTreeSet<String> {
    rule.allow.iter().map(|one| one.value.0.clone()).collect()
}
