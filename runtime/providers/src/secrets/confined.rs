//! Reading values where the plan is somebody else's: from folders that were named for it, and from
//! nowhere else.

use std::path::{Component, Path};

use skep_schema::plan::{Plan, SecretSource};

use super::read::file_value;
use super::{Missing, SecretBytes, Secrets};

impl Secrets {
    /// Reads the values that are files in one of these folders, the first that has it. A variable is a
    /// file of its name; no path leads out of a folder, not by links either; no command is run.
    ///
    /// For whoever applies plans that others write: their plans name files, variables and commands, and
    /// none of these shall be any of the reader's own.
    pub fn confined(plan: &Plan, folders: &[&Path]) -> Self {
        let mut secrets = Self::default();
        for (address, source) in plan.secret_sources() {
            match value(source, folders) {
                None => {}
                Some(Ok(bytes)) => drop(secrets.values.insert(address.clone(), bytes)),
                Some(Err(missing)) => drop(secrets.missing.insert(address.clone(), missing)),
            }
        }
        secrets
    }
}

fn value(source: &SecretSource, folders: &[&Path]) -> Option<Result<SecretBytes, Missing>> {
    match source {
        SecretSource::Env(path) | SecretSource::File(path) => Some(found(path, folders)),
        SecretSource::Command(argv) => Some(Err(Missing::NotRun {
            command: argv.first().cloned().unwrap_or_default(),
        })),
        SecretSource::External => Some(Err(Missing::External)),
        SecretSource::Unknown => None,
    }
}

fn found(path: &str, folders: &[&Path]) -> Result<SecretBytes, Missing> {
    let holds = |folder: &&&Path| leads_inside(path, folder);
    let folder = folders.iter().find(holds);
    let folder = folder.ok_or_else(|| Missing::NotInFolders {
        path: path.to_owned(),
        folders: folders.iter().map(|f| f.display().to_string()).collect(),
    })?;
    file_value(path, folder)
}

fn leads_inside(path: &str, folder: &Path) -> bool {
    let mut parts = Path::new(path).components();
    let is_plain = Path::new(path).file_name().is_some()
        && parts.all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let real = |path: &Path| path.canonicalize().ok();
    is_plain
        && real(folder).is_some_and(|folder| {
            real(&folder.join(path)).is_some_and(|file| file.starts_with(folder))
        })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn message(path: &str, folders: &[&Path]) -> String {
        let missing = found(path, folders).expect_err("it is out of reach");
        missing.to_string()
    }

    #[test]
    fn a_file_in_one_of_the_folders_is_read_and_no_other() {
        let all = tempfile::tempdir().expect("a folder");
        let (own, other) = (all.path().join("own"), all.path().join("other"));
        for folder in [&own, &other] {
            fs::create_dir(folder).expect("a folder");
        }
        fs::write(own.join("TOKEN"), "t").expect("a file");
        fs::write(all.path().join("outside"), "o").expect("a file");
        std::os::unix::fs::symlink("../outside", own.join("link")).expect("a link");
        let folders = [other.as_path(), own.as_path()];
        assert_eq!(
            found("TOKEN", &folders).map(|b| b.expose().to_vec()),
            Ok(b"t".to_vec())
        );
        let absolute = own.join("TOKEN").display().to_string();
        for path in [
            "../outside",
            "link",
            "missing",
            "",
            "/etc/hostname",
            &absolute,
        ] {
            assert!(message(path, &folders).contains("no folder"), "{path}");
        }
    }

    #[test]
    fn no_command_is_run() {
        let source = SecretSource::Command(vec!["/bin/echo".to_owned(), "x".to_owned()]);
        let missing = value(&source, &[]).expect("it is a source");
        assert!(missing.is_err_and(|m| m.to_string().contains("`/bin/echo` is not run")));
    }
}
