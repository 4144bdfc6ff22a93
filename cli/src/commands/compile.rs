//! `skep compile`

use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use skep_compiler::Compiled;
use skep_schema::plan::Plan;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::count;
use crate::session::{Session, print, to_json};

const EXAMPLES: &str = "\
Examples:
  skep compile                      what the project becomes, a line a node
  skep compile -o json > plan.json  the plan, to be compared with later
  skep compile --out-dir out        plan.json and the proxies' configs as files";

/// Compile the project into a plan and proxy configs
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The form of the plan
    #[arg(short = 'o', long, value_enum, value_name = "FORM", default_value_t)]
    output: Form,
    /// Write plan.json and proxy/GATEWAY.EXT into this folder
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A line for each node
    #[default]
    Human,
    /// The plan, skep.plan/1
    Json,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    // The end of the process frees it.
    let compiled = ManuallyDrop::new(session.compile()?);
    let plan = compiled
        .plan
        .as_ref()
        .ok_or_else(|| Failure::new(Exit::Bug, "a compile without errors made no plan"))?;
    if let Some(dir) = &options.out_dir {
        write_all(dir, plan, &compiled)?;
    }
    match options.output {
        Form::Json => print(&to_json(plan))?,
        Form::Human if options.out_dir.is_none() => print(&listing(plan))?,
        Form::Human => {}
    }
    Ok(Exit::Done)
}

fn listing(plan: &Plan) -> String {
    let mut out = format!(
        "{} · {} · {}\n",
        plan.stack,
        count(plan.nodes.len() as u64, "node"),
        plan.digest
    );
    for (address, node) in &plan.nodes {
        out.push_str(&format!(
            "  {:<34} {}  {}\n",
            address.to_string(),
            node.digest,
            node.origin.place()
        ));
    }
    out
}

fn write_all(dir: &Path, plan: &Plan, compiled: &Compiled) -> Result<(), Failure> {
    write(&dir.join("plan.json"), &to_json(plan))?;
    for (gateway, rendered) in &compiled.proxies {
        for (nth, file) in rendered.files.iter().enumerate() {
            let name = if nth == 0 {
                format!("{gateway}.{}", rendered.extension)
            } else {
                format!("{gateway}.{}", file.name)
            };
            write(&dir.join("proxy").join(name), &file.text)?;
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|e| Failure::file(folder, &e))?;
    std::fs::write(path, text).map_err(|e| Failure::file(path, &e))?;
    eprintln!("wrote {}", path.display());
    Ok(())
}
