//! The repository's own tasks. `cargo xtask help` lists them.

mod bench;
mod corpus;
mod dist;
mod engine;
mod fuzz;
mod images;
mod install;
mod manifests;
mod pipelines;
mod repo;
mod shell;
mod test;
#[cfg(test)]
mod tidy;
mod venv;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <task>

  test [--fast] [--no-install] [-- FILTER]
                            all tests, with an engine of their own; as root, on Debian
  bench apply               what an unchanged apply costs, beside `docker stack deploy`; at an
                            engine of its own, or at DOCKER_HOST where that is set
  bench compile [--quick]   what a cold compile costs, beside others that read the same services
  bench daemon              what a daemon of 500 services costs that has nothing to do
  bench lsp                 how long an editor waits for answers, with a thousand services
  bench rivals              install those others, below the target folder
  fuzz TARGET [--runs N]    tries a law of the compiler with libFuzzer; TARGET is text, repeated,
                            compile, edits, plan or memory. --keep writes the corpus
  corpus [DIR]              imports a folder of stack files, or that of SKEP_CORPUS, and says what
                            became of their keys, beside what `docker stack config` accepts
  dist [--profile NAME]     the program for people: an archive, a Debian package, a wheel and an
                            image, below the target folder; built as a release without --profile
  pipelines                 hold the workflows and hooks of docs/ci to the tools they are for
  manifests                 hold what `skep export kubernetes` writes to the schemas of the API
  engine up [--nodes 1|3]   start a private engine and print `export DOCKER_HOST=...`
  engine env                print that line again
  engine status             what runs, and where it is reached
  engine crash N            kill node N with everything it runs, as a power loss would
  engine partition N        pull node N's network cable
  engine heal N             plug the cable in again and start node N again if it crashed
  engine down               stop everything and remove every trace
  images                    build the test images and load them into that engine,
                            or into that of DOCKER_HOST
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match dispatch(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[&str]) -> Result<(), String> {
    match words {
        ["bench", rest @ ..] => bench::command(rest),
        ["corpus", rest @ ..] => corpus::command(rest),
        ["dist", rest @ ..] => dist::command(rest),
        ["engine", rest @ ..] => engine::command(rest),
        ["test", rest @ ..] => test::command(&test::Options::parse(rest)?),
        ["fuzz", rest @ ..] => fuzz::command(rest),
        ["manifests"] => manifests::command(),
        ["pipelines"] => pipelines::command(),
        ["images"] => images::command(),
        ["help" | "--help" | "-h"] | [] => {
            print!("{USAGE}");
            Ok(())
        }
        [other, ..] => Err(format!("no task `{other}`\n\n{USAGE}")),
    }
}
