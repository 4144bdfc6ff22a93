//! The `skep` binary: one file a command.

mod args;
mod commands;
mod complete;
mod exit;
mod failure;
mod output;
mod server;
mod session;
mod signals;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::args::{Cli, Command};
use crate::exit::Exit;
use crate::failure::Failure;

/// A compile makes many small values: they cost less here than in the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    report_bugs();
    complete::answer_a_shell();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match run(&cli) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            eprintln!("{failure}");
            failure.exit.into()
        }
    }
}

fn run(cli: &Cli) -> Result<Exit, Failure> {
    let global = &cli.global;
    if !global.compose.is_empty() {
        refuse_compose(cli)?;
    }
    match &cli.command {
        Command::Check(options) => commands::check::run(global, options),
        Command::Fmt(options) => commands::fmt::run(global, options),
        Command::Migrate(options) => commands::migrate::run(global, options),
        Command::Explain(options) => commands::explain::run(global, options),
        Command::Compile(options) => commands::compile::run(global, options),
        Command::Plan(options) => commands::plan::run(global, options),
        Command::Diff(options) => commands::diff::run(global, options),
        Command::Apply(options) => commands::apply::run(global, options),
        Command::Status(options) => commands::status::run(global, options),
        Command::Drift(options) => commands::drift::run(global, options),
        Command::Doctor(options) => commands::doctor::run(global, options),
        Command::History(options) => commands::history::run(global, options),
        Command::Show(options) => commands::show::run(global, options),
        Command::Rollback(options) => commands::rollback::run(global, options),
        Command::Destroy(options) => commands::destroy::run(global, options),
        Command::Serve(options) => commands::serve::run(global, options),
        Command::Approve(options) => commands::approve::run(global, options),
        Command::Events(options) => commands::events::run(global, options),
        Command::Logs(options) => commands::logs::run(global, options),
        Command::Token(options) => commands::token::run(global, options),
        Command::Graph(options) => commands::graph::run(global, options),
        Command::Init(options) => commands::init::run(global, options),
        Command::Export(options) => commands::export::run(global, options),
        Command::Import(options) => commands::import::run(global, options),
        Command::Lock(options) => commands::lock::run(global, options),
        Command::Test(options) => commands::test::run(global, options),
        Command::Set(options) => commands::set::run(global, options),
        Command::Unset(options) => commands::unset::run(global, options),
        Command::Insert(options) => commands::insert::run(global, options),
        Command::Remove(options) => commands::remove::run(global, options),
        Command::Rename(options) => commands::rename::run(global, options),
        Command::Splice(options) => commands::splice::run(global, options),
        Command::Schema(options) => commands::schema::run(options),
        Command::Lsp(options) => commands::lsp::run(global, options),
        Command::Man(options) => commands::man::run(options),
        Command::Completions(options) => commands::completions::run(options),
        Command::Version => {
            println!("skep {}", env!("CARGO_PKG_VERSION"));
            Ok(Exit::Done)
        }
    }
}

/// Refuses what is about KDL, where the project is written in something else.
fn refuse_compose(cli: &Cli) -> Result<(), Failure> {
    let Some(word) = cli.command.of_kdl() else {
        return Ok(());
    };
    let files = cli
        .global
        .compose
        .iter()
        .map(|file| file.display().to_string());
    let files: Vec<String> = files.collect();
    let files = files.join(" ");
    let message = format!("`skep {word}` is about KDL, and -f names compose files");
    Err(Failure::new(Exit::Usage, message).help(format!(
        "edit {files} by hand; or go on in KDL: skep import compose {files} --out FOLDER"
    )))
}

/// Help and version are wanted output; everything else is a wrong command line.
fn usage(error: &clap::Error) -> ExitCode {
    drop(error.print());
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done.into(),
        _ => Exit::Usage.into(),
    }
}

/// A panic is a bug of Skep's and says so, in one place and with its own exit code.
#[expect(
    clippy::disallowed_methods,
    reason = "a hook has no other way to choose the exit code"
)]
fn report_bugs() {
    std::panic::set_hook(Box::new(|info| {
        let place = info
            .location()
            .map(|l| format!(" at {}:{}", l.file(), l.line()))
            .unwrap_or_default();
        let what = info.payload_as_str().unwrap_or("no message");
        eprintln!(
            "error: this is a bug in skep {}{place}: {what}",
            env!("CARGO_PKG_VERSION")
        );
        std::process::exit(Exit::Bug as i32);
    }));
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    #[test]
    #[ignore = "it ends the process: the next test runs it in one of its own"]
    fn panic() {
        super::report_bugs();
        panic!("the sum of the parts");
    }

    #[test]
    fn a_panic_is_a_bug_with_its_place_and_70() {
        let this = std::env::current_exe().expect("this program has a path");
        let ended = Command::new(this)
            .args(["--exact", "tests::panic", "--ignored", "--nocapture"])
            .output()
            .expect("it runs again");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(70), "{said}");
        assert!(said.contains("error: this is a bug in skep"), "{said}");
        assert!(said.contains("main.rs:"), "{said}");
        assert!(said.contains("the sum of the parts"), "{said}");
    }
}
