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
    SK1002 UnclosedString Error "a string that does not end"
    SK1003 UnclosedComment Error "a comment that does not end"
    SK1004 UnmatchedBrace Error "a brace without its partner"
    SK1005 MisplacedBlock Error "a block where none can stand"
    SK1006 BareKeyword Error "`true`, `false`, `null`, `inf` or `nan` without `#`"
    SK1007 NeedsQuotes Error "a value that needs quotes"
    SK1008 KeyWithColon Error "a key that ends in a colon"
    SK1009 StrayEquals Error "a `=` between a node and its value"
    SK1010 ListSyntax Error "brackets or commas around values"
    SK1011 ForeignQuotes Error "quotes that KDL does not know"
    SK1012 ForeignComment Error "a comment that starts with `#`"
    SK1013 OldKdl Error "a spelling of KDL 1"
    SK1014 WrongEscape Error "an escape that does not exist"
    SK1015 MultilineString Error "a multi-line string out of shape"
    SK1016 WrongNumber Error "a number that is none"
    SK1017 MissingSpace Error "two values without a space between them"
    SK1018 MalformedAnnotation Error "a type annotation out of shape"
    SK1019 NothingToDrop Error "a `/-` with nothing after it"
    SK1020 KeyWithoutValue Error "a property without a value"
    SK1021 ForbiddenCharacter Error "a character that KDL forbids"
    SK1022 TooDeep Error "blocks that nest too deep"
    SK1023 FileTooLarge Error "a file that is too large"
    SK1024 TooManyMistakes Error "more mistakes than are shown"

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
    SK2012 Planned Error "something for a later version"
    SK2013 DeclaredTwice Error "two nodes of one kind with one name"
    SK2014 NotText Error "a file that is not UTF-8 text"
    SK2015 NoProject Error "a project without a proper `project` node"
    SK2016 StrayAnnotation Error "an annotation that means nothing here"

    // 3xxx: names and the graph
    SK3001 UnknownName Error "a name that nothing declares"
    SK3002 NoSuchFile Error "a file that is not there"
    SK3003 UnknownPort Error "a port that the service does not have"
    SK3004 UnclearPort Error "a port that is not named"
    SK3005 Cycle Error "nodes that wait for each other"
    SK3006 NeverComplete Error "waiting for the end of something that does not end"
    SK3007 NeverHealthy Error "waiting for the health of something without a check"
    SK3008 NoGateway Error "a route without a gateway"
    SK3009 CannotExport Error "an export of what cannot be exported"
    SK3010 NotExported Error "a node that another project keeps to itself"

    // 32xx: lowering to the swarm
    SK3201 OutOfReach Error "a route to a service that shares no network with the gateway"
    SK3202 SameMatch Error "two places claim the same requests"
    SK3203 SameObject Error "two nodes would be one object of the swarm"
    SK3204 PortTaken Error "two nodes want the same port"
    SK3205 NameTooLong Error "a name that is too long for the swarm"
    SK3206 ReservedName Error "a name that is not the project's to use"
    SK3207 ExactlyOne Error "one of several has to be said, and only one"
    SK3208 WrongSize Error "content that the swarm cannot hold"
    SK3209 BadTemplate Error "a template that cannot be filled"
    SK3210 BadDotenv Error "a line of an environment file that cannot be read"
    SK3211 SwarmCannot Error "something that Swarm cannot do"
    SK3212 Contradiction Error "settings that exclude each other"
    SK3213 BadPlacement Error "a placement that Swarm does not understand"
    SK3214 BadEngineTemplate Error "an engine template that would fail when a task starts"
    SK3215 NoListener Error "a route that no port of its gateway serves"
    SK3216 WrongCertificate Error "a certificate that does not fit the host"
    SK3217 BadProxyValue Error "a value that no proxy config can hold"
    SK3218 SameAddresses Error "two networks that want the same addresses"

    // 33xx: flows
    SK3301 Unreachable Error "a task that can never begin"
    SK3302 OutputTooEarly Error "an output used before its task has ended"
    SK3303 UnknownOutput Error "an output that the task does not have"
    SK3304 BadCondition Error "a condition that makes no sense"
    SK3305 BadCron Error "a time table that cannot be"
    SK3306 WrongTask Error "a task of the wrong kind"

    // 34xx: the lock file
    SK3401 BrokenLock Error "a lock file that cannot be read"
    SK3402 NotLocked Warning "an image that the lock file does not have"

    // 35xx: which object is which node
    SK3501 StillDeclared Error "a node that moved away or is forgotten, and is declared"
    SK3502 OtherKind Error "a move between two kinds"
    SK3503 UnclearMove Error "moves that contradict each other"
    SK3504 NoObject Error "a node without an object of its own"
    SK3505 CannotAdopt Error "a node that cannot take over an object"

    // 36xx: tests
    SK3601 NotAsExpected Error "an expectation that does not hold"
    SK3602 NotFailing Error "a compile that was to fail, and does not"
    SK3603 OtherPlan Error "a plan that is not as its snapshot"

    // 37xx: compose files as they are
    SK3701 NoCompose Error "a compose file that cannot be read"
    SK3702 RefusedByDocker Error "a key that docker refuses as well"
    SK3703 NotInSwarm Warning "a key that means nothing to a swarm"
    SK3704 NearCompose Warning "a key that becomes something near to it"

    // 38xx: others in the swarm
    SK3801 OtherOwner Error "something that another tool deploys"

    // 4xxx: parameters, components, environments
    SK4001 UnknownPath Error "a value path that leads nowhere"
    SK4002 UnclosedPath Error "a path in a string that does not end"
    SK4003 WrongAnnotation Error "a value evaluated with the wrong annotation"
    SK4004 UnknownParam Error "a parameter that nothing declares"
    SK4005 UnsetParam Error "a parameter without a value"
    SK4006 BadParam Error "a value that a parameter refuses"
    SK4007 UnknownComponent Error "a component that nothing declares"
    SK4008 ComponentCycle Error "components that use each other"
    SK4009 TooMuch Error "more nodes than a project may have"
    SK4010 UnknownEnvironment Error "an environment that nothing declares"
    SK4011 MatchesNothing Error "a change that matches nothing"
    SK4012 BadInclude Error "an include that cannot be followed"
    SK4013 BadImport Error "an import that cannot be followed"
    SK4014 NotPinned Error "a module that the lock file does not have"
    SK4015 ModuleAway Error "a pinned module that is not on this machine"
    SK4020 PatchedTwice Error "two changes that contradict each other"

    // 5xxx: lints
    SK5001 FloatingImage Warning "an image whose tag moves"
    SK5002 SecretInEnv Warning "a secret in an environment variable"
    SK5003 LiteralSecret Warning "what looks like a secret, in clear"
    SK5004 ShortMonitor Warning "a rollout that ends before a health check can fail"
    SK5005 NoRollback Warning "an update that is not taken back when it fails"
    SK5006 UpdateDeadlock Warning "an update that may wait for ever"
    SK5007 WanderingData Warning "a local volume under a service that may move"
    SK5008 EngineSocket Warning "the engine's socket inside a container"
    SK5009 NobodyAnswers Warning "a route to a service without tasks"
    SK5010 Unused Warning "a declaration that nothing uses"
    SK5011 NameOutOfReach Warning "the name of a service that shares no network"
    SK5012 SideDoor Warning "an open path to what another path guards"
    SK5013 ClearPassword Warning "a password that is asked for without TLS"
    SK5014 NowhereToRun Warning "constraints that no node can meet"
    SK5015 ForgetfulDatabase Warning "a database that keeps nothing"
    SK5016 TwoWriters Warning "an update in which two tasks write to one place"
    SK5017 SlowRollback Warning "a rollback that may wait a minute"
    SK5018 EndsForGood Warning "a service that nothing starts again"
    SK5019 IngressAddresses Warning "addresses that the engine's mesh has"
    SK5020 LabelOutOfSight Warning "a proxy's label that the proxy does not see"
    SK5021 LabelWithoutPort Warning "labels of Traefik without a port"
    SK5022 RouterTwice Warning "one router of Traefik in two services"
    SK5023 AllowsNothing Warning "an `allow` that allows nothing"
    SK5030 ChangesNothing Warning "a patch that changes nothing"
    SK5201 RawText Warning "text that goes into a proxy's config unchecked"

    // 53xx: the project's own policy
    SK5301 PolicyFloatingTag Warning "a tag that moves, against the policy"
    SK5302 PolicyUnlimited Warning "a service without a memory limit, against the policy"
    SK5303 PolicyRegistry Warning "an image from elsewhere, against the policy"
    SK5304 PolicyCapability Warning "a privilege that the policy does not list"
    SK5305 PolicyBind Warning "a part of the machine's disk that the policy does not list"
    SK5306 PolicyHostNetwork Warning "a service on the machine's own network"
    SK5307 PolicySysctl Warning "a kernel setting that the policy does not list"
    SK5308 PolicyLowPort Warning "a low port that the policy does not list"

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
        Self::ALL
            .iter()
            .copied()
            .find(|c| c.as_str().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
