//! The list of everything that can be wrong. One line a code; its text lives in `schema/codes/`.

use std::fmt;

use super::Severity;

/// What is known of a code without any spec at hand.
#[derive(Clone, Copy, Debug)]
pub struct CodeInfo {
    /// `SK1001`
    pub code: &'static str,
    pub severity: Severity,
    /// One line, as a heading.
    pub title: &'static str,
    /// What it means, why, and how to mend it, in Markdown with an example.
    pub explain: &'static str,
}

macro_rules! codes {
    ($($code:ident $name:ident $severity:ident $title:literal)*) => {
        /// A kind of mistake. Codes are never renumbered and never used again for something else.
        ///
        /// 1xxx reading KDL, 2xxx nodes and values, 3xxx names and the graph, 4xxx parameters,
        /// components and environments, 5xxx lints, 6xxx routes and proxies.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($name),* }

        impl Code {
            pub const ALL: &[Code] = &[$(Code::$name),*];

            pub const fn info(self) -> &'static CodeInfo {
                match self {
                    $(Code::$name => &CodeInfo {
                        code: stringify!($code),
                        severity: Severity::$severity,
                        title: $title,
                        explain: include_str!(concat!(
                            env!("CARGO_MANIFEST_DIR"), "/codes/", stringify!($code), ".md"
                        )),
                    },)*
                }
            }
        }
    };
}

codes! {
    // 1xxx: reading KDL
    SK1001 UnexpectedToken Error "something here is not KDL"

    // 2xxx: nodes and values
    SK2001 UnknownNode Error "no such node here"
    SK2002 UnknownProperty Error "a word that this node does not know"
    SK2003 MissingValue Error "something required is missing"
    SK2004 WrongType Error "a value of the wrong type"
    SK2005 BadValue Error "a value that cannot be right"
    SK2006 BadQuantity Error "a quantity without a clear unit"
    SK2007 NotOneOf Error "a word that is not one of the few that fit"
    SK2008 WrittenTwice Error "something is written twice"
    SK2009 SurplusArgument Error "one value too many"
    SK2010 NoReferenceHere Error "a reference where none can stand"
    SK2011 SecretHere Error "a secret where none can stand"

    // 3xxx: names and the graph
    SK3001 UnknownName Error "a name that nothing declares"
    SK3002 NoSuchFile Error "a file that is not there"
    SK3003 UnknownPort Error "a port that the service does not have"
    SK3004 UnclearPort Error "a port that is not named"
    SK3005 Cycle Error "nodes that wait for each other"
    SK3006 NeverComplete Error "waiting for the end of something that does not end"
    SK3007 NeverHealthy Error "waiting for the health of something without a check"
    SK3008 NoGateway Error "a route without a gateway"

    // 4xxx: parameters, components, environments
    SK4001 UnknownPath Error "a value path that leads nowhere"

    // 5xxx: lints

    // 6xxx: routes and proxies
    SK6001 ProxyCannot Error "the chosen proxy cannot do this"
}

impl Code {
    /// `SK1001`
    pub const fn as_str(self) -> &'static str {
        self.info().code
    }

    /// Finds a code by its text, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.as_str().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
