//! Which pages of other origins may read the answers of a route.

use serde::Serialize;

use super::time::Millis;
use super::value::{HeaderName, Method, Origin, Unfit};

/// Which pages of other origins may read the answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cors {
    pub(super) origins: Origins,
    pub(super) methods: Vec<Method>,
    pub(super) headers: Vec<HeaderName>,
    pub(super) credentials: bool,
    pub(super) max_age: Option<Millis>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    Any,
    Listed(Vec<Origin>),
}

impl Cors {
    pub const fn new(origins: Origins) -> Self {
        Self {
            origins,
            methods: Vec::new(),
            headers: Vec::new(),
            credentials: false,
            max_age: None,
        }
    }

    /// What a page may ask for beyond a simple request, and how long it may remember that.
    #[must_use]
    pub fn allowing(
        mut self,
        methods: Vec<Method>,
        headers: Vec<HeaderName>,
        max_age: Option<Millis>,
    ) -> Self {
        (self.methods, self.headers, self.max_age) = (methods, headers, max_age);
        self
    }

    /// Lets pages send cookies along. Browsers refuse that together with any origin.
    pub fn with_credentials(mut self) -> Result<Self, Unfit> {
        if self.origins == Origins::Any {
            return Err(Unfit::Rule(
                "allows credentials to any origin, which browsers refuse",
            ));
        }
        self.credentials = true;
        Ok(self)
    }
}

/// The same in the words of the answers' headers, for templates.
#[derive(Serialize)]
pub(super) struct CorsWords<'a> {
    any: bool,
    pub(super) origins: Vec<&'a str>,
    methods: String,
    headers: String,
    credentials: bool,
    /// In seconds, or empty.
    max_age: String,
}

impl Cors {
    pub(super) fn words(&self) -> CorsWords<'_> {
        CorsWords {
            any: self.origins == Origins::Any,
            origins: self.listed().collect(),
            methods: self.method_list(),
            headers: self.header_list(),
            credentials: self.credentials,
            max_age: self
                .max_age
                .map_or_else(String::new, |age| age.seconds().to_string()),
        }
    }

    pub(super) fn listed(&self) -> impl Iterator<Item = &str> {
        let listed: &[Origin] = match &self.origins {
            Origins::Any => &[],
            Origins::Listed(origins) => origins,
        };
        listed.iter().map(Origin::as_str)
    }

    pub(super) fn method_list(&self) -> String {
        self.methods
            .iter()
            .map(Method::as_str)
            .collect::<Vec<_>>()
            .join(", ")
    }

    pub(super) fn header_list(&self) -> String {
        self.headers
            .iter()
            .map(HeaderName::as_str)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_need_named_origins() {
        assert!(Cors::new(Origins::Any).with_credentials().is_err());
    }
}
