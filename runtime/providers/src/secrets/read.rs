//! Reading values from where a plan says they are.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use skep_schema::plan::{Plan, SecretSource};

use super::{LONGEST, Missing, SecretBytes, Secrets};

/// How long a command may take; a password store that asks on a terminal needs some time.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(10);

impl Secrets {
    /// Reads every value the plan's secrets name. A source that fails is recorded, not an error:
    /// a plan can be looked at without any value.
    ///
    /// Files and commands are relative to `project_dir`. A command is run without a shell, with no
    /// input, and with its error output dropped.
    pub fn read(plan: &Plan, project_dir: &Path, env: impl Fn(&str) -> Option<OsString>) -> Self {
        let mut secrets = Self::default();
        for (address, source) in plan.secret_sources() {
            match value(source, project_dir, &env) {
                None => {}
                Some(Ok(bytes)) => drop(secrets.values.insert(address.clone(), bytes)),
                Some(Err(missing)) => drop(secrets.missing.insert(address.clone(), missing)),
            }
        }
        secrets
    }
}

fn value(
    source: &SecretSource,
    dir: &Path,
    env: impl Fn(&str) -> Option<OsString>,
) -> Option<Result<SecretBytes, Missing>> {
    match source {
        SecretSource::Env(variable) => Some(variable_value(variable, env(variable))),
        SecretSource::File(path) => Some(file_value(path, dir)),
        SecretSource::Command(argv) => Some(command_value(argv, dir, PATIENCE)),
        SecretSource::External => Some(Err(Missing::External)),
        SecretSource::Unknown => None,
    }
}

fn variable_value(variable: &str, value: Option<OsString>) -> Result<SecretBytes, Missing> {
    let value = value.ok_or_else(|| Missing::NotSet {
        variable: variable.to_owned(),
    })?;
    let bytes = SecretBytes::new(value.into_encoded_bytes());
    checked(bytes, || format!("the environment variable `{variable}`"))
}

pub(super) fn file_value(path: &str, dir: &Path) -> Result<SecretBytes, Missing> {
    let bytes = regular_file(&dir.join(path))
        .and_then(capped)
        .map_err(|e| Missing::NoFile {
            path: path.to_owned(),
            reason: e.to_string(),
        })?;
    checked(bytes, || format!("the file `{path}`"))
}

/// A pipe without a writer or a device would be waited for without an end.
fn regular_file(path: &Path) -> io::Result<File> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    File::open(path)
}

/// At most one byte more than is allowed, into a buffer that never moves.
fn capped(from: impl Read) -> io::Result<SecretBytes> {
    let mut bytes = Vec::with_capacity(LONGEST + 2);
    let outcome = from.take(LONGEST as u64 + 1).read_to_end(&mut bytes);
    let bytes = SecretBytes::new(bytes);
    outcome.map(|_| bytes)
}

fn checked(bytes: SecretBytes, from: impl Fn() -> String) -> Result<SecretBytes, Missing> {
    match bytes.expose().len() {
        0 => Err(Missing::Empty { from: from() }),
        length if length > LONGEST => Err(Missing::TooLong { from: from() }),
        _ => Ok(bytes),
    }
}

fn command_value(argv: &[String], dir: &Path, patience: Duration) -> Result<SecretBytes, Missing> {
    let command = argv.first().cloned().unwrap_or_default();
    let not_started = |e: &io::Error| Missing::NotStarted {
        command: command.clone(),
        reason: e.to_string(),
    };
    let mut child = spawn(argv, dir).map_err(|e| not_started(&e))?;
    let output = child
        .stdout
        .take()
        .expect("the output was asked to be piped");
    let bytes = listen(output, patience).ok_or_else(|| {
        end(&mut child);
        Missing::TooSlow {
            command: command.clone(),
            seconds: patience.as_secs(),
        }
    })?;
    let bytes = bytes.map_err(|e| not_started(&e))?;
    if bytes.expose().len() > LONGEST {
        end(&mut child);
    } else {
        succeed(&mut child, &command, patience)?;
    }
    checked(bytes, || format!("the command `{command}`"))
}

fn spawn(argv: &[String], dir: &Path) -> io::Result<Child> {
    let (program, arguments) = argv
        .split_first()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "it is empty"))?;
    Command::new(program)
        .args(arguments)
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

/// What the command wrote; nothing when it did not close its output in time.
fn listen(output: ChildStdout, patience: Duration) -> Option<io::Result<SecretBytes>> {
    let (sender, receiver) = mpsc::channel();
    // Not joined: a grandchild may hold the pipe open for ever.
    std::thread::spawn(move || sender.send(capped(output)).is_ok());
    receiver.recv_timeout(patience).ok()
}

fn succeed(child: &mut Child, command: &str, patience: Duration) -> Result<(), Missing> {
    let deadline = Instant::now() + patience;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => {
                return Err(Missing::Ended {
                    command: command.to_owned(),
                    code: status.code(),
                });
            }
            Ok(None) if Instant::now() < deadline => std::thread::sleep(PAUSE),
            Ok(None) | Err(_) => {
                end(child);
                return Err(Missing::TooSlow {
                    command: command.to_owned(),
                    seconds: patience.as_secs(),
                });
            }
        }
    }
}

