//! No value of a spec can add, remove or alter a directive outside its own slot.
//!
//! A gateway is rendered twice, with hostile values and with harmless ones of the same lengths. What a
//! parser that knows only the proxy's syntax reads back has to have the same structure both times, and
//! every hostile value has to come out of it whole.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use skep_compiler::proxy::{
    AuthUrl, Forward, ForwardAuth, LogFormat, Path, PathEdit, PathMatch, Proxy, ProxyConfig,
    RedirectStatus, Rule, Site, Upstreams, render,
};

use crate::configs::{add_header, gateway, hosts, redirect, rule, seconds, set, site, upstream};
use crate::structure::{haproxy, json, nginx, traefik};

#[test]
fn hostile_values_stay_in_their_slots() {
    let mut runner = TestRunner::new(Config {
        cases: 128,
        failure_persistence: None,
        ..Config::default()
    });
    runner.run(&values(), |values| check(&values)).unwrap();
}

#[test]
fn values_that_once_broke_something_stay_in_their_slots() {
    let text = |text: &str| vec![text.to_owned(); 4];
    for (value, segment) in [
        ("\"; return 301 http://evil/; #", "$host;%7D%7B"),
        ("'; }\" if { always_true } '", "%22'$1"),
        ("%[env(HOME)] ${HOME} $HOME", "%60$(x)"),
        ("{env.HOME} {{ env \"HOME\" }} \\{x\\}", "%7B%7Benv%7D%7D"),
        ("a\\", "%5B%5D%5E%7C"),
        ("${skep_dollar} \\\\\" \\'", "*.+()'"),
        ("ü\u{a0}\u{202e}x\u{2028}y", "ü"),
        (&"\"\\'%{}#;".repeat(140), &"$".repeat(60)),
    ] {
        let values = Values {
            headers: text(value),
            segments: text(segment),
            labels: text(&"a-b".repeat(20)),
            query: "a=%24".to_owned(),
        };
        check(&values).unwrap();
    }
}

/// The values of one gateway, four of each kind.
#[derive(Clone, Debug)]
struct Values {
    headers: Vec<String>,
    /// Segments of paths as an author writes them.
    segments: Vec<String>,
    labels: Vec<String>,
    query: String,
}

fn values() -> impl Strategy<Value = Values> {
    let sign = prop::sample::select(
        "\"'`$;{}()[]#%\\|&<>!?*+^~=,:@/ -_.aZ0ü€\u{1f980}"
            .chars()
            .collect::<Vec<_>>(),
    );
    let piece = prop_oneof![
        4 => sign.prop_map(|c| c.to_string()),
        1 => prop::sample::select(vec![
            "%[src]", "${HOME}", "$host", "{http.request.host}", "{{ env }}", "\\\\", "\\\"", "\\'", "if {", "unless",
            "; }", "%ci", "#", "'\\''", "default", "include", "~^.*",
        ]).prop_map(str::to_owned),
    ];
    let header =
        prop::collection::vec(piece, 1..120).prop_map(|pieces| format!("<{}>", pieces.concat()));
    let character = prop::sample::select(vec![
        "$",
        ";",
        "'",
        "(",
        ")",
        "*",
        "+",
        ",",
        "=",
        "&",
        "!",
        "@",
        ":",
        "~",
        "-",
        ".",
        "_",
        "%22",
        "%7B",
        "%7D",
        "%60",
        "%20",
        "%5E",
        "%7C",
        "%3C",
        "%5B",
        "%5D",
        "ü",
        "%E2%82%AC",
        "a",
        "Z",
        "1",
    ]);
    let segment =
        prop::collection::vec(character, 1..40).prop_map(|all| format!("s{}", all.concat()));
    let label = "[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?";
    let query = "[a-zA-Z0-9._~!*(),:@/?=&+-]{1,40}";
    let four = 4..=4_usize;
    (
        prop::collection::vec(header, four.clone()),
        prop::collection::vec(segment, four.clone()),
        prop::collection::vec(label, four),
        query,
    )
        .prop_map(|(headers, segments, labels, query)| Values {
            headers,
            segments,
            labels,
            query,
        })
}

impl Values {
    /// The same with letters only, every part as long as before.
    fn harmless(&self) -> Self {
        let letters = |text: &String| "x".repeat(text.len());
        let plain = |segment: &String| {
            let path = Path::parse(&format!("/{segment}")).unwrap();
            "x".repeat(path.plain().len() - 1)
        };
        Self {
            headers: self.headers.iter().map(letters).collect(),
            segments: self.segments.iter().map(plain).collect(),
            labels: self.labels.iter().map(letters).collect(),
            query: letters(&self.query),
        }
    }

    fn path(&self, number: usize) -> Path {
        Path::parse(&format!("/{number}/{}", self.segments[number % 4])).unwrap()
    }

    fn config(&self, proxy: Proxy) -> ProxyConfig {
        let mut plain = to(0, self);
        plain.response_headers = vec![
            set("X-A", &self.headers[0]),
            add_header("X-B", &self.headers[1]),
        ];
        plain.request_headers = vec![set("X-C", &self.headers[2]), set("X-D", &self.headers[3])];
        let mut moved = to(1, self);
        moved.path = PathEdit::Rewrite(self.path(1));
        let url = AuthUrl::parse(&format!(
            "http://{}:90{}?{}",
            self.labels[2],
            self.path(2),
            self.query
        ))
        .unwrap();
        moved.forward_auth = Some(ForwardAuth {
            url,
            copy: Vec::new(),
        });
        let mut exactly = to(2, self);
        exactly.path = PathEdit::Rewrite(self.path(3));
        let there = format!("https://{}.test{}", self.labels[3], self.path(0));
        let away = |path| Rule {
            path,
            action: redirect(&there, RedirectStatus::Found),
        };
        let rules = vec![
            rule(PathMatch::Prefix(self.path(4)), plain),
            rule(PathMatch::Prefix(self.path(5)), moved),
            rule(PathMatch::Exact(self.path(6)), exactly),
            away(PathMatch::Prefix(self.path(7))),
            away(PathMatch::Exact(self.path(8))),
        ];
        let names = format!("a.{}.test *.{}.test", self.labels[0], self.labels[1]);
        let other = Site {
            hosts: hosts("b.test"),
            rules: rules.clone(),
            ..site("b.test")
        };
        let mut config = gateway(
            proxy,
            vec![
                Site {
                    rules,
                    ..site(&names)
                },
                other,
            ],
        );
        config.access_log = Some(LogFormat::Json);
        config
    }
}

fn to(number: usize, values: &Values) -> Forward {
    let mut forward = Forward::new(Upstreams::one(upstream(
        &format!("tasks.{}", values.labels[number]),
        80,
    )));
    forward.timeout = Some(seconds(5));
    forward
}

fn check(values: &Values) -> Result<(), TestCaseError> {
    for proxy in Proxy::ALL {
        let text = |values: &Values| render(&values.config(proxy)).files[0].text.clone();
        let read = match proxy {
            Proxy::Nginx => nginx,
            Proxy::Haproxy => haproxy,
            Proxy::Caddy => json,
            Proxy::Traefik => traefik,
        };
        let (hostile, harmless) = (read(&text(values)), read(&text(&values.harmless())));
        prop_assert_eq!(&hostile.shape, &harmless.shape, "{}", proxy);
        for value in &values.headers {
            prop_assert!(hostile.texts.contains(value), "{proxy} lost {value:?}");
        }
    }
    Ok(())
}
