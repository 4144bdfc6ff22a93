//! Variables: `$X`, `${X:-d}` and their like, as compose reads them.
//!
//! A variable becomes one letter of the text, from a range that means nothing to anybody. So texts
//! with variables are split, joined and compared like others, and what is still in a text when it is
//! written as KDL becomes a parameter.

mod declare;
mod read;

use std::collections::BTreeMap;

use skep_schema::span::Span;

pub(crate) use declare::{Declared, Param, Said};
pub(crate) use read::{Form, Piece, pieces};

/// The first letter of the range, and how many there are.
const FIRST: u32 = 0xF_0000;
const MOST: u32 = 0xFFFD;
/// How deep defaults may hold variables.
const DEEPEST: usize = 8;

/// One place where a variable is used.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    pub(crate) name: String,
    pub(crate) span: Span,
    /// What it is without a value; it may hold further uses.
    pub(crate) default: Option<String>,
    /// What the file says to whoever gives no value.
    pub(crate) message: Option<String>,
    /// Read as something with a unit: how a parameter of this place would spell its value.
    pub(crate) shown: Option<String>,
    pub(crate) ty: Option<&'static str>,
    /// It stands where a secret may.
    pub(crate) secret: bool,
    /// Without a value its place is left out.
    pub(crate) optional: bool,
}

/// All uses of variables in the files, and what is known of their values.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    uses: Vec<Use>,
    known: BTreeMap<String, String>,
}

/// What is to be told of a text that was filled.
#[derive(Debug, Default)]
pub(crate) struct Remarks {
    /// `$` that begins no variable: docker refuses it.
    pub(crate) stray: bool,
    /// `${X:+a}`, decided by whether there is a value now.
    pub(crate) decided: Vec<String>,
    /// There are more variables than can be told apart.
    pub(crate) full: bool,
}

impl Variables {
    pub(crate) const fn new(known: BTreeMap<String, String>) -> Self {
        Self {
            uses: Vec::new(),
            known,
        }
    }

    /// Whether a text has letters that stand for variables here.
    pub(crate) fn clashes(text: &str) -> bool {
        text.chars().any(|c| index_of(c).is_some())
    }

    /// The text with a letter in the place of each variable.
    pub(crate) fn fill(&mut self, text: &str, span: Span, remarks: &mut Remarks) -> String {
        self.fill_below(text, span, remarks, 0)
    }

    fn fill_below(
        &mut self,
        text: &str,
        span: Span,
        remarks: &mut Remarks,
        depth: usize,
    ) -> String {
        if !text.contains('$') {
            return text.to_owned();
        }
        let mut filled = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Stray => {
                    remarks.stray = true;
                    filled.push('$');
                }
                Piece::Variable { name, form } => {
                    let part = self.variable(name, form, span, remarks, depth);
                    filled.push_str(&part);
                }
            }
        }
        filled
    }

    fn variable(
        &mut self,
        name: &str,
        form: Form<'_>,
        span: Span,
        remarks: &mut Remarks,
        depth: usize,
    ) -> String {
        let mut used = Use {
            name: name.to_owned(),
            span,
            default: None,
            message: None,
            shown: None,
            ty: None,
            secret: false,
            optional: false,
        };
        match form {
            Form::Plain => {}
            Form::Required(message) => used.message = Some(message.to_owned()),
            Form::Default(text) if depth < DEEPEST => {
                used.default = Some(self.fill_below(text, span, remarks, depth + 1));
            }
            Form::Default(text) => used.default = Some(text.to_owned()),
            Form::Instead { text, or_empty } => {
                remarks.decided.push(name.to_owned());
                let value = self.known.get(name);
                let given = value.is_some_and(|value| or_empty || !value.is_empty());
                return match given {
                    true if depth < DEEPEST => self.fill_below(text, span, remarks, depth + 1),
                    true => text.to_owned(),
                    false => String::new(),
                };
            }
        }
        if let Some(letter) = self.add(used) {
            letter.to_string()
        } else {
            remarks.full = true;
            String::new()
        }
    }

    /// A letter for a use that was not written as one, such as a key of `environment` alone.
    pub(crate) fn add(&mut self, used: Use) -> Option<char> {
        let index = u32::try_from(self.uses.len()).ok()?;
        let letter = (index < MOST).then(|| char::from_u32(FIRST + index))??;
        self.uses.push(used);
        Some(letter)
    }

    pub(crate) fn used(&self, letter: char) -> Option<&Use> {
        self.uses.get(index_of(letter)?)
    }

    pub(crate) fn used_mut(&mut self, letter: char) -> Option<&mut Use> {
        self.uses.get_mut(index_of(letter)?)
    }

    pub(crate) fn known(&self, name: &str) -> Option<&str> {
        self.known.get(name).map(String::as_str)
    }

    /// The text as a file has it, for people.
    pub(crate) fn spelled(&self, text: &str) -> String {
        let mut spelled = String::new();
        for c in text.chars() {
            match self.used(c) {
                None => spelled.push(c),
                Some(used) => spelled.push_str(&format!("${{{}}}", used.name)),
            }
        }
        spelled
    }

    /// The text as docker would see it now; nothing where a variable has neither value nor default.
    pub(crate) fn literal(&self, text: &str) -> Option<String> {
        let mut literal = String::new();
        for c in text.chars() {
            match self.used(c) {
                None => literal.push(c),
                Some(used) => literal.push_str(&self.value(used)?),
            }
        }
        Some(literal)
    }

    /// What a use would be now: the value that is known, or its default.
    pub(crate) fn value(&self, used: &Use) -> Option<String> {
        let known = self.known(&used.name);
        let counts = known.filter(|value| used.default.is_none() || !value.is_empty());
        match counts {
            Some(value) => Some(value.to_owned()),
            None => self.literal(used.default.as_deref()?),
        }
    }
}

fn index_of(letter: char) -> Option<usize> {
    let index = u32::from(letter).checked_sub(FIRST)?;
    (index < MOST).then_some(index as usize)
}

/// Whether variables stand in a text.
pub(crate) fn is_open(text: &str) -> bool {
    text.chars().any(|c| index_of(c).is_some())
}

/// The letter of a variable that is all there is.
pub(crate) fn alone(text: &str) -> Option<char> {
    let mut letters = text.chars();
    let letter = letters.next().filter(|c| index_of(*c).is_some())?;
    letters.next().is_none().then_some(letter)
}

/// The letters of variables in a text.
pub(crate) fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| index_of(*c).is_some())
}
