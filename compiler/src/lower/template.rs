//! Templates of configs, filled with what the spec knows of its services.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::plan::stack_name;
use skep_schema::span::{FileId, Span};
use skep_schema::value::Value;
use tera::{ErrorKind, Kwargs, State, Tera, TeraResult};

use super::Lower;

/// More than the swarm would keep; filling stops there.
const LONGEST: usize = 1 << 20;
/// The most loops inside each other, and the most steps of a counted one: filling has to end.
const DEEPEST: usize = 3;
const COUNTED: i64 = 1000;

/// What a template can name.
#[derive(Serialize)]
struct Known {
    project: String,
    stack: String,
    env: Environment,
    service: BTreeMap<String, Reachable>,
    param: BTreeMap<String, Value>,
}

#[derive(Serialize)]
struct Environment {
    /// Empty without an environment.
    name: String,
}

#[derive(Serialize)]
struct Reachable {
    host: String,
    port: BTreeMap<String, u16>,
}

/// Why a template could not be filled, with its line and column, from 1 and 0, where they are known.
struct Stuck {
    message: String,
    at: Option<(usize, usize)>,
}

impl Lower<'_, '_, '_> {
    /// A template of the project, filled; `span` is where it is named.
    pub(super) fn template(&mut self, path: &str, span: Span) -> Option<String> {
        let bytes = self.file(path, span)?.to_vec();
        let Ok(text) = String::from_utf8(bytes) else {
            let message = format!("the template `{path}` is not UTF-8 text");
            self.error(Diagnostic::new(Code::NotText, span, message).help("use `file` for bytes"));
            return None;
        };
        let root = self.cx.root_of(span);
        let file = self.cx.add_aside(&root, path, &text);
        match fill(&text, &self.values()) {
            Ok(filled) => Some(filled),
            Err(stuck) => {
                let place = stuck.at.map_or(Span::new(file, 0, 0), |(line, column)| {
                    locate(&text, file, line, column)
                });
                self.error(
                    Diagnostic::new(Code::BadTemplate, place, stuck.message)
                        .and(span, "the template is used here"),
                );
                None
            }
        }
    }

    fn values(&self) -> Known {
        let service = self.spec.services.iter().map(|(name, service)| {
            let ports = service
                .node
                .port
                .iter()
                .map(|p| (p.name.value.as_str().to_owned(), p.number.value.0));
            let reachable = Reachable {
                host: self.host_of(name).unwrap_or_default(),
                port: ports.collect(),
            };
            (name.clone(), reachable)
        });
        Known {
            project: self.spec.project.clone(),
            stack: stack_name(&self.spec.project, self.spec.environment.as_deref()),
            env: Environment {
                name: self.spec.environment.clone().unwrap_or_default(),
            },
            service: service.collect(),
            param: self.params.clone(),
        }
    }
}

fn fill(text: &str, known: &Known) -> Result<String, Stuck> {
    if loops(text) > DEEPEST {
        return Err(Stuck {
            message: format!("more than {DEEPEST} loops inside each other"),
            at: None,
        });
    }
    let mut tera = Tera::new();
    tera.register_function("range", range);
    let values = tera::Context::from_serialize(known).map_err(|error| stuck(&error))?;
    tera.add_raw_template(NAME, text)
        .map_err(|error| stuck(&error))?;
    let mut filled = Bounded(Vec::new());
    tera.render_to(NAME, &values, &mut filled)
        .map_err(|error| stuck(&error))?;
    String::from_utf8(filled.0).map_err(|_| Stuck {
        message: "it fills to something that is not text".to_owned(),
        at: None,
    })
}

/// No suffix, so that nothing is escaped: configs have many forms, and none of them is HTML.
const NAME: &str = "template";

/// Collects what a template writes, up to what a config can hold.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How many loops are open at most at once, judged by the words alone.
fn loops(text: &str) -> usize {
    let words = text
        .split("{%")
        .skip(1)
        .filter_map(|tag| tag.trim_start_matches('-').split_whitespace().next());
    let (mut open, mut most) = (0_usize, 0);
    for word in words {
        match word {
            "for" => open += 1,
            "endfor" => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

/// Whole numbers up to `end`, few enough to be counted through three times over.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the form of a function of the template engine"
)]
fn range(arguments: Kwargs, _: &State) -> TeraResult<Vec<i64>> {
    let start: i64 = arguments.get("start")?.unwrap_or(0);
    let end: i64 = arguments.must_get("end")?;
    if end.saturating_sub(start) > COUNTED {
        return Err(tera::Error::message(format!(
            "`range` counts to {COUNTED} at most"
        )));
    }
    Ok((start..end).collect())
}

fn stuck(error: &tera::Error) -> Stuck {
    match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
            let span = report.span();
            Stuck {
                message: sentence(report.message()),
                at: Some((span.start_line, span.start_col)),
            }
        }
        ErrorKind::Io(_) => Stuck {
            message: format!("it fills to more than {LONGEST} bytes"),
            at: None,
        },
        other => Stuck {
            message: sentence(&other.to_string()),
            at: None,
        },
    }
}

/// A message of the template engine in our own form.
fn sentence(text: &str) -> String {
    let first_line = text.lines().next().unwrap_or("").trim_end_matches('.');
    let mut letters = first_line.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

fn locate(text: &str, file: FileId, line: usize, column: usize) -> Span {
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let rest = text.get(start..).unwrap_or("").lines().next().unwrap_or("");
    let indent: usize = rest.chars().take(column).map(char::len_utf8).sum();
    let offset = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
    Span::new(file, offset(start + indent), offset(start + rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, (String, Option<(usize, usize)>)> {
        let port = BTreeMap::from([("http".to_owned(), 8080)]);
        let service = BTreeMap::from([(
            "web-app".to_owned(),
            Reachable {
                host: "web-app".to_owned(),
                port,
            },
        )]);
        let env = Environment {
            name: "prod".to_owned(),
        };
        let param = BTreeMap::from([("level".to_owned(), Value::Text("info".to_owned()))]);
        let known = Known {
            project: "shop".to_owned(),
            stack: "shop@prod".to_owned(),
            env,
            service,
            param,
        };
        fill(text, &known).map_err(|stuck| (stuck.message, stuck.at))
    }

    #[test]
    fn a_template_knows_hosts_ports_and_the_environment() {
        let text = "{{ project }} {{ env.name }} {{ service[\"web-app\"].host }}:{{ service[\"web-app\"].port.http }} {{ param.level }} <&>";
        assert_eq!(
            filled(text).as_deref(),
            Ok("shop prod web-app:8080 info <&>")
        );
    }

    #[test]
    fn what_is_not_there_is_an_error_at_its_line() {
        let (_, at) = filled("a\n  b {{ service.db.host }}\n").expect_err("no service `db`");
        assert_eq!(at.map(|(line, _)| line), Some(2));
        assert!(filled("{{ secret.token }}").is_err());
        assert!(filled("{% if %}").is_err());
    }

    #[test]
    fn filling_ends() {
        let nested = "{% for a in range(end=9) %}".repeat(4);
        assert!(filled(&format!("{nested}{}", "{% endfor %}".repeat(4))).is_err());
        assert!(filled("{% for a in range(end=1001) %}{% endfor %}").is_err());
        let long = format!(
            "{{% for a in range(end=1000) %}}{}{{% endfor %}}",
            "x".repeat(2000)
        );
        assert_eq!(
            filled(&long).expect_err("too long").0,
            format!("it fills to more than {LONGEST} bytes")
        );
    }
}
