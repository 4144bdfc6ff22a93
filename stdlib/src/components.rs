//! Components people need on the first day, as KDL.

macro_rules! components {
    ($($name:literal)*) => {
        const ALL: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../components/", $name, ".kdl")))),*
        ];
    };
}

components! { "daemon" "gateways" "observability" "postgres" "redis" "registry" "site" }

/// All sets of components: what stands after `std:` and the KDL text.
pub fn components() -> impl Iterator<Item = (&'static str, &'static str)> + Clone {
    ALL.iter().copied()
}

/// The KDL text of one set.
pub fn component(name: &str) -> Option<&'static str> {
    components().find(|(n, _)| *n == name).map(|(_, text)| text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_daemon_is_deployed_in_the_version_that_deploys_it() {
        let text = super::component("daemon").expect("it is there");
        let image = concat!("default=\"skep:", env!("CARGO_PKG_VERSION"), "\"");
        assert!(text.contains(image), "{text}");
    }
}
