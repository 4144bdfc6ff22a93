//! `skep lock images`: what tags mean.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use skep_compiler::Memory;
use skep_compiler::lock::{Images, Lock};
use skep_compiler::source::{Inputs, LOCK};
use skep_providers::docker::DockerConfig;
use skep_providers::registry::{Registries, RegistryError};
use skep_schema::image::ImageDigest;
use skep_schema::lang::nearest;

use super::Pinning;
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::count;
use crate::output::lock::{listing, overdue, summary};
use crate::session::{Session, event_loop, print};

const EXAMPLES: &str = "\
Examples:
  skep lock images                    ask for what skep.lock lacks, drop what nobody uses
  skep lock images --update           ask for all again: says which tags moved
  skep lock images --update redis:7   ask for one again
  skep lock images --check            exit 2 when something is missing or unused; no network

Registries on this machine are asked by HTTP, all others by TLS. Logins are those of `docker login`,
also where a credential helper keeps them.";

/// Resolve the tags of images to digests, for all environments
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(flatten)]
    pinning: Pinning,
}

/// What the project uses, and what its lock file has.
struct Found {
    images: Images,
    lock: Option<Lock>,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    pin(&Session::open(global)?, &options.pinning)
}

pub(super) fn pin(session: &Session<'_>, pinning: &Pinning) -> Result<Exit, Failure> {
    let found = find(session)?;
    if found.images.unclear {
        eprintln!(
            "some images depend on parameters without a value: give them with -p to lock these too"
        );
    }
    if pinning.check {
        return check(&found);
    }
    let old = found.lock.clone().unwrap_or_default();
    let wanted = found.to_ask(pinning.update.as_deref())?;
    let new = found.locked(resolve(&wanted)?);
    if found.lock.is_none() && new == Lock::default() {
        eprintln!("no image of this project has to be pinned");
        return Ok(Exit::Done);
    }
    print(&listing(&old, &new))?;
    if found.lock.as_ref() == Some(&new) {
        eprintln!("{LOCK} stays as it is: {}", summary(&old, &new));
    } else {
        session.project.write_lock(&new)?;
        eprintln!("wrote {LOCK}: {}", summary(&old, &new));
    }
    Ok(Exit::Done)
}

/// Looks at all environments, whichever was named: there is one lock file for all.
fn find(session: &Session<'_>) -> Result<Found, Failure> {
    let inputs = Inputs {
        environment: None,
        ..session.inputs()
    };
    let mut memory = Memory::default();
    let sources = session.project.sources(inputs)?;
    let (_, checked) = session.project.check_with(&mut memory, sources)?;
    session.show(&checked.diagnostics, &checked.sources)?;
    Ok(Found {
        images: memory.images(),
        lock: checked.lock,
    })
}

/// How the lock file stands to the project's images.
#[derive(Debug)]
pub(crate) struct Pins {
    pub(crate) missing: BTreeSet<String>,
    pub(crate) unused: BTreeSet<String>,
    /// There is a lock file.
    pub(crate) is_there: bool,
}

/// What a check of the lock file would say; no network.
pub(crate) fn pins(session: &Session<'_>) -> Result<Pins, Failure> {
    let found = find(session)?;
    let owned = |names: BTreeSet<&str>| names.into_iter().map(str::to_owned).collect();
    Ok(Pins {
        missing: owned(found.missing()),
        unused: owned(found.unused()),
        is_there: found.lock.is_some(),
    })
}

impl Found {
    fn missing(&self) -> BTreeSet<&str> {
        let lock = self.lock.as_ref();
        let known = |image: &&String| lock.is_some_and(|lock| lock.images.contains_key(*image));
        let missing = self.images.named.iter().filter(|image| !known(image));
        missing.map(String::as_str).collect()
    }

    /// Lines that no environment needs, as far as that can be known.
    fn unused(&self) -> BTreeSet<&str> {
        let locked = self.lock.iter().flat_map(|lock| lock.images.keys());
        let unused = |image: &&String| !self.images.unclear && !self.images.named.contains(*image);
        locked.filter(unused).map(String::as_str).collect()
    }

