//! Edits of a project's files: compiled first, then written.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use skep_compiler::edit::{self, Refusal, Site, Splice, Written, editable, inverse, spliced};
use skep_compiler::source::SourceSet;
use skep_project::Draft;
use skep_schema::edit::{EDIT_FORMAT, EditReport, Replaced};

use super::{Session, guard, print, to_json};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::diagnostics::human;

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
                let first = sites.first().map(Site::place);
                Failure::new(Exit::Failed, refusal.to_string())
                    .help(format!("say which: --at {}", first.unwrap_or_default()))
            }
        }
    }
}

/// The one site there is, or the one that was chosen.
pub(crate) fn choose(sites: Vec<Site>, manner: &EditManner) -> Result<Vec<Splice>, Failure> {
    let site = edit::choose(sites, manner.at.as_deref())?;
    Ok(site.splices)
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
        let before = editable(set, splices)?;
        let undo = inverse(splices, |file| before.get(file).map_or("", String::as_str));
        let undo = undo.map_err(|conflict| Failure::new(Exit::Failed, conflict.to_string()))?;
        let next = spliced(set, splices).expect("what can be taken back can be made");
        let draft = self.project.draft(set, &next, self.inputs())?;
        self.refuse_errors(&draft)?;
        let after = before.keys().map(|file| {
            let text = next.text(file).unwrap_or_default();
            (file.clone(), text.to_owned())
        });
        let report = EditReport {
            format: EDIT_FORMAT.to_owned(),
            written: !manner.dry_run,
            replaced: splices.iter().map(|s| replaced(s, &before)).collect(),
            undo: guard::undo(&undo, &after.collect()),
        };
        if !manner.dry_run {
            self.project.write_draft(&draft)?;
        }
        match (manner.output, manner.dry_run) {
            (Form::Json, _) => print(&to_json(&report))?,
            (Form::Human, true) => {
                for difference in draft.differences().values() {
                    print(difference)?;
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

    fn refuse_errors(&self, draft: &Draft) -> Result<(), Failure> {
        if draft.errors.is_empty() {
            return Ok(());
        }
        eprint!("{}", human(&draft.errors, &draft.sources, self.err));
        let failure = Failure::new(
            Exit::Failed,
            "the project would have new errors: nothing is written",
        );
        Err(failure.help("the text above is what it would be"))
    }
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