fn end(child: &mut Child) {
    // It may have ended by itself meanwhile, which is as good.
    let _killed = child.kill();
    let _reaped = child.wait();
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use skep_schema::address::{Address, Kind};
    use skep_schema::plan::{Origin, Payload, PlanNode, Secret, Target};

    use super::*;

    fn argv(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    fn run(words: &[&str]) -> Result<SecretBytes, Missing> {
        command_value(&argv(words), Path::new("/"), Duration::from_millis(500))
    }

    #[test]
    fn the_output_of_a_command_is_the_value_with_its_newline() {
        assert_eq!(
            run(&["echo", "s3cret"]),
            Ok(SecretBytes::new(b"s3cret\n".to_vec()))
        );
    }

    #[test]
    fn a_command_is_run_without_a_shell() {
        assert_eq!(
            run(&["echo", "$HOME;id"]),
            Ok(SecretBytes::new(b"$HOME;id\n".to_vec()))
        );
    }

    #[test]
    fn a_command_that_fails_gives_no_value_although_it_wrote_one() {
        let failed = run(&["sh", "-c", "echo s3cret; exit 4"]);
        assert_eq!(
            failed,
            Err(Missing::Ended {
                command: "sh".to_owned(),
                code: Some(4)
            })
        );
    }

    #[test]
    fn a_command_that_does_not_end_is_ended() {
        let begun = Instant::now();
        let slow = run(&["sleep", "30"]);
        assert_eq!(
            slow,
            Err(Missing::TooSlow {
                command: "sleep".to_owned(),
                seconds: 0
            })
        );
        assert!(begun.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_command_that_closed_its_output_must_end_too() {
        let slow = run(&["sh", "-c", "echo s3cret; exec sleep 30 >&-"]);
        assert_eq!(
            slow,
            Err(Missing::TooSlow {
                command: "sh".to_owned(),
                seconds: 0
            })
        );
    }

    #[test]
    fn a_command_that_never_stops_writing_is_cut_off() {
        assert_eq!(
            run(&["yes"]),
            Err(Missing::TooLong {
                from: "the command `yes`".to_owned()
            })
        );
    }

    #[test]
    fn a_command_that_is_not_there_is_named() {
        let missing = run(&["no-such-command-here"]).expect_err("there is no such command");
        assert!(
            missing
                .to_string()
                .starts_with("the command `no-such-command-here` cannot be run: ")
        );
        assert!(matches!(run(&[]), Err(Missing::NotStarted { .. })));
    }

    fn plan(sources: &[(&str, SecretSource)]) -> Plan {
        let node = |(name, source): &(&str, SecretSource)| {
            let address = Address::new(Kind::Secret, *name);
            let (name, labels) = (format!("shop_{name}-*"), BTreeMap::new());
            let payload = Payload::Secret(Secret {
                name,
                source: source.clone(),
                labels,
            });
            let node = PlanNode::new(&address, Target::Swarm, payload, Origin::default());
            (address, node)
        };
        Plan::new("shop", None, sources.iter().map(node).collect())
    }

    #[test]
    fn each_source_is_read_and_what_fails_says_why() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("db.txt"), "s3cret\n").expect("writable");
        std::fs::write(folder.path().join("huge"), vec![b'x'; LONGEST + 1]).expect("writable");
        let (env, file) = (
            |v: &str| SecretSource::Env(v.to_owned()),
            |p: &str| SecretSource::File(p.to_owned()),
        );
        let secrets = Secrets::read(
            &plan(&[
                ("env", env("SET")),
                ("file", file("db.txt")),
                ("command", SecretSource::Command(argv(&["cat", "db.txt"]))),
                ("unset", env("UNSET")),
                ("empty", env("EMPTY")),
                ("lost", file("lost.txt")),
                ("folder", file(".")),
                ("huge", file("huge")),
                ("external", SecretSource::External),
                ("unknown", SecretSource::Unknown),
            ]),
            folder.path(),
            |variable| match variable {
                "SET" => Some("s3cret".into()),
                "EMPTY" => Some(OsString::new()),
                _ => None,
            },
        );
        let address = |name: &str| Address::new(Kind::Secret, name);
        let value = |name: &str| secrets.get(&address(name)).map(SecretBytes::expose);
        assert_eq!(value("env"), Some(&b"s3cret"[..]));
        assert_eq!(
            (value("file"), value("command")),
            (Some(&b"s3cret\n"[..]), Some(&b"s3cret\n"[..]))
        );
        let why: Vec<String> = secrets
            .missing()
            .keys()
            .map(|address| secrets.why(address))
            .collect();
        insta::assert_snapshot!(why.join("\n"), @r"
        `secret.empty` has no value: the environment variable `EMPTY` gave no bytes; the engine takes no empty secret, so give it a value
        `secret.external` has no value: it is external, so only the swarm knows it; read it from its file in the container instead
        `secret.folder` has no value: the file `.` cannot be read: it is no regular file; write the value to `.`, or name another file
        `secret.huge` has no value: the file `huge` gave more than 511999 bytes; the engine takes no longer secret, so mount a file instead
        `secret.lost` has no value: the file `lost.txt` cannot be read: No such file or directory (os error 2); write the value to `lost.txt`, or name another file
        `secret.unset` has no value: the environment variable `UNSET` is not set; set `UNSET` where skep runs
        ");
        assert_eq!(value("unknown"), None);
        assert!(!format!("{secrets:?}").contains("s3cret"));
    }
}