    /// The images whose registries are to be asked: what is missing, and what is to be updated.
    fn to_ask(&self, update: Option<&[String]>) -> Result<BTreeSet<String>, Failure> {
        let named = &self.images.named;
        match update {
            Some([]) => return Ok(named.clone()),
            Some(some) => {
                if let Some(foreign) = some.iter().find(|image| !named.contains(*image)) {
                    return Err(no_such_image(foreign, named));
                }
            }
            None => {}
        }
        let missing = self.missing().into_iter().map(str::to_owned);
        Ok(missing.chain(update.unwrap_or(&[]).to_vec()).collect())
    }

    /// The lock file with these answers in it.
    fn locked(&self, answers: BTreeMap<String, ImageDigest>) -> Lock {
        let unused = self.unused();
        let mut new = self.lock.clone().unwrap_or_default();
        new.images
            .retain(|image, _| !unused.contains(image.as_str()));
        new.images.extend(answers);
        new
    }
}

fn no_such_image(image: &str, named: &BTreeSet<String>) -> Failure {
    let failure = Failure::new(
        Exit::Failed,
        format!("`{image}` is no image of this project"),
    );
    match nearest(image, named.iter().map(String::as_str)) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help("write it as the spec does, with its tag"),
    }
}

fn check(found: &Found) -> Result<Exit, Failure> {
    let (missing, unused) = (found.missing(), found.unused());
    if missing.is_empty() && unused.is_empty() {
        let images = count(found.images.named.len() as u64, "image");
        eprintln!("{LOCK} is up to date: {images}");
        return Ok(Exit::Done);
    }
    print(&overdue(&missing, &unused))?;
    eprintln!("{LOCK} is out of date: `skep lock images` mends it");
    Ok(Exit::Changes)
}

/// The digest of each image. One that cannot be had leaves the file as it was: half of an update is
/// what nobody asked for.
fn resolve(images: &BTreeSet<String>) -> Result<BTreeMap<String, ImageDigest>, Failure> {
    if images.is_empty() {
        return Ok(BTreeMap::new());
    }
    let config = DockerConfig::find().map_err(|e| Failure::new(Exit::Failed, e.to_string()))?;
    let answers = event_loop()?.block_on(Registries::new(config).resolve(images));
    let mut known = BTreeMap::new();
    let mut failures = Vec::new();
    for (image, answer) in answers {
        match answer {
            Ok(digest) => drop(known.insert(image, digest)),
            Err(error) => failures.push(failure(&error)),
        }
    }
    match failures.as_slice() {
        [] => Ok(known),
        [_] => Err(failures.remove(0)),
        several => {
            // A registry that is away is away for all its images.
            let told: BTreeSet<String> = several.iter().map(ToString::to_string).collect();
            for failure in told {
                eprintln!("{failure}");
            }
            let text = format!(
                "{} of {} are not known, so {LOCK} stays as it was",
                several.len(),
                count(images.len() as u64, "image")
            );
            Err(Failure::new(worst(several), text))
        }
    }
}

fn failure(error: &RegistryError) -> Failure {
    let exit = match error {
        RegistryError::Unreachable { .. } => Exit::Unreachable,
        RegistryError::Refused { status, .. } if *status == 429 || *status >= 500 => {
            Exit::Unreachable
        }
        RegistryError::Denied { .. } => Exit::Denied,
        RegistryError::Refused { .. }
        | RegistryError::Missing { .. }
        | RegistryError::Strange { .. }
        | RegistryError::Helper { .. } => Exit::Failed,
    };
    let failure = Failure::new(exit, error.to_string());
    match error.help() {
        Some(help) => failure.help(help),
        None => failure,
    }
}

/// What may be gone by itself counts first, then what a login mends.
fn worst(failures: &[Failure]) -> Exit {
    let all = [Exit::Unreachable, Exit::Denied];
    let found = all
        .into_iter()
        .find(|exit| failures.iter().any(|failure| failure.exit == *exit));
    found.unwrap_or(Exit::Failed)
}
