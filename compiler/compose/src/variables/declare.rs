//! Which parameter or secret each variable becomes.

use std::collections::{BTreeMap, BTreeSet};

use skep_compiler::source::Hidden;

use super::{Use, Variables, letters};
use crate::names;
use crate::secret::looks_secret;

/// What stands in the place of a use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Param(String),
    Secret(String),
}

/// A parameter that has to be declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Param {
    pub(crate) name: String,
    pub(crate) variable: String,
    pub(crate) ty: Option<&'static str>,
    pub(crate) default: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) optional: bool,
    pub(crate) span: skep_schema::span::Span,
    /// Other places give the variable another default.
    pub(crate) divided: bool,
    /// It has a default that looks like a secret, which stands nowhere now.
    pub(crate) hidden: bool,
}

/// A secret that is read from a variable when a plan is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FromEnv {
    pub(crate) name: String,
    pub(crate) variable: String,
    pub(crate) span: skep_schema::span::Span,
    /// The file gives it a default, which is no secret and is left out.
    pub(crate) had_default: bool,
    /// What it is now.
    pub(crate) value: Option<Hidden>,
}

/// What all uses that are written become.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    pub(crate) params: Vec<Param>,
    pub(crate) secrets: Vec<FromEnv>,
    said: BTreeMap<char, Said>,
}

impl Declared {
    /// Decides for the uses in some texts; `taken` are names of secrets that exist already.
    pub(crate) fn of<'t>(
        variables: &Variables,
        texts: impl Iterator<Item = &'t str>,
        taken: &BTreeSet<String>,
    ) -> Self {
        let mut declared = Self::default();
        let mut names = Names {
            params: BTreeSet::new(),
            secrets: taken.clone(),
        };
        let mut by_name: BTreeMap<&str, Vec<(char, &Use)>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for letter in texts
            .flat_map(letters)
            .filter(|letter| seen.insert(*letter))
        {
            if let Some(used) = variables.used(letter) {
                by_name.entry(&used.name).or_default().push((letter, used));
            }
        }
        for (name, uses) in by_name {
            let (secret, plain): (Vec<_>, Vec<_>) = uses.into_iter().partition(|(_, u)| u.secret);
            if let Some((_, first)) = secret.first() {
                let value = secret.iter().find_map(|(_, used)| variables.value(used));
                declared.secret(first, value, &secret, &mut names);
            }
            declared.params(variables, name, plain, &mut names);
        }
        declared
    }

    pub(crate) fn said(&self, letter: char) -> Option<&Said> {
        self.said.get(&letter)
    }

    fn secret(
        &mut self,
        first: &Use,
        value: Option<String>,
        uses: &[(char, &Use)],
        names: &mut Names,
    ) {
        let variable = first.name.as_str();
        let name = names::free(&names::kebab(variable), &mut names.secrets);
        for (letter, _) in uses {
            self.said.insert(*letter, Said::Secret(name.clone()));
        }
        self.secrets.push(FromEnv {
            name,
            variable: variable.to_owned(),
            span: first.span,
            had_default: uses.iter().any(|(_, used)| used.default.is_some()),
            value: value.map(Hidden::new),
        });
    }

    /// One parameter for each value that the variable has when nobody gives one.
    fn params(
        &mut self,
        variables: &Variables,
        variable: &str,
        uses: Vec<(char, &Use)>,
        names: &mut Names,
    ) {
        let mut groups: Vec<Group<'_>> = Vec::new();
        let (mut with, without): (Vec<_>, Vec<_>) = uses
            .into_iter()
            .map(|(letter, used)| (value_of(variables, used), letter, used))
            .partition(|(value, _, _)| value.is_some());
        // Those without a default of their own take the first one there is.
        with.extend(without);
        for (value, letter, used) in with {
            let known = groups
                .iter_mut()
                .find(|(group, _)| value.is_none() || *group == value);
            match known {
                Some((_, uses)) => uses.push((letter, used)),
                None => groups.push((value, vec![(letter, used)])),
            }
        }
        let divided = groups.len() > 1;
        for (value, uses) in groups {
            let name = names::free(&names::kebab(variable), &mut names.params);
            for (letter, _) in &uses {
                self.said.insert(*letter, Said::Param(name.clone()));
            }
            let all: Vec<&Use> = uses.into_iter().map(|(_, used)| used).collect();
            self.params
                .extend(param(name, variable, value, &all, divided));
        }
    }
}

/// The value as the place spells it; nothing of what looks like a secret goes into a file.
fn value_of(variables: &Variables, used: &Use) -> Option<String> {
    if looks_secret(&used.name) {
        return None;
    }
    let default = used
        .default
        .as_deref()
        .and_then(|text| variables.literal(text));
    let known = variables.known(&used.name);
    match (known, &used.shown) {
        (Some(_), Some(shown)) => Some(shown.clone()),
        (Some(known), None) if used.default.is_none() || !known.is_empty() => {
            Some(known.to_owned())
        }
        (_, Some(shown)) if default.is_some() => Some(shown.clone()),
        (_, _) => default,
    }
}

fn param(
    name: String,
    variable: &str,
    default: Option<String>,
    uses: &[&Use],
    divided: bool,
) -> Option<Param> {
    let first = uses.first()?;
    let same = uses.iter().all(|used| used.ty == first.ty);
    let message = uses.iter().find_map(|used| used.message.clone());
    Some(Param {
        name,
        variable: variable.to_owned(),
        ty: first.ty.filter(|_| same),
        default,
        message: message.filter(|message| !message.is_empty()),
        optional: uses.iter().all(|used| used.optional),
        span: first.span,
        divided,
        hidden: looks_secret(variable) && uses.iter().any(|used| used.default.is_some()),
    })
}

/// Uses of a variable that have one value while nobody gives another.
type Group<'u> = (Option<String>, Vec<(char, &'u Use)>);

/// Names that are taken.
struct Names {
    params: BTreeSet<String>,
    secrets: BTreeSet<String>,
}
