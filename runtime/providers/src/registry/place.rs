//! Where a registry answers.

use skep_schema::image::HUB;

use crate::web::is_local;

/// Docker Hub's name is not the name of the machine that answers for it.
const HUB_MACHINE: &str = "registry-1.docker.io";

/// A registry's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    host: String,
    /// Whether it is asked by plain HTTP.
    plain: bool,
}

impl Place {
    pub(super) fn of(registry: &str) -> Self {
        let host = if registry == HUB {
            HUB_MACHINE
        } else {
            registry
        };
        Self {
            host: host.to_owned(),
            plain: is_local(host),
        }
    }

    /// Whether it is asked by plain HTTP: registries on this machine are, until they refuse it. All
    /// others are asked by TLS only.
    pub(super) const fn is_plain(&self) -> bool {
        self.plain
    }

    pub(super) const fn speak_tls(&mut self) {
        self.plain = false;
    }

    pub(super) fn base(&self) -> String {
        let scheme = if self.plain { "http" } else { "https" };
        format!("{scheme}://{}", self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_speak_tls_unless_they_are_on_this_machine() {
        for (registry, base) in [
            ("docker.io", "https://registry-1.docker.io"),
            ("registry.example.com", "https://registry.example.com"),
            ("10.0.0.1:5000", "https://10.0.0.1:5000"),
            ("localhost.example.com", "https://localhost.example.com"),
            ("localhost:5000", "http://localhost:5000"),
            ("localhost", "http://localhost"),
            ("127.0.0.1:5000", "http://127.0.0.1:5000"),
            ("127.9.9.9", "http://127.9.9.9"),
            ("[::1]:5000", "http://[::1]:5000"),
        ] {
            assert_eq!(Place::of(registry).base(), base);
        }
    }
}
