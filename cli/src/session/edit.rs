//! Edits of a project's files: compiled first, then written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::{Args, ValueEnum};
use skep_compiler::Checked;
use skep_compiler::edit::{Conflict, Refusal, Site, Splice, Written, apply, inverse};
use skep_compiler::source::{File, Inputs, SourceSet};
use skep_schema::diagnostic::{Diagnostic, Severity};
use skep_schema::edit::{EDIT_FORMAT, EditReport, Replaced};

use super::{Session, guard, print, to_json};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::diagnostics::human;
use crate::output::difference;

/// How an edit is made.
#[derive(Debug, Args)]
pub(crate) struct EditManner {
    /// Which of several places, as `FILE:LINE`
    #[arg(long, value_name = "FILE:LINE")]
    pub(crate) at: Option<String>,
    /// Write nothing; show what would change
    #[arg(long, visible_alias = "diff")]
    dry_run: bool,
    /// The form of the result
    #[arg(short = 'o', long, value_enum, value_name = "FORM", default_value_t)]
    output: Form,
}

/// The forms of `-o` for edits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// What was edited; with --dry-run, a unified diff
    #[default]
    Human,
    /// skep.edit/1, with the command that undoes it
    Json,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match &refusal {
            Refusal::No { message, help } => Failure::new(Exit::Failed, message).help(help),
            Refusal::Several(sites) => {
                let first = sites.first().map(|s| format!("{}:{}", s.file, s.line));
                Failure::new(Exit::Failed, refusal.to_string())
                    .help(format!("say which: --at {}", first.unwrap_or_default()))
            }
        }
    }
}

/// The one site there is, or the one that was chosen.
pub(crate) fn choose(sites: Vec<Site>, manner: &EditManner) -> Result<Vec<Splice>, Failure> {
    let is_chosen = |site: &Site| {
        let place = format!("{}:{}", site.file, site.line);
        manner.at.as_ref().is_none_or(|at| *at == place)
    };
    let (mut chosen, others): (Vec<Site>, Vec<Site>) = sites.into_iter().partition(is_chosen);
    match (chosen.pop(), chosen.is_empty()) {
        (Some(site), true) if site.shared && manner.at.is_none() => {
            Err(Refusal::Several(vec![site]).into())
        }
        (Some(site), true) => Ok(site.splices),
        (Some(site), false) => {
            chosen.push(site);
            Err(Refusal::Several(chosen).into())
        }
        (None, _) => Err(Refusal::Several(others).into()),
    }
}

impl Session<'_> {
    /// The project as it is written, in the chosen environment.
    pub(crate) fn written(&self) -> Result<(SourceSet, Written), Failure> {
        let mut inputs = self.inputs();
        inputs.allow_unset_params = true;
        let (set, compiled) = self.project.load(inputs)?;
        if let Some(name) = &self.global.environment
            && !compiled.environments.contains(name)
        {
            let message = format!("there is no environment `{name}`");
            let all = compiled.environments.join(", ");
            return Err(Failure::new(Exit::Failed, message).help(format!("there is {all}")));
        }
        let written = Written::of(&set);
        Ok((set, written))
    }

    /// Compiles what the splices make, and writes it unless it has errors that were not there.
    pub(crate) fn edit(
        &self,
        set: &SourceSet,
        splices: &[Splice],
        manner: &EditManner,
    ) -> Result<Exit, Failure> {
        let before = texts(set, splices)?;
        let mut after = BTreeMap::new();
        for (file, text) in &before {
            let of_file: Vec<Splice> = splices
                .iter()
                .filter(|s| s.file == *file)
                .cloned()
                .collect();
            let new = apply(text, &of_file).map_err(|c| conflict(&c))?;
            after.insert(file.clone(), new);
        }
        self.refuse_errors(&after)?;
        let undo = inverse(splices, |file| before.get(file).map_or("", String::as_str));
        let report = EditReport {
            format: EDIT_FORMAT.to_owned(),
            written: !manner.dry_run,
            replaced: splices.iter().map(|s| replaced(s, &before)).collect(),
            undo: guard::undo(&undo.map_err(|c| conflict(&c))?, &after),
        };
        if !manner.dry_run {
            for (file, text) in &after {
                self.project.rewrite(file, &before[file], text)?;
            }
        }
        match (manner.output, manner.dry_run) {
            (Form::Json, _) => print(&to_json(&report))?,
            (Form::Human, true) => {
                for (file, text) in &after {
                    print(&difference(Path::new(file), &before[file], text))?;
                }
            }
            (Form::Human, false) => {
                for one in &report.replaced {
                    eprintln!("edited {}:{}", one.file, one.line);
                }
            }
        }
        Ok(Exit::Done)
    }

    fn refuse_errors(&self, after: &BTreeMap<String, String>) -> Result<(), Failure> {
        let inputs = Inputs {
            environment: None,
            ..self.inputs()
        };
        let (mut set, known) = self.project.check(inputs)?;
        let known: BTreeSet<_> = errors(&known).map(identity).collect();
        let texts = after.iter();
        let texts = texts.map(|(file, text)| (file.clone(), File::Bytes(text.as_bytes().into())));
        set.files.extend(texts);
        let (_, checked) = self.project.check_again(set)?;
        let new: Vec<Diagnostic> = errors(&checked)
            .filter(|d| !known.contains(&identity(d)))
            .cloned()
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let shown = human(&new, &checked.sources, self.err);
        eprint!("{shown}");
        let failure = Failure::new(
            Exit::Failed,
            "the project would have new errors: nothing is written",
        );
        Err(failure.help("the text above is what it would be"))
    }
}

fn errors(checked: &Checked) -> impl Iterator<Item = &Diagnostic> {
    let all = checked.diagnostics.iter();
    all.filter(|d| d.severity == Severity::Error)
}

/// What an error is known by when lines have moved.
fn identity(of: &Diagnostic) -> (&'static str, String) {
    (of.code.as_str(), of.message.clone())
}

/// The texts of the files that splices are for.
pub(super) fn texts(
    set: &SourceSet,
    splices: &[Splice],
) -> Result<BTreeMap<String, String>, Failure> {
    let mut all = BTreeMap::new();
    for splice in splices {
        let file = set.files.get(&splice.file);
        let Some(File::Bytes(bytes)) = file.filter(|_| set.is_own(&splice.file)) else {
            let message = format!("`{}` is no file of this project", splice.file);
            return Err(Failure::new(Exit::Failed, message).help(
                "what comes from elsewhere is changed there, or by a patch of an environment",
            ));
        };
        let text = String::from_utf8_lossy(bytes).into_owned();
        all.insert(splice.file.clone(), text);
    }
    Ok(all)
}

fn conflict(conflict: &Conflict) -> Failure {
    Failure::new(Exit::Failed, conflict.to_string())
}

fn replaced(splice: &Splice, before: &BTreeMap<String, String>) -> Replaced {
    let Splice {
        file,
        start,
        end,
        text,
    } = splice.clone();
    let lines = before[&file][..start].matches('\n').count() + 1;
    Replaced {
        file,
        line: u32::try_from(lines).unwrap_or(u32::MAX),
        start,
        end,
        text,
    }
}
