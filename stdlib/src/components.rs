//! Components people need on the first day, as KDL.

macro_rules! components {
    ($($name:literal)*) => {
        const ALL: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../components/", $name, ".kdl")))),*
        ];
    };
}

components! { "gateways" "observability" "postgres" "redis" "registry" "site" }

/// All sets of components: what stands after `std:` and the KDL text.
pub fn components() -> impl Iterator<Item = (&'static str, &'static str)> + Clone {
    ALL.iter().copied()
}

/// The KDL text of one set.
pub fn component(name: &str) -> Option<&'static str> {
    components().find(|(n, _)| *n == name).map(|(_, text)| text)
}
