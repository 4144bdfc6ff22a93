//! What all exports do with their files and findings.

use std::path::Path;

use clap::{Args, ValueEnum};
use skep_compiler::export::Exported;
use skep_schema::plan::Plan;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::export;
use crate::session::{print, to_json};

/// Where an export goes, and what is told of it.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// The folder to write the files to
    #[arg(long, value_name = "DIR")]
    out: Option<std::path::PathBuf>,
    /// Show what is not exact instead of the files
    #[arg(long)]
    report: bool,
    /// Fail where anything is not exact
    #[arg(long)]
    strict: bool,
    /// The form of the result
    #[arg(short = 'o', long, value_enum, value_name = "FORM", default_value_t)]
    output: Form,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// The text of the file
    #[default]
    Yaml,
    /// The report with all files in it, skep.export/1
    Json,
}

/// Writes or prints an export, and tells what is not exact.
pub(super) fn finish(
    global: &Global,
    common: &Common,
    plan: &Plan,
    exported: &Exported,
    main: &str,
) -> Result<Exit, Failure> {
    let fails = common.strict && !exported.findings.is_empty();
    if let (Some(out), false) = (&common.out, fails) {
        write(&global.dir.join(out), exported)?;
    }
    match common.output {
        Form::Json => print(&to_json(&exported.report(plan)))?,
        Form::Yaml if common.report => print(&export::table(&exported.findings))?,
        Form::Yaml if common.out.is_none() && !fails => {
            let text = exported.files.get(main);
            print(&String::from_utf8_lossy(text.map_or(&[], Vec::as_slice)))?;
        }
        Form::Yaml => {}
    }
    if !common.report {
        eprint!("{}", export::remarks(&exported.findings));
    }
    eprintln!("{}", export::summary(&plan.stack, &exported.findings));
    Ok(if fails { Exit::Failed } else { Exit::Done })
}

/// Writes every file over what was there: an export is made anew from the plan each time.
fn write(out: &Path, exported: &Exported) -> Result<(), Failure> {
    for (path, bytes) in &exported.files {
        let path = out.join(path);
        let folder = path.parent().unwrap_or(out);
        std::fs::create_dir_all(folder).map_err(|e| Failure::file(folder, &e))?;
        std::fs::write(&path, bytes).map_err(|e| Failure::file(&path, &e))?;
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}
